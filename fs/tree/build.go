package tree

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen/keyed"
)

// Options says which part of a tree is shown. The zero value shows all of generation 0,
// with a seed of 0.
type Options struct {
	Seed    uint64 // of what is drawn: sizes, and what changes when
	Shard   Shard
	History History
}

// New builds the tree of some entries; without any, the root is empty. It returns the
// errors of NewBuilder and Builder.Tree.
func New(entries []Entry, o Options) (*Tree, error) {
	b, err := NewBuilder(o)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		b.Add(e)
	}
	return b.Tree()
}

// A Builder makes a tree of entries that are added one by one. It is not safe for
// concurrent use.
//
// Time and memory depend on the number of entries and the length of their patterns, not
// on the number of files. A tree keeps about 190 bytes for an entry of one file, and
// some hundred more if the entry has ranges or files come and go: see BenchmarkMemory
// of package treefile.
type Builder struct {
	tree     *Tree
	moves    *moves // nil if no file comes or goes
	patterns []string
	next     ID     // first position not given out yet
	files    uint64 // so far, of generation 0
	added    []*node
	dirs     []dirEntry
	hard     []*node     // hard links
	later    []laterName // of files that were added
	errors   Errors
	full     bool // there are too many positions already

	slab  []node
	names strings.Builder
	kinds map[kind]*kind
	kind  *kind // that was asked for last
}

// dirEntry is an entry that is a directory.
type dirEntry struct {
	entry uint32
	node  *node
}

// NewBuilder returns a builder of an empty tree. The error is one of ErrHistory.
func NewBuilder(o Options) (*Builder, error) {
	moves, err := newMoves(&o.History)
	if err != nil {
		return nil, err
	}
	b := &Builder{tree: &Tree{o: o}, moves: moves, next: Root + 1, kinds: make(map[kind]*kind)}
	b.tree.add(&node{dir: new(directory), count: 1, base: Root})
	return b, nil
}

func (b *Builder) root() *node { return b.tree.nodes[0] }

// Add adds an entry. Tree reports what is wrong with it.
func (b *Builder) Add(e Entry) {
	entry := uint32(len(b.patterns))
	b.patterns = append(b.patterns, e.Pattern)
	if !b.add(entry, e, spec.Companion{}) {
		return
	}
	for _, c := range e.Index.Companions(e.Spec.Format) {
		of := e
		of.Pattern = c.Prefix + e.Pattern + c.Suffix
		of.Index = spec.Index{}
		if e.Sizes.IsZero() {
			of.Spec = c.Of(e.Spec)
		}
		if !b.add(entry, of, c) {
			return
		}
	}
}

// add adds the files of an entry, or their index files, and reports whether it could.
func (b *Builder) add(entry uint32, e Entry, c spec.Companion) bool {
	pattern, isDir := strings.CutSuffix(e.Pattern, "/")
	if pattern == "" {
		pattern, isDir = e.Pattern, false // "/", or nothing
	}
	components, err := parsePattern(pattern)
	if err == nil && isDir && e != (Entry{Pattern: e.Pattern, Spec: spec.Spec{Attributes: e.Spec.Attributes}}) {
		err = errNoName
	}
	if err != nil {
		b.wrong(entry, err)
		return false
	}
	link, err := b.newLink(e.Link)
	if err != nil {
		b.wrong(entry, err)
		return false
	}
	if slices.ContainsFunc(components, func(c component) bool { return c.isOpen() }) {
		b.wrong(entry, errOpen)
		return false
	}
	isHard := e.Link.Kind == spec.Hardlink
	parent := b.root()
	for i := range components {
		isFile := i == len(components)-1 && !isDir
		name := &components[i]
		old := parent.dir.byKey(name.key())
		if old != nil && !isFile && old.dir != nil {
			parent = old
			parent.dir.kept = parent.dir.kept || isDir || isHard
			continue
		}
		n := b.newNode()
		*n = node{parent: parent, entry: entry}
		if isFile {
			n.kind, n.size = b.kindOf(e, c), e.Spec.Size
			if link != nil {
				n.lots = &lots{link: link}
			}
			if isHard {
				b.hard = append(b.hard, n)
			}
		} else {
			n.dir = &directory{kept: isDir || isHard}
		}
		b.setName(n, name)
		if old != nil {
			b.clash(old, n, name.first)
			return false
		}
		parent.dir.add(n)
		parent = n
	}
	if isDir {
		b.dirs = append(b.dirs, dirEntry{entry, parent})
		return b.setAttributes(entry, parent.dir, e.Spec.Attributes)
	}
	return true
}

