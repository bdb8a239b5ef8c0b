package spec

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/dgenfs/dgenfs/fs/bytesize"
)

// Sizes is how the sizes of many files are distributed. Their quantiles are
// spread evenly, rather than left to chance: of n files, the one that is at place
// x from the smallest on has the size below which the share (x + 1/2)/n of the
// distribution lies. So a thousand files look like the distribution, and their
// sum is known. Which file has which place is for the caller to decide.
//
// The zero value is no distribution; others come from ParseFiles. Sizes may be
// compared by ==.
type Sizes struct {
	From, To int64   // log-uniform between them, if To is above 0
	Median   int64   // log-normal, if it is above 0
	Sigma    float64 // log-normal: the standard deviation of the natural logarithm
}

// lognormal is what a log-normal distribution begins with: lognormal:64K:1.5.
const lognormal = "lognormal:"

// maxSigma is the largest Sigma: a file in six is then above the median times
// 22026, or below what it is divided by that.
const maxSigma = 10

// rangeOf is between the bounds of a log-uniform distribution.
const rangeOf = ".."

// parseSizes reads a distribution; false if s does not look like one.
func parseSizes(s string) (Sizes, bool, error) {
	if rest, ok := strings.CutPrefix(s, lognormal); ok {
		d, err := parseLognormal(rest)
		return d, true, err
	}
	if from, to, ok := strings.Cut(s, rangeOf); ok {
		d, err := parseBounds(from, to)
		return d, true, err
	}
	if err := unknownDistribution(s); err != nil {
		return Sizes{}, true, err
	}
	return Sizes{}, false, nil
}

// unknownDistribution returns an error if s looks like a distribution, as a word and a
// colon before a size do: normal:140M:47M.
func unknownDistribution(s string) error {
	word, rest, ok := strings.Cut(s, ":")
	notLetter := func(r rune) bool { return (r|0x20 < 'a' || r|0x20 > 'z') && r != '-' && r != '_' }
	if !ok || word == "" || strings.ContainsFunc(word, notLetter) || leadingDigits(rest) == 0 {
		return nil
	}
	return fmt.Errorf("%q is not a distribution of sizes; there are %sMEDIAN:SIGMA, as in %s64K:1.5, and FROM..TO, as in 4K..1M", Cut(word), lognormal, lognormal)
}

// CheckName returns an error if a name, the part of NAME:SPEC before the last colon that
// a spec follows, has colons: what they mean is not clear.
func CheckName(name, files string) error {
	for i := range len(name) {
		if name[i] != ':' {
			continue
		}
		size, _, _ := strings.Cut(name[i+1:]+":"+files, ",")
		if err := unknownDistribution(size); err != nil {
			return fmt.Errorf("%w; a colon in a NAME is written \\x3a", err)
		}
	}
	if strings.Contains(name, ":") {
		return fmt.Errorf("is %q the NAME? A colon in a name is written \\x3a; each file has a --file of its own", Cut(name))
	}
	return nil
}

func parseBounds(from, to string) (d Sizes, err error) {
	if d.From, err = bytesize.Parse(from); err != nil {
		return d, err
	}
	if d.To, err = bytesize.Parse(to); err != nil {
		return d, err
	}
	switch {
	case d.From == 0:
		return d, fmt.Errorf("sizes %q: the smallest size of a range is 1, as they are spread by their logarithm", Cut(from+rangeOf+to))
	case d.From >= d.To:
		return d, fmt.Errorf("sizes %q: the first one must be the smaller one", Cut(from+rangeOf+to))
	}
	return d, nil
}

func parseLognormal(s string) (d Sizes, err error) {
	median, sigma, ok := strings.Cut(s, ":")
	if !ok {
		return d, fmt.Errorf("sizes %q: must be %sMEDIAN:SIGMA, as in %s64K:1.5", Cut(lognormal+s), lognormal, lognormal)
	}
	if d.Median, err = bytesize.Parse(median); err != nil {
		return d, err
	}
	if d.Median == 0 {
		return d, fmt.Errorf("sizes %q: the smallest median is 1", Cut(lognormal+s))
	}
	d.Sigma, err = parseNumber(sigma)
	if err != nil || d.Sigma > maxSigma || d.Sigma < 0.001 {
		return d, fmt.Errorf("sizes %q: sigma, the standard deviation of the natural logarithm, must be from 0.001 to %d, such as 1.5", Cut(lognormal+s), maxSigma)
	}
	return d, nil
}

// String returns what was parsed.
func (d Sizes) String() string {
	if d.Median > 0 {
		return lognormal + bytesize.Format(d.Median) + ":" + strconv.FormatFloat(d.Sigma, 'f', -1, 64)
	}
	return bytesize.Format(d.From) + rangeOf + bytesize.Format(d.To)
}

// IsZero reports whether d is no distribution.
func (d Sizes) IsZero() bool { return d == Sizes{} }

// quantile returns the size that a share of the distribution, up to one half, is
// below, or above if fromAbove is set. There are more numbers close to 0 than
// to 1, so the nearer end is the exact one.
func (d Sizes) quantile(share float64, fromAbove bool) float64 {
	if d.Median > 0 {
		z := normalQuantile(share)
		if fromAbove {
			z = -z
		}
		return exp2(log2(float64(d.Median)) + float64(z*d.Sigma)/math.Ln2)
	}
	from, to := log2(float64(d.From)), log2(float64(d.To))
	if fromAbove {
		from, to = to, from
	}
	return exp2(from + float64((to-from)*share))
}

// at returns the size of the file at a place of n files.
func (d Sizes) at(place, n uint64) float64 {
	if place < n/2 {
		return d.quantile((float64(place)+0.5)/float64(n), false)
	}
	return d.quantile((float64(n-1-place)+0.5)/float64(n), true)
}

// At returns the size in bytes of the file at a place, from 0 for the smallest to
// n-1 for the largest of n files. It is the same on every machine. Check must
// allow n.
func (d Sizes) At(place, n uint64) int64 {
	size := int64(min(d.at(place, n)+0.5, math.MaxInt64-1023)) // the last one that a float64 can be
	if d.To > 0 {
		return min(max(size, d.From), d.To) // what rounding has gone beyond
	}
	return size
}

// Check returns an error if the largest of n files, 1 or more, would be too large.
func (d Sizes) Check(n uint64) error {
	if largest := d.at(n-1, n) + 0.5; d.To == 0 && largest >= math.MaxInt64 {
		return fmt.Errorf("sizes %q: the largest of %d files has %.3g bytes, and the largest size is 8E-1; make sigma or the median smaller, or fewer files", d, n, largest)
	}
	return nil
}

// Sum returns the size of n files together in bytes, exactly up to a thousand of
// them and within a thousandth beyond, but for the rounding of each size to whole
// bytes; from 2^64 bytes on it is math.MaxUint64.
func (d Sizes) Sum(n uint64) uint64 {
	// Near the ends one by one, and then in blocks that grow with the distance
	// from the nearer end, as the size changes with its logarithm.
	const single, blocks = 512, 64
	sum := 0.0
	for at := uint64(0); at < n/2; {
		count := uint64(1)
		if at >= single {
			count = min(at/blocks, n/2-at)
		}
		share := (float64(at) + float64(count)/2) / float64(n)
		sum += float64(float64(count) * (d.quantile(share, false) + d.quantile(share, true)))
		at += count
	}
	if n%2 == 1 {
		sum += d.at(n/2, n)
	}
	if sum >= math.MaxUint64 {
		return math.MaxUint64
	}
	return uint64(sum)
}
