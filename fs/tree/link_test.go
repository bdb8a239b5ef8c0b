package tree

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
)

func symlink(pattern, target string) Entry {
	return Entry{Pattern: pattern, Link: spec.Link{Kind: spec.Symlink, Target: target}}
}

// links returns the paths of all symbolic links, and where they point to.
func links(t *testing.T, tree *Tree) (all []string) {
	t.Helper()
	var below func(dir ID)
	below = func(dir ID) {
		for c := range tree.ReadDir(dir, 0) {
			if c.IsDir {
				below(c.ID)
				continue
			}
			n, ok := tree.Node(c.ID)
			id, looked, found := tree.Lookup(tree.Parent(c.ID), string(c.Name))
			target := string(tree.AppendTarget(nil, c.ID))
			if !ok || !found || id != c.ID || looked != n || c.Node() != n || n.IsSymlink != c.IsSymlink {
				t.Fatalf("%s: %+v, looked up %+v, listed %+v", c.Name, n, looked, c.Node())
			}
			if n.IsSymlink != (target != "") || n.IsSymlink && n.Spec != (spec.Spec{Size: int64(len(target))}) {
				t.Fatalf("%s: %+v, target %q", c.Name, n, target)
			}
			if n.IsSymlink {
				all = append(all, string(tree.AppendPath(nil, c.ID))+" -> "+target)
			}
		}
	}
	below(Root)
	return all
}