// setAttributes gives a directory what one of its entries says, which others do not
// contradict, and reports whether it could.
func (b *Builder) setAttributes(entry uint32, dir *directory, a spec.Attributes) bool {
	switch {
	case a == spec.Attributes{}:
	case dir.attributes == nil:
		dir.attributes = &a
	case *dir.attributes != a:
		b.wrong(entry, fmt.Errorf("is a directory with %s by one entry, and with %s by another; keep one of them", dir.attributes, a))
		return false
	}
	return true
}

// Tree returns the tree. The builder cannot be used again.
//
// The error is of type Errors and lists all entries that are wrong: an invalid pattern,
// two entries that make the same name, two that make the same directory but write it
// differently, 2^61 files and directories or more, or more files than a group or drawn
// sizes allow (see spec.Spec.CheckGroup and CheckSizes). Of an entry that clashes
// with several others, one clash is reported.
func (b *Builder) Tree() (*Tree, error) {
	b.resolve()
	b.finish(b.root())
	b.numberAdded()
	b.resolveLater()
	if err := b.failed(); err != nil {
		return nil, err
	}
	t := b.tree
	t.end = b.next
	t.nodes, t.bases = slices.Clip(append(t.nodes, b.hard...)), slices.Clip(t.bases)
	t.entries = make([]uint32, len(b.patterns))
	for i, n := range t.nodes {
		if n.dir == nil && n.round() == 0 && !n.kind.isCompanion() {
			t.entries[n.entry] = uint32(i)
		}
	}
	for _, d := range b.dirs {
		i, _ := slices.BinarySearch(t.bases, d.node.base)
		t.entries[d.entry] = uint32(i)
	}
	t.findSeries(manyFiles)
	t.count()
	return t, nil
}

// finish sorts, checks and numbers everything below a directory.
func (b *Builder) finish(n *node) {
	f := n.dir
	f.sort()
	for _, c := range f.children {
		over, count := bits.Mul64(n.count, c.names())
		if over != 0 || count >= maxPositions {
			b.tooMany(c)
			return
		}
		c.count = count
	}
	if b.moves != nil {
		for _, c := range slices.Clone(f.children) {
			if c.dir == nil {
				f.children = append(f.children, b.addedBeside(c)...)
			}
		}
		f.sort()
	}
	b.checkDisjoint(f.children)
	for _, c := range f.children {
		if c.round() == 0 && !c.isHard() {
			b.number(c)
		}
	}
	f.arrange()
	for _, c := range f.children {
		if c.dir != nil && !b.full {
			c.dir.begin0 = b.files
			b.finish(c)
			c.dir.end0 = b.files
		}
	}
}

// number gives a node its block of positions.
func (b *Builder) number(n *node) {
	if n.count >= maxPositions-uint64(b.next) {
		b.tooMany(n)
		return
	}
	n.base = b.next
	b.next += ID(n.count)
	b.tree.add(n)
	if n.dir != nil {
		return
	}
	n.first = b.files
	b.files += n.count
	if err := cmp.Or(n.spec().CheckGroup(n.count), n.checkLink()); err != nil {
		b.wrong(n.entry, err)
	}
	b.draw(n)
}

// one is the permutation of a single file, and alone its lots.
var (
	one   keyed.Permutation
	alone = lots{sizes: &one, turns: &one}
)

