package tree

import (
	"math"
	"slices"
)

// fields returns the intervals of some runs of digits, by dimension and then by run:
// runs that share digits overlap in all dimensions.
//
// If all of them have one length, a dimension is a field of digits, up to the next one
// at which a number ends in any of the runs. Otherwise there is one, of all digits
// together, in natural order: fewer digits are before more.
func fields(runs [][]part) (lows, highs [][]uint64) {
	length := -1
	cuts := []int{} // where fields end
	for i, run := range runs {
		least, most := lengths(run)
		if i == 0 {
			length = least
		}
		if least != length || most != length {
			return [][]uint64{ends(runs, false)}, [][]uint64{ends(runs, true)}
		}
		end := 0
		for _, p := range run {
			end += max(p.width, digits(p.hi))
			cuts = append(cuts, end)
		}
	}
	slices.Sort(cuts)
	begin := 0
	for _, cut := range slices.Compact(cuts) {
		low, high := make([]uint64, len(runs)), make([]uint64, len(runs))
		for i, run := range runs {
			low[i], high[i] = field(run, begin, cut)
		}
		lows, highs = append(lows, low), append(highs, high)
		begin = cut
	}
	return lows, highs
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

// ends returns where the first or the last digits of runs are in natural order; of more
// than 18 digits, only their number counts.
func ends(runs [][]part, last bool) []uint64 {
	all := make([]uint64, len(runs))
	for i, run := range runs {
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
			before, value = 10*before+1, uint64(length) // behind those of 18 digits
		}
		all[i] = before + value
	}
	return all
}

// pow10 returns 10^n, for n up to 18.
func pow10(n int) uint64 { return uint64(math.Pow10(n)) } // exact
