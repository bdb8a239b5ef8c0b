package tree

import "github.com/dgenfs/dgenfs/fs/spec"

// slab is how many nodes are allocated at a time.
const slab = 256

// newNode returns a new node. Nodes are allocated many at a time, which is faster.
func (b *Builder) newNode() *node {
	if len(b.slab) == 0 {
		b.slab = make([]node, slab)
	}
	n := &b.slab[0]
	b.slab = b.slab[1:]
	return n
}

// kindOf returns the kind of the files of an entry, or of their index files; equal kinds
// are one.
func (b *Builder) kindOf(e Entry, c spec.Companion) *kind {
	e.Spec.Size = 0
	k := kind{e.Spec, e.Sizes, e.Index, c}
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

// keep returns a copy of s, so that the text that s is part of can be freed. Copies are
// packed into large buffers.
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