func TestSymlinks(t *testing.T) {
	tree, err := New([]Entry{
		{Pattern: "f{0..2}", Spec: spec.Spec{Size: 10}},
		symlink("one", "../a b/./{/x"[:8]),
		symlink("abs", "/etc/passwd"),
		symlink("d{0..1}/l{8..10}", "../f{0..2}"),
		symlink("d{0..1}/m{00..02}", `d{8..10}/{0..1}\x2c\{`),
		symlink("same{0..2}", "here"),
		symlink("odd", `a\x2c\x20\xff\\b`),
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"abs -> /etc/passwd",
		"d0/l8 -> ../f0", "d0/l9 -> ../f1", "d0/l10 -> ../f2",
		"d0/m00 -> d8/0,{", "d0/m01 -> d8/1,{", "d0/m02 -> d9/0,{",
		"d1/l8 -> ../f0", "d1/l9 -> ../f1", "d1/l10 -> ../f2",
		"d1/m00 -> d9/1,{", "d1/m01 -> d10/0,{", "d1/m02 -> d10/1,{",
		"odd -> a, \xff\\b",
		"one -> ../a b/.",
		"same0 -> here", "same1 -> here", "same2 -> here",
	}
	if got := links(t, tree); !slices.Equal(got, want) {
		t.Errorf("links %q, want %q", got, want)
	}
	if tree.Files() != 3+18 || tree.Bytes() != 30 {
		t.Errorf("%d files of %d bytes, want 21 of 30", tree.Files(), tree.Bytes())
	}
	if n := len(slices.Collect(tree.Specs())); n != 1 {
		t.Errorf("specs of %d entries, want that of 1", n)
	}
	for i, want := range []string{"", `../a\x20b/.`, "/etc/passwd", "../f{0..2}", `d{8..10}/{0..1}\x2c\{`, "here", `a\x2c\x20\xff\\b`} {
		if got := tree.Entry(i).Link.Target; got != want {
			t.Errorf("entry %d points to %q, want %q", i, got, want)
		}
	}
}

// Each link is in one shard, and comes and goes as files do, with the target that it has.
func TestSymlinksOfParts(t *testing.T) {
	entries := []Entry{{Pattern: "d{0..9}/f{00..49}", Spec: spec.Spec{Size: 1}}, symlink("d{0..9}/l{00..49}", "f{00..49}")}
	for _, history := range []History{{}, {Generation: 20, Grow: spec.Billion / 20, Delete: spec.Billion / 10}} {
		whole, err := New(entries, Options{History: history})
		if err != nil {
			t.Fatal(err)
		}
		want := links(t, whole)
		var got []string
		for i := range uint64(7) {
			part, err := New(entries, Options{History: history, Shard: Shard{i, 7}})
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, links(t, part)...)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || history.Generation == 0 && len(want) != 500 {
			t.Errorf("%+v: %d links in parts, %d in the whole", history, len(got), len(want))
		}
		added := 0
		for _, l := range want {
			name, target, _ := strings.Cut(l, " -> ")
			if number, _, _ := strings.Cut(name[len("d0/l"):], "+"); target != "f"+number {
				t.Errorf("%+v: %s", history, l)
			}
			if strings.Contains(name, "+") {
				added++
			}
		}
		if (added > 0) != (history.Generation > 0) {
			t.Errorf("%+v: %d links were added", history, added)
		}
	}
}

func TestBadSymlinks(t *testing.T) {
	for target, want := range map[string]string{
		"{0..9}":                   `pattern "l": symlink "{0..9}": has 10 targets, more than there are links, 1; use fewer targets, or make more links`,
		"{0..}":                    `pattern "l": symlink "{0..}": has an open range, and nothing says how many there are`,
		"{9..0}":                   `pattern "l": symlink "{9..0}": range runs backwards`,
		"a}":                       `pattern "l": symlink "a}": a "}" without a "{"`,
		`a\q`:                      `pattern "l": symlink "a\\q": "\\q" is not an escape`,
		"a\x00":                    `pattern "l": symlink "a\x00": a path cannot have a NUL byte`,
		`a\x00`:                    `pattern "l": symlink "a\\x00": "\\x00" is not allowed`,
		strings.Repeat("a/", 2048): `the limit is 4095`,
	} {
		if _, err := New([]Entry{symlink("l", target)}, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %s", target, err, want)
		}
	}
	entries := append(entriesOf("a", "b/"), symlink("a", "x"))
	if _, err := New(entries, Options{}); fmt.Sprint(err) != `patterns "a" and "a" both make the file "a"; keep it in one of them` {
		t.Errorf("a link and a file: %v", err)
	}
	if _, err := New([]Entry{symlink("b/", "x")}, Options{}); err == nil {
		t.Error("a link that is a directory is none")
	}
	if _, err := New([]Entry{symlink("l", strings.Repeat("a/", 2047)+"a")}, Options{}); err != nil {
		t.Errorf("a target of 4095 bytes: %v", err)
	}
}

func hardlink(pattern, target string) Entry {
	return Entry{Pattern: pattern, Link: spec.Link{Kind: spec.Hardlink, Target: target}}
}

// namesOf returns the paths of the files of a tree, by position, those of hard links in
// brackets. It checks that lookups find what listings have, wherever these begin.
func namesOf(t *testing.T, tree *Tree) map[ID][]string {
	t.Helper()
	all := make(map[ID][]string)
	var below func(dir ID, path string)
	below = func(dir ID, path string) {
		var listed []string
		for off, more := uint64(0), true; more; { // by few names at a time
			off, more = tree.List(dir, off, 3, func(c Child) bool {
				listed = append(listed, string(c.Name))
				return len(listed)%5 != 0
			})
		}
		for c := range tree.ReadDir(dir, 0) {
			name := path + string(c.Name)
			if len(listed) == 0 || listed[0] != string(c.Name) {
				t.Fatalf("%s is not in a listing by parts: %q", name, listed)
			}
			listed = listed[1:]
			id, n, ok := tree.Lookup(dir, string(c.Name))
			if !ok || id != c.ID || n != c.Node() || c.IsDir != n.IsDir {
				t.Fatalf("%s: listed as %d %+v, looked up as %d %+v, %v", name, c.ID, c.Node(), id, n, ok)
			}
			if c.IsDir {
				below(c.ID, name+"/")
				continue
			}
			if own := string(tree.AppendPath(nil, id)); c.IsHard != (own != name) {
				t.Fatalf("%s: hard link: %v, and its file is %s", name, c.IsHard, own)
			}
			if c.IsHard {
				name = "(" + name + ")"
			}
			all[id] = append(all[id], name)
		}
		if len(listed) > 0 {
			t.Fatalf("%q are in a listing by parts alone", listed)
		}
	}
	below(Root, "")
	for id, names := range all {
		n, ok := tree.Node(id)
		if !ok || n.Names != uint64(len(names)-1) || len(tree.AppendPath(nil, id)) == 0 {
			t.Fatalf("%q: %+v, %v", names, n, ok)
		}
	}
	return all
}

func TestHardLinks(t *testing.T) {
	files := []Entry{{Pattern: "d{0..1}/f{0..2}", Spec: spec.Spec{Size: 10}}, {Pattern: "one", Spec: spec.Spec{Size: 5}}, symlink("s", "one"), {Pattern: "a, b/c", Spec: spec.Spec{Size: 1}}}
	all := append(slices.Clone(files), hardlink("d{0..1}/g{0..2}", "d{0..1}/f{0..2}"), hardlink("h{0..7}", "d{0..1}/f{0..2}"), hardlink("i{0..2}", "one"), hardlink("few{0..1}", "d{0..1}/f{0..2}"), hardlink("e/t", "s"), hardlink("c", `a\x2c\x20b/c`))
	tree, err := New(all, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"d0/f0":  {"d0/f0", "(d0/g0)", "(few0)", "(h0)", "(h6)"},
		"d0/f1":  {"d0/f1", "(d0/g1)", "(few1)", "(h1)", "(h7)"},
		"d0/f2":  {"d0/f2", "(d0/g2)", "(h2)"},
		"d1/f0":  {"d1/f0", "(d1/g0)", "(h3)"},
		"d1/f1":  {"d1/f1", "(d1/g1)", "(h4)"},
		"d1/f2":  {"d1/f2", "(d1/g2)", "(h5)"},
		"one":    {"(i0)", "(i1)", "(i2)", "one"},
		"s":      {"(e/t)", "s"},
		"a, b/c": {"a, b/c", "(c)"},
	}
	got := namesOf(t, tree)
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
	for id, names := range got {
		if path := string(tree.AppendPath(nil, id)); !slices.Equal(names, want[path]) {
			t.Errorf("%s has the names %q, want %q", path, names, want[path])
		}
	}
	// Positions are what they are without hard links.
	plain, err := New(append(slices.Clone(files), entriesOf("e/")...), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if plain.Files() != tree.Files() || plain.Bytes() != tree.Bytes() || plain.Dirs() != tree.Dirs() {
		t.Errorf("%d files of %d bytes in %d directories; without hard links %d, %d, %d", tree.Files(), tree.Bytes(), tree.Dirs(), plain.Files(), plain.Bytes(), plain.Dirs())
	}
	for id := range got {
		if a, b := tree.AppendPath(nil, id), plain.AppendPath(nil, id); string(a) != string(b) {
			t.Errorf("position %d is %s, and without hard links %s", id, a, b)
		}
	}
	for i, e := range all {
		if got := tree.Entry(i); got != e {
			t.Errorf("entry %d is %+v, want %+v", i, got, e)
		}
	}
}

// All names of a file are in its shard, and come and go with it.
func TestHardLinksOfParts(t *testing.T) {
	entries := []Entry{{Pattern: "d{0..9}/f{00..49}.x", Spec: spec.Spec{Size: 1}}, hardlink("d{0..9}/g{00..49}.x", "d{0..9}/f{00..49}.x"), hardlink("all/h{000..999}", "d{0..9}/f{00..49}.x")}
	for _, history := range []History{{}, {Generation: 20, Grow: spec.Billion / 20, Delete: spec.Billion / 10}, {Generation: 60, Grow: spec.Billion / 20, Delete: spec.Billion / 10}} {
		whole, err := New(entries, Options{History: history})
		if err != nil {
			t.Fatal(err)
		}
		want := namesOf(t, whole)
		got := make(map[ID][]string)
		for i := range uint64(7) {
			part, err := New(entries, Options{History: history, Shard: Shard{i, 7}})
			if err != nil {
				t.Fatal(err)
			}
			for id, names := range namesOf(t, part) {
				if got[id] != nil {
					t.Errorf("%q is in two parts", names)
				}
				got[id] = names
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || uint64(len(want)) != whole.Files() {
			t.Errorf("%+v: %d files in parts, %d in the whole, which says %d", history, len(got), len(want), whole.Files())
		}
		added := 0
		for id, names := range want {
			n, _ := whole.Node(id)
			round := ""
			if _, after, ok := strings.Cut(names[len(names)-1], "+"); ok {
				added++
				round, _, _ = strings.Cut(after, ".")
			}
			if n.Names != 3 {
				t.Errorf("%+v: %q", history, names)
			}
			for _, name := range names {
				if strings.Contains(name, "+") != (round != "") || !strings.Contains(name, "+"+round) && round != "" {
					t.Errorf("%+v: %q", history, names)
				}
			}
		}
		if (added > 0) != (history.Generation > 0) {
			t.Errorf("%+v: %d files were added", history, added)
		}
	}
}

// A billion names take no time.
func TestManyHardLinks(t *testing.T) {
	entries := []Entry{{Pattern: "f{000000000..999999999}", Spec: spec.Spec{Size: 1}}, hardlink("g{000000000..999999999}", "f{000000000..999999999}"), hardlink("one/{000000000..999999999}", "x"), {Pattern: "x", Spec: spec.Spec{Size: 1}}}
	tree, err := New(entries, Options{Shard: Shard{123_456_788, 1_000_000_000}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for c := range tree.ReadDir(Root, 0) {
		if n := c.Node(); c.IsHard && n.Names != 1 {
			t.Errorf("%s: %+v", c.Name, n)
		}
		names = append(names, string(c.Name))
	}
	if fmt.Sprint(names) != "[f123456788 g123456788 one]" {
		t.Errorf("%q", names)
	}
	whole, _ := New(entries, Options{})
	if _, n, ok := whole.Lookup(Root, "x"); !ok || n.Names != 1e9 {
		t.Errorf("%+v", n)
	}
}

func TestBadHardLinks(t *testing.T) {
	for target, want := range map[string]string{
		"none":      `pattern "l": hardlink "none": no other entry has this NAME; write it as there, with all ranges`,
		"d/f3":      `pattern "l": hardlink "d/f3": no other entry has this NAME`,
		"d/f{0..8}": `no other entry has this NAME`,
		"x/y":       `no other entry has this NAME`,
		"d":         `pattern "l": hardlink "d": is a directory, which can have one name alone`,
		"l":         `pattern "l": hardlink "l": is a hard link, too; name the file`,
		"m":         `pattern "l": hardlink "m": is a hard link, too; name the file`,
		"/d":        `pattern "l": hardlink "/d": paths begin at the mount point`,
		"../d":      `pattern "l": hardlink "../d": ".." is not the name of a file`,
		"a}":        `pattern "l": hardlink "a}": a "}" without a "{"`,
	} {
		entries := append(entriesOf("d/f{0..9}", "x"), hardlink("m", "x"), hardlink("l", target))
		if _, err := New(entries, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %s", target, err, want)
		}
	}
	if _, err := New(append(entriesOf("a", "b"), hardlink("a", "b")), Options{}); err == nil || !strings.Contains(err.Error(), `both make the file "a"`) {
		t.Errorf("a hard link with the name of a file: %v", err)
	}
}
