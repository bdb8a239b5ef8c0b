package spec

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dgenfs/dgenfs/fs/bytesize"
)

// MaxLatency is the longest latency=.
const MaxLatency = time.Hour

// Trouble is how reading through a mount is slowed down and made to fail, and how what
// is read is damaged. It has no effect on the bytes that the file should have. The zero
// value is none.
type Trouble struct {
	Rate    int64         // rate=: bytes a second of the file, for all its readers together; 0 is no limit
	Latency time.Duration // latency=: how long a request takes at least, up to MaxLatency
	Fail    Fail          // fail=
	Corrupt Corrupt       // corrupt=
}

func (t *Trouble) set(key, value string) (err error) {
	switch key {
	case "rate":
		t.Rate, err = ParseRate(value)
	case "latency":
		t.Latency, err = ParseLatency(value)
	case "fail":
		if t.Fail, err = ParseFail(value); err == nil && t.Fail.ReadDir != (FailCall{}) {
			err = fmt.Errorf("fail %q: readdir is about directories, which have no SPEC; use --fail", Cut(value))
		}
	case "corrupt":
		t.Corrupt, err = ParseCorrupt(value)
	}
	return err
}

// check checks what depends on the size of the file.
func (t Trouble) check(size int64) error {
	if f := t.Fail; f.Length > 0 && (f.First > size || f.Length > size-f.First) {
		return fmt.Errorf("fail %q: the range must lie within the file, which has %s", f, bytesize.Format(size))
	}
	return t.Corrupt.check(size)
}

// All yields the keys that are given, with their values in canonical form.
func (t Trouble) All() iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		_ = (t.Rate == 0 || yield("rate", FormatRate(t.Rate))) &&
			(t.Latency == 0 || yield("latency", FormatLatency(t.Latency))) &&
			(t.Fail == Fail{} || yield("fail", t.Fail.String())) &&
			(t.Corrupt == Corrupt{} || yield("corrupt", t.Corrupt.String()))
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
