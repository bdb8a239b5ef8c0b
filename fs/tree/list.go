package tree

import (
	"iter"
	"math"
)

// A Child is an entry of a directory.
type Child struct {
	ID        ID
	Name      []byte // valid until the next one is asked for
	IsDir     bool
	IsSymlink bool
	IsHard    bool   // a hard link: AppendPath has another name
	Next      uint64 // ordinal from which on the next one is to be looked for

	tree     *Tree
	node     *node
	instance uint64
}

// Node returns what Tree.Node does for the child's position, without searching it.
func (c *Child) Node() Node { return c.tree.node(c.node, c.instance) }

// ReadDir yields the children of a directory from ordinal off on, as List does, and
// however long it takes to find them.
func (t *Tree) ReadDir(dir ID, off uint64) iter.Seq[Child] {
	return func(yield func(Child) bool) { t.List(dir, off, math.MaxInt, yield) }
}

// List calls yield with the children of a directory from ordinal off on, until there
// are no more, yield returns false, or it has taken steps, 1 or more. Each name that it
// looks at is a step, shown or not, of a tenth of a microsecond at most. It returns the
// ordinal to go on from, and whether there may be more. Every call advances, so
//
//	for more := true; more && ctx.Err() == nil; {
//		off, more = t.List(dir, off, 1<<15, yield)
//	}
//
// lists everything, and can be cancelled every few milliseconds. A server calls it
// once where it must not take long, and goes on in a goroutine of its own if nothing
// has been found and there may be more. If yield returns false, next is the ordinal
// behind the child that it was called with. A dir that is not a directory has no
// children.
//
// The child at an ordinal of a directory is always the same one, so off may come from
// an earlier listing. List starts at any of them in the logarithm of the number of
// entries, and computes one name at a time into one buffer, the only thing that it
// allocates.
//
// Children come in the order of their patterns, where digits count as numbers (a9 is
// before a10), and those of one pattern in the order of their numbers; where fewer
// than one name in 64 is left by what generations have removed, in the order of their
// age.
//
// Names of other shards are passed over by arithmetic. So are names that have gone, if
// the pattern has one directory. Otherwise a name takes as many steps as there are
// directories, or as there are names for each one that is left, whichever is less, and
// if there is a shard, this times the number of shards.
func (t *Tree) List(dir ID, off uint64, steps int, yield func(Child) bool) (next uint64, more bool) {
	n, parent := t.at(dir)
	if n == nil || n.dir == nil {
		return off, false
	}
	l := lister{t, steps}
	f := n.dir
	name := make([]byte, 0, maxName)
	for i, from := f.child(off); i < len(f.children); i, from = i+1, 0 {
		c, begin := f.children[i], f.begin(i)
		names := c.names()
		first := parent * names
		for {
			at, instance := l.next(c, first, from, names)
			if at == names {
				break
			}
			from = at
			if instance != none {
				from++
				name = c.appendName(name[:0], instance-first)
				of, number := c.file(instance)
				if !yield(Child{of.base + ID(number), name, of.dir != nil, of.symlink() != nil, of != c, begin + from, t, of, number}) {
					return begin + from, true
				}
			}
			if l.steps <= 0 {
				return begin + from, begin+from < f.size()
			}
		}
		if l.steps <= 0 && i+1 < len(f.children) {
			return f.begin(i + 1), true
		}
	}
	return max(off, f.size()), false
}

// none is no instance.
const none = math.MaxUint64

// A lister looks for names that are shown.
type lister struct {
	*Tree
	steps int // that are left
}

