package tree

import (
	"cmp"
	"slices"
	"sort"
)

// boxes finds the pairs of boxes that overlap in every dimension, by the streaming
// segment trees of Zomorodian and Edelsbrunner (Fast software for box intersections,
// International Journal of Computational Geometry & Applications 12, 2002): in time
// n log^d n for n boxes in d dimensions, besides the pairs.
//
// In one dimension, two boxes overlap if one of them contains the low end of the
// other. Low ends are replaced by their ranks, which all differ, and high ends by
// the rank of the last low end that is not above them.
type boxes struct {
	lo, hi [][]int32 // by dimension, then by box; the last dimension is looked at first
	few    []bool    // by dimension: whether there are few pairs that overlap in it
	dead   []bool    // of boxes that are not looked for any more

	// found is called with each pair of boxes that are not dead, once. It may declare
	// them dead: then the pairs that it has not seen cost no more than it.
	found func(i, j int32)
}

// newBoxes returns boxes with the given low and high ends, by dimension and then by
// box.
func newBoxes(lows, highs [][]uint64) *boxes {
	n := len(lows[0])
	x := &boxes{dead: make([]bool, n)}
	type dimension struct {
		lo, hi   []int32
		overlaps int // pairs in this dimension
	}
	var dimensions []dimension
	order := make([]int32, n)
	for d := range lows {
		for i := range order {
			order[i] = int32(i)
		}
		low := lows[d]
		slices.SortFunc(order, func(i, j int32) int { return cmp.Or(cmp.Compare(low[i], low[j]), cmp.Compare(i, j)) })
		one := dimension{make([]int32, n), make([]int32, n), 0}
		for rank, i := range order {
			above := sort.Search(n, func(r int) bool { return low[order[r]] > highs[d][i] })
			one.lo[i], one.hi[i] = int32(rank), int32(above-1)
			one.overlaps += above - 1 - rank
		}
		dimensions = append(dimensions, one)
	}
	slices.SortStableFunc(dimensions, func(x, y dimension) int { return cmp.Compare(y.overlaps, x.overlaps) })
	for i, d := range dimensions {
		if d.overlaps == n*(n-1)/2 && i < len(dimensions)-1 {
			continue // which tells none apart
		}
		x.lo, x.hi, x.few = append(x.lo, d.lo), append(x.hi, d.hi), append(x.few, d.overlaps <= 8*n)
	}
	return x
}

// among finds the pairs of all boxes.
func (x *boxes) among() {
	all := make([]int32, len(x.dead))
	for i := range all {
		all[i] = int32(i)
	}
	x.pairs(all, all, 0, x.last(), len(x.lo)-1)
}

// between finds the pairs of one of the first m boxes and one of the others.
func (x *boxes) between(m int) {
	all := make([]int32, len(x.dead))
	for i := range all {
		all[i] = int32(i)
	}
	top := len(x.lo) - 1
	x.pairs(all[:m], all[m:], 0, x.last(), top)
	x.pairs(all[m:], all[:m], 0, x.last(), top)
}

func (x *boxes) last() int32 { return int32(len(x.dead) - 1) }

// little is how many pairs are compared at once.
const little = 256

// pairs finds the pairs of a box of holders that contains the low end of one of points
// in dimension d, and overlaps it in the dimensions below. The low ends of points are
// from one rank up to another in that dimension, and each holder reaches into these.
func (x *boxes) pairs(holders, points []int32, from, to int32, d int) {
	switch {
	case len(holders)*len(points) <= little:
		for _, h := range holders {
			for _, p := range points {
				if x.lo[d][h] <= x.lo[d][p] && x.lo[d][p] <= x.hi[d][h] && x.overlap(h, p, d) {
					x.find(h, p)
				}
			}
		}
		return
	case d == 0 || x.few[d]:
		x.scan(holders, points, d)
		return
	}
	lo, hi := x.lo[d], x.hi[d]
	middle := from + (to-from)/2
	var spanning, left, right []int32
	for _, h := range holders {
		switch {
		case x.dead[h]:
		case lo[h] <= from && to <= hi[h]:
			spanning = append(spanning, h)
		default:
			if lo[h] <= middle {
				left = append(left, h)
			}
			if hi[h] > middle {
				right = append(right, h)
			}
		}
	}
	if len(spanning) > 0 {
		x.pairs(spanning, points, 0, x.last(), d-1)
		x.pairs(points, spanning, 0, x.last(), d-1)
	}
	var low, high []int32
	for _, p := range points {
		switch {
		case x.dead[p]:
		case lo[p] <= middle:
			low = append(low, p)
		default:
			high = append(high, p)
		}
	}
	x.pairs(left, low, from, middle, d)
	x.pairs(right, high, middle+1, to, d)
}

// overlap reports whether two boxes overlap in the dimensions below d.
func (x *boxes) overlap(i, j int32, d int) bool {
	for d--; d >= 0; d-- {
		if x.lo[d][i] > x.hi[d][j] || x.lo[d][j] > x.hi[d][i] {
			return false
		}
	}
	return true
}

// scan is pairs where that is as good: it looks at all pairs that overlap in one
// dimension.
func (x *boxes) scan(holders, points []int32, d int) {
	lo, hi := x.lo[d], x.hi[d]
	byLow := func(i, j int32) int { return cmp.Compare(lo[i], lo[j]) }
	holders, points = slices.Clone(holders), slices.Clone(points)
	slices.SortFunc(holders, byLow)
	slices.SortFunc(points, byLow)
	var open []int32 // the holders that may contain the next point
	for _, p := range points {
		for len(holders) > 0 && lo[holders[0]] <= lo[p] {
			open, holders = append(open, holders[0]), holders[1:]
		}
		open = slices.DeleteFunc(open, func(h int32) bool { return x.dead[h] || hi[h] < lo[p] })
		for _, h := range open {
			if x.dead[p] {
				break
			}
			if x.overlap(h, p, d) {
				x.find(h, p)
			}
		}
	}
}

func (x *boxes) find(i, j int32) {
	if i != j && !x.dead[i] && !x.dead[j] {
		x.found(i, j)
	}
}
