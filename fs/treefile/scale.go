package treefile

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/dgenfs/dgenfs/fs/bytesize"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
)

// Scale says how large the entries with shares are together: Total bytes, or Count
// files. The zero value is enough for a tree without shares.
type Scale struct {
	Total int64  // bytes; 0 if not given
	Count uint64 // files; 0 if not given
}

// Given reports whether the scale is given.
func (s Scale) Given() bool { return s != Scale{} }

// ErrNoScale is returned by Build if an entry has a share and no scale is given.
var ErrNoScale = errors.New("share= needs the size of all files together, or their number")

// count returns a function from shares to numbers of files; nil if no line has a share.
// The error is about the lines together, or about the scale.
func (s Scale) count(lines []Line) (func(share uint64) float64, error) {
	var shared []spec.Files
	var sum uint64
	var last string
	for _, l := range lines {
		if !strings.Contains(l.Spec, "share=") {
			continue
		}
		if f, err := l.files(); err == nil {
			shared = append(shared, f)
			sum += f.Share
			last = l.Origin()
		}
	}
	switch {
	case shared == nil && s.Given():
		return nil, errors.New("applies to entries with share=, such as those of presets, and there are none")
	case shared == nil:
		return nil, nil
	case sum != spec.Billion && sum < 1<<62:
		return nil, fmt.Errorf("%s: the shares of all entries add up to %s; they must be 100%%", last, spec.FormatShare(sum))
	case !s.Given():
		return nil, fmt.Errorf("%s: %w", last, ErrNoScale)
	}
	all := float64(s.Count)
	if s.Total != 0 {
		all = s.countOf(shared)
	}
	return func(share uint64) float64 { return float64(all*float64(share)) / spec.Billion }, nil
}

// countOf returns how many files have the Total together.
func (s Scale) countOf(shared []spec.Files) float64 {
	return converge(float64(s.Total), func(all float64) (mean float64) {
		for _, f := range shared {
			share := float64(f.Share) / spec.Billion
			mean += float64(share * meanSize(f, float64(share*all)))
		}
		return mean
	})
}

// converge returns how many files there are in total bytes, where their mean size
// depends on how many there are, as it does if sizes are drawn: more of them reach
// further into both ends of the distribution. Infinity is too many.
func converge(total float64, mean func(files float64) float64) float64 {
	// The sum grows with the number, though at first by far more than that.
	low, high := 0.0, 1.0
	for float64(high*mean(high)) < total {
		if low, high = high, 4*high; high > 1<<62 {
			return math.Inf(1)
		}
	}
	for high-low > max(0.1, high*1e-7) {
		if middle := (low + high) / 2; float64(middle*mean(middle)) < total {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// meanSize returns the mean size of so many files, at least of one.
func meanSize(f spec.Files, files float64) float64 {
	if f.Sizes.IsZero() {
		return float64(f.Size)
	}
	n := uint64(max(1, min(files, 1<<61)) + 0.5)
	return float64(f.Sizes.Sum(n)) / float64(n)
}

// closeRanges returns a pattern with ends for its open ranges, so that it makes the
// number of files that f says.
func closeRanges(pattern string, f spec.Files, ofShare func(share uint64) float64) (string, error) {
	var files float64
	var why string
	switch {
	case f.Total != 0:
		files = converge(float64(f.Total), func(n float64) float64 { return meanSize(f, n) })
		why = "total=" + bytesize.Format(f.Total)
	case f.Share != 0:
		files = ofShare(f.Share)
		why = "share=" + spec.FormatShare(f.Share)
	default:
		return pattern, nil
	}
	names, isOpen, err := tree.CountNames(pattern)
	switch {
	case err != nil:
		return "", fmt.Errorf("pattern %q: %w", spec.Cut(pattern), err)
	case !isOpen:
		return "", fmt.Errorf("pattern %q: %s needs an open range, such as {0..}", spec.Cut(pattern), why)
	case files >= 1<<61:
		return "", fmt.Errorf("%s: 2^61 files or more; make it smaller, or the files larger", why)
	}
	n := max(1, uint64(files/float64(names)+0.5))
	closed, err := tree.CloseRanges(pattern, n)
	if err != nil {
		return "", fmt.Errorf("pattern %q: %w", spec.Cut(pattern), err)
	}
	if f.Total != 0 {
		var s sum
		if s.add(closed, f); far(s.bytes, float64(f.Total)) {
			return "", fmt.Errorf("pattern %q: %s comes to %s, as files are whole and closed ranges give %d at a time; write that size, or a much larger one", spec.Cut(pattern), why, sizeText(s.bytes), names)
		}
	}
	return closed, nil
}

// sum is how many files some lines make, and their size.
type sum struct{ files, bytes float64 }

// add adds the files of a pattern without open ranges.
func (s *sum) add(pattern string, f spec.Files) {
	names, _, _ := tree.CountNames(pattern)
	s.files += float64(names)
	s.bytes += float64(names) * meanSize(f, float64(names))
}

// far reports whether a size is too far from the one that was asked for. Files are
// whole, so some difference is normal.
func far(got, asked float64) bool { return got > asked*1.1 || got < asked*0.9 }

// sizeText writes a size in four digits at most, rounded up.
func sizeText(bytes float64) string {
	unit := 1.0
	for bytes/unit > 9999 && unit < 1<<60 {
		unit *= 1024
	}
	return bytesize.Format(int64(min(math.Ceil(bytes/unit)*unit, 1<<62)))
}

// check returns an error if the tree is far from the scale: an entry has at least one
// file for each name of its closed ranges, and a multiple of these.
func (s Scale) check(got sum) error {
	switch {
	case s.Count != 0 && far(got.files, float64(s.Count)):
		return fmt.Errorf("comes to %.0f files: each entry has at least one file for each name of its closed ranges; ask for that number, or for more", got.files)
	case s.Total != 0 && far(got.bytes, float64(s.Total)):
		return fmt.Errorf("comes to %s: each entry has at least one file for each name of its closed ranges; ask for that size, or for more", sizeText(got.bytes))
	}
	return nil
}
