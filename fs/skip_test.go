package fs

import (
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/fs/treefile"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// sparseFS has directories of ten million names each, of which one in a million is left
// in the generation that is shown: to find one takes a million steps.
func sparseFS(t *testing.T) *FS {
	t.Helper()
	history := tree.History{Generation: 1, Delete: spec.Billion - spec.Billion/1e6}
	lines := []treefile.Line{{Source: "test", Pattern: "d{0..999999}/f{0..9999999}", Spec: "1K"}}
	tr, _, err := treefile.Build(lines, treefile.Scale{}, tree.Options{History: history})
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Tree: tr})
}

// A request looks at a bounded number of names. Where it finds none, the names are
// found by SkipNames, and are those that listing without a bound finds.
func TestSkipNames(t *testing.T) {
	f := sparseFS(t)
	dirs := firstOf(t, f)
	later := 0
	for _, dir := range dirs[2:5] {
		var want []string
		for child := range f.tree.ReadDir(tree.ID(dir.ino), 0) {
			want = append(want, string(child.Name))
			if len(want) == 3 {
				break
			}
		}
		var got []string
		for off := uint64(dots); len(got) < len(want); {
			out := fuse.NewDirEntryList(make([]byte, 64), off) // has room for one
			in := &fuse.ReadIn{InHeader: header(dir.ino), Offset: off, Size: 64}
			switch status := f.ReadDir(nil, in, out); status {
			case fuse.EAGAIN:
				later++
				next := f.SkipNames(dir.ino, off, nil)
				if next < off {
					t.Fatalf("from %d back to %d", off, next)
				}
				if again := f.SkipNames(dir.ino, next, nil); again != next {
					t.Fatalf("the name at %d is skipped to %d", next, again)
				}
				off = next
			case fuse.OK:
				raw := out.Bytes()
				if len(raw) == 0 {
					t.Fatalf("%s ends at %d, after %q", dir.name, off, got)
				}
				d := parseDirents(raw)[0]
				got, off = append(got, d.name), d.off
			default:
				t.Fatal(status)
			}
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: %q, want %q", dir.name, got, want)
			}
		}
	}
	if later == 0 {
		t.Error("every listing was short enough for one request: nothing was tested")
	}
}

// SkipNames ends when it is cancelled, wherever it is.
func TestSkipNamesCancelled(t *testing.T) {
	f := sparseFS(t)
	dirs := firstOf(t, f)
	cancel := make(chan struct{})
	close(cancel)
	done := make(chan uint64, 1)
	go func() { done <- f.SkipNames(dirs[2].ino, dots, cancel) }()
	select {
	case off := <-done:
		if off != dots {
			t.Errorf("went on to %d", off)
		}
	case <-time.After(time.Minute):
		t.Fatal("goes on")
	}
}

// firstOf returns the first entries of the root.
func firstOf(t *testing.T, f *FS) []dirent {
	t.Helper()
	out := fuse.NewDirEntryList(make([]byte, 4096), 0)
	in := &fuse.ReadIn{InHeader: header(fuse.FUSE_ROOT_ID), Size: 4096}
	if status := f.ReadDir(nil, in, out); status != fuse.OK {
		t.Fatal(status)
	}
	return parseDirents(out.Bytes())
}
