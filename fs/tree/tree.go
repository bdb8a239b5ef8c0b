// Package tree is a namespace by arithmetic: it computes the position of a file
// from its name and the name from its position, so that a billion files take no
// memory and no time to set up.
//
// An entry is a path with brace ranges and the spec of every file that it names:
//
//	home/user{00..99}/mail/{000000..999999}.eml
//
// A range {a..b} stands for the decimal numbers from a to b, of up to 18 digits.
// If a or b is written with a leading zero, both have the same number of digits
// and so have all names; otherwise {8..12} gives 8 9 10 11 12. The characters {,
// } and \ are written \{, \} and \\, and \xHH is any byte but NUL and "/". A name
// has at most 255 bytes, a path at most 4095.
//
// # Positions
//
// Every file and directory has a position, its ID. The entries form a trie whose
// nodes are path components, still with their ranges. A node with n names, below
// a node that stands for m directories, stands for m*n files or directories, and they
// are numbered as a block: base + directory*n + name. IDs follow from the set of
// entries alone, not from their order, nor from what is shown of the tree, and are
// below 1<<61.
//
// A tree can show a [Shard] of its files, and a later generation of its [History].
// Whether a file is shown is computed as well.
//
// A pattern that ends in a slash is a directory that is there whether or not there are
// files in it, and in every shard. It may have attributes.
//
// An entry may also be of symbolic links, which have a place among the files, but no bytes;
// or of hard links, more names of files, which have the positions of these.
//
// A Tree never changes, so it is safe for concurrent use. The package knows names, not
// bytes: it neither generates nor serves.
package tree

