package tree

import "slices"

// checkDisjoint finds names that two of some siblings share. Siblings are sorted
// by their first names, so only those that reach beyond the first name of a later
// one need a closer look.
func (b *Builder) checkDisjoint(siblings []*node) {
	var open []*node
next:
	for _, n := range siblings {
		open = slices.DeleteFunc(open, func(o *node) bool {
			return compareNames(o.lastName(), n.firstName()) < 0
		})
		for _, o := range open {
			if name, ok := sharedName(o.parts(), n.parts()); ok {
				b.clash(o, n, name)
				continue next // once is enough
			}
		}
		open = append(open, n)
	}
}

// parts returns the parts of the names.
func (n *node) parts() []part {
	if n.ranges == nil {
		return appendLiteral(nil, n.name)
	}
	return n.ranges.pieces()
}
