package tree

import (
	"math/bits"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen/keyed"
)

// A node is a component of a pattern, and the block of positions of all files or
// directories that it stands for. A tree of a million lines has a million of them, so
// what many share is stored once, and what few have is behind a pointer.
type node struct {
	parent *node      // nil for the root
	name   string     // the name; with ranges, the pattern
	ranges *component // nil without ranges
	base   ID
	count  uint64     // positions in the block
	dir    *directory // nil for a file
	entry  uint32     // index of the entry that brought it in

	// Of a file.
	kind  *kind
	size  int64  // bytes, if the kind draws none
	first uint64 // number of the first of them among all files
	lots  *lots  // nil if nothing is drawn
}

// A kind is what the files of any number of entries have in common: all but the size.
type kind struct {
	spec  spec.Spec
	sizes spec.Sizes // zero if they are not drawn
	index spec.Index // zero if they have no index files

	// Of index files whose sizes are not drawn, spec is theirs. Otherwise it is that of
	// the files that they are of, as sizes are.
	companion spec.Companion // zero if they are no index files
}

func (k *kind) isCompanion() bool { return k.companion != spec.Companion{} }

// repeats reports whether some of the files are copies of others, as a whole.
func (k *kind) repeats() bool { return k.spec.Group && !k.sizes.IsZero() }

// lots is what few nodes have: what is drawn at random about their files, and where links
// point to.
type lots struct {
	sizes *keyed.Permutation // nil if the kind draws none
	turns *keyed.Permutation // in which they change; nil in generation 0

	row   *row   // nil if no files come or go
	round uint64 // how many times the entry's files stand before them in the row
	order *keyed.Permutation
	byAge *keyed.Inverse // of order, if listings are in the order of the row; see Tree.byAge

	link  *link  // nil if they are files
	named *named // nil if no hard links give them more names
}

// names returns how many names there are in one instance of the parent.
func (n *node) names() uint64 {
	if n.ranges == nil {
		return 1
	}
	return n.ranges.count
}

// total returns how many files or directories the node stands for, which count is once the
// builder has come to it. It is below 2^64 if there are not too many.
func (n *node) total() uint64 {
	if n.parent == nil {
		return 1
	}
	return n.names() * n.parent.total()
}

// key returns what tells a node from its siblings: its name or, if there are several,
// its pattern.
func (n *node) key() (key string, several bool) {
	switch {
	case n.ranges == nil:
		return n.name, false
	case n.ranges.count == 1:
		return n.ranges.first, false
	}
	return n.name, true
}

// firstName returns the first name in natural order.
func (n *node) firstName() string {
	if n.ranges == nil {
		return n.name
	}
	return n.ranges.first
}

// lastName returns the last name in natural order.
func (n *node) lastName() string {
	if n.ranges == nil {
		return n.name
	}
	return n.ranges.last
}

func (n *node) appendName(dst []byte, index uint64) []byte {
	if n.ranges == nil {
		return append(dst, n.name...)
	}
	return n.ranges.append(dst, index)
}

// spec returns what all files are, without a size if that is drawn.
func (n *node) spec() spec.Spec {
	s := n.kind.spec
	s.Size = n.size
	return s
}

// specOf returns the spec of a file, with its size.
func (n *node) specOf(instance uint64) spec.Spec {
	s := n.spec()
	if l := n.symlink(); l != nil {
		s.Size = l.size(instance)
	}
	if !n.kind.sizes.IsZero() {
		number, of := n.drawn(instance)
		s = s.Drawn(n.kind.sizes, number, of)
		if n.kind.isCompanion() {
			s = n.kind.companion.Of(s)
		}
	}
	return s
}

// drawn returns which of how many sizes that are drawn a file has. In a group, copies of a
// file have the same.
func (n *node) drawn(instance uint64) (number, of uint64) {
	number = n.lots.sizes.At(instance)
	if !n.kind.repeats() {
		return number, n.count
	}
	of = n.kind.spec.DistinctFiles(n.count)
	hi, lo := bits.Mul64(number, of)
	number, _ = bits.Div64(hi, lo, n.count)
	return number, of
}

// row returns the row of the files; nil if none come or go.
func (n *node) row() *row {
	if n.lots == nil {
		return nil
	}
	return n.lots.row
}

// round returns how many times the entry's files stand before these in the row.
func (n *node) round() uint64 {
	if n.lots == nil {
		return 0
	}
	return n.lots.round
}

// place returns where a file stands in the row of its entry, if there is one.
func (n *node) place(instance uint64) uint64 {
	return n.lots.round*n.lots.row.files + n.lots.order.At(instance)
}

func (n *node) appendPath(dst []byte, instance uint64) []byte {
	if n.parent == nil {
		return dst
	}
	names := n.names()
	if n.parent.parent != nil {
		dst = append(n.parent.appendPath(dst, instance/names), '/')
	}
	return n.appendName(dst, instance%names)
}

// appendLongest appends the last of the paths, of which none is longer.
func (n *node) appendLongest(dst []byte) []byte { return n.appendPath(dst, n.count-1) }

// appendPattern appends the pattern of a node's paths, in which a component of one
// name is that name. Seeds follow from it, so it never changes.
func (n *node) appendPattern(dst []byte) []byte {
	if n.parent == nil {
		return dst
	}
	if n.parent.parent != nil {
		dst = append(n.parent.appendPattern(dst), '/')
	}
	key, _ := n.key()
	return append(dst, key...)
}

// appendDrawn appends the pattern that what is drawn follows from: that of the node's
// paths, or of the files that they are the index files of, so that what one file is, and
// when it comes and goes, is so for its index file, too.
func (n *node) appendDrawn(dst []byte) []byte {
	at := len(dst)
	dst = n.appendPattern(dst)
	c := n.kind.companion
	return append(dst[:at], dst[at+len(c.Prefix):len(dst)-len(c.Suffix)]...)
}

// text returns the pattern of the names as it can be parsed.
func (n *node) text() string {
	if n.ranges == nil {
		return escapes.Replace(n.name)
	}
	return n.name
}

// appendText appends the pattern of a node's paths as it can be parsed.
func (n *node) appendText(dst []byte) []byte {
	if n.parent == nil {
		return dst
	}
	if n.parent.parent != nil {
		dst = append(n.parent.appendText(dst), '/')
	}
	return append(dst, n.text()...)
}
