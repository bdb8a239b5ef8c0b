// Package spec is the grammar of what a file is: its size, and how its bytes
// look to a store that deduplicates or compresses them.
//
//	SPEC = SIZE [ "," KEY "=" VALUE ]...
//	KEY  = seed | dedup | unit | skew | scope | group | compress
//
//	seed=N        which bytes: decimal, or 0x and hexadecimal; if not given, it
//	              follows from the file's path
//	dedup=R       how often a unit occurs on average, 1 or more
//	unit=SIZE     what deduplication repeats, a multiple of 4K up to 1G; 128K
//	skew=N        0 to 8: from all units about equally often to a few very often
//	scope=file    dedup counts in each file alone, or
//	scope=group   in all files of an entry together, a range such as
//	              part-{00..99}; a file that is alone is a group of one
//	group=NofM    what scope=group comes to for one of the files: its units are
//	              those from number N on, counted from 0, of the M of the group
//	compress=R    original size by compressed size, 1 to 100
//
// The files of a group share their units because they share their seed, too. So
// seed= and group= in one spec say all about a file of a group, away from the
// others.
//
// The one grammar serves the command line, tree files and file names, so it has
// no white space, no quoting and no slash. A spec is read exactly or not at all:
// nothing is clamped or ignored. The package only reads and writes
// specs; it generates nothing. Its functions are pure, so concurrent use is safe.
package spec

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Limits of the keys. Sizes are in bytes.
const (
	Cell        = 4 << 10 // a unit is a multiple of it
	DefaultUnit = 128 << 10
	MinUnit     = 4 << 10
	MaxUnit     = 1 << 30
	MaxSkew     = 8
	MaxCompress = 100
)

// Spec says what a file is. Parse returns only valid ones, with every default
// filled in, and two specs that say the same are equal by ==.
type Spec struct {
	Size     int64   // bytes, 0 to 8E-1
	Seed     uint64  // valid if HasSeed, else 0
	HasSeed  bool    // whether the spec names a seed; if not, one follows from the file's path
	Dedup    float64 // how often a unit occurs on average: finite, 1 or more; 1 unless given
	Unit     int64   // bytes, the piece that deduplication repeats: multiple of Cell, MinUnit to MaxUnit; DefaultUnit unless given
	Skew     int     // how much more frequent some units are than others: 0 to MaxSkew; 0 unless given
	Group    bool    // scope=group: the file shares the units of its entry's files; Member says which are its own
	First    uint64  // group=: the number of the file's first unit in its group; 0 if Units is
	Units    uint64  // group=: the units of the whole group; 0 if not given, and always if Group
	Compress float64 // original size by compressed size: 1 to MaxCompress; 1 unless given
}

// keys in the order in which String writes them.
var keys = []string{"seed", "dedup", "unit", "skew", "scope", "group", "compress"}

// Parse reads a spec such as 64G,dedup=3,compress=2,seed=7. Keys may come in any
// order, each at most once.
//
// An error is one line that quotes the part that is wrong and says what would be
// right; where the spec came from is for the caller to add. A string that does
// not begin with a size is rejected before anything else is looked at, because
// Parse sees every unknown name that is looked up in the root of a mount.
func Parse(s string) (Spec, error) {
	size, rest, more := strings.Cut(s, ",")
	n, err := ParseSize(size)
	if err != nil {
		return Spec{}, err
	}
	sp := Spec{Size: n, Dedup: 1, Unit: DefaultUnit, Compress: 1}

	given := make(map[string]bool)
	for more {
		var part string
		part, rest, more = strings.Cut(rest, ",")
		if part == "" {
			return Spec{}, fmt.Errorf("%q has an empty part; write SIZE,KEY=VALUE,KEY=VALUE with no comma too many", s)
		}
		key, value, hasValue := strings.Cut(part, "=")
		switch {
		case !slices.Contains(keys, key):
			return Spec{}, fmt.Errorf("key %q is unknown; there are %s", key, strings.Join(keys, ", "))
		case !hasValue:
			return Spec{}, fmt.Errorf("key %q has no value; write %s=VALUE", key, key)
		case given[key]:
			return Spec{}, fmt.Errorf("key %q is given twice; give it once", key)
		}
		given[key] = true
		if err := sp.set(key, value); err != nil {
			return Spec{}, err
		}
	}
	if given["scope"] && given["group"] {
		return Spec{}, errors.New("scope= and group= exclude each other; leave out scope=, group= says it all")
	}
	if given["group"] {
		if err := sp.checkPlace(); err != nil {
			return Spec{}, err
		}
	}
	return sp, nil
}

