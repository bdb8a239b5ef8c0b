package tree

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// listAll lists a directory from an ordinal on, by calls of List that take so many
// steps each. It fails if a call does not advance, or takes far more steps.
func listAll(t *testing.T, tree *Tree, dir ID, off uint64, steps int) []string {
	t.Helper()
	var all []string
	for more := true; more; {
		before := off
		off, more = tree.List(dir, off, steps, func(c Child) bool {
			if c.Next <= off && off != before || c.Next <= before {
				t.Fatalf("directory %d from %d: %q is followed by %d", dir, before, c.Name, c.Next)
			}
			all = append(all, fmt.Sprintf("%s %d %d", c.Name, c.ID, c.Next))
			return true
		})
		if more && off <= before {
			t.Fatalf("directory %d: List(%d) goes on from %d", dir, before, off)
		}
	}
	return all
}

// isShown is the slow way to say whether a position is shown: it goes through all
// files below a directory.
func isShown(tree *Tree, n *node, instance uint64) bool {
	if n.dir == nil {
		number := n.first + instance
		return (tree.o.Shard.all() || number%tree.o.Shard.Count == tree.o.Shard.Index) && (n.row() == nil || n.row().has(n.place(instance)))
	}
	if n.parent == nil || tree.o.Shard.all() {
		return true
	}
	for _, c := range tree.nodes {
		above := c
		for above != nil && above != n {
			above = above.parent
		}
		if above == nil || c.dir != nil {
			continue
		}
		each := c.count / n.count
		for number := c.first + instance*each; number < c.first+(instance+1)*each; number++ {
			if number%tree.o.Shard.Count == tree.o.Shard.Index {
				return true
			}
		}
	}
	return false
}

// Listings of small trees are what going through all names comes to: of every shard
// and generation, from every ordinal, and by any number of steps.
func TestListLikeSlowWalk(t *testing.T) {
	for _, patterns := range [][]string{
		{"f{0..499}"},
		{"f{0..499}", "g", "h{00..99}.x", "i"},
		{"d{0..29}/f{0..19}", "d{0..29}/g", "e/x{0..199}", "e/y"},
		{"d{0..4}/e{0..4}/f{0..19}", "d{0..4}/e{0..4}/g", "d{0..4}/h{0..2}", "z"},
		{"d{0..299}/f"},
		{"a/b/c", "a/d", "e/f/g/h", "i/j{0..3}"},
	} {
		for _, shard := range []Shard{{}, {0, 2}, {6, 7}, {50, 100}, {3, 5000}} {
			for _, h := range []History{
				{},
				{Generation: 3, Delete: 5e8},
				{Generation: 2, Delete: 99e7},
				{Generation: 1, Delete: 995e6},
				{Generation: 40, Grow: 1e8, Delete: 1e8},
				{Generation: 9, Grow: 3e8, Delete: 9e8},
				{Generation: 1, Delete: 1e9},
			} {
				o := Options{Shard: shard, History: h}
				var entries []Entry
				for _, p := range patterns {
					entries = append(entries, Entry{Pattern: p})
				}
				tree, err := New(entries, o)
				if err != nil {
					t.Fatal(err)
				}
				checkAllListings(t, tree)
				tree.findSeries(0) // as where there are many files
				checkAllListings(t, tree)
				if t.Failed() {
					t.Fatalf("%q, %+v", patterns, o)
				}
			}
		}
	}
}

