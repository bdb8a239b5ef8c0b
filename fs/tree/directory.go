package tree

import (
	"cmp"
	"hash/maphash"
	"slices"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// A directory holds the children of a node. No two of them share a name.
type directory struct {
	children []*node  // in natural order of their first names
	slots    []uint32 // see index
	ranged   *ranged  // nil if each child has one name
	kept     bool     // an entry is this directory, or one below: it is shown without files, too

	attributes *spec.Attributes // nil unless an entry of the directory has them

	// The files of generation 0 below all instances have the numbers begin0 to end0-1.
	begin0, end0 uint64

	series []series // of the files below; nil unless a shard is shown, and there are many
}

// few children are compared one by one, which is as fast as a table.
const few = 8

var hashSeed = maphash.MakeSeed()

// add adds a child, in no order.
func (f *directory) add(n *node) {
	f.children = append(f.children, n)
	switch k := len(f.children); {
	case k <= few:
	case 4*k > 3*len(f.slots):
		f.index()
	default:
		f.enter(k - 1)
	}
}

// index makes the table that finds children by their keys: places in children, from
// 1 on, by open addressing with linear probing, at a load of three eighths to three
// quarters.
func (f *directory) index() {
	f.slots = nil
	if len(f.children) <= few {
		return
	}
	size := 4 * few
	for 4*len(f.children) > 3*size {
		size *= 2
	}
	f.slots = make([]uint32, size)
	for i := range f.children {
		f.enter(i)
	}
}

func (f *directory) enter(i int) {
	key, _ := f.children[i].key()
	mask := uint64(len(f.slots) - 1)
	at := maphash.String(hashSeed, key) & mask
	for f.slots[at] != 0 {
		at = (at + 1) & mask
	}
	f.slots[at] = uint32(i + 1)
}

// byKey returns the child that has a key; see node.key.
func (f *directory) byKey(key string, several bool) *node {
	is := func(c *node) bool {
		k, s := c.key()
		return k == key && s == several
	}
	if f.slots == nil {
		for _, c := range f.children {
			if is(c) {
				return c
			}
		}
		return nil
	}
	mask := uint64(len(f.slots) - 1)
	for at := maphash.String(hashSeed, key) & mask; f.slots[at] != 0; at = (at + 1) & mask {
		if c := f.children[f.slots[at]-1]; is(c) {
			return c
		}
	}
	return nil
}

// sort sorts the children by first name, and those that clash by entry, so that the
// same one is reported every time.
func (f *directory) sort() {
	slices.SortFunc(f.children, func(x, y *node) int {
		return cmp.Or(compareNames(x.firstName(), y.firstName()), cmp.Compare(x.entry, y.entry), cmp.Compare(x.round(), y.round()))
	})
}

// arrange prepares lookups among the sorted children.
func (f *directory) arrange() {
	f.children = slices.Clip(f.children)
	f.index()
	if !slices.ContainsFunc(f.children, func(c *node) bool { return c.names() > 1 }) {
		return
	}
	ends := make([]uint64, len(f.children))
	var end uint64
	for i, c := range f.children {
		end += c.names()
		ends[i] = end
	}
	f.ranged = newRanged(f.children, ends)
}

// find returns the child that has the given name, and the name's index in it.
func (f *directory) find(name string) (child *node, index uint64) {
	if c := f.byKey(name, false); c != nil {
		return c, 0
	}
	if f.ranged == nil {
		return nil, 0
	}
	return f.ranged.find(name)
}

// child returns where ordinal off is: an index in children, and the index of a
// name in that child.
func (f *directory) child(off uint64) (i int, index uint64) {
	if f.ranged == nil {
		return int(min(off, uint64(len(f.children)))), 0
	}
	i, exact := slices.BinarySearch(f.ranged.ends, off)
	if exact {
		i++ // off is the first one behind children[i], and none of them is empty
	}
	if i > 0 {
		off -= f.ranged.ends[i-1]
	}
	return i, off
}

// begin returns the ordinal of the first name of children[i].
func (f *directory) begin(i int) uint64 {
	switch {
	case f.ranged == nil:
		return uint64(i)
	case i == 0:
		return 0
	}
	return f.ranged.ends[i-1]
}

// size returns how many children there are, shown or not.
func (f *directory) size() uint64 { return f.begin(len(f.children)) }
