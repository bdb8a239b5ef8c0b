package tree

import "github.com/dgenfs/dgenfs/fs/spec"

// The size of a slab of nodes.
const slab = 256

// newNode returns a node out of a slab: one allocation each would cost a sixth more.
func (b *Builder) newNode() *node {
	if len(b.slab) == 0 {
		b.slab = make([]node, slab)
	}
	n := &b.slab[0]
	b.slab = b.slab[1:]
	return n
}

// kindOf returns the kind of some files, the same one for all that are equal.
func (b *Builder) kindOf(s spec.Spec, sizes spec.Sizes) *kind {
	s.Size = 0
	k := kind{s, sizes}
	if b.kind != nil && *b.kind == k {
		return b.kind
	}
	b.kind = b.kinds[k]
	if b.kind == nil {
		b.kind = &k
		b.kinds[k] = b.kind
	}
	return b.kind
}

// setName gives a node the names of a component.
func (b *Builder) setName(n *node, c *component) {
	if c.parts == nil {
		n.name = b.keep(c.first)
		return
	}
	ranges := *c
	n.name, n.ranges = c.text, &ranges
}

// keep returns a copy of s in a large piece of memory, so that the text that s is a
// part of is not kept.
func (b *Builder) keep(s string) string {
	if len(s) > b.names.Cap()-b.names.Len() {
		b.names.Reset()
		b.names.Grow(max(namesMemory, len(s)))
	}
	at := b.names.Len()
	b.names.WriteString(s)
	return b.names.String()[at:]
}

const namesMemory = 64 << 10 // bytes