func checkAllListings(t *testing.T, tree *Tree) {
	t.Helper()
	children := make(map[ID][]ID)
	for _, n := range tree.nodes[1:] {
		for i := range n.count {
			id := n.base + ID(i)
			shown := isShown(tree, n, i)
			if _, ok := tree.Node(id); ok != shown {
				t.Errorf("%q is there: %v, want %v", tree.AppendPath(nil, id), ok, shown)
			}
			if shown {
				children[tree.Parent(id)] = append(children[tree.Parent(id)], id)
			}
		}
	}
	for dir, want := range children {
		all := listAll(t, tree, dir, 0, math.MaxInt)
		var got []ID
		for c := range tree.ReadDir(dir, 0) {
			got = append(got, c.ID)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || len(all) != len(want) {
			t.Errorf("directory %d has %d, want %d", dir, got, want)
		}
		for _, steps := range []int{1, 2, 7} {
			if few := listAll(t, tree, dir, 0, steps); !slices.Equal(few, all) {
				t.Errorf("directory %d by %d steps: %q, want %q", dir, steps, few, all)
			}
		}
		// From every ordinal, there follow those whose Next is above it.
		n, _ := tree.at(dir)
		i := 0
		for off := range min(n.dir.size(), 100) + 2 {
			for i < len(all) {
				var name string
				var id, next uint64
				fmt.Sscan(all[i], &name, &id, &next)
				if next > off {
					break
				}
				i++
			}
			if rest := listAll(t, tree, dir, off, 5); !slices.Equal(rest, all[i:]) {
				t.Errorf("directory %d from %d: %q, want %q", dir, off, rest, all[i:])
			}
		}
	}
}

// Of very many names, those that are shown are found in few steps, wherever a listing
// begins.
func TestFirstOfMany(t *testing.T) {
	const steps = 20_000
	for _, c := range []struct {
		pattern, dir string
		o            Options
	}{
		{"{0..999999999999}", "", Options{History: History{Generation: 2, Delete: 99e7}}},
		{"{0..999999999999}", "", Options{History: History{Generation: 4, Delete: 99e7}}},
		{"{0..999999999999}", "", Options{History: History{Generation: 3, Delete: 9e8}}},
		{"{0..999999999}", "", Options{History: History{Generation: 4, Delete: 99e7}}},
		{"{0..999999999999999999}", "", Options{History: History{Generation: 8, Delete: 99e7}}},
		{"{0..999999999999}", "", Options{History: History{Generation: 2, Delete: 99e7}, Shard: Shard{3, 16}}},
		{"d{0..999999999999}/f", "", Options{Shard: Shard{0, 1 << 20}}},
		{"d{0..999999999999}/e{0..9}/f", "", Options{Shard: Shard{1<<20 - 1, 1 << 20}}},
		{"d/{0..999999999999}", "d", Options{Shard: Shard{12345, 1 << 20}}},
		{"d{0..999}/{0..999999999}", "d7", Options{History: History{Generation: 4, Delete: 99e7}}},
		{"d{0..999999}/{0..999999}", "d77", Options{History: History{Generation: 4, Delete: 99e7}}},
	} {
		tree, err := New([]Entry{{Pattern: c.pattern}}, c.o)
		if err != nil {
			t.Fatal(err)
		}
		dir := Root
		if c.dir != "" {
			dir, _, _ = tree.Lookup(Root, c.dir)
		}
		n, _ := tree.at(dir)
		size := n.dir.size()
		for i := range uint64(100) {
			off := size / 100 * i
			found := false
			next, more := tree.List(dir, off, steps, func(c Child) bool {
				found = true
				if id, _, ok := tree.Lookup(dir, string(c.Name)); !ok || id != c.ID {
					t.Errorf("lists %q at %d, and finds %d, %v", c.Name, c.ID, id, ok)
				}
				return false
			})
			if more != found || next <= off || !more && next < size {
				t.Fatalf("%s, %+v: from %d of %d to %d, more: %v, found: %v", c.pattern, c.o, off, size, next, more, found)
			}
			if i == 0 && !found && c.dir != "d77" {
				t.Errorf("%s, %+v: has none", c.pattern, c.o)
			}
		}
	}
}

// Where names cannot be found by arithmetic, each call of List ends after its steps,
// and the next one goes on.
func TestListEndsEarly(t *testing.T) {
	tree, err := New([]Entry{{Pattern: "d{0..999999}/{0..999999999}"}}, Options{History: History{Generation: 4, Delete: 99e7}})
	if err != nil {
		t.Fatal(err)
	}
	dir, _, _ := tree.Lookup(Root, "d1")
	off, calls, found := uint64(0), 0, 0
	for more := true; more && calls < 2000; calls++ {
		var next uint64
		next, more = tree.List(dir, off, 1000, func(c Child) bool {
			if node, ok := tree.Node(c.ID); !ok || node.IsDir {
				t.Errorf("%q is not there", c.Name)
			}
			found++
			return true
		})
		if next <= off || next > off+2000 {
			t.Fatalf("from %d to %d in 1000 steps", off, next)
		}
		off = next
	}
	if calls != 2000 || found == 0 {
		t.Errorf("%d calls, %d found", calls, found)
	}
}

// BenchmarkFirst finds the first name from any ordinal on, of 10^12 names of which most
// have gone or are in other shards.
func BenchmarkFirst(b *testing.B) {
	for _, c := range []struct {
		name, pattern string
		o             Options
	}{
		{"all", "{0..999999999999}", Options{}},
		{"gone=90%", "{0..999999999999}", Options{History: History{Generation: 1, Delete: 9e8}}},
		{"gone=99.99%", "{0..999999999999}", Options{History: History{Generation: 2, Delete: 99e7}}},
		{"gone=99.999999%", "{0..999999999999}", Options{History: History{Generation: 4, Delete: 99e7}}},
		{"shard", "d{0..999999999999}/f", Options{Shard: Shard{7, 1 << 20}}},
	} {
		b.Run("of="+c.name, func(b *testing.B) {
			tree, err := New([]Entry{{Pattern: c.pattern, Spec: spec.Spec{Size: 1}}}, c.o)
			if err != nil {
				b.Fatal(err)
			}
			for off := uint64(0); b.Loop(); off = (off + 1e9 + 7) % 5000 {
				for range tree.ReadDir(Root, off) {
					break
				}
			}
		})
	}
}
