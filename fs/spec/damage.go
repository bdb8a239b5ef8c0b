package spec

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/bytesize"
)

// Damage is what storage that lies does to a stretch of a file.
type Damage string

// The kinds of damage. Package corrupt says exactly what a reader gets.
const (
	FlippedBit Damage = "bit"   // one bit is the other one
	Zeroed     Damage = "zero"  // zeros
	Stale      Damage = "stale" // the bytes of the generation before
	Swapped    Damage = "swap"  // the bytes of another place in the file
	Torn       Damage = "torn"  // from a sector on, unrelated bytes: the write ended there
	Short      Damage = "short" // nothing: reads end here
)

// Damages are the kinds of damage.
var Damages = []Damage{FlippedBit, Zeroed, Stale, Swapped, Torn, Short}

// Sector is where a write may be torn, in bytes.
const Sector = 512

// maxCorruptions is how many a file can have: each read looks at all of them.
const maxCorruptions = 64

// Corruption is one item of corrupt=: damage at a place, or in a share of the cells.
type Corruption struct {
	Kind   Damage
	First  int64 // of the range, in bytes
	Length int64 // of the range; 0 if it was not given, or if Share is
	Share  int64 // of all cells, in billionths: 1 to Billion; 0 if the range says which
}

// Range returns the range of a corruption at a place, in a file of a size. A length that
// was not given is one byte for a bit, and one cell, as far as the file goes, for the
// other kinds. It returns 0, 0 if the file ends before the range does.
func (c Corruption) Range(size int64) (first, length int64) {
	length = c.Length
	switch {
	case length != 0:
	case c.Kind == FlippedBit:
		length = 1
	default:
		length = min(Cell, size-c.First)
	}
	if length <= 0 || c.First > size-length {
		return 0, 0
	}
	return c.First, length
}

// Corrupt is the value of corrupt=: corruptions, of which no two ranges overlap. The
// zero value is none. It is comparable: it holds the canonical text.
type Corrupt struct{ text string }

// String returns what ParseCorrupt turns back into c.
func (c Corrupt) String() string { return c.text }

// List returns the corruptions in the order in which they were given.
func (c Corrupt) List() []Corruption {
	if c.text == "" {
		return nil
	}
	list, _ := parseCorruptions(c.text) // it was right before
	return list
}

// Has reports whether there is damage of a kind.
func (c Corrupt) Has(kind Damage) bool {
	return slices.ContainsFunc(c.List(), func(c Corruption) bool { return c.Kind == kind })
}

// ParseCorrupt reads a list of corruptions with a + between them, each KIND:P%,
// KIND@OFFSET or KIND@OFFSET+LENGTH.
func ParseCorrupt(s string) (Corrupt, error) {
	list, err := parseCorruptions(s)
	if err != nil {
		return Corrupt{}, fmt.Errorf("corrupt %q: %w", Cut(s), err)
	}
	var texts []string
	for _, c := range list {
		texts = append(texts, c.String())
	}
	return Corrupt{strings.Join(texts, "+")}, nil
}

func parseCorruptions(s string) (list []Corruption, err error) {
	for _, item := range splitList(s) {
		c, err := parseCorruption(item)
		if err != nil {
			return nil, err
		}
		for _, other := range list {
			if err := c.excludes(other); err != nil {
				return nil, err
			}
		}
		if list = append(list, c); len(list) > maxCorruptions {
			return nil, fmt.Errorf("has more than %d items", maxCorruptions)
		}
	}
	return list, nil
}

// splitList splits a list at each + that does not begin the length of a range.
func splitList(s string) (items []string) {
	for _, part := range strings.Split(s, "+") {
		last := len(items) - 1
		isLength := part == "" || leadingDigits(part) > 0
		if last >= 0 && isLength && strings.Contains(items[last], "@") && !strings.Contains(items[last], "+") {
			items[last] += "+" + part
		} else {
			items = append(items, part)
		}
	}
	return items
}

