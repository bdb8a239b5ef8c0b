package verify

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
)

// testTree returns a tree of entries NAME:SPEC.
func testTree(t testing.TB, o tree.Options, entries ...string) *tree.Tree {
	t.Helper()
	var all []tree.Entry
	for _, e := range entries {
		if strings.HasSuffix(e, "/") {
			all = append(all, tree.Entry{Pattern: e}) // a directory
			continue
		}
		name, text, _ := spec.CutName(e)
		f, err := spec.ParseFiles(text)
		if err != nil {
			t.Fatal(err)
		}
		if f, err = f.Named(name); err != nil {
			t.Fatal(err)
		}
		all = append(all, tree.Entry{Pattern: name, Spec: f.Spec, Sizes: f.Sizes, Link: f.Link})
	}
	tr, err := tree.New(all, o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// copyTree writes all files of a tree below a new directory.
func copyTree(t testing.TB, tr *tree.Tree, seed uint64) string {
	t.Helper()
	dir := t.TempDir()
	s := source{tr, seed}
	for id, n := range s.all {
		f := s.file(id, n)
		write(t, filepath.Join(dir, f.name), bytesOf(t, f.spec))
	}
	return dir
}

func write(t testing.TB, path string, p []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, p, 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// verified returns the report of comparing.
func verified(t testing.TB, o Options) *Report {
	t.Helper()
	r, err := Compare(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// everything is a tree with contents of all kinds.
var everything = []string{
	"plain/f{0..4}:300K",
	"dedup{0..2}:1M,dedup=2,unit=16K",
	"compress{0..2}:300K,compress=3",
	"texture/{0..2}.txt:300K,texture=text",
	"texture/{0..2}.log:300K,texture=log",
	"format/{0..2}.npy:300K,format=npy,dtype=f4",
	"format/{0..2}.tar:300K,format=tar",
	"group{0..5}:256K,dedup=3,unit=16K,scope=group",
	"small{00..29}:1..9K",
	"empty:0",
}

// A copy of a tree is equal, whatever is in it, in every generation and every shard.
func TestNoFalseAlarm(t *testing.T) {
	history := tree.History{Generation: 3, Change: spec.Billion / 10, Grow: spec.Billion / 20, Delete: spec.Billion / 20}
	for _, o := range []tree.Options{{Seed: 5}, {Seed: 5, History: history}, {Seed: 5, Shard: tree.Shard{Index: 1, Count: 3}}} {
		tr := testTree(t, o, everything...)
		dir := copyTree(t, tr, 5)
		for _, cached := range []bool{false, true} {
			r := verified(t, Options{Tree: tr, Seed: 5, Targets: []Target{{Path: dir}}, Cached: cached})
			if r.Differs() || r.Unread() || r.Equal != r.Files || r.Files == 0 || uint64(r.Files) != tr.Files() && o.Shard.Count == 0 {
				t.Errorf("%+v: %d of %d files are equal: %v", o, r.Equal, r.Files, r.summary())
			}
			if uint64(r.Bytes) != tr.Bytes() && o == (tree.Options{Seed: 5}) {
				t.Errorf("%+v: %d of %d bytes were compared", o, r.Bytes, tr.Bytes())
			}
		}
	}
}

// moved is damage that is about other files, and what must be reported of it.
type moved struct {
	name string
	do   func(t *testing.T, dir string, old string)
	want string // FILE KIND@OFFSET+LENGTH for every run, with FROM:OFFSET behind it
}

// put copies a piece of one file into another.
func put(t *testing.T, from string, at int, to string, off, n int) {
	t.Helper()
	p, q := read(t, from), read(t, to)
	copy(q[off:off+n], p[at:])
	write(t, to, q)
}

// foundIn writes the runs of a report as moved.want has them.
func foundIn(r *Report) string {
	var all []string
	for _, run := range r.Damage {
		text := fmt.Sprintf("%s %s@%d+%d", run.File, run.Kind, run.Offset, run.Length)
		switch {
		case run.Generation != nil:
			text += fmt.Sprintf(" generation %d", *run.Generation)
		case run.Seed != nil:
			text += fmt.Sprintf(" seed %d", *run.Seed)
		case run.From != "":
			text += fmt.Sprintf(" %s:%d", run.From, *run.FromOffset)
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// Data of other places, generations and seeds are recognized, in contents of all kinds.
func TestPlaces(t *testing.T) {
	history := tree.History{Generation: 3, Change: spec.Billion / 5}
	older := history
	older.Generation = 2
	tr := testTree(t, tree.Options{Seed: 5, History: history}, everything...)
	old := copyTree(t, testTree(t, tree.Options{Seed: 5, History: older}, everything...), 5)
	otherSeed := copyTree(t, testTree(t, tree.Options{Seed: 5, History: history}, everything...), 777)
	const cell = 4096
	for _, d := range []moved{
		{"a unit of another file", func(t *testing.T, dir, _ string) {
			put(t, dir+"/plain/f1", 16*cell, dir+"/plain/f3", 8*cell, 4*cell)
		}, "plain/f3 place@32768+16384 plain/f1:65536"},
		{"a sector of another file", func(t *testing.T, dir, _ string) {
			put(t, dir+"/plain/f1", 16*cell+1536, dir+"/plain/f3", 8*cell+1024, 512)
		}, "plain/f3 place@33792+512 plain/f1:67072"},
		{"far away, unaligned", func(t *testing.T, dir, _ string) {
			put(t, dir+"/plain/f1", 16*cell+77, dir+"/plain/f3", 8*cell, 5*cell)
		}, "plain/f3 place@32768+20480 plain/f1:65613"},
		{"compressed", func(t *testing.T, dir, _ string) {
			put(t, dir+"/compress1", 16*cell, dir+"/compress2", 8*cell, 4*cell)
		}, "compress2 place@32768+16384 compress1:65536"},
		{"text", func(t *testing.T, dir, _ string) {
			put(t, dir+"/texture/1.txt", 16*cell, dir+"/texture/2.txt", 8*cell, 4*cell)
		}, "texture/2.txt place@32768+16384 texture/1.txt:65536"},
		{"a log", func(t *testing.T, dir, _ string) {
			put(t, dir+"/texture/1.log", 16*cell, dir+"/texture/2.log", 8*cell, 4*cell)
		}, "texture/2.log place@32768+16384 texture/1.log:65536"},
		{"a format", func(t *testing.T, dir, _ string) {
			put(t, dir+"/format/1.npy", 16*cell, dir+"/format/2.npy", 8*cell, 4*cell)
		}, "format/2.npy place@32768+16384 format/1.npy:65536"},
		{"another place of the same file", func(t *testing.T, dir, _ string) {
			put(t, dir+"/plain/f1", 16*cell, dir+"/plain/f1", 8*cell, 4*cell)
		}, "plain/f1 place@32768+16384 plain/f1:65536"},
		{"a group", func(t *testing.T, dir, _ string) {
			put(t, dir+"/group1", 0, dir+"/group2", 0, 4*cell)
		}, "group2 place@0+16384 group1:0"},
		{"stale", func(t *testing.T, dir, old string) {
			write(t, dir+"/dedup1", read(t, old+"/dedup1"))
		}, "dedup1 generation generation 2"},
		{"another seed", func(t *testing.T, dir, old string) {
			write(t, dir+"/plain/f2", read(t, otherSeed+"/plain/f2"))
		}, "plain/f2 seed@0+307200 seed 777"},
		{"another seed in text", func(t *testing.T, dir, old string) {
			put(t, otherSeed+"/texture/1.txt", 8*cell, dir+"/texture/1.txt", 8*cell, 4*cell)
		}, "texture/1.txt seed@32768+16384 seed 777"},
		{"a whole file of another", func(t *testing.T, dir, old string) {
			write(t, dir+"/plain/f2", read(t, dir+"/plain/f0"))
		}, "plain/f2 place@0+307200 plain/f0:0"},
	} {
		if raceEnabled() && d.name != "text" && d.name != "another seed" {
			continue // the same goroutines
		}
		t.Run(d.name, func(t *testing.T) {
			dir := copyTree(t, tr, 5)
			d.do(t, dir, old)
			r := verified(t, Options{Tree: tr, Seed: 5, Targets: []Target{{Path: dir}}})
			if d.name == "stale" { // some units, of which the seed says which
				if len(r.Damage) == 0 || int64(len(r.Damage)) != r.Kinds[Generation].Runs || *r.Damage[0].Generation != 2 {
					t.Errorf("got %s", foundIn(r))
				}
			} else if got := foundIn(r); got != d.want {
				t.Errorf("got %s\nwant %s", got, d.want)
			}
			if r.Different != 1 || r.Equal != r.Files-1 {
				t.Errorf("%v", r.summary())
			}
		})
	}
}

// raceEnabled reports whether the tests were built with the race detector, under which
// tests of one goroutine take minutes.
func raceEnabled() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
