package tree

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// CountNames returns how many names a pattern has, where open ranges such as {000..}
// count as one, and whether it has open ones. The errors do not quote the pattern.
func CountNames(pattern string) (names uint64, open bool, err error) {
	components, err := parsePattern(pattern)
	if err != nil {
		return 0, false, err
	}
	names = 1
	for _, c := range components {
		over, product := bits.Mul64(names, c.count)
		if over != 0 || product >= maxPositions {
			return 0, false, errTooMany
		}
		names = product
		open = open || c.isOpen()
	}
	return names, open, nil
}

func (c *component) isOpen() bool {
	for _, p := range c.parts {
		if p.open {
			return true
		}
	}
	return false
}

var errOpen = errors.New("has an open range, and nothing says how many files there are; add total= or share=, or write the range's end")

// openRange is where an open range is in a pattern.
type openRange struct {
	begin, end int // of its text
	part       part
}

// most returns how many numbers the range can have: those with as many digits, if
// it is padded.
func (r *openRange) most() uint64 {
	width := r.part.width
	if width == 0 {
		width = maxDigits
	}
	return uint64(math.Pow10(width)) - r.part.lo // exact: up to 10^18
}

// CloseRanges writes ends for the open ranges of a pattern, so that these ranges have
// about n names together, 1 or more. The last range gets as many numbers as its digits
// allow, if it is padded; what remains goes to the range before it, and so on:
// {0..}/{000..} becomes directories of up to a thousand files. If n is not a product
// of such numbers, the result differs from it by at most half the product of all
// ranges but the last. It returns an error if the digits do not suffice for n names.
//
// {#..} is a range from 0 whose numbers get as many digits as how many of them there
// are, and {#} becomes that: {#..}_of_{#} is {000..167}_of_168.
func CloseRanges(pattern string, n uint64) (string, error) {
	all, err := openRanges(pattern)
	if err != nil {
		return "", err
	}
	open := slices.DeleteFunc(slices.Clone(all), func(r openRange) bool { return r.part.count })
	counts := make([]uint64, len(open))
	if _, err := spread(open, counts, n); err != nil {
		return "", err
	}
	var counted uint64 // numbers of {#..}
	for i, r := range open {
		if r.part.padded {
			counted = counts[i]
		}
	}
	var b []byte
	at := 0
	for _, r := range all {
		b = append(b, pattern[at:r.begin]...)
		at = r.end
		if r.part.count {
			b = appendNumber(b, counted, 0)
			continue
		}
		width := r.part.width
		b = append(b, pattern[r.begin:r.end-len("..}")]...)
		if r.part.padded {
			width = digits(counted)
			b = appendNumber(b[:len(b)-1], 0, width)
		}
		b = appendNumber(append(b, ".."...), r.part.lo+counts[0]-1, width)
		b = append(b, '}')
		counts = counts[1:]
	}
	return string(append(b, pattern[at:]...)), nil
}

// spread sets counts of ranges, so that their product is about n, and returns the
// product.
func spread(open []openRange, counts []uint64, n uint64) (uint64, error) {
	last := len(open) - 1
	if last < 0 {
		return 1, nil
	}
	most := open[last].most()
	if n <= most {
		for i := range counts {
			counts[i] = 1
		}
		counts[last] = n
		return n, nil
	}
	if last == 0 {
		first := open[0].part
		if first.width == 0 {
			return 0, fmt.Errorf("{%d..} has room for numbers of up to %d digits, and %d are needed; make fewer files", first.lo, maxDigits, n)
		}
		return 0, fmt.Errorf("{%0*d..} has room for %d numbers, and %d are needed; write it with more digits, or without zeros in front",
			first.width, first.lo, most, n)
	}
	before, err := spread(open[:last], counts[:last], (n+most-1)/most)
	if err != nil {
		return 0, err
	}
	counts[last] = min(max((n+before/2)/before, 1), most)
	return before * counts[last], nil
}

func openRanges(pattern string) ([]openRange, error) {
	var open []openRange
	padded, counts := 0, false
	for at := 0; at < len(pattern); {
		p, _, n, err := parsePiece(pattern[at:])
		if err != nil {
			return nil, err
		}
		if p.open {
			open = append(open, openRange{at, at + n, p})
			counts = counts || p.count
			if p.padded {
				padded++
			}
		}
		at += n
	}
	switch {
	case padded > 1:
		return nil, errors.New("has {#..} twice; write other ranges like {0..}")
	case counts && padded == 0:
		return nil, errors.New("{#} is how many numbers {#..} has, and there is none")
	}
	return open, nil
}