func parseCorruption(s string) (c Corruption, err error) {
	end := strings.IndexAny(s, "@:")
	if end < 0 {
		return c, fmt.Errorf("%q must be KIND@OFFSET, KIND@OFFSET+LENGTH or KIND:P%%, as in bit@1M, zero@1G+4K or stale:0.001%%", Cut(s))
	}
	if c.Kind = Damage(s[:end]); !slices.Contains(Damages, c.Kind) {
		return c, fmt.Errorf("%q is not one of the kinds %s", Cut(s[:end]), joinDamages())
	}
	if s[end] == ':' {
		c.Share, err = parseShare(s[end+1:])
		return c, err
	}
	if strings.Contains(s, "+") {
		c.First, c.Length, err = parseRange(s[end+1:])
	} else {
		c.First, err = bytesize.Parse(s[end+1:])
	}
	if length := c.Length; err == nil && c.Kind == Torn && length != 0 && !hasSectorBorder(c.First, length) {
		err = fmt.Errorf("%q: a write is torn at a multiple of %d bytes, which must be inside the range", Cut(s), Sector)
	}
	return c, err
}

func joinDamages() string {
	var names []string
	for _, d := range Damages {
		names = append(names, string(d))
	}
	return strings.Join(names, ", ")
}

// hasSectorBorder reports whether a sector begins inside a range, behind its first byte.
func hasSectorBorder(first, length int64) bool { return first/Sector != (first+length-1)/Sector }

// excludes returns an error if c cannot be in one list with another.
func (c Corruption) excludes(other Corruption) error {
	switch {
	case c.Share != 0 && other.Share != 0 && c.Kind == other.Kind:
		return fmt.Errorf("%s: is given twice; give it one share", c.Kind)
	case c.Share != 0 || other.Share != 0:
		return nil
	}
	const large = 1<<63 - 1
	a, n := c.Range(large)
	b, m := other.Range(large)
	if a < b+m && b < a+n {
		return fmt.Errorf("%s and %s overlap", c, other)
	}
	return nil
}

// String returns what parseCorruption turns back into c.
func (c Corruption) String() string {
	switch {
	case c.Share != 0:
		return string(c.Kind) + ":" + FormatShare(uint64(c.Share))
	case c.Length != 0:
		return string(c.Kind) + "@" + bytesize.Format(c.First) + "+" + bytesize.Format(c.Length)
	}
	return string(c.Kind) + "@" + bytesize.Format(c.First)
}

// check returns an error if the corruptions do not fit into a file of a size.
func (c Corrupt) check(size int64) error {
	for _, item := range c.List() {
		if item.Share != 0 {
			continue
		}
		if err := item.check(size); err != nil {
			return fmt.Errorf("corrupt %q: %w", Cut(item.String()), err)
		}
	}
	return nil
}

func (c Corruption) check(size int64) error {
	first, length := c.Range(size)
	switch {
	case length == 0:
		return fmt.Errorf("the range must lie within the file, which has %s", bytesize.Format(size))
	case c.Kind == Torn && !hasSectorBorder(first, length):
		return errors.New("too little of the file is left to be torn at a sector")
	case c.Kind == Swapped && first < Cell && size-first-length < Cell:
		return fmt.Errorf("the file, which has %s, has no other place of %s to take the bytes of", bytesize.Format(size), bytesize.Format(length))
	}
	return nil
}

// HasBefore reports whether the generation before this one is known, and is different.
func (s Spec) HasBefore() bool { return s.Generation > 0 && (s.Change > 0 || s.Insert > 0) }

// CheckStale returns an error if stale bytes are asked for and there are none.
func (s Spec) CheckStale() error {
	if s.Trouble.Corrupt.Has(Stale) && !s.HasBefore() {
		return errors.New("corrupt=stale: needs a generation, and a share that changes, such as generation=1,change=2%")
	}
	return nil
}