func (s *Spec) set(key, value string) (err error) {
	switch key {
	case "seed":
		s.HasSeed = true
		s.Seed, err = ParseSeed(value)
	case "dedup":
		if s.Dedup, err = parseRatio(value); err != nil {
			return fmt.Errorf("dedup %q: %w", value, err)
		}
	case "unit":
		if s.Unit, err = ParseSize(value); err != nil {
			return fmt.Errorf("unit: %w", err)
		}
		if s.Unit < MinUnit || s.Unit > MaxUnit || s.Unit%Cell != 0 {
			return fmt.Errorf("unit %q: a unit is a multiple of %s, from %s to %s",
				value, FormatSize(Cell), FormatSize(MinUnit), FormatSize(MaxUnit))
		}
	case "skew":
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil || n > MaxSkew {
			return fmt.Errorf("skew %q: a skew is a whole number from 0 to %d", value, MaxSkew)
		}
		s.Skew = int(n)
	case "scope":
		if value != "file" && value != "group" {
			return fmt.Errorf("scope %q: a scope is file or group", value)
		}
		s.Group = value == "group"
	case "group":
		s.First, s.Units, err = parsePlace(value)
	case "compress":
		if s.Compress, err = parseRatio(value); err != nil {
			return fmt.Errorf("compress %q: %w", value, err)
		}
		if s.Compress > MaxCompress {
			return fmt.Errorf("compress %q: the highest ratio is %d", value, MaxCompress)
		}
	}
	return err
}

// String returns the canonical form: keys in fixed order, defaults left out.
// Parse turns it back into an equal Spec. In a Spec made by hand, 0 counts as
// the default of Dedup, Unit and Compress.
func (s Spec) String() string {
	b := []byte(FormatSize(s.Size))
	if s.HasSeed {
		b = strconv.AppendUint(append(b, ",seed="...), s.Seed, 10)
	}
	if s.Dedup > 1 {
		b = strconv.AppendFloat(append(b, ",dedup="...), s.Dedup, 'f', -1, 64)
	}
	if s.Unit != 0 && s.Unit != DefaultUnit {
		b = append(append(b, ",unit="...), FormatSize(s.Unit)...)
	}
	if s.Skew != 0 {
		b = strconv.AppendInt(append(b, ",skew="...), int64(s.Skew), 10)
	}
	if s.Group {
		b = append(b, ",scope=group"...)
	}
	if s.Units != 0 {
		b = strconv.AppendUint(append(b, ",group="...), s.First, 10)
		b = strconv.AppendUint(append(b, placeOf...), s.Units, 10)
	}
	if s.Compress > 1 {
		b = strconv.AppendFloat(append(b, ",compress="...), s.Compress, 'f', -1, 64)
	}
	return string(b)
}

// ParseSeed reads a seed: decimal digits, or 0x and hexadecimal digits, up to
// 2^64-1.
func ParseSeed(s string) (uint64, error) {
	digits, base := s, 10
	if hex, ok := strings.CutPrefix(s, "0x"); ok {
		digits, base = hex, 16
	}
	// With a base other than 0, ParseUint takes neither sign nor underscore.
	n, err := strconv.ParseUint(digits, base, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("seed %q: the largest seed is %d", s, uint64(math.MaxUint64))
	case err != nil:
		return 0, fmt.Errorf("seed %q: a seed is a decimal number, or 0x and hexadecimal digits", s)
	}
	return n, nil
}

var errRatio = errors.New("a ratio is a plain number of 1 or more, such as 3 or 1.25")

// parseRatio reads digits, perhaps with a point and more digits. The exponents,
// signs, names and underscores that ParseFloat knows too are no part of a spec.
func parseRatio(s string) (float64, error) {
	whole, fraction, hasPoint := strings.Cut(s, ".")
	if !isDigits(whole) || hasPoint && !isDigits(fraction) {
		return 0, errRatio
	}
	x, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil: // the syntax was checked above: it is out of range
		return 0, errors.New("a ratio is at most 1.8e308")
	case x < 1:
		return 0, errRatio
	}
	return x, nil
}

func isDigits(s string) bool { return s != "" && leadingDigits(s) == len(s) }

// leadingDigits returns how many decimal digits s begins with.
func leadingDigits(s string) int {
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	return n
}
