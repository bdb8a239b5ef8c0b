package tree

import (
	"slices"
	"sort"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// A node is a component of a pattern, and the block of positions of all files or
// folders that it stands for.
type node struct {
	parent *node // nil for the root
	name   component
	base   ID
	folder *folder   // nil for a file
	spec   spec.Spec // of a file
	entry  int       // index of the entry that brought it in, for errors
}

// id returns the position of a name in one instance of the parent.
func (n *node) id(parent, index uint64) ID {
	return n.base + ID(parent*n.name.count+index)
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

// appendPattern appends the pattern of a node's paths, and returns how many there
// are.
func (n *node) appendPattern(dst []byte) (pattern []byte, paths uint64) {
	if n.parent == nil {
		return dst, 1
	}
	dst, paths = n.parent.appendPattern(dst)
	if n.parent.parent != nil {
		dst = append(dst, '/')
	}
	return append(dst, n.name.key...), paths * n.name.count
}

// A folder holds the children of a node. Their name sets are disjoint.
type folder struct {
	byKey    map[string]*node // by component.key: a child of one name by that name
	children []*node          // in natural order of their first names
	ends     []uint64         // ordinal of the child behind the last one of children[i]
	ranged   []*node          // the children of more than one name, in the same order
	reach    []string         // the last of all names of ranged[:i+1], in natural order
}

// find returns the child that has the given name, and the name's index in it.
func (f *folder) find(name string) (child *node, index uint64) {
	// The key of a child of many names holds a brace, which no name does.
	if c := f.byKey[name]; c != nil && c.name.count == 1 {
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
