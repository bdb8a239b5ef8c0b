package tree

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// entriesOf returns entries of one byte, and of the directories that end in a slash.
func entriesOf(patterns ...string) (entries []Entry) {
	for _, p := range patterns {
		e := Entry{Pattern: p}
		if !strings.HasSuffix(p, "/") {
			e.Spec.Size = 1
		}
		entries = append(entries, e)
	}
	return entries
}

// all returns the paths of everything that is listed, directories with a slash.
func all(t *Tree) (paths []string) {
	var below func(dir ID)
	below = func(dir ID) {
		for c := range t.ReadDir(dir, 0) {
			path := string(t.AppendPath(nil, c.ID))
			if c.IsDir {
				paths = append(paths, path+"/")
				below(c.ID)
			} else {
				paths = append(paths, path)
			}
		}
	}
	below(Root)
	return paths
}

// A directory of its own is listed without files, and in every shard; one that others
// make, too, is one directory.
func TestEmptyDirectories(t *testing.T) {
	entries := entriesOf("train/{0..3}", "valid/", "d{0..1}/e/", "d{0..1}/f", "train/", "valid/", "a/b/c/", "a/b/")
	dirs := []string{"a/", "a/b/", "a/b/c/", "d0/", "d0/e/", "d1/", "d1/e/", "train/", "valid/"}
	for _, o := range []Options{
		{},
		{Shard: Shard{Index: 1, Count: 3}},
		{Shard: Shard{Index: 2, Count: 100}},
		{History: History{Generation: 40, Delete: spec.Billion / 5}},
		{Shard: Shard{Index: 50, Count: 100}, History: History{Generation: 40, Grow: spec.Billion / 50, Delete: spec.Billion / 5}},
	} {
		tree, err := New(entries, o)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.DeleteFunc(all(tree), func(p string) bool { return !strings.HasSuffix(p, "/") }); !slices.Equal(got, dirs) {
			t.Errorf("%+v: directories %q, want %q", o, got, dirs)
		}
		for i, e := range entries {
			if got := tree.Entry(i); got != e {
				t.Errorf("%+v: entry %d is %+v, want %+v", o, i, got, e)
			}
		}
		if tree.Dirs() != uint64(len(dirs)+1) {
			t.Errorf("%+v: %d directories, want %d and the root", o, tree.Dirs(), len(dirs))
		}
		if n := len(slices.Collect(tree.Specs())); n != 2 {
			t.Errorf("%+v: specs of %d entries, want those of 2", o, n)
		}
	}
	tree, _ := New(entries, Options{})
	if tree.Files() != 6 || tree.Bytes() != 6 {
		t.Errorf("%d files of %d bytes, want 6 and 6", tree.Files(), tree.Bytes())
	}
}

func TestBadDirectories(t *testing.T) {
	for _, c := range []struct{ patterns, want string }{
		{"/", `pattern "/": paths begin at the mount point`},
		{"a//", `pattern "a//": a file needs a name after the last "/"`},
		{"/a/", `pattern "/a/": paths begin at the mount point`},
		{"../", `pattern "../": ".." is not the name of a file`},
		{"d{0..}/", `pattern "d{0..}/": has an open range`},
		{"a a/", `"a" is a file by pattern "a" and a directory by pattern "a/"`},
		{"a/ a", `"a" is a directory by pattern "a/" and a file by pattern "a"`},
		{"d{0..9}/ d5/", `patterns "d{0..9}/" and "d5/" share the directory "d5" but write it differently`},
	} {
		if _, err := New(entriesOf(strings.Fields(c.patterns)...), Options{}); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: %v; want %s", c.patterns, err, c.want)
		}
	}
	sized := Entry{Pattern: "a/", Spec: spec.Spec{Size: 1}}
	if _, err := New([]Entry{sized}, Options{}); err == nil || fmt.Sprint(err) != `pattern "a/": a file needs a name after the last "/"` {
		t.Errorf("a directory with a size: %v", err)
	}
}

// Of the entries of a directory, one may say its attributes, or several the same.
func TestAttributesOfDirectories(t *testing.T) {
	own := spec.Spec{Attributes: spec.Attributes{HasMode: true, Mode: 0o700, HasUID: true, UID: 5}}
	entries := append(entriesOf("a{0..9}/", "a{0..9}/b/c"), Entry{Pattern: "a{0..9}/", Spec: own}, Entry{Pattern: "a{0..9}/b/", Spec: own}, Entry{Pattern: "a{0..9}/", Spec: own})
	tree, err := New(entries, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]spec.Spec{"a3": own, "b": own, "c": {Size: 1}} {
		dir := Root
		if path != "a3" {
			dir, _, _ = tree.Lookup(Root, "a3")
		}
		if path == "c" {
			dir, _, _ = tree.Lookup(dir, "b")
		}
		if _, n, ok := tree.Lookup(dir, path); !ok || n.Spec != want || n.IsDir != (path != "c") {
			t.Errorf("%s: %+v, %v; want %v", path, n, ok, want)
		}
	}
	for i, want := range []Entry{{Pattern: "a{0..9}/", Spec: own}, entries[1], entries[2], entries[3], entries[4]} {
		if got := tree.Entry(i); got != want {
			t.Errorf("entry %d is %+v, want %+v", i, got, want)
		}
	}
	other := own
	other.Attributes.GID, other.Attributes.HasGID = 7, true
	_, err = New(append(entries, Entry{Pattern: "a{0..9}/", Spec: other}), Options{})
	if want := `pattern "a{0..9}/": is a directory with mode=0700,uid=5 by one entry, and with mode=0700,uid=5,gid=7 by another; keep one of them`; fmt.Sprint(err) != want {
		t.Errorf("two entries: %v, want %s", err, want)
	}
}
