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
// A size may be the product of two sides, as that of an image is. Those of the first
// side are spread like this, and those of the second evenly among them.
//
// The zero value is no distribution; others come from ParseFiles. Sizes may be
// compared by ==.
type Sizes struct {
	From, To int64   // log-uniform between them, if To is above 0
	Median   int64   // log-normal, if it is above 0
	Sigma    float64 // log-normal: the standard deviation of the natural logarithm

	Mean, Deviation int64 // normal, if Mean is above 0

	Side          int64   // the product of two sides, if it is above 0: the mean of a side
	SideDeviation float64 // of a side, which is normal, rounded down and 1 at least

	Min, Max int64 // of log-normal and normal sizes: what is beyond becomes these; 0 if not given
}

// The words that distributions begin with: lognormal:64K:1.5.
const (
	lognormal = "lognormal:"
	normal    = "normal:"
	square    = "square:"
)

// distributions is what there are, for errors.
const distributions = "lognormal:MEDIAN:SIGMA, as in lognormal:64K:1.5, normal:MEAN:SIGMA, square:SIDE:SIGMA, and FROM..TO, as in 4K..1M"

// maxSigma is the largest Sigma: a file in six is then above the median times
// 22026, or below what it is divided by that.
const maxSigma = 10

// maxSide is the largest Side, so that no product overflows.
const maxSide = 1 << 24

// rangeOf is between the bounds of a log-uniform distribution.
const rangeOf = ".."

// hasDistribution reports whether s begins as a distribution with a word does.
func hasDistribution(s string) bool {
	return strings.HasPrefix(s, lognormal) || strings.HasPrefix(s, normal) || strings.HasPrefix(s, square)
}

// parseSizes reads a distribution; false if s does not look like one.
func parseSizes(s string) (d Sizes, ok bool, err error) {
	if hasDistribution(s) {
		word, rest, _ := strings.Cut(s, ":")
		switch word + ":" {
		case lognormal:
			d, err = parseLognormal(rest)
		case normal:
			d, err = parseNormal(rest)
		case square:
			d, err = parseSquare(rest)
		}
		if err != nil {
			return Sizes{}, true, err
		}
		return d, true, nil
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
// colon before a size do: uniform:140M:47M.
func unknownDistribution(s string) error {
	word, rest, ok := strings.Cut(s, ":")
	notLetter := func(r rune) bool { return (r|0x20 < 'a' || r|0x20 > 'z') && r != '-' && r != '_' }
	if !ok || word == "" || strings.ContainsFunc(word, notLetter) || leadingDigits(rest) == 0 {
		return nil
	}
	return fmt.Errorf("%q is not a distribution of sizes; there are %s", Cut(word), distributions)
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

// cutThree splits a:b:c, of which :c may be missing.
func cutThree(s string) (a, b, c string, two, three bool) {
	a, b, two = strings.Cut(s, ":")
	b, c, three = strings.Cut(b, ":")
	return a, b, c, two, three
}

func parseLognormal(s string) (d Sizes, err error) {
	median, sigma, limits, ok, limited := cutThree(s)
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
	return d, d.setLimits(lognormal+s, limits, limited, d.Median)
}

func parseNormal(s string) (d Sizes, err error) {
	mean, deviation, limits, ok, limited := cutThree(s)
	if !ok {
		return d, fmt.Errorf("sizes %q: must be %sMEAN:SIGMA, as in %s140M:47M, or %sMEAN:SIGMA:MIN..MAX", Cut(normal+s), normal, normal, normal)
	}
	if d.Mean, err = bytesize.Parse(mean); err != nil {
		return d, err
	}
	if d.Deviation, err = bytesize.Parse(deviation); err != nil {
		return d, err
	}
	if d.Mean == 0 || d.Deviation == 0 {
		return d, fmt.Errorf("sizes %q: the smallest mean and the smallest standard deviation are 1", Cut(normal+s))
	}
	return d, d.setLimits(normal+s, limits, limited, d.Mean)
}

// setLimits reads MIN..MAX, of which one may be missing; the middle of the distribution
// is within.
func (d *Sizes) setLimits(of, s string, limited bool, middle int64) (err error) {
	if !limited {
		return nil
	}
	from, to, ok := strings.Cut(s, rangeOf)
	if !ok || from == "" && to == "" {
		return fmt.Errorf("sizes %q: the smallest and the largest size are MIN..MAX, such as 1..1G, or MIN.., or ..MAX", Cut(of))
	}
	if from != "" {
		if d.Min, err = bytesize.Parse(from); err != nil {
			return err
		}
	}
	if to != "" {
		if d.Max, err = bytesize.Parse(to); err != nil {
			return err
		}
	}
	if from != "" && (d.Min == 0 || d.Min > middle) || to != "" && d.Max < middle {
		return fmt.Errorf("sizes %q: the smallest size is from 1 to the mean or median, and the largest is not below that", Cut(of))
	}
	return nil
}

func parseSquare(s string) (d Sizes, err error) {
	side, deviation, rest, ok, more := cutThree(s)
	wrong := fmt.Errorf("sizes %q: must be %sSIDE:SIGMA, the mean of each of two sides, a whole number up to %d, and its standard deviation, not above that, as in %s12107:2822", Cut(square+s), square, maxSide, square)
	if !ok || more && rest != "" {
		return d, wrong
	}
	n, err := strconv.ParseUint(side, 10, 63)
	if err != nil || n == 0 || n > maxSide {
		return d, wrong
	}
	d.Side = int64(n)
	d.SideDeviation, err = parseNumber(deviation)
	if err != nil || d.SideDeviation < 0.001 || d.SideDeviation > float64(n) {
		return d, wrong
	}
	return d, nil
}

// String returns what was parsed.
func (d Sizes) String() string {
	number := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
	var s string
	switch {
	case d.Median > 0:
		s = lognormal + bytesize.Format(d.Median) + ":" + number(d.Sigma)
	case d.Mean > 0:
		s = normal + bytesize.Format(d.Mean) + ":" + bytesize.Format(d.Deviation)
	case d.Side > 0:
		return square + strconv.FormatInt(d.Side, 10) + ":" + number(d.SideDeviation)
	default:
		return bytesize.Format(d.From) + rangeOf + bytesize.Format(d.To)
	}
	if d.Min == 0 && d.Max == 0 {
		return s
	}
	s += ":"
	if d.Min > 0 {
		s += bytesize.Format(d.Min)
	}
	s += rangeOf
	if d.Max > 0 {
		s += bytesize.Format(d.Max)
	}
	return s
}

// IsZero reports whether d is no distribution.
func (d Sizes) IsZero() bool { return d == Sizes{} }

// bound returns a size within Min and Max.
func (d *Sizes) bound(size int64) int64 {
	if d.Max > 0 {
		size = min(size, d.Max)
	}
	return max(size, d.Min)
}

// mostFloat is the largest size that a float64 can be, in bytes.
const mostFloat = math.MaxInt64 - 1023
