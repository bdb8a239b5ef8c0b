package treefile

import (
	"errors"
	"fmt"
	"math"
	"path"
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

// TotalText writes the Total in four or five digits, rounded up, and a suffix.
func (s Scale) TotalText() string { return sizeText(float64(s.Total)) }

// ErrNoScale is returned by Build if an entry has a share and no scale is given.
var ErrNoScale = errors.New("share= needs the size of all files together, or their number")

// share is an entry with share=.
type share struct {
	pattern string
	spec.Files
}

// files returns how many files the shares of the lines are of, to come as near to the
// scale as possible. The error is about the lines together, or about the scale.
func (s Scale) files(lines []Line) (all float64, err error) {
	var shared []share
	var sum uint64
	var last string
	for _, l := range lines {
		if !strings.Contains(l.Spec, "share=") {
			continue
		}
		if f, err := l.files(); err == nil && f.Share != 0 {
			shared = append(shared, share{l.Pattern, f})
			sum += f.Share
			last = l.Origin()
		}
	}
	switch {
	case shared == nil && s.Given():
		return 0, errors.New("applies to entries with share=, such as those of presets, and there are none")
	case shared == nil:
		return 0, nil
	case sum != spec.Billion && sum < 1<<62:
		return 0, fmt.Errorf("%s: the shares of all entries add up to %s; they must be 100%%", last, spec.FormatShare(sum))
	case !s.Given():
		return 0, fmt.Errorf("%s: %w", last, ErrNoScale)
	}
	return s.fit(shared)
}

// of returns how many of all files an entry has.
func (s *share) of(all float64) float64 { return float64(all*float64(s.Share)) / spec.Billion }

// fit returns how many files the shares are of. Files are whole, so the tree that these
// make may be far from the scale; then it is the number whose tree is the nearest one.
func (s Scale) fit(shared []share) (all float64, err error) {
	all = float64(s.Count)
	if s.Total != 0 {
		all = s.countOf(shared)
	}
	got, err := s.come(shared, all)
	if err != nil || !far(got, s.asked()) {
		return all, nil // what is wrong with an entry is reported by its line
	}
	low, high := 0.0, all
	for got < s.asked() && err == nil {
		low, high = high, 2*high
		got, err = s.come(shared, high)
	}
	least, err := s.come(shared, low)
	if err != nil || least >= s.asked() {
		if far(least, s.asked()) {
			return 0, fmt.Errorf("the smallest tree of this shape has %s; ask for that, or for more", s.text(least))
		}
		return low, err
	}
	for range 100 {
		middle := (low + high) / 2
		if got, err := s.come(shared, middle); err == nil && got < s.asked() {
			low = middle
		} else {
			high = middle
		}
	}
	below, _ := s.come(shared, low)
	above, err := s.come(shared, high)
	if err != nil || s.asked()-below <= above-s.asked() {
		return low, nil
	}
	return high, nil
}

// asked returns what the scale is, in files or bytes.
func (s Scale) asked() float64 { return float64(max(s.Count, uint64(s.Total))) }

// come returns what the tree of so many files has, likewise.
func (s Scale) come(shared []share, all float64) (float64, error) {
	var got sum
	dirs := make(closedDirs)
	for i := range shared {
		closed, err := dirs.closeShare(&shared[i], all)
		if err != nil {
			return 0, err
		}
		got.add(closed, shared[i].Files)
	}
	if s.Total != 0 {
		return got.bytes, nil
	}
	return got.files, nil
}

// text writes what come returns.
func (s Scale) text(got float64) string {
	if s.Total != 0 {
		return sizeText(got)
	}
	return fmt.Sprintf("%.0f files", got)
}

// Rounded says what the entries with shares come to, got, if that is not within a
// hundredth of the scale; otherwise it returns "".
func (s Scale) Rounded(got Scale) string {
	came := float64(got.Count)
	if s.Total != 0 {
		came = float64(got.Total)
	}
	if !s.Given() || came >= s.asked()*0.99 && came <= s.asked()*1.01 {
		return ""
	}
	return fmt.Sprintf("rounded to %s, as files and directories are whole", s.text(came))
}

// Least returns the smallest scale of some lines: each entry with a share has one file
// for each name of its closed ranges.
func Least(lines []Line) Scale {
	var least sum
	for _, l := range lines {
		if f, err := l.files(); err == nil && f.Share != 0 {
			least.add(l.Pattern, f)
		}
	}
	return least.scale()
}

// countOf returns how many files have the Total together.
func (s Scale) countOf(shared []share) float64 {
	return converge(float64(s.Total), func(all float64) (mean float64) {
		for i := range shared {
			f := &shared[i]
			mean += float64(f.of(1) * meanSize(f.Files, f.of(all)))
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
	return float64(f.SumSizes(f.Sizes, n)) / float64(n)
}

// closeRanges returns the pattern of an entry with ends for its open ranges, so that it
// makes the number of files that total= or share= says, the latter of all files.
func (c closedDirs) closeRanges(pattern string, f spec.Files, all float64) (string, error) {
	switch {
	case f.Share != 0:
		return c.closeShare(&share{pattern, f}, all)
	case f.Total == 0:
		return pattern, nil
	}
	why := "total=" + bytesize.Format(f.Total)
	files := converge(float64(f.Total), func(n float64) float64 { return meanSize(f, n) })
	closed, err := c.closeTo(pattern, files, why)
	if err != nil {
		return "", err
	}
	var s sum
	if s.add(closed, f); far(s.bytes, float64(f.Total)) {
		names, _, _ := tree.CountNames(pattern)
		return "", fmt.Errorf("pattern %q: %s comes to %s, as files are whole and closed ranges give %d at a time; write that size, or a much larger one", spec.Cut(pattern), why, sizeText(s.bytes), names)
	}
	return closed, nil
}

// closeShare is closeRanges for an entry with a share.
func (c closedDirs) closeShare(s *share, all float64) (string, error) {
	return c.closeTo(s.pattern, s.of(all), "share="+spec.FormatShare(s.Share))
}

// closedDirs are directories with open ranges, as they are written, and what these have
// become: the files of several entries lie in the same directories if these are written
// alike, and only they have open ranges. The first of the entries says how many there
// are, so that the shares of others need not come to exactly as many.
type closedDirs map[string]string

// closeTo closes the open ranges of a pattern so that it makes about so many files.
func (c closedDirs) closeTo(pattern string, files float64, why string) (string, error) {
	names, isOpen, err := tree.CountNames(pattern)
	switch {
	case err != nil:
		return "", fmt.Errorf("pattern %q: %w", spec.Cut(pattern), err)
	case !isOpen:
		return "", fmt.Errorf("pattern %q: %s needs an open range, such as {0..}", spec.Cut(pattern), why)
	case files >= 1<<61:
		return "", fmt.Errorf("%s: 2^61 files or more; make it smaller, or the files larger", why)
	}
	dir, name := path.Split(pattern)
	_, nameIsOpen, _ := tree.CountNames(name)
	if closed, ok := c[dir]; ok && !nameIsOpen {
		return closed + name, nil
	}
	closed, err := tree.CloseRanges(pattern, max(1, uint64(files/float64(names)+0.5)))
	if err != nil {
		return "", fmt.Errorf("pattern %q: %w", spec.Cut(pattern), err)
	}
	if !nameIsOpen {
		c[dir] = strings.TrimSuffix(closed, name)
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

// scale returns the sum as a scale, rounded up.
func (s *sum) scale() Scale {
	const most = 1 << 62
	return Scale{Total: int64(min(math.Ceil(s.bytes), most)), Count: uint64(min(s.files, most))}
}

// far reports whether a size is too far from the one that was asked for. Files are
// whole, so some difference is normal.
func far(got, asked float64) bool { return got > asked*1.1 || got < asked*0.9 }

// sizeText writes a size in four digits at most, rounded up; in five, where it would be a
// twentieth more.
func sizeText(bytes float64) string {
	unit := 1.0
	for bytes/unit > 9999 && unit < 1<<60 {
		if next := bytes / unit / 1024; math.Ceil(next) > next*1.05 {
			break
		}
		unit *= 1024
	}
	return bytesize.Format(int64(min(math.Ceil(bytes/unit)*unit, 1<<62)))
}
