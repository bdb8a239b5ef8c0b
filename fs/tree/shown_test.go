package tree

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// files maps the path of every file that is shown to its position, and directories
// those of directories.
func shown(t *testing.T, o Options, patterns ...string) (tree *Tree, files, directories map[string]ID) {
	t.Helper()
	var entries []Entry
	for _, p := range patterns {
		entries = append(entries, Entry{Pattern: p, Spec: spec.Spec{Size: 1}})
	}
	tree, err := New(entries, o)
	if err != nil {
		t.Fatal(err)
	}
	files, directories = map[string]ID{}, map[string]ID{}
	walk(tree, Root, "", func(path string, id ID, isDir bool) {
		checkPosition(t, tree, id)
		if isDir {
			directories[path] = id
		} else {
			files[path] = id
		}
	})
	return tree, files, directories
}

var shownPatterns = []string{"a/b{0..6}/{00..12}.x", "a/b{0..6}/one", "c{0..2}/d{0..2}/e{0..2}", "f{0..40}", "g", "h/i/j"}

// The parts of a tree are the tree, and no file is in two of them; each has as
// many as the others, and the directories that they need.
func TestShards(t *testing.T) {
	_, all, directories := shown(t, Options{}, shownPatterns...)
	for _, count := range []uint64{1, 2, 3, 7, 64, 1000} {
		union, dirs := map[string]ID{}, map[string]ID{}
		for i := range count {
			o := Options{Shard: Shard{i, count}}
			tree, files, directories := shown(t, o, shownPatterns...)
			if n := uint64(len(files)); tree.Files() != n || n < uint64(len(all))/count || n > uint64(len(all))/count+1 {
				t.Errorf("part %d of %d has %d files, and says %d, of %d", i, count, n, tree.Files(), len(all))
			}
			for path, id := range files {
				if _, twice := union[path]; twice || all[path] != id {
					t.Errorf("part %d of %d: %s is in another part, or has another position", i, count, path)
				}
				union[path] = id
			}
			for dir, id := range directories {
				if !slices.ContainsFunc(slices.Collect(maps.Keys(files)), func(path string) bool { return strings.HasPrefix(path, dir+"/") }) {
					t.Errorf("part %d of %d: the directory %s has no file", i, count, dir)
				}
				dirs[dir] = id
			}
			// What is not shown is not found, neither by name nor by position.
			for path, id := range all {
				found := Root
				ok := true
				for name := range strings.SplitSeq(path, "/") {
					if found, _, ok = tree.Lookup(found, name); !ok {
						break
					}
				}
				_, want := files[path]
				if _, atID := tree.Node(id); ok != want || atID != want {
					t.Errorf("part %d of %d: %s is found by name: %v, by position: %v; want %v", i, count, path, ok, atID, want)
				}
			}
			checkShownOffsets(t, tree)
		}
		if !maps.Equal(union, all) || !maps.Equal(dirs, directories) {
			t.Errorf("%d parts have %d files of %d, %d directories of %d", count, len(union), len(all), len(dirs), len(directories))
		}
	}
}

// checkShownOffsets checks that a listing can be taken up again behind every child.
func checkShownOffsets(t *testing.T, tree *Tree) {
	t.Helper()
	dirs := []ID{Root}
	walk(tree, Root, "", func(_ string, id ID, isDir bool) {
		if isDir {
			dirs = append(dirs, id)
		}
	})
	for _, dir := range dirs {
		all := list(tree, dir, 0)
		seen := 0
		for c := range tree.ReadDir(dir, 0) {
			seen++
			if got := list(tree, dir, c.Next); !slices.Equal(got, all[seen:]) {
				t.Errorf("behind %s, at %d: %q, want %q", c.Name, c.Next, got, all[seen:])
			}
		}
		if got := list(tree, dir, math.MaxUint64); got != nil {
			t.Errorf("from the largest offset: %q", got)
		}
	}
}