import (
	"iter"
	"math/bits"
	"slices"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// Entry is a path pattern and the spec of its files, as spec.ParseFiles returns it.
// Only what depends on the number of files is checked again. A directory, whose pattern
// ends in a slash, has no spec but its attributes.
type Entry struct {
	Pattern string
	Spec    spec.Spec
	Sizes   spec.Sizes // if they are drawn
	Index   spec.Index // if they have index files, which are files of the tree, too
	Link    spec.Link  // if they are links, and then the spec has attributes alone
}

// ID is the position of a file or directory; 0 is not a position.
type ID uint64

// Root is the position of the root directory.
const Root ID = 1

// maxPositions bounds the IDs, so that a product or sum of a few counts that
// were checked cannot wrap, and so that callers have bits left for their own
// nodes.
const maxPositions = 1 << 61

// Tree is an immutable namespace, made by New or a Builder.
type Tree struct {
	o       Options
	nodes   []*node  // by base; nodes[0] is the root; behind those with positions, hard links
	bases   []ID     // of nodes, apart so that a search stays within a few cache lines
	entries []uint32 // the node of each entry
	end     ID       // first position behind the last node
	files   uint64
	dirs    uint64
	bytes   uint64
}

// A Node is what is at a position.
type Node struct {
	IsDir     bool
	IsSymlink bool
	InRoot    bool      // of a file or link: it is in the root, and in no other directory
	Spec      spec.Spec // of the generation that is shown; of a directory or link, its attributes alone, and the length of the target
	Born      int       // the generation that added the file
	Names     uint64    // of a file, besides the first one: hard links
}

func (t *Tree) add(n *node) {
	t.nodes = append(t.nodes, n)
	t.bases = append(t.bases, n.base)
}

// at returns the node of a position and the number of the instance within it;
// nil if there is no such position.
func (t *Tree) at(id ID) (n *node, instance uint64) {
	i, exact := slices.BinarySearch(t.bases, id)
	if !exact {
		i--
	}
	if i < 0 || id >= t.end {
		return nil, 0
	}
	if n, instance = t.nodes[i], uint64(id-t.bases[i]); instance >= n.count {
		return nil, 0 // the place of files that were added and have gone
	}
	return n, instance
}

// Node returns the file or directory at a position, or false if none is shown there.
func (t *Tree) Node(id ID) (Node, bool) {
	n, instance := t.at(id)
	if n == nil || !t.shows(n, instance) {
		return Node{}, false
	}
	return t.node(n, instance), true
}

// node returns an instance of n that is shown.
func (t *Tree) node(n *node, instance uint64) Node {
	if n.dir != nil {
		node := Node{IsDir: true}
		if n.dir.attributes != nil {
			node.Spec.Attributes = *n.dir.attributes
		}
		return node
	}
	node := Node{Spec: n.specOf(instance), IsSymlink: n.symlink() != nil, InRoot: n.parent.parent == nil}
	if n.lots != nil && n.lots.named != nil {
		node.Names = n.lots.named.count(n, instance)
	}
	if t.o.History.Generation > 0 {
		if !node.IsSymlink {
			node.Spec = t.o.History.Of(node.Spec, n.phase(instance))
		}
		if row := n.row(); row != nil {
			node.Born = row.born(n.place(instance))
		}
	}
	return node
}

// phase returns the phase of a file. Phases are spread evenly, so that each generation
// changes its share of many files that have one unit each. The files of a group change
// together, and so do the copies of a file.
func (n *node) phase(instance uint64) uint64 {
	switch {
	case n.kind.repeats():
		instance, _ = n.drawn(instance)
	case n.kind.spec.Group:
		return spec.Billion / 2
	}
	hi, lo := bits.Mul64(n.lots.turns.At(instance), spec.Billion)
	lo, carry := bits.Add64(lo, spec.Billion/2, 0)
	phase, _ := bits.Div64(hi+carry, lo, n.count)
	return phase
}

// History returns the history of the tree.
func (t *Tree) History() *History { return &t.o.History }

// Specs returns the spec of every entry of files, without a size if that is drawn.
func (t *Tree) Specs() iter.Seq[spec.Spec] {
	return func(yield func(spec.Spec) bool) {
		for _, i := range t.entries {
			if n := t.nodes[i]; n.dir == nil && n.link() == nil && !yield(n.spec()) {
				return
			}
		}
	}
}

// Entries returns how many entries the tree was made of.
func (t *Tree) Entries() int { return len(t.entries) }

// Entry returns entry i, from 0 to Entries-1, in the order in which they were added. Its
// pattern is written without unneeded escapes.
func (t *Tree) Entry(i int) Entry {
	n := t.nodes[t.entries[i]]
	if n.dir != nil {
		e := Entry{Pattern: string(append(n.appendText(nil), '/'))}
		if n.dir.attributes != nil {
			e.Spec.Attributes = *n.dir.attributes
		}
		return e
	}
	return Entry{string(n.appendText(nil)), n.spec(), n.kind.sizes, n.kind.index, n.link().entry()}
}

// Lookup returns the child of a directory that has the given name: its position,
// and what Node returns for that. It returns false if there is no such child, or if
// dir is not a directory; "." and ".." are not children. It allocates nothing. It
// takes time in proportion to the length of name, times the logarithm of the number
// of entries. Siblings that differ only in several ranges, such as {0..9}-{5..9} and
// {5..9}-{0..4}, are tried one after the other.
func (t *Tree) Lookup(dir ID, name string) (ID, Node, bool) {
	n, instance := t.at(dir)
	if n == nil || n.dir == nil {
		return 0, Node{}, false
	}
	child, index := n.dir.find(name)
	if child == nil {
		return 0, Node{}, false
	}
	child, instance = child.file(instance*child.names() + index)
	if !t.shows(child, instance) {
		return 0, Node{}, false
	}
	return child.base + ID(instance), t.node(child, instance), true
}

// LookupInAll is Lookup in the whole tree, of which a shard may be shown.
func (t *Tree) LookupInAll(dir ID, name string) (ID, Node, bool) {
	whole := *t
	whole.o.Shard = Shard{}
	return whole.Lookup(dir, name)
}

// Hides returns the spec of a file in the root that exists but is not shown, without a
// drawn size or a generation. It returns false if there is no such file.
func (t *Tree) Hides(name string) (spec.Spec, bool) {
	child, index := t.nodes[0].dir.find(name)
	if child == nil || child.dir != nil || t.shows(child, index) {
		return spec.Spec{}, false
	}
	return child.spec(), true
}

// Parent returns the directory that holds a position: Root for Root itself, 0 if
// id is not a position.
func (t *Tree) Parent(id ID) ID {
	n, instance := t.at(id)
	switch {
	case n == nil:
		return 0
	case n.parent == nil:
		return Root
	}
	return n.parent.base + ID(instance/n.names())
}

// AppendPath appends the path of a position relative to the root, without a
// leading slash: of a file with hard links, that of its own entry. It appends nothing for Root, or if id is not a position.
func (t *Tree) AppendPath(dst []byte, id ID) []byte {
	n, instance := t.at(id)
	if n == nil {
		return dst
	}
	return n.appendPath(dst, instance)
}

// A Place is where a file is among all files of its entry.
type Place struct {
	Pattern string // of the entry; a component that stands for one name is that name
	Index   uint64 // 0 to Files-1, in the order of the numbers in the path
	Files   uint64 // how many files the entry has

	// Of a group of files whose sizes are drawn, in which whole files repeat.
	Repeats bool
	Copy    uint64 // of which distinct file it is a copy, from 0 on
}

// Place returns the place of a file, or false if id is not the position of a file. It
// depends on the file's entry alone, not on others that share its directories.
func (t *Tree) Place(id ID) (Place, bool) {
	n, instance := t.at(id)
	if n == nil || n.dir != nil {
		return Place{}, false
	}
	p := Place{Pattern: string(n.appendPattern(nil)), Index: instance, Files: n.count, Repeats: n.kind.repeats()}
	if p.Repeats {
		p.Copy, _ = n.drawn(instance)
	}
	return p, true
}

// Files returns the number of files that are shown. It is exact unless there is a
// shard and files come and go; then it is the expected number.
func (t *Tree) Files() uint64 { return t.files }

// Dirs returns the number of directories, including the root and those that the shard
// does not show.
func (t *Tree) Dirs() uint64 { return t.dirs }

// Bytes returns the size of all files together: within a thousandth where sizes are
// drawn, and the expected size if not all files are shown. It is math.MaxUint64 from
// 2^64 bytes on.
func (t *Tree) Bytes() uint64 { return t.bytes }
