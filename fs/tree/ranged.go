package tree

import (
	"slices"
	"sort"
)

// ranged is what finds children of more than one name. Each is in a lane by its mask:
// its pattern with a mark in place of each number that varies. The mask of a name
// follows from which of its digits vary, the layout, of which patterns in one directory
// have few.
type ranged struct {
	ends    []uint64 // ordinal of the child behind the last one of children[i]
	all     lane     // if there are few
	layouts []layout
	lanes   map[string]*lane // by mask; nil if there are few
}

// newRanged returns what finds some children, which are sorted.
func newRanged(children []*node, ends []uint64) *ranged {
	r := &ranged{ends: ends}
	for _, c := range children {
		if c.names() > 1 {
			r.all.add(c)
		}
	}
	if len(r.all.nodes) <= few {
		return r
	}
	r.lanes = make(map[string]*lane)
	var mask []byte
	for _, c := range r.all.nodes {
		l := layoutOf(c.ranges.parts)
		if !slices.ContainsFunc(r.layouts, func(o layout) bool { return slices.EqualFunc(o, l, slices.Equal) }) {
			r.layouts = append(r.layouts, l)
		}
		mask, _ = l.appendMask(mask[:0], c.firstName())
		one := r.lanes[string(mask)]
		if one == nil {
			one = new(lane)
			r.lanes[string(mask)] = one
		}
		one.add(c)
	}
	r.all = lane{}
	return r
}

func (r *ranged) find(name string) (child *node, index uint64) {
	if r.lanes == nil {
		return r.all.find(name)
	}
	var memory [2 * maxName]byte
	for _, l := range r.layouts {
		mask, ok := l.appendMask(memory[:0], name)
		if !ok {
			continue
		}
		if one := r.lanes[string(mask)]; one != nil {
			if child, index := one.find(name); child != nil {
				return child, index
			}
		}
	}
	return nil, 0
}

// A lane holds children in natural order.
type lane struct {
	nodes []*node
	reach []string // the last of all names of nodes[:i+1], in natural order
}

// add adds a node behind the others.
func (l *lane) add(n *node) {
	reach := n.lastName()
	if k := len(l.reach); k > 0 && compareNames(reach, l.reach[k-1]) < 0 {
		reach = l.reach[k-1]
	}
	l.nodes, l.reach = append(l.nodes, n), append(l.reach, reach)
}

// find tries the nodes one by one whose names may enclose the given one.
func (l *lane) find(name string) (child *node, index uint64) {
	behind := sort.Search(len(l.nodes), func(i int) bool {
		return compareNames(l.nodes[i].ranges.first, name) > 0
	})
	for i := behind - 1; i >= 0 && compareNames(name, l.reach[i]) <= 0; i-- {
		if index, ok := l.nodes[i].ranges.index(name); ok {
			return l.nodes[i], index
		}
	}
	return nil, 0
}

// A layout says, of each run of digits, which of them are numbers that vary; nil if
// none are.
type layout [][]digitField

// A digitField is some digits of a run.
type digitField struct {
	width  int // 0 for as many as the other fields leave
	varies bool
}

// layoutOf returns the layout of the parts of a name.
func layoutOf(parts []part) (l layout) {
	for rest := parts; len(rest) > 0; {
		var run []part
		if run, rest = cutRun(rest); len(run) == 0 {
			rest = rest[1:]
			continue
		}
		var fields []digitField
		varies := false
		for _, p := range run {
			fields = append(fields, digitField{p.width, p.hi > p.lo})
			varies = varies || p.hi > p.lo
		}
		if !varies {
			fields = nil
		}
		l = append(l, fields)
	}
	return l
}

// appendMask appends the mask of a name; false if the name does not have the layout.
func (l layout) appendMask(dst []byte, name string) ([]byte, bool) {
	for name != "" {
		n := digitRun(name)
		if n == 0 {
			dst, name = append(dst, name[0]), name[1:]
			continue
		}
		if len(l) == 0 {
			return dst, false
		}
		run := name[:n]
		fields := l[0]
		l, name = l[1:], name[n:]
		if fields == nil {
			dst = append(dst, run...)
			continue
		}
		for _, f := range fields {
			n -= f.width
		}
		for _, f := range fields {
			width := f.width
			if width == 0 {
				width = n
			}
			if width < 1 || width > len(run) {
				return dst, false
			}
			if f.varies {
				dst = append(dst, 0) // which no name has
			} else {
				dst = append(dst, run[:width]...)
			}
			run = run[width:]
		}
		if run != "" {
			return dst, false
		}
	}
	return dst, len(l) == 0
}