// Generations add and remove their shares, oldest first; a file that stays keeps
// its name and position, and one that has gone does not come back.
func TestHistory(t *testing.T) {
	for _, h := range []History{
		{Grow: 1e8}, {Delete: 1e8}, {Grow: 5e7, Delete: 5e7}, {Grow: 3e8, Delete: 1e8}, {Grow: 1e8, Delete: 4e8}, {Delete: 1e9}, {Grow: 1e7, Delete: 1e7},
	} {
		_, before, _ := shown(t, Options{Seed: 5}, shownPatterns...)
		first := len(before)
		positions := map[ID]string{}
		gone := map[string]bool{}
		want := float64(first)
		for g := 1; g <= 12; g++ {
			h.Generation = g
			tree, files, _ := shown(t, Options{Seed: 5, History: h}, shownPatterns...)
			if tree.Files() != uint64(len(files)) {
				t.Errorf("%+v: %d files, and says %d", h, len(files), tree.Files())
			}
			want *= 1 + float64(h.Grow)/1e9 - float64(h.Delete)/1e9
			if math.Abs(float64(len(files))-want) > float64(len(shownPatterns)) {
				t.Errorf("%+v: %d files, want about %.1f", h, len(files), want)
			}
			for path, id := range files {
				if p, ok := positions[id]; ok && p != path || gone[path] {
					t.Errorf("%+v: %s was %q before, or had gone", h, path, p)
				}
				positions[id] = path
				_, old := before[path]
				if node, _ := tree.Node(id); !old != (node.Born == g) {
					t.Errorf("%+v: %s was there before: %v, but is said to be of generation %d", h, path, old, node.Born)
				}
			}
			for path := range before {
				if _, stays := files[path]; !stays {
					gone[path] = true
				}
			}
			checkShownOffsets(t, tree)
			before = files
		}
	}
}

// Exactly the shares of a large entry are added and removed, from those of which
// no part of a directory is spared.
func TestHistoryIsExact(t *testing.T) {
	h := History{Generation: 1, Grow: 2e7, Delete: 1e7}
	_, base, _ := shown(t, Options{Seed: 9}, "d{0..9}/x{000..999}.tar")
	_, files, _ := shown(t, Options{Seed: 9, History: h}, "d{0..9}/x{000..999}.tar")
	added, removed := map[string]int{}, map[string]int{}
	for path := range files {
		if base[path] == 0 {
			added[path[:2]]++
			if !strings.HasSuffix(path, "+1.tar") {
				t.Errorf("%s was added", path)
			}
		}
	}
	for path := range base {
		if files[path] == 0 {
			removed[path[:2]]++
		}
	}
	sum := func(m map[string]int) (n int) {
		for _, k := range m {
			n += k
		}
		return n
	}
	if sum(added) != 200 || sum(removed) != 100 || len(added) != 10 || len(removed) != 10 {
		t.Errorf("added %v, removed %v", added, removed)
	}
}

// A shard of a generation is that generation's part.
func TestShardsOfGenerations(t *testing.T) {
	o := Options{Seed: 1, History: History{Generation: 7, Grow: 2e8, Delete: 1e8}}
	_, all, _ := shown(t, o, shownPatterns...)
	union := map[string]ID{}
	for i := range uint64(5) {
		o.Shard = Shard{i, 5}
		tree, files, _ := shown(t, o, shownPatterns...)
		maps.Copy(union, files)
		checkShownOffsets(t, tree)
	}
	if !maps.Equal(union, all) {
		t.Errorf("the parts have %d files of %d", len(union), len(all))
	}
}

// What a part of a generation has is counted over many small entries, too.
func TestCountOfPartsOfGenerations(t *testing.T) {
	var patterns []string
	for i := range 1000 {
		patterns = append(patterns, fmt.Sprintf("f%d", i))
	}
	for i := range uint64(16) {
		tree, files, _ := shown(t, Options{Shard: Shard{i, 16}, History: History{Generation: 1, Delete: 1e7}}, patterns...)
		if n := uint64(len(files)); tree.Files() != n || n < 50 {
			t.Errorf("part %d: %d files, and says %d", i, n, tree.Files())
		}
	}
}

