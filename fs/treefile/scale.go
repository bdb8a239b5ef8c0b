package treefile

import (
	"errors"
	"fmt"
	"math"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
)

// Scale is how large the part of a tree is whose entries have shares: Total bytes,
// or Count files. The zero value says nothing, which is enough where no entry has
// a share.
type Scale struct {
	Total int64
	Count uint64
}

// Given reports whether the scale says something.
func (s Scale) Given() bool { return s != Scale{} }

// Shares reports whether an entry has a share, and so needs a scale.
func Shares(lines []Line) bool {
	for _, l := range lines {
		if l.Files.Share != 0 {
			return true
		}
	}
	return false
}

// count returns how many files each of the lines with a share has by the scale; an
// error of the lines together, or of the scale, is returned.
func (s Scale) count(lines []Line) (func(share uint64) float64, error) {
	var sum uint64
	var last string
	for _, l := range lines {
		sum += l.Files.Share
		if l.Files.Share != 0 {
			last = l.Origin
		}
	}
	switch {
	case sum == 0 && s.Given():
		return nil, errors.New("a total or a count needs entries with share=, and there is none")
	case sum == 0:
		return nil, nil
	case sum != spec.Billion && sum < 1<<62:
		return nil, fmt.Errorf("%s: the shares of all entries add up to %s; they must be 100%%", last, spec.FormatShare(sum))
	case !s.Given():
		return nil, fmt.Errorf("%s: share= needs the size of all files together, --total, or their number, --count", last)
	}
	all := float64(s.Count)
	if s.Total != 0 {
		all = s.countOf(lines)
	}
	return func(share uint64) float64 { return float64(all*float64(share)) / spec.Billion }, nil
}

// countOf returns how many files have the Total together.
func (s Scale) countOf(lines []Line) float64 {
	return converge(float64(s.Total), func(all float64) (mean float64) {
		for _, l := range lines {
			if share := float64(l.Files.Share) / spec.Billion; share != 0 && l.Err == nil {
				mean += float64(share * meanSize(l.Files, float64(share*all)))
			}
		}
		return mean
	})
}

// converge returns how many files there are in total bytes, where their mean size
// depends on how many there are, as it does if sizes are drawn: more of them reach
// further into both ends of the distribution.
func converge(total float64, mean func(files float64) float64) float64 {
	files := 1000.0
	for range 64 {
		m := mean(files)
		if m == 0 {
			return math.Inf(1)
		}
		next := total / m
		if math.Abs(next-files) < 0.01 {
			return next
		}
		files = next
	}
	return files
}

// meanSize returns the mean size of so many files, at least of one.
func meanSize(f spec.Files, files float64) float64 {
	if f.Sizes.IsZero() {
		return float64(f.Size)
	}
	n := uint64(max(1, min(files, 1<<61)) + 0.5)
	return float64(f.Sizes.Sum(n)) / float64(n)
}

// close returns the line with ends for its open ranges, so that it makes the number
// of files that it shall have.
func (l Line) close(ofShare func(share uint64) float64) (Line, error) {
	var files float64
	var why string
	switch f := l.Files; {
	case f.Total != 0:
		files = converge(float64(f.Total), func(n float64) float64 { return meanSize(f, n) })
		why = "total=" + spec.FormatSize(f.Total)
	case f.Share != 0:
		files = ofShare(f.Share)
		why = "share=" + spec.FormatShare(f.Share)
	default:
		return l, nil
	}
	names, open, err := tree.Open(l.Pattern)
	switch {
	case err != nil:
		return l, fmt.Errorf("pattern %q: %w", l.Pattern, err)
	case !open:
		return l, fmt.Errorf("pattern %q: %s needs a range that is open, such as {0..}, for as many files as that are", l.Pattern, why)
	case files >= 1<<61:
		return l, fmt.Errorf("%s: 2^61 files or more; make it smaller, or the files larger", why)
	}
	n := uint64(files/float64(names) + 0.5)
	if l.Files.Share != 0 {
		n = max(n, 1) // what that adds up to, check finds out
	}
	if n == 0 {
		return l, fmt.Errorf("pattern %q: makes %d files at least, and %s are %.3g; make that larger", l.Pattern, names, why, files)
	}
	closed, err := tree.Close(l.Pattern, n)
	if err != nil {
		return l, fmt.Errorf("pattern %q: %w", l.Pattern, err)
	}
	l.Pattern = closed
	return l, nil
}

// check reports a scale that is too small: every entry with a share has a file at
// least, for each name that its closed ranges give.
func (s Scale) check(closed []Line) error {
	var files, bytes float64
	for _, l := range closed {
		if l.Files.Share != 0 {
			names, _, _ := tree.Open(l.Pattern)
			files += float64(names)
			bytes += float64(float64(names) * meanSize(l.Files, float64(names)))
		}
	}
	const most = 1.1 // rounding to whole files adds a little
	switch {
	case s.Count != 0 && files > float64(most*float64(s.Count)):
		return fmt.Errorf("a count of %d is too small: with one file of each kind, it comes to %.0f", s.Count, files)
	case s.Total != 0 && bytes > float64(most*float64(s.Total)):
		return fmt.Errorf("a total of %s is too small: with one file of each kind, it comes to %s", spec.FormatSize(s.Total), spec.FormatSize(int64(min(bytes, 1<<62))))
	}
	return nil
}
