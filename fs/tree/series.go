package tree

import (
	"cmp"
	"math/bits"
	"slices"
)

// series are some of the files below a directory that has many instances: nodes whose
// numbers are in arithmetic progression. Below instance i, node k of them has the
// numbers from first + k*step + i*each on, each of them.
type series struct {
	first, step, each uint64
	nodes             uint64
}

// manyFiles is how many nodes of files below a directory are tried one by one, to say
// which of its instances are shown.
const manyFiles = 1 << 12

// newSeries returns the series of some nodes of files below a directory with count
// instances. Lines that are alike, one after the other in a tree, make one series.
func newSeries(files []*node, count uint64) (all []series) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(x, y *node) int {
		return cmp.Or(cmp.Compare(x.count, y.count), cmp.Compare(x.first, y.first))
	})
	for _, n := range files {
		each := n.count / count
		if k := len(all) - 1; k >= 0 && all[k].each == each {
			s := &all[k]
			step := n.first - (s.first + (s.nodes-1)*s.step)
			if s.nodes == 1 || step == s.step {
				s.step = step
				s.nodes++
				continue
			}
		}
		all = append(all, series{first: n.first, each: each, nodes: 1})
	}
	return slices.Clip(all)
}

// has reports whether a file of the series is in the part, below an instance of the
// directory. It takes some steps of arithmetic, however many nodes there are.
func (s *series) has(shard Shard, instance uint64) bool {
	count := shard.Count
	if s.each >= count {
		return true
	}
	// Of node k, a number is in the part if ahead - k*step is below each, modulo count.
	ahead := (shard.Index + count - (s.first+instance*s.each)%count) % count
	back := (count - s.step%count) % count
	return floorSum(s.nodes, count, back, ahead+count) != floorSum(s.nodes, count, back, ahead+count-s.each)
}

// floorSum returns the sum of (a*i+b)/m, rounded down, for all i below n, modulo 2^64.
// As in Euclid's algorithm, a and m change places and become smaller.
func floorSum(n, m, a, b uint64) (sum uint64) {
	for {
		x, y := n, n-1
		if x%2 == 0 {
			x /= 2
		} else {
			y /= 2
		}
		sum += x * y * (a / m)
		sum += n * (b / m)
		a, b = a%m, b%m
		hi, lo := bits.Mul64(a, n)
		lo, carry := bits.Add64(lo, b, 0)
		hi += carry
		if hi == 0 && lo < m {
			return sum
		}
		// Below m*2^64, as a is below m.
		n, b = bits.Div64(hi, lo, m)
		m, a = a, m
	}
}

// findSeries finds the series below each directory that has more than many nodes of
// files below it, and several instances, of which a shard shows some.
func (t *Tree) findSeries(many int) {
	if t.o.Shard.all() {
		return
	}
	var files []*node // in the order of a walk: those below a directory are in one piece
	var walk func(n *node)
	walk = func(n *node) {
		begin := len(files)
		for _, c := range n.dir.children {
			if c.dir != nil {
				walk(c)
			} else if !c.isHard() {
				files = append(files, c)
			}
		}
		if below := files[begin:]; n.count > 1 && len(below) > many {
			n.dir.series = newSeries(below, n.count)
		}
	}
	walk(t.nodes[0])
}

// nextInSeries is nextDir for a directory of which there are series. It tries one
// instance after the other; when the steps are used up, it returns where to go on, and
// false.
func (l *lister) nextInSeries(n *node, from, end uint64) (at uint64, found bool) {
	for at = from; at < end; at++ {
		if at > from && l.steps <= 0 {
			return at, false
		}
		for i := range n.dir.series {
			l.steps--
			if n.dir.series[i].has(l.o.Shard, at) {
				return at, true
			}
		}
	}
	return end, true
}
