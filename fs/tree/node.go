package tree

import (
	"slices"
	"sort"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen/keyed"
)

// A node is a component of a pattern, and the block of positions of all files or
// folders that it stands for.
type node struct {
	parent *node // nil for the root
	name   component
	base   ID
	count  uint64 // positions in the block
	entry  int    // index of the entry that brought it in, for errors

	folder *folder // nil for a file
	files          // of a file
}

// files is what a node's files are.
type files struct {
	spec  spec.Spec
	sizes spec.Sizes         // zero if all have the spec's size
	first uint64             // number of the first of them among all files
	drawn *keyed.Permutation // nil if there is nothing to draw

	row   *row   // nil if none comes or goes
	round uint64 // how many times the entry's files stand before them in the row
	order *keyed.Permutation
	turns *keyed.Permutation // in which they change
}

// id returns the position of a name in one instance of the parent.
func (n *node) id(parent, index uint64) ID {
	return n.base + ID(parent*n.name.count+index)
}

// specOf returns the spec of a file, with its size.
func (n *node) specOf(instance uint64) spec.Spec {
	s := n.spec
	if !n.sizes.IsZero() {
		s.Size = n.sizes.At(n.drawn.At(instance), n.count)
	}
	return s
}

// place returns where a file stands in the row of its entry.
func (n *node) place(instance uint64) uint64 {
	return n.round*n.row.files + n.order.At(instance)
}

func (n *node) appendPath(dst []byte, instance uint64) []byte {
	if n.parent == nil {
		return dst
	}
	if n.parent.parent != nil {
		dst = append(n.parent.appendPath(dst, instance/n.name.count), '/')
	}
	return n.name.append(dst, instance%n.name.count)
}

// appendLongest appends the last of the paths, of which none is longer.
func (n *node) appendLongest(dst []byte) []byte { return n.appendPath(dst, n.count-1) }

// appendPattern appends the pattern of a node's paths.
func (n *node) appendPattern(dst []byte) []byte {
	if n.parent == nil {
		return dst
	}
	if n.parent.parent != nil {
		dst = append(n.parent.appendPattern(dst), '/')
	}
	return append(dst, n.name.pattern()...)
}

// A folder holds the children of a node. Their name sets are disjoint.
type folder struct {
	byKey    map[string]*node // by component.key: a child of one name by that name
	children []*node          // in natural order of their first names
	ends     []uint64         // ordinal of the child behind the last one of children[i]
	ranged   []*node          // the children of more than one name, in the same order
	reach    []string         // the last of all names of ranged[:i+1], in natural order
}

// arrange makes what finds the children, which are sorted.
func (f *folder) arrange() {
	var end uint64
	var reach string
	for _, c := range f.children {
		end += c.name.count
		f.ends = append(f.ends, end)
		if c.name.count > 1 {
			if reach == "" || compareNames(c.name.last, reach) > 0 {
				reach = c.name.last
			}
			f.ranged = append(f.ranged, c)
			f.reach = append(f.reach, reach)
		}
	}
}

// find returns the child that has the given name, and the name's index in it.
func (f *folder) find(name string) (child *node, index uint64) {
	if c := f.byKey[name]; c != nil {
		return c, 0
	}
	behind := sort.Search(len(f.ranged), func(i int) bool {
		return compareNames(f.ranged[i].name.first, name) > 0
	})
	for i := behind - 1; i >= 0 && compareNames(name, f.reach[i]) <= 0; i-- {
		if index, ok := f.ranged[i].name.index(name); ok {
			return f.ranged[i], index
		}
	}
	return nil, 0
}

// child returns where ordinal off is: an index in children, and the index of a
// name in that child.
func (f *folder) child(off uint64) (i int, index uint64) {
	i, exact := slices.BinarySearch(f.ends, off)
	if exact {
		i++ // off is the first one behind children[i], and none of them is empty
	}
	if i > 0 {
		off -= f.ends[i-1]
	}
	return i, off
}
