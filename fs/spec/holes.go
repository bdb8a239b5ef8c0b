package spec

import (
	"errors"
	"fmt"

	"github.com/dgenfs/dgenfs/fs/bytesize"
	"github.com/dgenfs/dgenfs/fs/holes"
	"github.com/dgenfs/dgenfs/gen/keyed"
)

// Holes says how much of a file is holes. The zero value is none. Package holes says where
// they are, and that what is not a hole is what the other keys are about.
type Holes struct {
	Share  uint64 // holes=: billionths of the whole pieces; 0 unless given
	Length int64  // hole=: bytes of a piece, a multiple of Cell, up to MaxUnit; 0, which is the unit, unless given
}

// holesKeys are those of Holes.
var holesKeys = []string{"holes", "hole"}

func (h *Holes) set(key, value string) (err error) {
	switch key {
	case "holes":
		if h.Share, err = ParseShare(value); err != nil {
			return fmt.Errorf("holes %q: %w", Cut(value), err)
		}
	case "hole":
		if h.Length, err = bytesize.Parse(value); err != nil {
			return fmt.Errorf("hole: %w", err)
		}
		if h.Length < Cell || h.Length > MaxUnit || h.Length%Cell != 0 {
			return fmt.Errorf("hole %q: the length of a hole is a multiple of %s, up to %s", Cut(value), bytesize.Format(Cell), bytesize.Format(MaxUnit))
		}
	}
	return nil
}

// append appends the keys of h, defaults left out.
func (h Holes) append(b []byte) []byte {
	if h.Share != 0 {
		b = append(append(b, ",holes="...), FormatShare(h.Share)...)
	}
	if h.Length != 0 {
		b = append(append(b, ",hole="...), bytesize.Format(h.Length)...)
	}
	return b
}

// checkHoles checks what the keys say together.
func (s *Spec) checkHoles() error {
	switch {
	case s.Holes.Length != 0 && s.Holes.Share == 0:
		return errors.New("hole= is the length of holes, of which there are none; add their share, as in holes=30%")
	case s.Holes.Share != 0 && s.Format.Format != "":
		return errors.New("holes= is for files without a format, which would not be one any more; leave out one of them")
	}
	if s.Holes.Length == s.Unit {
		s.Holes.Length = 0
	}
	return nil
}

// HoleMap returns where the holes of the file are, which needs its seed; false if it has
// none.
func (s Spec) HoleMap() (holes.Map, bool) {
	if s.Holes.Share == 0 {
		return holes.Map{}, false
	}
	// Files of a group have the same seed, but other holes.
	return s.holeMap(keyed.Seed(s.Seed, fmt.Sprintf("holes %d", s.First))), true
}

func (s *Spec) holeMap(seed uint64) holes.Map {
	length := s.Holes.Length
	if length == 0 {
		length = s.unit()
	}
	return holes.New(s.Size, length, s.Holes.Share, seed)
}

// Data returns how many bytes of the file are not in holes, whatever its seed is.
func (s *Spec) Data() int64 {
	if s.Holes.Share == 0 {
		return s.Size
	}
	m := s.holeMap(0)
	return m.Data()
}