// Where all files have gone that were added at a time, there is nothing, neither by
// name nor by position, and what came later is where it was.
func TestRoundsThatHaveGone(t *testing.T) {
	o := Options{History: History{Grow: 3e8, Delete: 3e8}}
	seen := map[string]ID{}
	for o.History.Generation = 1; o.History.Generation < 40; o.History.Generation++ {
		tree, files, _ := shown(t, o, "a{0..9}", "d{0..1}/b{0..4}")
		for path, id := range files {
			if before, ok := seen[path]; ok && before != id {
				t.Errorf("generation %d: %s is at %d, and was at %d", o.History.Generation, path, id, before)
			}
			seen[path] = id
		}
		there := 0
		for id := ID(0); id < tree.end+5; id++ {
			if node, ok := tree.Node(id); ok && !node.IsDir {
				there++
			}
		}
		if there != len(files) || len(tree.nodes) > 20 {
			t.Errorf("generation %d: %d files by position, %d by name; %d nodes", o.History.Generation, there, len(files), len(tree.nodes))
		}
	}
}

func TestAddNumber(t *testing.T) {
	for pattern, want := range map[string]string{
		"a":                      "a+7",
		"a.b":                    "a+7.b",
		"a.tar.gz":               "a.tar+7.gz",
		".profile":               ".profile+7",
		"{0..9}":                 "{0..9}+7",
		"{000..999}.eml":         "{000..999}+7.eml",
		"x.{0..9}":               "x.{0..9}+7",
		"x-{0..9}.part.{1..2}.z": "x-{0..9}.part.{1..2}+7.z",
	} {
		if got := addNumber(pattern, 7); got != want {
			t.Errorf("addNumber(%q) = %q, want %q", pattern, got, want)
		}
	}
}

func TestHistoryErrors(t *testing.T) {
	for _, c := range []struct {
		patterns string
		h        History
		want     string
	}{
		{"a", History{Generation: 4095, Grow: 1e9}, "has added more than 100 times the files"},
		{"a{0..9} a5+1", History{Generation: 12, Grow: 1e8}, `patterns "a{0..9}" and "a5+1" both make the file "a5+1", one of them by what later generations add; rename it`},
		{strings.Repeat("x", 255), History{Generation: 1, Grow: 1e9}, "files that are added have a number in their names: names of up to 257 bytes"},
		{strings.Repeat("1234567/", 511) + "1234567", History{Generation: 1, Grow: 1e9}, "files that are added have a number in their names: paths of up to 4097 bytes"},
		{"{0..999999999999999999} b{0..999999999999999999}", History{Generation: 1, Grow: 1e9}, "2^61 files and directories or more"},
	} {
		var entries []Entry
		for _, p := range strings.Fields(c.patterns) {
			entries = append(entries, Entry{Pattern: p})
		}
		if _, err := New(entries, Options{History: c.h}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %+v: %v; want %s", c.patterns, c.h, err, c.want)
		}
	}
}

// All errors are reported, each with its entry.
func TestErrors(t *testing.T) {
	_, err := New([]Entry{{Pattern: "a//b"}, {Pattern: "ok"}, {Pattern: "{"}, {Pattern: "d{0..1}/x"}, {Pattern: "ok"}, {Pattern: "d1/y"}, {Pattern: "{0..}"}}, Options{})
	var got []string
	all, _ := err.(Errors)
	for _, e := range all {
		got = append(got, fmt.Sprint(e.Entry))
	}
	if want := "0 2 4 5 6"; strings.Join(got, " ") != want {
		t.Errorf("errors of the entries %v, want %s:\n%v", got, want, err)
	}
	if n := strings.Count(err.Error(), "\n"); n != 4 {
		t.Errorf("%d lines: %v", n+1, err)
	}
}

