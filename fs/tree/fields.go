package tree

import (
	"math"
	"slices"
)

// A box has a side for each dimension, from low up to high.
type box []side

type side struct{ low, high uint64 }

// hull returns a box around some boxes.
func hull(boxes []box) box {
	h := slices.Clone(boxes[0])
	for _, b := range boxes[1:] {
		for d := range h {
			h[d] = side{min(h[d].low, b[d].low), max(h[d].high, b[d].high)}
		}
	}
	return h
}

// fields returns boxes for each of some runs of digits, all with as many dimensions:
// runs that share digits have boxes that overlap.
//
// If all of them have one length, a dimension is a field of digits, up to the next one
// at which a number ends in any of the runs. Otherwise there is one dimension, of all
// digits together.
func fields(runs [][]part) [][]box {
	boxes := make([][]box, len(runs))
	length, _ := lengths(runs[0])
	var cuts []int // where fields end
	for _, run := range runs {
		if least, most := lengths(run); least != length || most != length {
			for i, run := range runs {
				boxes[i] = naturally(run)
			}
			return boxes
		}
		end := 0
		for _, p := range run {
			end += max(p.width, digits(p.hi))
			cuts = append(cuts, end)
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	for i, run := range runs {
		var b box
		begin := 0
		for _, cut := range cuts {
			low, high := field(run, begin, cut)
			b = append(b, side{low, high})
			begin = cut
		}
		boxes[i] = []box{b}
	}
	return boxes
}

// field returns the least and the highest number that the digits of a run from begin
// up to end can be, which are all of one number of the run.
func field(run []part, begin, end int) (low, high uint64) {
	for _, p := range run {
		width := max(p.width, digits(p.hi))
		if begin >= width {
			begin, end = begin-width, end-width
			continue
		}
		shift, size := pow10(width-end), pow10(end-begin)
		low, high = p.lo/shift, p.hi/shift
		if low/size != high/size {
			return 0, size - 1 // digits before these vary
		}
		return low % size, high % size
	}
	return 0, 0
}

// behindAll is above all that end returns.
const behindAll = 1 << 62

// naturally returns where the digits of a run are in natural order, but that digits
// with zeros in front are behind all others: then numbers without padding are one
// interval, whatever their lengths.
func naturally(run []part) []box {
	first := run[0]
	plain := uint64(1) // the first number without a zero in front
	if first.width > 1 {
		plain = pow10(first.width - 1)
	}
	if first.lo >= plain || len(run) == 1 && first.width <= 1 {
		return []box{{{end(run, false), end(run, true)}}}
	}
	padded := slices.Clone(run)
	padded[0].hi = min(first.hi, plain-1)
	boxes := []box{{{behindAll + end(padded, false), behindAll + end(padded, true)}}}
	if first.hi >= plain {
		rest := slices.Clone(run)
		rest[0].lo = plain
		boxes = append(boxes, box{{end(rest, false), end(rest, true)}})
	}
	return boxes
}

// end returns where the first or the last digits of a run are in natural order; of
// more than 18 digits, only their number counts.
func end(run []part, last bool) uint64 {
	var length int
	var value uint64
	for _, p := range run {
		v := p.lo
		if last {
			v = p.hi
		}
		width := max(p.width, digits(v))
		if length += width; length <= maxDigits {
			value = value*pow10(width) + v
		}
	}
	before := (pow10(min(length, maxDigits)) - 1) / 9 // as many have fewer digits
	if length > maxDigits {
		return 10*before + 1 + uint64(length) // behind those of 18 digits
	}
	return before + value
}

// pow10 returns 10^n, for n up to 18.
func pow10(n int) uint64 { return uint64(math.Pow10(n)) } // exact
