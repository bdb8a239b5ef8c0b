package spec

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/dgenfs/dgenfs/fs/bytesize"
	"github.com/dgenfs/dgenfs/gen"
)

// placeOf separates the numbers of group=. It is not a slash, which file names cannot
// have, nor a colon, which ends the name in NAME:SPEC.
const placeOf = "of"

// maxUnits returns how many units a group has at most: as many as the largest file,
// so that the same arithmetic does for both.
func maxUnits(unit int64) uint64 { return ceilDiv(math.MaxInt64, unit) }

// units returns how many units the file has, including one that is cut short.
func (s Spec) units() uint64 { return ceilDiv(s.payload(), s.unit()) }

func (s Spec) unit() int64 {
	if s.Unit == 0 {
		return DefaultUnit
	}
	return s.Unit
}

func ceilDiv(a, b int64) uint64 {
	n := uint64(a / b)
	if a%b != 0 {
		n++
	}
	return n
}

// CheckGroup returns an error if so many files of this spec, 1 or more, cannot be a
// group. Without scope=group, any number of files is allowed.
func (s Spec) CheckGroup(files uint64) error {
	if !s.Group {
		return nil
	}
	over, units := bits.Mul64(files, s.units())
	if most := maxUnits(s.unit()); over != 0 || units > most {
		return fmt.Errorf("scope=group: %d files with %d units of %s each; a group has at most %d such units together, so make fewer or smaller files",
			files, s.units(), bytesize.Format(s.unit()), most)
	}
	return nil
}

// Member returns the spec of one of the files of a group, number index of so many
// of them, that has the same bytes without the others: group= in place of
// scope=group. A single file, or empty files, need no group=. A spec without
// scope=group is returned as it is.
//
// CheckGroup must allow the group, and index must be below files. All members need the
// same seed, which is for the caller to provide.
func (s Spec) Member(index, files uint64) Spec {
	if !s.Group {
		return s
	}
	s.Group = false
	if files > 1 {
		n := s.units()
		s.First, s.Units = index*n, files*n
	}
	return s
}

// DistinctFiles returns how many of so many files, 1 or more, are distinct in a group of
// files whose sizes are drawn: there, whole files repeat.
func (s Spec) DistinctFiles(files uint64) uint64 {
	return max(1, uint64(math.Floor(float64(files)/s.Dedup+0.5)))
}

// Copy returns the spec of each file of such a group that is a copy of distinct file
// number i: one that repeats nothing within itself. With a seed, which all the group has,
// it gets one of its own.
func (s Spec) Copy(i uint64) Spec {
	s.Group, s.Dedup = false, 1
	if s.HasSeed {
		s.Seed = gen.DeriveSeed(s.Seed, strconv.FormatUint(i, 10))
	}
	return s
}

// parsePlace reads the numbers of group=. Whether they fit the file is for
// checkPlace to say, when its unit is known.
func parsePlace(s string) (first, units uint64, err error) {
	a, b, _ := strings.Cut(s, placeOf)
	if !isDigits(a) || !isDigits(b) {
		return 0, 0, fmt.Errorf("group %q: must be NofM, the number of the file's first unit, counted from 0, and how many units the group has, as in 8of800", Cut(s))
	}
	first, err1 := strconv.ParseUint(a, 10, 64)
	units, err2 := strconv.ParseUint(b, 10, 64)
	if err := errors.Join(err1, err2); err != nil { // digits only: the error is the range
		return 0, 0, fmt.Errorf("group %q: a group has at most %d units", Cut(s), maxUnits(MinUnit))
	}
	return first, units, nil
}

// hasTail reports whether the last unit of the file is shorter, and only repeats others
// that are.
func (s Spec) hasTail() bool {
	return s.Config().Version() > gen.Version && s.Dedup > 1 && s.payload() > s.Unit && s.payload()%s.Unit != 0
}

// checkPlace checks that the file's units are some of the group's.
func (s Spec) checkPlace() error {
	n, most := s.units(), maxUnits(s.Unit)
	place := strconv.FormatUint(s.First, 10) + placeOf + strconv.FormatUint(s.Units, 10)
	switch {
	case s.Units == 0:
		return fmt.Errorf("group %q: a group has at least one unit", place)
	case s.Units > most:
		return fmt.Errorf("group %q: a group has at most %d units of %s", place, most, bytesize.Format(s.Unit))
	case n > s.Units:
		return fmt.Errorf("group %q: the file alone has %d units of %s", place, n, bytesize.Format(s.Unit))
	case s.First > s.Units-n:
		return fmt.Errorf("group %q: the file has %d units of %s, so its first one has at most the number %d",
			place, n, bytesize.Format(s.Unit), s.Units-n)
	case s.hasTail() && (s.Units%n != 0 || s.First%n != 0):
		return fmt.Errorf("group %q: the files of a group with run= or a texture have one size, %d units, so both must be multiples of %d",
			place, n, n)
	}
	return nil
}
