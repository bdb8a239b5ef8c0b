package spec

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/dgenfs/dgenfs/fs/bytesize"
)

// MaxLatency is the longest latency=.
const MaxLatency = time.Hour

// Trouble is how reading through a mount is slowed down and made to fail. It has
// no effect on the bytes. The zero value is none.
type Trouble struct {
	Rate    int64         // rate=: bytes a second of the file, for all its readers together; 0 is no limit
	Latency time.Duration // latency=: how long a request takes at least, up to MaxLatency
	Fail    Fail          // fail=
}

// Fail says which reads fail: those of a range, or those of some cells. The zero value
// is none.
type Fail struct {
	Errno         syscall.Errno // one of those that fail= has a name for; 0 if none fails
	First, Length int64         // the range, in bytes; Length is 0 if Share says which
	Share         int64         // of all cells, in billionths: 1 to Billion; 0 if the range says which
}

// failures are the errors that the block layer of Linux returns for a disk that is
// broken, has bad sectors, fails itself, times out, cannot be reached, or is gone
// (blk_errors in block/blk-core.c), that of a wrong checksum, and that of a file on
// NFS that was removed.
var failures = []struct {
	name  string
	errno syscall.Errno
}{
	{"eio", syscall.EIO},
	{"enodata", syscall.ENODATA},
	{"eremoteio", syscall.EREMOTEIO},
	{"etimedout", syscall.ETIMEDOUT},
	{"enolink", syscall.ENOLINK},
	{"enxio", syscall.ENXIO},
	{"ebadmsg", syscall.EBADMSG},
	{"estale", syscall.ESTALE},
}

func (t *Trouble) set(key, value string) (err error) {
	switch key {
	case "rate":
		t.Rate, err = ParseRate(value)
	case "latency":
		t.Latency, err = ParseLatency(value)
	case "fail":
		t.Fail, err = ParseFail(value)
	}
	return err
}

// check checks what depends on the size of the file.
func (t Trouble) check(size int64) error {
	if f := t.Fail; f.Length > 0 && (f.First > size || f.Length > size-f.First) {
		return fmt.Errorf("fail %q: the range must lie within the file, which has %s", f, bytesize.Format(size))
	}
	return nil
}

// All yields the keys that are given, with their values in canonical form.
func (t Trouble) All() iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		_ = (t.Rate == 0 || yield("rate", FormatRate(t.Rate))) &&
			(t.Latency == 0 || yield("latency", FormatLatency(t.Latency))) &&
			(t.Fail == Fail{} || yield("fail", t.Fail.String()))
	}
}

// Keys returns the keys that are given.
func (t Trouble) Keys() (keys []string) {
	for key := range t.All() {
		keys = append(keys, key)
	}
	return keys
}

// append appends the keys in canonical form, each after a comma.
func (t Trouble) append(b []byte) []byte {
	for key, value := range t.All() {
		b = append(b, ","+key+"="+value...)
	}
	return b
}

// ParseRate reads a rate: the bytes of a second, as bytesize.Parse does, 1 or more.
func ParseRate(s string) (int64, error) {
	n, err := bytesize.Parse(s)
	if err != nil {
		return 0, fmt.Errorf("rate: %w", err)
	}
	if n == 0 {
		return 0, fmt.Errorf("rate %q: a rate is 1 byte a second or more", Cut(s))
	}
	return n, nil
}

// FormatRate returns what ParseRate turns back into n, if n is valid.
func FormatRate(n int64) string { return bytesize.Format(n) }

// latencyUnits from the largest one on.
var latencyUnits = []struct {
	name string
	unit time.Duration
}{{"s", time.Second}, {"ms", time.Millisecond}, {"us", time.Microsecond}}

