package tree

import (
	"slices"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// From a position to its path and back, in any tree and any part and generation of
// it; and a listing goes on from any ordinal as it would have.
func FuzzTree(f *testing.F) {
	f.Add("home/user{00..99}/mail/{000000..999999}.eml\nhome/user{00..99}/x\n{8..12}0{1..2}", uint64(12345), uint64(3), uint64(7), uint(5), uint64(2e7), uint64(1e7))
	f.Add("a{0..9}\na{0..9}.b\nd{0..3}/e{0..3}/f{0..3}", uint64(5), uint64(0), uint64(1), uint(0), uint64(0), uint64(0))
	f.Add("a{0..9}/\nb/c/\nb/{0..5}", uint64(7), uint64(2), uint64(3), uint(9), uint64(1e8), uint64(1e8))
	f.Add(`a\{{1..20}\}b`+"\nc/{0..999999999999}", uint64(1<<40), uint64(1), uint64(2), uint(100), uint64(1e9), uint64(1e9))
	f.Add("d{0..3}/f{0..9}.x\nh{0..99} => d{0..3}/f{0..9}.x\nd{0..3}/g{0..9} => d{0..3}/f{0..9}.x\ns{0..9} -> d{0..4}/x\nt/u{0..24} => s{0..9}", uint64(77), uint64(4), uint64(6), uint(7), uint64(1e8), uint64(2e8))
	f.Fuzz(func(t *testing.T, patterns string, n, index, count uint64, generation uint, grow, remove uint64) {
		var entries []Entry
		for pattern := range strings.SplitSeq(patterns, "\n") {
			if name, target, ok := strings.Cut(pattern, " => "); ok {
				entries = append(entries, hardlink(name, target))
			} else if name, target, ok := strings.Cut(pattern, " -> "); ok {
				entries = append(entries, symlink(name, target))
			} else {
				entries = append(entries, entriesOf(pattern)...)
			}
		}
		if len(entries) > 50 {
			return
		}
		count = count%1000 + 1
		tree, err := New(entries, Options{
			Seed:    n,
			Shard:   Shard{Index: index % count, Count: count},
			History: History{Generation: int(generation % 50), Grow: grow % (spec.Billion + 1), Delete: remove % (spec.Billion + 1)},
		})
		if err != nil {
			return
		}
		// What is shown of any directory on the way to any position, shown or not.
		for id := Root + ID(n%uint64(tree.end-Root)); ; id = tree.Parent(id) {
			node, ok := tree.Node(id)
			if ok {
				checkPosition(t, tree, id)
			}
			if id == Root || tree.Parent(id) == 0 {
				break // at 0 if it is the place of files that have come and gone
			}
			if dir := tree.Parent(id); ok && node.IsDir {
				checkListing(t, tree, id, n)
				checkListing(t, tree, dir, index)
			}
		}
		checkListing(t, tree, Root, 0)
		checkNames(t, tree)
	})
}

// checkNames counts the names of files, of a tree that has not too many.
func checkNames(t *testing.T, tree *Tree) {
	t.Helper()
	var names uint64
	for _, n := range tree.nodes {
		if names += min(n.count, 1e4); names > 1e4 {
			return
		}
	}
	for id, names := range namesOf(t, tree) {
		if n, ok := tree.Node(id); !ok || n.Names != uint64(len(names)-1) {
			t.Fatalf("the file %d has the names %q, and is %+v, %v", id, names, n, ok)
		}
		checkPosition(t, tree, id)
	}
}

// first returns the first few children of a directory from an ordinal on, as far as
// they are found in some calls of List of so many steps.
func first(t *testing.T, tree *Tree, dir ID, off uint64, steps int) (children []Child) {
	t.Helper()
	calls := 0
	for more := true; more && len(children) < 5 && calls < 1000; calls++ {
		next, again := tree.List(dir, off, steps, func(c Child) bool {
			c.Name = slices.Clone(c.Name)
			children = append(children, c)
			return len(children) < 5
		})
		if again && next <= off {
			t.Fatalf("directory %d: List(%d) goes on from %d", dir, off, next)
		}
		off, more = next, again
	}
	return children
}

// checkListing lists a few children of a directory from an ordinal on.
func checkListing(t *testing.T, tree *Tree, dir ID, off uint64) {
	t.Helper()
	children := first(t, tree, dir, off, 100)
	for i, c := range children {
		id, found, ok := tree.Lookup(dir, string(c.Name))
		if !ok || id != c.ID {
			t.Fatalf("directory %d lists %q at %d, and finds it at %d, %v", dir, c.Name, c.ID, id, ok)
		}
		if node, ok := tree.Node(c.ID); !ok || node.IsDir != c.IsDir || node != found || node != c.Node() {
			t.Fatalf("directory %d lists %q at %d, where there is %+v, %v, and not %+v or %+v", dir, c.Name, c.ID, node, ok, found, c.Node())
		}
		if c.Next <= off {
			t.Fatalf("directory %d from %d: %q is followed by %d", dir, off, c.Name, c.Next)
		}
		off = c.Next
		rest := first(t, tree, dir, off, 7)
		for j, r := range rest[:min(len(rest), len(children)-i-1)] {
			if r.ID != children[i+1+j].ID {
				t.Fatalf("directory %d from %d: %q, and before that %q", dir, off, r.Name, children[i+1+j].Name)
			}
		}
	}
}
