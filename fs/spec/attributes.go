package spec

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dgenfs/dgenfs/gen/keyed"
)

// Attributes are what stat(2) says of a file or directory besides its size, where an entry
// says it. They have no effect on the bytes. The zero value says nothing.
type Attributes struct {
	HasMode, HasUID, HasGID bool
	Mode                    uint32 // mode=: permission bits, 0 to MaxMode; 0 unless HasMode
	UID, GID                uint32 // uid=, gid=: likewise
	MTime                   Times  // mtime=: of generation 0
}

// MaxMode is the largest mode=: permissions, and the bits setuid, setgid and sticky. The
// kernel ignores the first two of these on a mount that is nosuid, as those of dgenfs are.
const MaxMode = 0o7777

// attributeKeys are those of Attributes, in canonical order.
var attributeKeys = []string{"mode", "uid", "gid", "mtime"}

func (a *Attributes) set(key, value string) (err error) {
	switch key {
	case "mode":
		a.HasMode = true
		a.Mode, err = ParseMode(value)
	case "uid":
		a.HasUID = true
		a.UID, err = parseOwner(key, value)
	case "gid":
		a.HasGID = true
		a.GID, err = parseOwner(key, value)
	case "mtime":
		a.MTime, err = ParseTimes(value)
	}
	return err
}

// append appends the keys that are given.
func (a Attributes) append(b []byte) []byte {
	if a.HasMode {
		b = fmt.Appendf(b, ",mode=%04o", a.Mode)
	}
	if a.HasUID {
		b = strconv.AppendUint(append(b, ",uid="...), uint64(a.UID), 10)
	}
	if a.HasGID {
		b = strconv.AppendUint(append(b, ",gid="...), uint64(a.GID), 10)
	}
	if a.MTime != (Times{}) {
		b = append(append(b, ",mtime="...), a.MTime.String()...)
	}
	return b
}

// ParseAttributes reads what an entry says of directories: KEY=VALUE[,KEY=VALUE]... with the
// keys mode, uid, gid and mtime.
func ParseAttributes(s string) (a Attributes, err error) {
	var given []string
	for part := range strings.SplitSeq(s, ",") {
		key, value, hasValue := strings.Cut(part, "=")
		switch {
		case !slices.Contains(attributeKeys, key):
			return Attributes{}, fmt.Errorf("%q: a directory has no size, and of keys there are %s", Cut(part), strings.Join(attributeKeys, ", "))
		case !hasValue:
			return Attributes{}, fmt.Errorf("key %q has no value; write %s=VALUE", Cut(key), key)
		case slices.Contains(given, key):
			return Attributes{}, fmt.Errorf("key %q is given twice; give it once", Cut(key))
		}
		given = append(given, key)
		if err := a.set(key, value); err != nil {
			return Attributes{}, err
		}
	}
	return a, nil
}

// String returns what ParseAttributes turns back into a; "" for the zero value.
func (a Attributes) String() string {
	return strings.TrimPrefix(string(a.append(nil)), ",")
}

// ParseMode reads a mode: octal digits, up to MaxMode.
func ParseMode(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 8, 32)
	if err != nil || n > MaxMode {
		return 0, fmt.Errorf("mode %q: a mode is octal digits, 0 to %o, such as 0755", Cut(s), MaxMode)
	}
	return uint32(n), nil
}

// parseOwner reads the number of a user or group. The largest number stands for none in
// chown(2).
func parseOwner(key, s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n == math.MaxUint32 {
		return 0, fmt.Errorf("%s %q: must be a number from 0 to %d", key, Cut(s), uint32(math.MaxUint32-1))
	}
	return uint32(n), nil
}

// Times is a moment, or a range of moments of which each file has one. The zero value is
// none.
type Times struct{ From, To Moment }

// Moment is a time in nanoseconds since 1970-01-01 UTC, plus 1, so that 0 is none: from 1970
// to 2261.
type Moment int64

// lastYear is the last year of which every nanosecond fits.
const lastYear = 2261

// At returns the moment of a file, of which draw is a number that follows from nothing but
// its path: the same one each time. It is a whole second if both ends are.
func (t Times) At(draw uint64) time.Time {
	step := uint64(1)
	if t.From.isSecond() && t.To.isSecond() {
		step = uint64(time.Second)
	}
	n := uint64(t.To-t.From)/step + 1
	at, _ := bits.Mul64(keyed.Mix(draw), n)
	return (t.From + Moment(at*step)).Time()
}

// Time returns the moment.
func (m Moment) Time() time.Time { return time.Unix(0, int64(m-1)).UTC() }

func (m Moment) isSecond() bool { return (m-1)%Moment(time.Second) == 0 }

// momentLayouts are how moments are written, but for a Z at the end. Go reads a fraction of
// a second where the layout has none.
var momentLayouts = []string{"2006-01-02", "2006-01-02T15:04:05"}

// ParseTimes reads MOMENT or MOMENT..MOMENT. A MOMENT is a date, or a date, T and a time in
// UTC, perhaps with a fraction of up to nine digits: 2024-05-01T12:30:00.5Z.
func ParseTimes(s string) (t Times, err error) {
	from, to, isRange := strings.Cut(s, rangeOf)
	if t.From, err = parseMoment(from); err == nil {
		t.To = t.From
		if isRange {
			t.To, err = parseMoment(to)
		}
	}
	if err == nil && t.From > t.To {
		err = errors.New("the first moment must be the earlier one")
	}
	if err != nil {
		return Times{}, fmt.Errorf("mtime %q: %w", Cut(s), err)
	}
	return t, nil
}

func parseMoment(s string) (Moment, error) {
	plain := s
	if strings.Contains(s, "T") {
		plain = strings.TrimSuffix(s, "Z")
	}
	for _, layout := range momentLayouts {
		at, err := time.Parse(layout, plain)
		whole, fraction, _ := strings.Cut(plain, ".")
		// Go takes an hour of one digit, too, and a comma before the fraction.
		if err != nil || len(whole) != len(layout) || len(fraction) > len("123456789") {
			continue
		}
		if at.Year() < 1970 || at.Year() > lastYear {
			return 0, fmt.Errorf("the year must be from 1970 to %d", lastYear)
		}
		return Moment(at.UnixNano() + 1), nil
	}
	return 0, errors.New("must be a date, or a date and a time in UTC, such as 2024-05-01 or 2024-05-01T12:30:00, or two of them, as in 2020-01-01..2024-05-01")
}

// String returns what ParseTimes turns back into t.
func (t Times) String() string {
	if t.From == t.To {
		return t.From.String()
	}
	return t.From.String() + rangeOf + t.To.String()
}

func (m Moment) String() string {
	at := m.Time()
	if at.Equal(at.Truncate(24 * time.Hour)) {
		return at.Format(momentLayouts[0])
	}
	return at.Format("2006-01-02T15:04:05.999999999Z")
}