// draw draws the lots of a node.
func (b *Builder) draw(n *node) {
	var pattern string
	permutation := func(seed uint64, of string) *keyed.Permutation {
		if n.count == 1 {
			return &one
		}
		if pattern == "" {
			pattern = string(n.appendDrawn(nil))
		}
		p := keyed.NewPermutation(n.count, keyed.Seed(seed, of+"\x00"+pattern))
		return &p
	}
	seed := b.tree.o.Seed
	l := n.lots
	if l == nil {
		l = new(lots)
	}
	if !n.kind.sizes.IsZero() {
		if err := n.kind.spec.CheckSizes(n.kind.sizes, n.count); err != nil && !n.kind.isCompanion() {
			b.wrong(n.entry, err)
		}
		of := seed
		if n.kind.spec.HasSeed {
			of = n.kind.spec.Seed
		}
		l.sizes = permutation(of, "size")
	}
	if b.tree.o.History.Generation > 0 {
		l.turns = permutation(seed, "turn")
	}
	if l.row != nil {
		l.order = permutation(seed, "order")
		if b.tree.byAge(n, l) {
			inverse := l.order.Inverse()
			l.byAge = &inverse
		}
	}
	switch {
	case *l == lots{}:
	case n.count == 1 && l.row == nil && l.link == nil && l.named == nil:
		n.lots = &alone
	default:
		n.lots = l
	}
}

// count adds up what the tree has.
func (t *Tree) count() {
	for _, n := range t.nodes {
		if n.dir != nil {
			t.dirs += n.count
			continue
		}
		if n.isHard() {
			continue
		}
		files := t.filesOf(n)
		t.files += files
		t.addBytes(n, files)
	}
}

// filesOf returns how many files of a node are shown.
func (t *Tree) filesOf(n *node) uint64 {
	shown := t.o.Shard.count(n.first, n.first+n.count)
	if n.row() == nil {
		return shown
	}
	// As many as are in the part, of which this share is there.
	hi, lo := bits.Mul64(shown, n.lots.row.present(n.lots.round))
	files, _ := bits.Div64(hi, lo, n.count)
	return files
}

// meanSize returns the mean of sizes that are drawn, in bytes.
func (n *node) meanSize() float64 {
	of := n.count
	if n.kind.repeats() {
		of = n.kind.spec.DistinctFiles(n.count)
		if n.count <= fewFiles {
			return n.meanOfCopies(of)
		}
	}
	mean := float64(n.kind.spec.SumSizes(n.kind.sizes, of)) / float64(of)
	if n.kind.isCompanion() {
		mean = float64(n.kind.companion.Of(n.kind.spec.Sized(int64(mean))).Size)
	}
	return mean
}

// fewFiles is up to how many files it matters which of them have one copy more.
const fewFiles = 10000

// meanOfCopies returns the mean size of files of which so many are distinct.
func (n *node) meanOfCopies(distinct uint64) float64 {
	var sum float64
	for number := range distinct {
		s := n.kind.spec.Drawn(n.kind.sizes, number, distinct)
		if n.kind.isCompanion() {
			s = n.kind.companion.Of(s)
		}
		// Those that node.drawn gives this number.
		begin, end := (number*n.count+distinct-1)/distinct, ((number+1)*n.count+distinct-1)/distinct
		sum += float64(s.Size) * float64(end-begin)
	}
	return sum / float64(n.count)
}

// addBytes counts the sizes of so many files of a node.
func (t *Tree) addBytes(n *node, files uint64) {
	over, product := bits.Mul64(files, uint64(n.size))
	if !n.kind.sizes.IsZero() {
		mean := n.meanSize()
		if sum := mean * float64(files); sum < math.MaxUint64 {
			over, product = 0, uint64(sum)
		} else {
			over = 1
		}
	}
	sum, carry := bits.Add64(t.bytes, product, 0)
	if over != 0 || carry != 0 {
		sum = math.MaxUint64
	}
	t.bytes = sum
}
