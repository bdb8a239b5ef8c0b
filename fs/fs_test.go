package fs

import (
	"math"
	"strings"
	"syscall"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// These tests call the file system as go-fuse does, without a mount.

func newFS(t testing.TB, seed uint64, files ...string) *FS {
	t.Helper()
	var entries []tree.Entry
	for _, file := range files {
		pattern, text, _ := strings.Cut(file, ":")
		s, err := spec.ParseFiles(text)
		if err == nil {
			s, err = s.Named(pattern)
		}
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, tree.Entry{Pattern: pattern, Spec: s.Spec, Sizes: s.Sizes})
	}
	tr, err := tree.New(entries, tree.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Tree: tr, Seed: seed, UID: 12, GID: 34})
}

func header(id uint64) fuse.InHeader { return fuse.InHeader{NodeId: id} }

// walk looks a path up, component by component.
func walk(t testing.TB, f *FS, path string) fuse.EntryOut {
	t.Helper()
	out := fuse.EntryOut{NodeId: fuse.FUSE_ROOT_ID}
	for name := range strings.SplitSeq(path, "/") {
		h := header(out.NodeId)
		out = fuse.EntryOut{}
		if status := f.Lookup(nil, &h, name, &out); status != fuse.OK || out.NodeId == 0 {
			t.Fatalf("looking up %q of %q: %v, node %d", name, path, status, out.NodeId)
		}
	}
	return out
}

func TestLookup(t *testing.T) {
	f := newFS(t, 0, "data:10M", "d/{00..99}/x:1000003", "5G:1G")
	tests := []struct {
		path  string
		mode  uint32
		size  uint64
		block uint32
	}{
		{"data", fuse.S_IFREG | 0o444, 10 << 20, 1 << 20},
		{"d", fuse.S_IFDIR | 0o555, 0, 1 << 20},
		{"d/42", fuse.S_IFDIR | 0o555, 0, 1 << 20},
		{"d/42/x", fuse.S_IFREG | 0o444, 1000003, 1 << 20},
		{"5G", fuse.S_IFREG | 0o444, 1 << 30, 1 << 20}, // an entry takes precedence over a spec
		{"6G", fuse.S_IFREG | 0o444, 6 << 30, 1 << 20},
		{"12K", fuse.S_IFREG | 0o444, 12 << 10, 16 << 10},
		{"16K", fuse.S_IFREG | 0o444, 16 << 10, 16 << 10},
		{"0", fuse.S_IFREG | 0o444, 0, 4096},
		{"9223372036854775807,dedup=3", fuse.S_IFREG | 0o444, math.MaxInt64, 1 << 20},
	}
	inodes := make(map[uint64]string)
	for _, test := range tests {
		out := walk(t, f, test.path)
		if out.Mode != test.mode || out.Size != test.size {
			t.Errorf("%s: mode %o, size %d; want %o, %d", test.path, out.Mode, out.Size, test.mode, test.size)
		}
		if out.Ino != out.NodeId || inodes[out.Ino] != "" {
			t.Errorf("%s: node %d, inode %d, used before by %q", test.path, out.NodeId, out.Ino, inodes[out.Ino])
		}
		inodes[out.Ino] = test.path
		if out.Blocks != (test.size+511)/512 || out.Blksize != test.block || out.Uid != 12 || out.Gid != 34 || out.Mtime > epoch || out.Mtime <= epoch-day || out.Mode&fuse.S_IFDIR != 0 && out.Mtime != epoch {
			t.Errorf("%s: unexpected attributes %+v", test.path, out.Attr)
		}
		if out.EntryTimeout() < valid || out.AttrTimeout() < valid {
			t.Errorf("%s: names and attributes are valid for %v and %v", test.path, out.EntryTimeout(), out.AttrTimeout())
		}
	}
	// A name that does not exist is an answer, too, which the kernel keeps.
	for _, path := range []string{"nothing", "1X", "1G,", "d/1G", "d/100", "d/42/1G", "data/1G", "..."} {
		dir, name := uint64(fuse.FUSE_ROOT_ID), path
		if i := strings.LastIndexByte(path, '/'); i >= 0 {
			dir, name = walk(t, f, path[:i]).NodeId, path[i+1:]
		}
		h := header(dir)
		var out fuse.EntryOut
		if status := f.Lookup(nil, &h, name, &out); status != fuse.OK || out.NodeId != 0 || out.EntryTimeout() < valid {
			t.Errorf("%s: %v, node %d, valid for %v; want a lasting answer that there is none", path, status, out.NodeId, out.EntryTimeout())
		}
	}
}

// NFS servers ask for nodes by their ids, and for their directories.
func TestLookupOfHandles(t *testing.T) {
	f := newFS(t, 0, "d/{0..99}/x:1000003", "data:1")
	f.setControl([]controlFile{{"config", nil}}, false)
	for path, parent := range map[string]string{"d/42/x": "d/42", "d/42": "d", "d": "", "data": "", "5G": "", ".dgenfs": ""} {
		id, want := walk(t, f, path).NodeId, uint64(fuse.FUSE_ROOT_ID)
		if parent != "" {
			want = walk(t, f, parent).NodeId
		}
		h := header(id)
		var self, up fuse.EntryOut
		if status := f.Lookup(nil, &h, ".", &self); status != fuse.OK || self.NodeId != id {
			t.Errorf("%s: \".\" is node %d, %v, want %d", path, self.NodeId, status, id)
		}
		if status := f.Lookup(nil, &h, "..", &up); status != fuse.OK || up.NodeId != want {
			t.Errorf("%s: \"..\" is node %d, %v, want %d", path, up.NodeId, status, want)
		}
	}
	h := header(1 << 60)
	if status := f.Lookup(nil, &h, ".", new(fuse.EntryOut)); status != fuse.Status(syscall.ESTALE) {
		t.Errorf("an unknown node: %v", status)
	}
}

