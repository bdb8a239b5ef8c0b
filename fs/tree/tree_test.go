package tree

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
)

func mustNew(t testing.TB, patterns ...string) *Tree {
	t.Helper()
	var entries []Entry
	for i, p := range patterns {
		entries = append(entries, Entry{Pattern: p, Spec: spec.Spec{Size: int64(i + 1)}})
	}
	tree, err := New(entries, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// single returns the only one of the errors of New.
func single(err error) (*Error, bool) {
	if all, ok := err.(Errors); ok && len(all) == 1 {
		return all[0], true
	}
	return nil, false
}

// walk visits everything below a directory, in the order of ReadDir.
func walk(tree *Tree, dir ID, prefix string, visit func(path string, id ID, isDir bool)) {
	for c := range tree.ReadDir(dir, 0) {
		path := prefix + string(c.Name)
		visit(path, c.ID, c.IsDir)
		if c.IsDir {
			walk(tree, c.ID, path+"/", visit)
		}
	}
}

// checkPosition goes from a position to its path and back.
func checkPosition(t *testing.T, tree *Tree, id ID) {
	t.Helper()
	path := string(tree.AppendPath(nil, id))
	at := Root
	if path != "" {
		for name := range strings.SplitSeq(path, "/") {
			next, _, ok := tree.Lookup(at, name)
			if !ok {
				t.Fatalf("position %d is %q, but there is no %q in %d", id, path, name, at)
			}
			if parent := tree.Parent(next); parent != at {
				t.Fatalf("position %d is in %d, but its parent is %d", next, at, parent)
			}
			at = next
		}
	}
	if at != id {
		t.Fatalf("position %d is %q, but that is at %d", id, path, at)
	}
	if _, ok := tree.Node(id); !ok {
		t.Fatalf("no node at %d", id)
	}
}

func TestTrees(t *testing.T) {
	for _, c := range []struct{ patterns, want string }{
		{"", ""},
		{"a", "a"},
		{"a{8..11} a1 a12 a b", "a a1 a8 a9 a10 a11 a12 b"},
		{"{0..2}.txt {0..2}.jpg 1.png", "0.jpg 1.jpg 2.jpg 0.txt 1.txt 2.txt 1.png"},
		{"d/x d/y e", "d/ d/x d/y e"},
		{"d{0..1}/x d{0..1}/f{8..10} d2/x", "d0/ d0/f8 d0/f9 d0/f10 d0/x d1/ d1/f8 d1/f9 d1/f10 d1/x d2/ d2/x"},
		{"a{1..2}/b{1..2}/c{1..2}", "a1/ a1/b1/ a1/b1/c1 a1/b1/c2 a1/b2/ a1/b2/c1 a1/b2/c2 a2/ a2/b1/ a2/b1/c1 a2/b1/c2 a2/b2/ a2/b2/c1 a2/b2/c2"},
		{"d{3..3}/x d3/y", "d3/ d3/x d3/y"},
	} {
		t.Run(c.patterns, func(t *testing.T) {
			patterns := strings.Fields(c.patterns)
			tree := mustNew(t, patterns...)
			got := describe(t, tree)
			if want := strings.Fields(c.want); !slices.Equal(got.paths, want) {
				t.Errorf("got  %q\nwant %q", got.paths, want)
			}
			slices.Reverse(patterns)
			if again := describe(t, mustNew(t, patterns...)); !slices.Equal(again.ids, got.ids) || !slices.Equal(again.paths, got.paths) {
				t.Error("the order of entries matters")
			}
		})
	}
}

type description struct {
	paths []string
	ids   []ID
}

// describe lists a tree and checks that everything agrees about it.
func describe(t *testing.T, tree *Tree) description {
	t.Helper()
	var d description
	dirs := []ID{Root}
	seen := map[ID]bool{Root: true}
	var bytes uint64
	walk(tree, Root, "", func(path string, id ID, isDir bool) {
		if seen[id] {
			t.Errorf("position %d occurs twice", id)
		}
		seen[id] = true
		if got := string(tree.AppendPath([]byte("/"), id)); got != "/"+path {
			t.Errorf("path of %d is %q, want %q", id, got, path)
		}
		checkPosition(t, tree, id)
		node, ok := tree.Node(id)
		if !ok || node.IsDir != isDir || isDir != (node.Spec.Size == 0) {
			t.Errorf("node of %q is %+v, %v", path, node, ok)
		}
		if isDir {
			path += "/"
			dirs = append(dirs, id)
		}
		bytes += uint64(node.Spec.Size)
		d.paths = append(d.paths, path)
		d.ids = append(d.ids, id)
	})
	if tree.Dirs() != uint64(len(dirs)) || tree.Files() != uint64(len(seen)-len(dirs)) || tree.Bytes() != bytes {
		t.Errorf("%d files, %d directories, %d bytes; want %d, %d, %d",
			tree.Files(), tree.Dirs(), tree.Bytes(), len(seen)-len(dirs), len(dirs), bytes)
	}
	for id := range tree.end + 10 {
		if _, ok := tree.Node(id); ok != seen[id] {
			t.Errorf("node at %d: %v, want %v", id, ok, seen[id])
		}
	}
	for _, dir := range dirs {
		checkOffsets(t, tree, dir)
	}
	return d
}

func list(tree *Tree, dir ID, off uint64) []string {
	var all []string
	for c := range tree.ReadDir(dir, off) {
		all = append(all, fmt.Sprintf("%s %d %v", c.Name, c.ID, c.IsDir))
	}
	return all
}

func checkOffsets(t *testing.T, tree *Tree, dir ID) {
	t.Helper()
	all := list(tree, dir, 0)
	for off := range uint64(len(all)) + 3 {
		want := all[min(off, uint64(len(all))):]
		if got := list(tree, dir, off); !slices.Equal(got, want) {
			t.Errorf("directory %d from %d: %q, want %q", dir, off, got, want)
		}
	}
	if got := list(tree, dir, math.MaxUint64); got != nil {
		t.Errorf("directory %d from the largest offset: %q", dir, got)
	}
}

// The place of a file counts the paths of its pattern, whatever shares its directories.
func TestPlace(t *testing.T) {
	patterns := []string{
		"u{0..2}/m{8..11}/{0..1}.eml", "u{0..2}/m{8..11}/{0..1}.idx", "u{0..2}/m{8..11}/x", "u{0..2}/{5..9}", "v1",
		"one", "d{3..3}/f{1..1}{2..4}", "d3/g{7..7}", "{0..1}{2..3}-{4..5}",
	}
	canonical := map[string]string{"d{3..3}/f{1..1}{2..4}": "d3/f{1..1}{2..4}", "d3/g{7..7}": "d3/g7"}
	tree := mustNew(t, patterns...)
	var total uint64
	for i, pattern := range patterns {
		want := pattern
		if c := canonical[pattern]; c != "" {
			want = c
		}
		alone := mustNew(t, pattern)
		var n uint64
		walk(alone, Root, "", func(path string, _ ID, isDir bool) {
			id := Root
			for name := range strings.SplitSeq(path, "/") {
				id, _, _ = tree.Lookup(id, name)
			}
			place, ok := tree.Place(id)
			if isDir {
				if ok || place != (Place{}) {
					t.Errorf("the directory %s has the place %+v", path, place)
				}
				return
			}
			if node, _ := tree.Node(id); node.Spec.Size != int64(i+1) {
				t.Errorf("%s is not of %s", path, pattern)
			}
			if want := (Place{Pattern: want, Index: n, Files: alone.Files()}); !ok || place != want {
				t.Errorf("place of %s is %+v, %v; want %+v", path, place, ok, want)
			}
			n++
		})
		if n != alone.Files() {
			t.Errorf("%s: %d files, want %d", pattern, n, alone.Files())
		}
		total += n
	}
	if total != tree.Files() {
		t.Errorf("%d files, want %d", total, tree.Files())
	}
	for _, id := range []ID{0, Root, tree.end, math.MaxUint64} {
		if place, ok := tree.Place(id); ok {
			t.Errorf("position %d has the place %+v", id, place)
		}
	}
	tree = mustNew(t, "a/{0..999999999}/{0..999999999}", "{0..9}")
	if place, _ := tree.Place(tree.end - 1); place != (Place{Pattern: "a/{0..999999999}/{0..999999999}", Index: 1e18 - 1, Files: 1e18}) {
		t.Errorf("place of the last one is %+v", place)
	}
}

func TestGroupTooLarge(t *testing.T) {
	s := spec.Spec{Size: 1 << 40, Dedup: 1, Unit: spec.DefaultUnit, Group: true, Compress: 1}
	if _, err := New([]Entry{{Pattern: "x{0000000..8388607}", Spec: s}}, Options{}); err != nil {
		t.Error(err)
	}
	_, err := New([]Entry{{Pattern: "y", Spec: s}, {Pattern: "d{0..7}/x{0000000..1048576}", Spec: s}}, Options{})
	want := `pattern "d{0..7}/x{0000000..1048576}": scope=group: 8388616 files with 8388608 units of 128K each`
	if e, ok := single(err); !ok || e.Entry != 1 || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	s.Group = false
	if _, err := New([]Entry{{Pattern: "d{0..7}/x{0000000..1048576}", Spec: s}}, Options{}); err != nil {
		t.Error(err)
	}
}

func TestNoSuchPosition(t *testing.T) {
	tree := mustNew(t, "d/x", "y")
	y, _, _ := tree.Lookup(Root, "y")
	for _, id := range []ID{0, tree.end, tree.end + 1, math.MaxUint64} {
		if _, ok := tree.Node(id); ok || tree.Parent(id) != 0 || len(tree.AppendPath(nil, id)) != 0 {
			t.Errorf("there is something at %d", id)
		}
	}
	for _, id := range []ID{0, tree.end, y} {
		if _, _, ok := tree.Lookup(id, "x"); ok || list(tree, id, 0) != nil {
			t.Errorf("%d is a directory", id)
		}
	}
	if tree.Parent(Root) != Root {
		t.Error("the root is not its own parent")
	}
}

func TestBytesSaturate(t *testing.T) {
	for _, c := range []struct {
		entries []Entry
		want    uint64
	}{
		{[]Entry{{Pattern: "a{1..2}", Spec: spec.Spec{Size: math.MaxInt64}}}, math.MaxUint64 - 1},
		{[]Entry{{Pattern: "a{1..2}", Spec: spec.Spec{Size: math.MaxInt64}}, {Pattern: "b", Spec: spec.Spec{Size: 1}}}, math.MaxUint64},
		{[]Entry{{Pattern: "a{1..2}", Spec: spec.Spec{Size: math.MaxInt64}}, {Pattern: "b", Spec: spec.Spec{Size: 2}}}, math.MaxUint64},
		{[]Entry{{Pattern: "a{1..3}", Spec: spec.Spec{Size: math.MaxInt64}}, {Pattern: "b", Spec: spec.Spec{Size: 1}}}, math.MaxUint64},
	} {
		tree, err := New(c.entries, Options{})
		if err != nil || tree.Bytes() != c.want {
			t.Errorf("%v: %d bytes, %v; want %d", c.entries, tree.Bytes(), err, c.want)
		}
	}
}

func TestBillions(t *testing.T) {
	tree := mustNew(t, "flat/{0..999999999}.bin", "flat/readme", "home/user{00..99}/{000..999}/{000000..999999}.eml")
	if n := len(tree.nodes); n != 8 {
		t.Errorf("%d nodes, want the root and one for each component", n)
	}
	if want := uint64(1e9 + 1 + 1e11); tree.Files() != want {
		t.Errorf("%d files, want %d", tree.Files(), want)
	}
	rng := rand.New(rand.NewPCG(7, 8))
	for range 10000 {
		checkPosition(t, tree, Root+ID(rng.Uint64N(uint64(tree.end-Root))))
	}
	flat, _, _ := tree.Lookup(Root, "flat")
	for _, off := range []uint64{0, 9, 500_000_000, 999_999_990} {
		k := off
		for c := range tree.ReadDir(flat, off) {
			want := fmt.Sprintf("%d.bin", k-1)
			if k == 0 {
				want = "readme" // letters are before digits
			}
			if id, _, ok := tree.Lookup(flat, string(c.Name)); string(c.Name) != want || !ok || id != c.ID {
				t.Fatalf("child %d is %q at %d, want %q at %d", k, c.Name, c.ID, want, id)
			}
			if k++; k == off+100 {
				break
			}
		}
		if want := min(off+100, 1e9+1); k != want {
			t.Errorf("reading from %d ended at %d, want %d", off, k, want)
		}
	}
}

func TestLargestTree(t *testing.T) {
	tree := mustNew(t, "{0..999999999999999999}", "d/{0..999999999999999999}") // 2e18 of 2.3e18
	checkPosition(t, tree, tree.end-1)
	if tree.end >= maxPositions {
		t.Errorf("ends at %d", tree.end)
	}
	_, err := New([]Entry{{Pattern: "{0..999999999999999999}"}, {Pattern: "a{0..999999999999999999}"}, {Pattern: "b{0..999999999999999999}"}}, Options{})
	if err == nil || !strings.Contains(err.Error(), "2^61") {
		t.Errorf("3e18 files: %v", err)
	}
}

// Thousands of entries, of the kinds that a careless implementation compares
// each with each. BenchmarkNew measures how long that takes.
func TestManyEntries(t *testing.T) {
	for _, format := range []string{"file%04d", "%d.txt", "class%04d/{0..1299}.jpg", "class%04d_{0..1299}.jpg", "{00..99}-x%05d"} {
		var patterns []string
		for i := range 5000 {
			patterns = append(patterns, fmt.Sprintf(format, i))
		}
		tree := mustNew(t, append(patterns, "other{0..9999}", "{000000..999999}")...)
		for id := Root; id < tree.end; id += tree.end/1000 + 1 {
			checkPosition(t, tree, id)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	tree := mustNew(t, "home/user{00..99}/mail/{000000..999999}.eml", "home/user{00..99}/x", "{8..12}0{1..2}", "{5..6}.jpg", "{5..6}.txt")
	dir, _, _ := tree.Lookup(Root, "home")
	dir, _, _ = tree.Lookup(dir, "user77")
	dir, _, _ = tree.Lookup(dir, "mail")
	id, _, _ := tree.Lookup(dir, "123456.eml")
	path := make([]byte, 0, maxPath)
	for what, f := range map[string]func(){
		"Lookup":     func() { tree.Lookup(dir, "123456.eml"); tree.Lookup(Root, "1102"); tree.Lookup(Root, "7.jpg") },
		"Node":       func() { tree.Node(id) },
		"Parent":     func() { tree.Parent(id) },
		"AppendPath": func() { tree.AppendPath(path, id) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", what, n)
		}
	}
	short := testing.AllocsPerRun(10, func() { read(tree, dir, 10) })
	long := testing.AllocsPerRun(10, func() { read(tree, dir, 10000) })
	if long != short {
		t.Errorf("ReadDir allocates %v times for 10 children, %v times for 10000", short, long)
	}
}

func read(tree *Tree, dir ID, n int) {
	for range tree.ReadDir(dir, 0) {
		if n--; n == 0 {
			return
		}
	}
}

func TestSpecs(t *testing.T) {
	var sizes []int64
	for s := range mustNew(t, "a/b{0..9}", "c", "a/d/e").Specs() {
		sizes = append(sizes, s.Size)
	}
	if slices.Sort(sizes); !slices.Equal(sizes, []int64{1, 2, 3}) {
		t.Errorf("the specs have sizes %d", sizes)
	}
	for s := range mustNew(t).Specs() {
		t.Errorf("an empty tree has spec %v", s)
	}
}