// Sizes that are drawn are those of the distribution, each once, and not in order.
func TestDrawnSizes(t *testing.T) {
	f, err := spec.ParseFiles("lognormal:64K:1.5")
	if err != nil {
		t.Fatal(err)
	}
	const n = 3000
	draw := func(o Options, seed string) (sizes []int64) {
		s, _ := spec.Parse("0" + seed)
		tree, err := New([]Entry{{Pattern: "d{0..2}/{000..999}", Spec: s, Sizes: f.Sizes}}, o)
		if err != nil {
			t.Fatal(err)
		}
		var sum uint64
		walk(tree, Root, "", func(_ string, id ID, isDir bool) {
			if node, _ := tree.Node(id); !isDir {
				sizes = append(sizes, node.Spec.Size)
				sum += uint64(node.Spec.Size)
			}
		})
		if off := float64(tree.Bytes())/float64(sum) - 1; o.Shard.all() && math.Abs(off) > 1e-3 {
			t.Errorf("%d bytes, want %d", tree.Bytes(), sum)
		}
		return sizes
	}
	var want []int64
	for i := range uint64(n) {
		want = append(want, f.Sizes.At(i, n))
	}
	one := draw(Options{}, "")
	if slices.IsSorted(one) {
		t.Error("sizes are sorted")
	}
	if !slices.Equal(slices.Sorted(slices.Values(one)), want) {
		t.Error("sizes are not those of the distribution")
	}
	if slices.Equal(one, draw(Options{Seed: 1}, "")) {
		t.Error("the seed has no effect on sizes")
	}
	if !slices.Equal(draw(Options{}, ",seed=7"), draw(Options{Seed: 1}, ",seed=7")) {
		t.Error("sizes of a spec with a seed follow the tree's")
	}
	// The files of a shard have the sizes that they have anyway.
	if got := draw(Options{Shard: Shard{0, 2}}, ""); len(got) != n/2 || got[1] != one[2] {
		t.Errorf("a shard has %d sizes, the second one %d, want %d", len(got), got[1], one[2])
	}
	if _, err := New([]Entry{{Pattern: "{0..999999}", Sizes: spec.Sizes{Median: 1 << 40, Sigma: 5}}}, Options{}); err == nil || !strings.Contains(err.Error(), "the largest of 1000000 files has") {
		t.Errorf("sizes that are too large: %v", err)
	}
}

// In each generation, of many files of one unit the share that is asked for has a
// turn: its phase gets to a whole unit.
func TestPhases(t *testing.T) {
	const share = 2e7
	var phases []uint64
	tree, files, _ := shown(t, Options{History: History{Generation: 3, Change: share}}, "d{0..9}/{000..999}")
	for _, id := range files {
		node, _ := tree.Node(id)
		if node.Spec.Generation != 3 || !node.Spec.HasChange || node.Spec.Change != share {
			t.Fatalf("%v", node.Spec)
		}
		phases = append(phases, node.Spec.Phase)
	}
	for g := uint64(1); g < 100; g++ {
		n := 0
		for _, p := range phases {
			if (g*share+p)/spec.Billion > ((g-1)*share+p)/spec.Billion {
				n++
			}
		}
		if n != 200 {
			t.Errorf("generation %d changes %d of %d files", g, n, len(phases))
		}
	}
}

// Two ways to write a pattern are one history.
func TestHistoryOfEscapes(t *testing.T) {
	h := History{Generation: 9, Grow: 0.013 * spec.Billion, Delete: 0.017 * spec.Billion}
	_, files, _ := shown(t, Options{History: h}, "#x{000..099}", "{00..49}y ", `b\\{00..37}`, "n\n{00..60}.e")
	_, again, _ := shown(t, Options{History: h}, `\x23x{000..099}`, `{00..49}y\x20`, `\x62\\{00..37}`, `n\x0a{00..60}.\x65`)
	if !maps.Equal(files, again) {
		t.Errorf("%d files, and %d other ones where the patterns are escaped", len(files), len(again))
	}
}
