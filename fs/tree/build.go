package tree

import (
	"fmt"
	"math/bits"
	"slices"
)

// Error is every error of New: what is wrong with an entry. Its text names the
// entry's pattern and what would be right.
type Error struct {
	Entry int // index of the entry; of two that clash, the later one
	Err   error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// New builds the tree of some entries; of none, a root without children. Its
// time and memory follow the number of entries and the length of their patterns,
// never the number of files.
//
// The error is an *Error: a pattern that cannot be read, two entries that make
// one name, two that make one folder but write it differently, 2^61 files and
// folders or more, or a group (see spec.Spec.CheckGroup) of too many files.
func New(entries []Entry) (*Tree, error) {
	root := &node{name: component{count: 1}, folder: newFolder(), base: Root}
	b := builder{
		entries: entries,
		tree:    Tree{nodes: []*node{root}, bases: []ID{Root}, dirs: 1},
		next:    Root + 1,
	}
	for i := range entries {
		if err := b.insert(root, i); err != nil {
			return nil, err
		}
	}
	if err := b.finish(root, 1); err != nil {
		return nil, err
	}
	b.tree.end = b.next
	return &b.tree, nil
}

type builder struct {
	entries []Entry
	tree    Tree
	next    ID // first position not given out yet
}

func newFolder() *folder { return &folder{byKey: make(map[string]*node)} }

// insert adds the nodes of an entry below the root.
func (b *builder) insert(root *node, entry int) error {
	e := b.entries[entry]
	components, err := parsePattern(e.Pattern)
	if err != nil {
		return b.wrong(entry, err)
	}
	parent := root
	for i, c := range components {
		n := &node{parent: parent, name: c, entry: entry}
		if i < len(components)-1 {
			n.folder = newFolder()
		} else {
			n.spec = e.Spec
		}
		old := parent.folder.byKey[c.key]
		switch {
		case old == nil:
			parent.folder.byKey[c.key] = n
		case old.folder == nil || n.folder == nil:
			return b.clash(old, n, c.first)
		default:
			n = old
		}
		parent = n
	}
	return nil
}

// number gives a node its block of positions.
func (b *builder) number(n *node, parents uint64) error {
	over, count := bits.Mul64(parents, n.name.count)
	if over != 0 || count >= maxPositions-uint64(b.next) {
		return b.wrong(n.entry, errTooMany)
	}
	if err := n.spec.CheckGroup(count); err != nil {
		return b.wrong(n.entry, err)
	}
	n.base = b.next
	b.next += ID(count)
	b.tree.nodes = append(b.tree.nodes, n)
	b.tree.bases = append(b.tree.bases, n.base)
	if n.folder != nil {
		b.tree.dirs += count
	} else {
		b.tree.files += count
		b.tree.addBytes(count, n.spec.Size)
	}
	return nil
}

// finish sorts, checks and numbers everything below a folder, of which there are
// so many instances.
func (b *builder) finish(n *node, instances uint64) error {
	f := n.folder
	for _, c := range f.byKey {
		f.children = append(f.children, c)
	}
	slices.SortFunc(f.children, func(x, y *node) int {
		if c := compareNames(x.name.first, y.name.first); c != 0 {
			return c
		}
		return x.entry - y.entry // a clash, to be reported alike every time
	})
	if err := b.checkDisjoint(f.children); err != nil {
		return err
	}
	var end uint64
	var reach string
	for _, c := range f.children {
		if err := b.number(c, instances); err != nil {
			return err
		}
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
	for _, c := range f.children {
		if c.folder == nil {
			continue
		}
		if err := b.finish(c, instances*c.name.count); err != nil {
			return err
		}
	}
	return nil
}

// checkDisjoint finds names that two of some siblings share. Siblings are sorted
// by their first names, so only those that reach beyond the first name of a later
// one need a closer look.
func (b *builder) checkDisjoint(siblings []*node) error {
	var open []*node
	for _, n := range siblings {
		open = slices.DeleteFunc(open, func(o *node) bool {
			return compareNames(o.name.last, n.name.first) < 0
		})
		for _, o := range open {
			if name, ok := sharedName(&o.name, &n.name); ok {
				return b.clash(o, n, name)
			}
		}
		open = append(open, n)
	}
	return nil
}

func (b *builder) wrong(entry int, err error) error {
	return &Error{entry, fmt.Errorf("pattern %q: %w", b.entries[entry].Pattern, err)}
}

// clash reports two siblings that share a name.
func (b *builder) clash(x, y *node, name string) error {
	if x.entry > y.entry {
		x, y = y, x
	}
	path := x.parent.appendPath(nil, 0)
	if len(path) > 0 {
		path = append(path, '/')
	}
	path = append(path, name...)
	first, second := b.entries[x.entry].Pattern, b.entries[y.entry].Pattern

	var err error
	switch {
	case x.folder != nil && y.folder != nil:
		err = fmt.Errorf("patterns %q and %q share the folder %q but write it differently; write the folder alike in both", first, second, path)
	case x.folder == nil && y.folder == nil:
		err = fmt.Errorf("patterns %q and %q both make the file %q; keep it in one of them", first, second, path)
	case x.folder == nil:
		err = fmt.Errorf("%q is a file by pattern %q and a folder by pattern %q; rename one", path, first, second)
	default:
		err = fmt.Errorf("%q is a folder by pattern %q and a file by pattern %q; rename one", path, first, second)
	}
	return &Error{y.entry, err}
}
