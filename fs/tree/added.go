package tree

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/dgenfs/dgenfs/gen/keyed"
)

// addedBeside returns the nodes of the files that generations have added beside those
// of n, without rounds of which all files have gone.
func (b *Builder) addedBeside(n *node) (added []*node) {
	if n.isHard() {
		return b.namesBeside(n)
	}
	row := b.rowOf(n)
	for round := uint64(1); round <= uint64(b.moves.rounds()); round++ {
		if row.present(round) == 0 {
			continue
		}
		a := b.addedNode(n, round, n.kind.companion.Suffix)
		if a == nil {
			return added
		}
		a.lots.row, a.lots.link = row, n.link()
		b.added = append(b.added, a)
		added = append(added, a)
	}
	return added
}

// rowOf returns the row of the files of an entry.
func (b *Builder) rowOf(n *node) *row {
	l := n.own()
	if l.row == nil {
		carry := keyed.Seed(b.tree.o.Seed, "carry\x00"+string(n.appendDrawn(nil)))
		l.row = &row{moves: b.moves, files: n.total(), carry: float64(carry>>11) / (1 << 53)}
	}
	return l.row
}

// addedNode returns a node beside n with the names of a round, in which the number is before
// the ending, or before a suffix; nil if there are no such names.
func (b *Builder) addedNode(n *node, round uint64, suffix string) *node {
	c, err := parseComponent(addNumber(strings.TrimSuffix(n.text(), suffix), round) + suffix)
	if err == nil {
		if path := len(n.parent.appendLongest(nil)) + 1 + len(c.last); path > maxPath {
			err = fmt.Errorf("paths of up to %d bytes; the limit is %d", path, maxPath)
		}
	}
	if err != nil {
		b.wrong(n.entry, fmt.Errorf("files that are added have a number in their names: %w", err))
		return nil
	}
	a := b.newNode()
	*a = node{parent: n.parent, count: n.count, entry: n.entry, kind: n.kind, size: n.size, lots: &lots{round: round}}
	b.setName(a, &c)
	return a
}

// addNumber writes a number before the ending of the pattern of a file name.
func addNumber(pattern string, number uint64) string {
	at := len(pattern)
	for i := 1; i < len(pattern); i++ {
		// A leading dot begins no ending, and an ending contains no range.
		if pattern[i] == '.' && !strings.Contains(pattern[i:], "}") {
			at = i
		}
	}
	return pattern[:at] + "+" + strconv.FormatUint(number, 10) + pattern[at:]
}

// numberAdded gives added files their positions, behind all others. Each round has as
// many positions as generation 0 has files, so a file has the same position in every
// generation.
func (b *Builder) numberAdded() {
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
		if n.lots != nil && n.lots.row != nil {
			first[n.lots.row] = n.first
		}
	}
	slices.SortStableFunc(b.added, func(x, y *node) int {
		return cmp.Or(cmp.Compare(x.lots.round, y.lots.round), cmp.Compare(first[x.lots.row], first[y.lots.row]))
	})
	for _, n := range b.added {
		n.first = n.lots.round*b.files + first[n.lots.row]
		n.base = ID(begin + n.first - b.files)
		b.tree.add(n)
		b.draw(n)
	}
	b.next = ID(begin + all)
}