// A node id that stands for nothing gives ESTALE everywhere.
func TestStale(t *testing.T) {
	f := newFS(t, 0, "a:1K")
	estale := fuse.Status(syscall.ESTALE)
	for _, id := range []uint64{0, 3, 1 << 40, 1<<61 + 99, specNameBit, specNameBit | 25, specNameBit | hashedNameBit, specNameBit | hashedNameBit | 77, math.MaxUint64} {
		h := header(id)
		if status := f.GetAttr(nil, &fuse.GetAttrIn{InHeader: h}, &fuse.AttrOut{}); status != estale {
			t.Errorf("GetAttr of node %#x: %v", id, status)
		}
		if status := f.Open(nil, &fuse.OpenIn{InHeader: h}, &fuse.OpenOut{}); status != estale {
			t.Errorf("Open of node %#x: %v", id, status)
		}
		if status := f.OpenDir(nil, &fuse.OpenIn{InHeader: h}, &fuse.OpenOut{}); status != estale {
			t.Errorf("OpenDir of node %#x: %v", id, status)
		}
		if _, status := f.GetXAttr(nil, &h, xattrSpec, nil); status != estale {
			t.Errorf("GetXAttr of node %#x: %v", id, status)
		}
	}
	// Nothing is forgotten that follows from the id.
	for _, path := range []string{"a", "1G"} {
		out := walk(t, f, path)
		f.Forget(out.NodeId, 1)
		if status := f.GetAttr(nil, &fuse.GetAttrIn{InHeader: header(out.NodeId)}, &fuse.AttrOut{}); status != fuse.OK {
			t.Errorf("GetAttr of %s, which the kernel has forgotten: %v", path, status)
		}
	}
}

func TestStatFs(t *testing.T) {
	for _, test := range []struct {
		files             []string
		blocks, fileCount uint64
	}{
		{[]string{"a:4K", "b:1"}, 2, 3},
		{[]string{"d/{0..9}:4K"}, 10, 12},
		{[]string{"a{0..9}:9223372036854775807"}, math.MaxUint64 / 4096, 11},
		{nil, 1, 1},
	} {
		var out fuse.StatfsOut
		f := newFS(t, 0, test.files...)
		if status := f.StatFs(nil, &fuse.InHeader{}, &out); status != fuse.OK {
			t.Fatal(status)
		}
		if out.Blocks != test.blocks || out.Files != test.fileCount || out.Bfree != out.Blocks || out.Bavail != out.Blocks || out.Ffree != out.Files || out.Bsize != 4096 || out.Frsize != 4096 || out.NameLen != 255 {
			t.Errorf("%q: %+v", test.files, out)
		}
	}
}

// The kernel refuses to change a read-only mount by itself; should it ask all
// the same, so do we.
func TestReadOnly(t *testing.T) {
	f := newFS(t, 0, "a:1K")
	h := header(fuse.FUSE_ROOT_ID)
	for name, status := range map[string]fuse.Status{
		"SetAttr":     f.SetAttr(nil, &fuse.SetAttrIn{}, nil),
		"Mknod":       f.Mknod(nil, &fuse.MknodIn{}, "x", nil),
		"Mkdir":       f.Mkdir(nil, &fuse.MkdirIn{}, "x", nil),
		"Unlink":      f.Unlink(nil, &h, "a"),
		"Rmdir":       f.Rmdir(nil, &h, "a"),
		"Rename":      f.Rename(nil, &fuse.RenameIn{}, "a", "b"),
		"Link":        f.Link(nil, &fuse.LinkIn{}, "b", nil),
		"Symlink":     f.Symlink(nil, &h, "a", "b", nil),
		"SetXAttr":    f.SetXAttr(nil, &fuse.SetXAttrIn{}, "user.x", nil),
		"RemoveXAttr": f.RemoveXAttr(nil, &h, "user.dgenfs.spec"),
		"Create":      f.Create(nil, &fuse.CreateIn{}, "x", nil),
		"Tmpfile":     f.Tmpfile(nil, &fuse.CreateIn{}, nil),
		"Fallocate":   f.Fallocate(nil, &fuse.FallocateIn{}),
	} {
		if status != fuse.EROFS {
			t.Errorf("%s: %v, want EROFS", name, status)
		}
	}
}

// Answers that older kernels pass on, or take as a hint. They ask at every close, and
// before Linux 5.16 nothing but ENOSYS stops that.
func TestAnswersToOldKernels(t *testing.T) {
	f := newFS(t, 0, "data:1M")
	if status := f.Flush(nil, &fuse.FlushIn{}); status != fuse.ENOSYS {
		t.Errorf("FLUSH: %v, want %v", status, fuse.ENOSYS)
	}
	if status := f.Ioctl(nil, &fuse.IoctlIn{}, nil, &fuse.IoctlOut{}, nil); status != fuse.Status(syscall.ENOTTY) {
		t.Errorf("IOCTL: %v, want %v", status, syscall.ENOTTY)
	}
}
