package tree

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// Hard links are more names of files that have their places elsewhere: name i, counted
// through all directories, is one of file i of an entry, and so on in turns of as many files
// as that has. A name has no position of its own: looked up, or listed, it is that of the
// file. So it is in the same shard, and comes and goes with it.

// named is what gives the files of a node more names.
type named struct{ links []*node }

// count returns how many more names a file has.
func (m *named) count(n *node, instance uint64) (names uint64) {
	for _, l := range m.links {
		if l.count > instance {
			names += (l.count-instance-1)/n.count + 1
		}
	}
	return names
}

// file returns the file that a name is of, which is its own unless it is a hard link.
func (n *node) file(instance uint64) (*node, uint64) {
	if l := n.link(); l != nil && l.to != nil {
		return l.to, instance % l.to.count
	}
	return n, instance
}

// isHard reports whether the names of a node are hard links.
func (n *node) isHard() bool { l := n.link(); return l != nil && l.to != nil }

// symlink returns where the symbolic links of a node point to; nil if it has none.
func (n *node) symlink() *link {
	if l := n.link(); l != nil && l.kind == spec.Symlink {
		return l
	}
	return nil
}

// own returns what few nodes have, for setting more of it.
func (n *node) own() *lots {
	if n.lots == nil {
		n.lots = new(lots)
	}
	return n.lots
}

// addName gives the files of a node more names.
func (n *node) addName(link *node) {
	l := n.own()
	if l.named == nil {
		l.named = new(named)
	}
	l.named.links = append(l.named.links, link)
}

// resolve finds the files that hard links name.
func (b *Builder) resolve() {
	if b.errors != nil {
		return
	}
	for _, n := range b.hard {
		l := n.link()
		to, err := b.target(l.literal)
		if err != nil {
			b.wrong(n.entry, fmt.Errorf("%s %q: %w", l.kind, spec.Cut(l.literal), err))
			continue
		}
		l.to = to
		to.addName(n)
	}
}

// ErrNoFiles is the error about hard links whose files no entry has.
var ErrNoFiles = errors.New("no other entry has this NAME; write it as there, with all ranges")

// target returns the node of the files that have a pattern.
func (b *Builder) target(pattern string) (*node, error) {
	components, err := parsePattern(pattern)
	if err != nil {
		return nil, err
	}
	n := b.root()
	for i := range components {
		if n.dir != nil {
			n = n.dir.byKey(components[i].key())
		} else {
			n = nil
		}
		if n == nil {
			return nil, ErrNoFiles
		}
	}
	switch l := n.link(); {
	case n.dir != nil:
		return nil, errors.New("is a directory, which can have one name alone")
	case l != nil && l.kind == spec.Hardlink:
		return nil, errors.New("is a hard link, too; name the file")
	}
	return n, nil
}

// laterName is a node of hard links to files that generations have added.
type laterName struct {
	link, of *node // of is that of generation 0
}

// namesBeside returns the nodes of the names that generations have added beside those of n,
// which are hard links.
func (b *Builder) namesBeside(n *node) (added []*node) {
	to := n.link().to
	row := b.rowOf(to)
	for round := uint64(1); round <= uint64(b.moves.rounds()); round++ {
		if row.present(round) == 0 {
			continue
		}
		a := b.addedNode(n, round, "")
		if a == nil {
			return added
		}
		a.lots.link = &link{kind: spec.Hardlink, literal: n.link().literal}
		b.later = append(b.later, laterName{a, to})
		added = append(added, a)
	}
	return added
}

// resolveLater finds the files that the names are of which generations have added.
func (b *Builder) resolveLater() {
	if b.later == nil || b.errors != nil {
		return
	}
	type key struct {
		row   *row
		round uint64
	}
	files := make(map[key]*node)
	for _, n := range b.added {
		files[key{n.lots.row, n.lots.round}] = n
	}
	for _, l := range b.later {
		to := files[key{l.of.lots.row, l.link.lots.round}]
		l.link.lots.link.to = to
		to.addName(l.link)
	}
}

// EscapeWords writes a pattern so that it can be the target of a hard link: without blanks
// and commas.
func EscapeWords(pattern string) string {
	return strings.NewReplacer(" ", `\x20`, ",", `\x2c`, "\t", `\x09`, "\n", `\x0a`, "\r", `\x0d`).Replace(pattern)
}

// nextHard is next for hard links.
func (l *lister) nextHard(c *node, first, from, names uint64) (at, instance uint64) {
	for at = from; ; at++ {
		if at = l.o.Shard.nextHard(c, first+at, first+names) - first; at == names {
			return names, none
		}
		if n, i := c.file(first + at); n.row() == nil || n.lots.row.has(n.place(i)) {
			return at, first + at
		}
		if l.steps--; l.steps <= 0 {
			return at + 1, none
		}
	}
}

// nextHard returns the first of a node's hard links from one up to below another whose file
// is in the part; the latter if there is none.
func (s Shard) nextHard(c *node, from, end uint64) uint64 {
	at := from
	for range 2 { // of what is left of a turn, and of a whole one
		if at >= end {
			break
		}
		n, i := c.file(at)
		number := n.first + i
		ahead := s.next(number) - number
		if i+ahead < n.count {
			return min(at+ahead, end)
		}
		at += n.count - i
	}
	return end
}
