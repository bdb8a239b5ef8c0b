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
