package fs

import (
	"bytes"
	"syscall"
	"testing"

	"github.com/dgenfs/dgenfs/fs/corrupt"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/spec/spectest"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/hanwen/go-fuse/v2/fuse"
)

func parseCorrupt(t *testing.T, text string) spec.Corrupt {
	t.Helper()
	c, err := spec.ParseCorrupt(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// readAll reads a file by requests of a size, as far as it seems to go.
func readAll(t *testing.T, f *FS, path string, size int) []byte {
	t.Helper()
	fh := open(t, f, path)
	var all []byte
	for {
		p := make([]byte, size)
		n, _, errno := f.ReadFile(fh, int64(len(all)), p)
		if errno != 0 {
			t.Fatalf("%s at %d: %v", path, len(all), errno)
		}
		if all = append(all, p[:n]...); n == 0 {
			return all
		}
	}
}

// What a mount gives is what package corrupt computes from the file's spec, whichever
// file it is and wherever corrupt= is given.
func TestCorrupt(t *testing.T) {
	files := []string{"a:1M", "b:300001,seed=7", "d/g{0..3}:100K,scope=group,dedup=2", "own:1M,corrupt=zero@5000", "format.npy:1M,format=npy", "none:0"}
	f := New(Options{Tree: newFS(t, 5, files...).tree, Seed: 5, Trouble: spec.Trouble{Corrupt: parseCorrupt(t, "bit:5%+torn:5%+swap@4096")}})
	before := uint64(0)
	for _, path := range []string{"a", "b", "d/g0", "d/g3", "own", "format.npy", "none", "1M", "1M,seed=3", "1M,corrupt=short@8K"} {
		id := walk(t, f, path).NodeId
		n, _ := f.node(id)
		s := f.fileSpec(id, n)
		s.Trouble = f.troubleOf(s)
		opened := spectest.Open(t, s)
		r, err := corrupt.NewReader(s, opened)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		want := spectest.Bytes(t, r)
		if s.Size > 0 && bytes.Equal(want, spectest.Bytes(t, opened)) {
			t.Errorf("%s: nothing is damaged", path)
		}
		for _, size := range []int{4096, 100001, 1 << 20} {
			if got := readAll(t, f, path, size); !bytes.Equal(got, want) {
				t.Errorf("%s by %d bytes: other bytes, %d of %d", path, size, len(got), len(want))
			}
		}
		if counted := f.damaged.Load(); (counted > before) != (s.Size > 0) {
			t.Errorf("%s: %d damaged reads are counted, and %d before", path, counted, before)
		}
		before = f.damaged.Load()
	}
}

// The attribute is the SPEC of the bytes that the file should have.
func TestXAttrWithoutCorrupt(t *testing.T) {
	f := newFS(t, 0, "a:1M,seed=7,corrupt=bit:1%")
	h, buf := header(walk(t, f, "a").NodeId), make([]byte, 100)
	if n, status := f.GetXAttr(nil, &h, xattrSpec, buf); string(buf[:n]) != "1M,seed=7" || status != fuse.OK {
		t.Errorf("the attribute is %q, %v", buf[:n], status)
	}
}

func TestStaleNames(t *testing.T) {
	old := newFS(t, 0, "a:1M").tree
	entries := []tree.Entry{old.Entry(0)}
	later, err := tree.New(entries, tree.Options{History: tree.History{Generation: 2, Change: spec.Billion / 10}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		tree   *tree.Tree
		option string // besides, of all files
		name   string
		exists bool
	}{
		{old, "", "1M,corrupt=stale:1%", false},
		{old, "", "1M,corrupt=stale:1%,generation=1,change=5%", true},
		{later, "", "1M,corrupt=stale:1%", true},
		{later, "", "1M,corrupt=stale:1%,change=0%", false},
		{old, "+stale:1%", "1M", false},
		{later, "+stale:1%", "1M", true},
	} {
		f := New(Options{Tree: test.tree, Trouble: spec.Trouble{Corrupt: parseCorrupt(t, "bit:1%"+test.option)}})
		h, out := header(fuse.FUSE_ROOT_ID), fuse.EntryOut{}
		if status := f.Lookup(nil, &h, test.name, &out); status != fuse.OK || (out.NodeId != 0) != test.exists {
			t.Errorf("%s with %q: %v, node %d", test.name, test.option, status, out.NodeId)
		}
	}
}

func TestCorruptOpenFlags(t *testing.T) {
	f := newFS(t, 0, "bit:1K,corrupt=bit:1%", "short:1K,corrupt=short:1%")
	for path, want := range map[string]bool{"bit": false, "short": true} {
		var out fuse.OpenOut
		f.Open(nil, &fuse.OpenIn{InHeader: header(walk(t, f, path).NodeId), Flags: syscall.O_DIRECT}, &out)
		if got := out.OpenFlags&fuse.FOPEN_DIRECT_IO != 0; got != want {
			t.Errorf("%s opened with O_DIRECT: FOPEN_DIRECT_IO is %v", path, got)
		}
		f.Release(nil, &fuse.ReleaseIn{Fh: out.Fh})
	}
}