// next looks for the first of a node's names from ordinal from on that is shown, in one
// instance of the parent, of which first is the instance of the first name. It returns
// the name's ordinal and its instance; or names, if there is no such name; or, when the
// steps are used up, the ordinal to go on from, and none. That is above from.
func (l *lister) next(c *node, first, from, names uint64) (at, instance uint64) {
	l.steps--
	switch {
	case from == names:
		return names, none
	case c.isHard():
		return l.nextHard(c, first, from, names)
	case c.dir == nil && c.row() != nil:
		if c.lots.byAge != nil {
			return l.nextByAge(c, first, from, names)
		}
		return l.nextLeft(c, first, from, names)
	case l.o.Shard.all():
		return from, first + from
	case c.dir != nil:
		at, found := l.nextDir(c, first+from, first+names)
		if !found {
			return at - first, none
		}
		return at - first, at
	default:
		number := c.first + first
		at = min(l.o.Shard.next(number+from)-number, names)
	}
	return at, first + at
}

// nextLeft is next for files of which some have gone, or are yet to come. Where they
// are is the matter of a permutation: which of a few neighbours is left cannot be said
// without a look at each.
func (l *lister) nextLeft(c *node, first, from, names uint64) (at, instance uint64) {
	number := c.first + first
	begin, end := c.lots.row.left(c.lots.round)
	for at = from; ; at++ {
		if at = l.o.Shard.next(number+at) - number; at >= names {
			return names, none
		}
		if x := c.lots.order.At(first + at); begin <= x && x < end {
			return at, first + at
		}
		if l.steps--; l.steps <= 0 {
			return at + 1, none
		}
	}
}

// byAge reports whether the files of a node are listed in the order of their row:
// where few are left, and fewer than names in one directory. It takes a look at all
// that are left, in all directories, rather than at all names of one.
func (t *Tree) byAge(n *node, l *lots) bool {
	left := l.row.present(l.round)
	return left < n.count/64 && left < n.names()/max(1, t.o.Shard.Count)
}

// nextByAge is next in the order of the row: the ordinal counts the places of all
// files that are left.
func (l *lister) nextByAge(c *node, first, from, names uint64) (at, instance uint64) {
	begin, end := c.lots.row.left(c.lots.round)
	for at = from; at < end-begin; at++ {
		instance = c.lots.byAge.At(begin + at)
		number := c.first + instance
		if instance-first < names && l.o.Shard.next(number) == number {
			return at, instance
		}
		if l.steps--; l.steps <= 0 {
			return at + 1, none
		}
	}
	return names, none
}

// nextDir returns the first instance of a directory, from one up to below another,
// that is shown; the latter if there is none. When the steps are used up, it returns
// where to go on, which is above from, and false.
func (l *lister) nextDir(c *node, from, end uint64) (at uint64, found bool) {
	shard := l.o.Shard
	if shard.all() || c.parent == nil || c.dir.kept {
		return from, true
	}
	some := shard.count(c.dir.begin0, c.dir.end0) > 0
	switch {
	case some && c.count == 1:
		return from, true
	case !some && !l.o.History.moves():
		return end, true
	case c.dir.series != nil:
		return l.nextInSeries(c, from, end)
	}
	return l.nextWithFiles(c, c.count, from, end), true
}

// nextWithFiles is nextDir for the files below n, which is a directory, or one below
// it, and count is that of the directory.
func (l *lister) nextWithFiles(n *node, count, from, end uint64) uint64 {
	for _, c := range n.dir.children {
		if end == from {
			break
		}
		if c.isHard() {
			continue
		}
		l.steps--
		if c.dir != nil {
			end = l.nextWithFiles(c, count, from, end)
			continue
		}
		each := c.count / count
		end = min(end, (l.o.Shard.next(c.first+from*each)-c.first)/each)
	}
	return end
}

// shows reports whether an instance of a node is part of what is shown.
func (t *Tree) shows(n *node, instance uint64) bool {
	if n.dir != nil {
		l := lister{Tree: t}
		at, _ := l.nextDir(n, instance, instance+1)
		return at == instance
	}
	n, instance = n.file(instance)
	number := n.first + instance
	return t.o.Shard.next(number) == number && (n.row() == nil || n.lots.row.has(n.place(instance)))
}
