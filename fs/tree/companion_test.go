package tree

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/format"
	"github.com/dgenfs/dgenfs/fs/spec"
)

func entryOf(t *testing.T, pattern, files string) Entry {
	t.Helper()
	f, err := spec.ParseFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	return Entry{Pattern: pattern, Spec: f.Spec, Sizes: f.Sizes, Index: f.Index}
}

// filesOf returns the specs of all files that are listed, by path.
func filesOf(t *testing.T, tree *Tree) map[string]spec.Spec {
	t.Helper()
	specs := make(map[string]spec.Spec)
	for _, path := range all(tree) {
		if strings.HasSuffix(path, "/") {
			continue
		}
		id, node := Root, Node{}
		for name := range strings.SplitSeq(path, "/") {
			var ok bool
			if id, node, ok = tree.Lookup(id, name); !ok {
				t.Fatalf("%s is listed, and %q is not found", path, name)
			}
		}
		specs[path] = node.Spec
	}
	return specs
}

// Each file has its index file, with the records that it has, in any generation: they
// come and go together.
func TestCompanions(t *testing.T) {
	entries := []Entry{
		entryOf(t, "train/img_{000..199}_of_200.tfrecord", "square:1681:212,format=tfrecord,index=index"),
		entryOf(t, "d{0..4}/part_{0..19}.bin", "1K..1M,index=."),
		entryOf(t, "d{0..4}/fixed{0..3}", "1M,record=1K,index=index"),
		entryOf(t, "other", "5"),
	}
	for _, o := range []Options{
		{},
		{Seed: 7},
		{History: History{Generation: 30, Grow: spec.Billion / 20, Delete: spec.Billion / 25, Change: spec.Billion / 10}},
	} {
		tree, err := New(entries, o)
		if err != nil {
			t.Fatal(err)
		}
		specs := filesOf(t, tree)
		files, companions, bytes := 0, 0, uint64(0)
		for path, s := range specs {
			bytes += uint64(s.Size)
			if strings.HasSuffix(path, ".idx") {
				companions++
				continue
			}
			files++
			s.Revision = spec.Revision{}
			want := map[string]string{}
			switch {
			case strings.HasPrefix(path, "train/"):
				want["index/"+path+".idx"] = "tfindex"
			case strings.Contains(path, "part"):
				want[path+".off.idx"], want[path+".sz.idx"] = "offsets", "lengths"
			case strings.Contains(path, "fixed"):
				want["index/"+path+".off.idx"], want["index/"+path+".sz.idx"] = "offsets", "lengths"
			}
			for name, kind := range want {
				got, ok := specs[name]
				switch {
				case !ok:
					t.Errorf("%+v: %s has no %s", o.History, path, name)
				case got.Format.Format != kind:
					t.Errorf("%s is %s, want %s", name, got, kind)
				case kind == "tfindex" && tfrecordOf(t, got.Format.Record) != s:
					t.Errorf("%s, %s is the index of records of %d", path, s, got.Format.Record)
				case kind != "tfindex" && got.Size/8*got.Format.Record != s.Size:
					t.Errorf("%s of %d bytes has the index %s", path, s.Size, got)
				}
			}
		}
		if o.History.Generation == 0 && (files != 321 || companions != 200+2*100+2*20) {
			t.Errorf("%d files and %d index files", files, companions)
		}
		if tree.Files() != uint64(files+companions) {
			t.Errorf("%+v: %d files, and %d are listed", o.History, tree.Files(), files+companions)
		}
		if off := float64(tree.Bytes())/float64(bytes) - 1; o.History.Generation == 0 && (off > 1e-3 || off < -1e-3) {
			t.Errorf("%d bytes, and files have %d", tree.Bytes(), bytes)
		}
		for i, e := range entries {
			if got := tree.Entry(i); got != e {
				t.Errorf("entry %d is %+v, want %+v", i, got, e)
			}
		}
		if tree.Entries() != len(entries) {
			t.Errorf("%d entries, want %d", tree.Entries(), len(entries))
		}
	}
}

func tfrecordOf(t *testing.T, record int64) spec.Spec {
	t.Helper()
	return entryOf(t, "x", fmt.Sprint(format.RecordSize(record), ",format=tfrecord")).Spec
}

// Index files are names like others.
func TestCompanionsThatClash(t *testing.T) {
	for name, want := range map[string]string{
		"index/a.tfrecord.idx": `both make the file "index/a.tfrecord.idx"`,
		"index":                `"index" is a directory by pattern "a.tfrecord" and a file by pattern "index"`,
	} {
		_, err := New([]Entry{entryOf(t, "a.tfrecord", "1M,format=tfrecord,index=index"), entryOf(t, name, "1")}, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", name, err, want)
		}
	}
	long := strings.Repeat("x", 253)
	if _, err := New([]Entry{entryOf(t, long, "1M,format=tfrecord,index=.")}, Options{}); err == nil || !strings.Contains(err.Error(), "names of up to 257 bytes; the limit is 255") {
		t.Errorf("a name that is too long for its index: %v", err)
	}
}
