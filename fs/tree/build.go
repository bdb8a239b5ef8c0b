package tree

import (
	"cmp"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/dgenfs/dgenfs/gen/keyed"
)

// Error is what is wrong with an entry. Its text names the entry's pattern and
// what would be right.
type Error struct {
	Entry int // index of the entry; of two that clash, the later one
	Err   error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Errors are the errors of New, at least one, in the order of their entries.
type Errors []*Error

// Error returns a line for each.
func (e Errors) Error() string {
	var lines []string
	for _, err := range e {
		lines = append(lines, err.Error())
	}
	return strings.Join(lines, "\n")
}

// Options says which part of a tree is shown. The zero value is all of it, with a
// seed of 0.
type Options struct {
	Seed    uint64 // of what is drawn: sizes, and what changes when
	Shard   Shard
	History History
}

// New builds the tree of some entries; of none, a root without children. Its
// time and memory follow the number of entries and the length of their patterns,
// never the number of files: about a kilobyte for each entry, and as much again for
// each time that a history has added as many files as it had. The patterns with
// ranges in one folder are compared with each other where their names begin alike,
// so ten thousand of these take seconds.
//
// The error is Errors, of each entry with something wrong: a pattern that cannot be
// read, two entries that make one name, two that make one folder but write it
// differently, 2^61 files and folders or more, or files that cannot be so many: a
// group, see spec.Spec.CheckGroup, or with sizes that are drawn, see
// spec.Sizes.Check. It is one of ErrHistory if the history is what is wrong.
func New(entries []Entry, o Options) (*Tree, error) {
	root := &node{name: component{count: 1}, folder: newFolder(), base: Root, count: 1}
	moves, err := newMoves(&o.History)
	if err != nil {
		return nil, err
	}
	b := builder{
		entries: entries,
		moves:   moves,
		tree:    Tree{o: o, nodes: []*node{root}, bases: []ID{Root}},
		next:    Root + 1,
	}
	for i := range entries {
		b.insert(root, i)
	}
	b.finish(root)
	b.numberAdded()
	if b.errors != nil {
		slices.SortStableFunc(b.errors, func(x, y *Error) int { return x.Entry - y.Entry })
		return nil, b.errors
	}
	b.tree.end = b.next
	b.count()
	return &b.tree, nil
}

type builder struct {
	entries []Entry
	moves   *moves // nil if no file comes or goes
	tree    Tree
	next    ID     // first position not given out yet
	files   uint64 // so far, of generation 0
	added   []*node
	errors  Errors
	full    bool // there are too many positions already
}

func newFolder() *folder { return &folder{byKey: make(map[string]*node)} }

// insert adds the nodes of an entry below the root.
func (b *builder) insert(root *node, entry int) {
	e := b.entries[entry]
	components, err := parsePattern(e.Pattern)
	if err != nil {
		b.wrong(entry, err)
		return
	}
	if slices.ContainsFunc(components, func(c component) bool { return c.isOpen() }) {
		b.wrong(entry, errOpen)
		return
	}
	parent := root
	for i, c := range components {
		n := &node{parent: parent, name: c, entry: entry}
		if i < len(components)-1 {
			n.folder = newFolder()
		} else {
			n.spec, n.sizes = e.Spec, e.Sizes
		}
		old := parent.folder.byKey[c.key]
		switch {
		case old == nil:
			parent.folder.byKey[c.key] = n
		case old.folder == nil || n.folder == nil:
			b.clash(old, n, c.first)
			return
		default:
			n = old
		}
		parent = n
	}
}

// finish sorts, checks and numbers everything below a folder.
func (b *builder) finish(n *node) {
	f := n.folder
	byName := func(x, y *node) int {
		return cmp.Or(compareNames(x.name.first, y.name.first), x.entry-y.entry) // of a clash, to be reported alike every time
	}
	f.children = slices.SortedFunc(maps.Values(f.byKey), byName)
	for _, c := range f.children {
		over, count := bits.Mul64(n.count, c.name.count)
		if over != 0 || count >= maxPositions {
			b.tooMany(c)
			return
		}
		c.count = count
	}
	for _, c := range slices.Clone(f.children) {
		if c.folder == nil {
			f.children = append(f.children, b.addedBeside(c)...)
		}
	}
	slices.SortFunc(f.children, byName)
	b.checkDisjoint(f.children)
	for _, c := range f.children {
		if c.round == 0 {
			b.number(c)
		} else if c.name.count == 1 {
			f.byKey[c.name.key] = c
		}
	}
	f.arrange()
	for _, c := range f.children {
		if c.folder != nil && !b.full {
			b.finish(c)
		}
	}
}

// number gives a node its block of positions.
func (b *builder) number(n *node) {
	if n.count >= maxPositions-uint64(b.next) {
		b.tooMany(n)
		return
	}
	n.base = b.next
	b.next += ID(n.count)
	b.tree.nodes = append(b.tree.nodes, n)
	b.tree.bases = append(b.tree.bases, n.base)
	if n.folder != nil {
		return
	}
	n.first = b.files
	b.files += n.count
	if err := n.spec.CheckGroup(n.count); err != nil {
		b.wrong(n.entry, err)
	}
	b.draw(n)
}

// draw makes what is drawn about the files of a node.
func (b *builder) draw(n *node) {
	pattern := string(n.appendPattern(nil))
	key := func(of string) uint64 { return keyed.Seed(b.tree.o.Seed, of+"\x00"+pattern) }
	if !n.sizes.IsZero() {
		if err := n.sizes.Check(n.count); err != nil {
			b.wrong(n.entry, err)
		}
		k := key("size")
		if n.spec.HasSeed {
			k = keyed.Seed(n.spec.Seed, "size\x00"+pattern)
		}
		n.drawn = permutation(n.count, k)
	}
	if b.tree.o.History.Generation > 0 {
		n.turns = permutation(n.count, key("turn"))
	}
	if b.moves != nil {
		n.order = permutation(n.count, key("order"))
	}
}

func permutation(n, key uint64) *keyed.Permutation {
	p := keyed.NewPermutation(n, key)
	return &p
}

// addedBeside returns the nodes of the files that generations have added beside
// those of n, and that are not all gone again.
func (b *builder) addedBeside(n *node) (added []*node) {
	if b.moves == nil {
		return nil
	}
	carry := keyed.Seed(b.tree.o.Seed, "carry\x00"+string(n.appendPattern(nil)))
	n.row = &row{moves: b.moves, files: n.count, carry: float64(carry>>11) / (1 << 53)}
	for round := 1; round <= b.moves.rounds(); round++ {
		if n.row.present(uint64(round)) == 0 {
			continue
		}
		c, err := parseComponent(addNumber(n.name.text, round))
		if err != nil {
			b.wrong(n.entry, fmt.Errorf("files that are added have a number in their names: %w", err))
			return added
		}
		if path := len(n.parent.appendLongest(nil)) + 1 + len(c.last); path > maxPath {
			b.wrong(n.entry, fmt.Errorf("files that are added have a number in their names: paths of up to %d bytes; the limit is %d", path, maxPath))
			return added
		}
		a := &node{parent: n.parent, name: c, count: n.count, entry: n.entry, files: n.files}
		a.round = uint64(round)
		b.added = append(b.added, a)
		added = append(added, a)
	}
	return added
}

// addNumber writes a number before the ending of the pattern of a file name.
func addNumber(pattern string, number int) string {
	at := len(pattern)
	for i := 1; i < len(pattern); i++ {
		// What begins with a dot has no ending; no range ends with one.
		if pattern[i] == '.' && !strings.Contains(pattern[i:], "}") {
			at = i
		}
	}
	return pattern[:at] + "+" + strconv.Itoa(number) + pattern[at:]
}

// numberAdded gives the nodes of added files their positions, behind all others:
// one time as many as there are files in generation 0 after the other, so that a
// file has the same position in every generation.
func (b *builder) numberAdded() {
	if len(b.added) == 0 || b.errors != nil {
		return
	}
	begin := uint64(b.next)
	over, all := bits.Mul64(b.files, uint64(b.moves.rounds()))
	if over != 0 || all >= maxPositions-begin {
		b.tooMany(b.added[0])
		return
	}
	first := make(map[*row]uint64)
	for _, n := range b.tree.nodes {
		if n.row != nil {
			first[n.row] = n.first
		}
	}
	slices.SortStableFunc(b.added, func(x, y *node) int {
		return cmp.Or(cmp.Compare(x.round, y.round), cmp.Compare(first[x.row], first[y.row]))
	})
	for _, n := range b.added {
		n.first = n.round*b.files + first[n.row]
		n.base = ID(begin + n.first - b.files)
		b.tree.nodes = append(b.tree.nodes, n)
		b.tree.bases = append(b.tree.bases, n.base)
		b.draw(n)
	}
	b.next = ID(begin + all)
}

// checkDisjoint finds names that two of some siblings share. Siblings are sorted
// by their first names, so only those that reach beyond the first name of a later
// one need a closer look.
func (b *builder) checkDisjoint(siblings []*node) {
	var open []*node
next:
	for _, n := range siblings {
		open = slices.DeleteFunc(open, func(o *node) bool {
			return compareNames(o.name.last, n.name.first) < 0
		})
		for _, o := range open {
			if name, ok := sharedName(&o.name, &n.name); ok {
				b.clash(o, n, name)
				continue next // once is enough
			}
		}
		open = append(open, n)
	}
}

// count adds up what the tree has.
func (b *builder) count() {
	t := &b.tree
	for _, n := range t.nodes {
		if n.folder != nil {
			t.dirs += n.count
			continue
		}
		files := t.filesOf(n)
		t.files += files
		t.addBytes(n, files)
	}
}

func (b *builder) wrong(entry int, err error) {
	b.errors = append(b.errors, &Error{entry, fmt.Errorf("pattern %q: %w", b.entries[entry].Pattern, err)})
}

// tooMany reports the first node that has no positions left.
func (b *builder) tooMany(n *node) {
	if !b.full {
		b.full = true
		b.wrong(n.entry, errTooMany)
	}
}

// clash reports two siblings that share a name.
func (b *builder) clash(x, y *node, name string) {
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
	case x.round > 0 || y.round > 0:
		err = fmt.Errorf("patterns %q and %q both make the file %q, one of them by what later generations add; rename it", first, second, path)
	case x.folder != nil && y.folder != nil:
		err = fmt.Errorf("patterns %q and %q share the folder %q but write it differently; write the folder alike in both", first, second, path)
	case x.folder == nil && y.folder == nil:
		err = fmt.Errorf("patterns %q and %q both make the file %q; keep it in one of them", first, second, path)
	case x.folder == nil:
		err = fmt.Errorf("%q is a file by pattern %q and a folder by pattern %q; rename one", path, first, second)
	default:
		err = fmt.Errorf("%q is a folder by pattern %q and a file by pattern %q; rename one", path, first, second)
	}
	b.errors = append(b.errors, &Error{y.entry, err})
}
