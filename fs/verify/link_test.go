package verify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/tree"
)

// Symbolic links are compared by their targets, and never followed.
func TestSymlinks(t *testing.T) {
	tr := testTree(t, tree.Options{}, "d/f{0..3}:100", "d/l{0..3}:symlink=f{0..3}", "e/dangling:symlink=/none/at all", "only/link:symlink=../d")
	dir := copyTree(t, tr, 0)
	for name, target := range map[string]string{"d/l0": "f0", "d/l1": "f1", "d/l2": "f2", "d/l3": "f3", "e/dangling": "/none/at all", "only/link": "../d"} {
		os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755)
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	o := Options{Tree: tr, Targets: []Target{{Path: dir}}}
	if r := verified(t, o); r.Differs() || r.Unread() || r.Links != 6 || r.Files != 4 || !strings.HasPrefix(r.summary()[0], "4 files and 6 symbolic links compared") {
		t.Errorf("%v", r.summary())
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		os.Remove(at("d/l0")),
		os.Remove(at("d/l1")), os.Symlink("f2", at("d/l1")),
		os.Remove(at("d/l2")), os.WriteFile(at("d/l2"), []byte("f2"), 0o644),
		os.Remove(at("d/f3")), os.Symlink("f0", at("d/f3")),
		os.Symlink("x", at("d/more")),
		os.RemoveAll(at("only")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	r := verified(t, o)
	if r.Missing != 2 || r.Retargeted != 1 || r.Irregular != 2 || r.Additional != 1 || r.Links != 3 || !r.Differs() {
		t.Errorf("%+v", r)
	}
	text := strings.Join(r.summary(), "\n")
	for _, p := range r.Problems {
		text += "\n" + p.String()
	}
	for _, want := range []string{"1 symbolic link points elsewhere", `d/l1: points to "f2", and should point to "f1"`, "d/l2: not a symbolic link", "d/f3: not a regular file"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	o.Targets = []Target{{Path: at("d/f0"), At: "d/l0"}}
	if err := o.Check(); err == nil || !strings.Contains(err.Error(), "a symbolic link; it is compared with the directory that it is in") {
		t.Errorf("a link alone: %v", err)
	}
}

// Hard links are compared by each of their names. Whether a copy has kept them is said, and
// is no difference.
func TestHardLinks(t *testing.T) {
	tr := testTree(t, tree.Options{Seed: 3}, "d/f{0..3}:100K", "d/g{0..3}:hardlink=d/f{0..3}", "e/h{0..1}:hardlink=d/f{0..3}")
	dir := copyTree(t, tr, 3)
	at := func(name string) string { return filepath.Join(dir, name) }
	os.Mkdir(at("e"), 0o755)
	for name, file := range map[string]string{"d/g0": "d/f0", "d/g1": "d/f1", "d/g2": "d/f2", "e/h0": "d/f0", "e/h1": "d/f1"} {
		if err := os.Link(at(file), at(name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, at("d/g3"), read(t, at("d/f3")))
	o := Options{Tree: tr, Seed: 3, Targets: []Target{{Path: dir}}}
	r := verified(t, o)
	if r.Differs() || r.Unread() || r.Files != 10 || r.HardLinks != 6 || r.Separate != 1 || !strings.Contains(strings.Join(r.summary(), "\n"), "1 of 6 hard links are files of their own in the copy, which is no difference") {
		t.Errorf("%+v\n%q", r, r.summary())
	}
	// Of a directory alone, the files of some links are elsewhere.
	o.Targets = []Target{{Path: at("e"), At: "e"}}
	if r := verified(t, o); r.Differs() || r.Files != 2 || r.HardLinks != 0 {
		t.Errorf("%+v", r)
	}
	o.Targets = []Target{{Path: at("d"), At: "d"}}
	if r := verified(t, o); r.Differs() || r.Files != 8 || r.HardLinks != 4 || r.Separate != 1 {
		t.Errorf("%+v", r)
	}
	p := read(t, at("d/g3"))
	p[5000] ^= 1
	write(t, at("d/g3"), p)
	os.Remove(at("e/h1"))
	o.Targets = []Target{{Path: dir}}
	r = verified(t, o)
	if r.Different != 1 || r.Missing != 1 || r.Missings[0] != "e/h1" || r.Damaged[0].File != "d/g3" || r.Equal != 8 {
		t.Errorf("%+v", r)
	}
}
