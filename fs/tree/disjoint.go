package tree

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// checkDisjoint reports names that siblings share. Of the siblings that are not
// reported, no two share a name. It takes n log n steps for n siblings, times another
// log n for each further range that their names have, as far as these depend on each
// other.
//
// Text and runs of digits alternate in names. Only those with the same text can be the
// same, so siblings are compared within groups of one text. In a group, names are the
// points of a box: each number is a dimension.
func (b *Builder) checkDisjoint(siblings []*node) {
	ranged := make(map[string]*group)
	var key []byte
	for i, n := range siblings {
		if n.ranges != nil {
			parts := n.ranges.pieces()
			key = appendTexts(key[:0], parts)
			g := ranged[string(key)]
			if g == nil {
				g = new(group)
				ranged[string(key)] = g
			}
			g.add(n, parts)
		} else if i > 0 && siblings[i-1].ranges == nil && siblings[i-1].name == n.name {
			b.clash(siblings[i-1], n, n.name)
		}
	}
	if len(ranged) == 0 {
		return
	}
	var parts []part
	for _, n := range siblings {
		if n.ranges != nil {
			continue
		}
		parts = appendLiteral(parts[:0], n.name)
		if g := ranged[string(appendTexts(key[:0], parts))]; g != nil {
			g.add(n, slices.Clone(parts))
		}
	}
	// In the order of the siblings, for errors that are the same every time.
	for _, n := range siblings {
		if n.ranges == nil {
			continue
		}
		key = appendTexts(key[:0], n.ranges.pieces())
		if g := ranged[string(key)]; g != nil {
			delete(ranged, string(key))
			g.check(b)
		}
	}
}

// appendTexts appends what names have in common that can be the same: their text, with
// a mark for each run of digits.
func appendTexts(dst []byte, parts []part) []byte {
	for i, p := range parts {
		switch {
		case p.text != "":
			dst = append(dst, p.text...)
		case i == 0 || parts[i-1].text != "":
			dst = append(dst, 0) // which no text has
		}
	}
	return dst
}

// A group is siblings of the same text.
type group struct{ items []item }

// item is a sibling; its numbers are the parts but for those of text.
type item struct {
	*node
	parts   []part
	numbers []part
	shape   string // two items of one shape have the same digits in corresponding numbers
	clashes bool   // has been reported
}

func (g *group) add(n *node, parts []part) {
	it := item{node: n, parts: parts}
	var shape []byte
	for i, p := range parts {
		if p.text != "" {
			continue
		}
		if i > 0 && parts[i-1].text != "" {
			shape = append(shape, 0xff, 0xff) // no number begins like that
		}
		shape = binary.AppendUvarint(shape, uint64(p.width))
		if p.width == 0 {
			shape = binary.AppendUvarint(shape, uint64(p.tail))
		}
		it.numbers = append(it.numbers, p)
	}
	it.shape = string(shape)
	g.items = append(g.items, it)
}

// check reports names that items share.
func (g *group) check(b *Builder) {
	slices.SortStableFunc(g.items, func(x, y item) int { return cmp.Compare(x.shape, y.shape) })
	var ends []int // of the items of each shape
	for i := range g.items {
		if i == len(g.items)-1 || g.items[i+1].shape != g.items[i].shape {
			ends = append(ends, i+1)
		}
	}
	begin := 0
	for _, end := range ends {
		if items := g.items[begin:end]; len(items) > 1 && len(items[0].numbers) > 0 {
			b.clashes(items, numberBoxes(items)).among()
		}
		begin = end
	}
	b.checkShapes(g.items, ends, 0)
}

// checkShapes reports names that items of different shapes share. Items are sorted by
// shape, ends are of these, counted as if before items there were as many as begin.
func (b *Builder) checkShapes(items []item, ends []int, begin int) {
	if len(ends) < 2 {
		return
	}
	middle := len(ends) / 2
	m := ends[middle-1] - begin
	b.clashes(items, runBoxes(items)).between(m)
	b.checkShapes(items[:m], ends[:middle], begin)
	b.checkShapes(items[m:], ends[middle:], begin+m)
}

// clashes returns the boxes of items, which are reported where they share a name, each
// once.
func (b *Builder) clashes(items []item, x *boxes) *boxes {
	for i := range items {
		x.dead[i] = items[i].clashes
	}
	x.found = func(i, j int32) {
		name, ok := sharedName(items[i].parts, items[j].parts)
		if !ok {
			return
		}
		b.clash(items[i].node, items[j].node, name)
		if n, m := items[i].node, items[j].node; n.entry > m.entry || n.entry == m.entry && n.round() > m.round() {
			j = i
		}
		items[j].clashes, x.dead[j] = true, true
	}
	return x
}

// numberBoxes returns boxes of items of one shape: two of them overlap exactly if they
// share a name.
func numberBoxes(items []item) *boxes {
	lows, highs := make([][]uint64, len(items[0].numbers)), make([][]uint64, len(items[0].numbers))
	for d := range lows {
		for _, it := range items {
			lows[d], highs[d] = append(lows[d], it.numbers[d].lo), append(highs[d], it.numbers[d].hi)
		}
	}
	return newBoxes(lows, highs)
}

// runBoxes returns boxes of items of any shapes: two of them overlap if they share a
// name, and seldom otherwise.
func runBoxes(items []item) *boxes {
	runs := make([][][]part, len(items))
	for i, it := range items {
		for rest := it.parts; len(rest) > 0; {
			var run []part
			if run, rest = cutRun(rest); len(run) > 0 {
				runs[i] = append(runs[i], run)
			} else {
				rest = rest[1:]
			}
		}
	}
	var lows, highs [][]uint64
	column := make([][]part, len(items))
	for r := range runs[0] {
		for i := range runs {
			column[i] = runs[i][r]
		}
		l, h := fields(column)
		lows, highs = append(lows, l...), append(highs, h...)
	}
	return newBoxes(lows, highs)
}