// ParseLatency reads a duration: digits, perhaps with a point and more digits,
// then us, ms or s. It is more than 0, up to MaxLatency, and a whole number of
// nanoseconds.
func ParseLatency(s string) (time.Duration, error) {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789."))
	for _, u := range latencyUnits {
		if s[digits:] != u.name {
			continue
		}
		n, err := parseDecimal(s[:digits], int64(u.unit))
		switch {
		case errors.Is(err, errTooFine):
			return 0, fmt.Errorf("latency %q: nothing is shorter than 0.001us, a nanosecond", Cut(s))
		case err == nil && n == 0:
			return 0, fmt.Errorf("latency %q: a latency is more than 0", Cut(s))
		case errors.Is(err, errTooLarge), err == nil && n > int64(MaxLatency):
			return 0, fmt.Errorf("latency %q: a latency is at most %s", Cut(s), FormatLatency(MaxLatency))
		case err == nil:
			return time.Duration(n), nil
		}
	}
	return 0, fmt.Errorf("latency %q: a latency is a plain number and us, ms or s, such as 2ms or 1.5s", Cut(s))
}

// FormatLatency returns d in the largest unit that it is a whole number of, or in
// us. ParseLatency turns it back into d, if d is valid.
func FormatLatency(d time.Duration) string {
	for _, u := range latencyUnits {
		if d%u.unit == 0 {
			return strconv.FormatInt(int64(d/u.unit), 10) + u.name
		}
	}
	return formatDecimal(int64(d), int64(time.Microsecond)) + "us"
}

// ParseFail reads which reads fail: ERR@OFFSET+LENGTH or ERR:P%.
func ParseFail(s string) (Fail, error) {
	end := strings.IndexAny(s, "@:")
	if end < 0 {
		return Fail{}, fmt.Errorf("fail %q: must be ERR@OFFSET+LENGTH, as in eio@1G+4K, or ERR:P%%, as in eio:0.001%%", Cut(s))
	}
	var f Fail
	var names []string
	for _, e := range failures {
		names = append(names, e.name)
		if e.name == s[:end] {
			f.Errno = e.errno
		}
	}
	if f.Errno == 0 {
		return Fail{}, fmt.Errorf("fail %q: %q is not one of the errors %s", Cut(s), Cut(s[:end]), strings.Join(names, ", "))
	}
	var err error
	if s[end] == ':' {
		f.Share, err = parseShare(s[end+1:])
	} else {
		f.First, f.Length, err = parseRange(s[end+1:])
	}
	if err != nil {
		return Fail{}, fmt.Errorf("fail %q: %w", Cut(s), err)
	}
	return f, nil
}

// parseRange reads OFFSET+LENGTH.
func parseRange(s string) (first, length int64, err error) {
	a, b, ok := strings.Cut(s, "+")
	if !ok {
		return 0, 0, errors.New("a range is OFFSET+LENGTH, as in 1G+4K")
	}
	if first, err = bytesize.Parse(a); err != nil {
		return 0, 0, err
	}
	if length, err = bytesize.Parse(b); err != nil {
		return 0, 0, err
	}
	switch {
	case length == 0:
		return 0, 0, errors.New("a range has at least 1 byte")
	case length > math.MaxInt64-first:
		return 0, 0, errors.New("a range ends at 8E-1 at most")
	}
	return first, length, nil
}

// parseShare reads P%, of more than 0.
func parseShare(s string) (int64, error) {
	n, err := ParseShare(s)
	if err != nil || n < 1 {
		return 0, errors.New("a share is a plain number and %, from 0.0000001% to 100%, with 7 digits after the point at most")
	}
	return int64(n), nil
}

// String returns what ParseFail turns back into f.
func (f Fail) String() string {
	name := f.Errno.Error()
	for _, e := range failures {
		if e.errno == f.Errno {
			name = e.name
		}
	}
	if f.Share != 0 {
		return name + ":" + FormatShare(uint64(f.Share))
	}
	return name + "@" + bytesize.Format(f.First) + "+" + bytesize.Format(f.Length)
}
