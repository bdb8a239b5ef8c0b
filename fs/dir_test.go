package fs

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// dirent is an entry of a listing.
type dirent struct {
	name     string
	ino, off uint64
	kind     uint32
}

// list reads a directory through buffers of some size, from an offset on.
func list(t *testing.T, f *FS, dir uint64, size int, off uint64) []dirent {
	t.Helper()
	var all []dirent
	for {
		buf := make([]byte, size)
		out := fuse.NewDirEntryList(buf, off)
		in := &fuse.ReadIn{InHeader: header(dir), Offset: off, Size: uint32(size)}
		if status := f.ReadDir(nil, in, out); status != fuse.OK {
			t.Fatalf("ReadDir at %d: %v", off, status)
		}
		raw := out.Bytes()
		if len(raw) == 0 {
			return all
		}
		all = append(all, parseDirents(raw)...)
		off = all[len(all)-1].off
	}
}

// parseDirents reads entries as READDIR returns them: struct fuse_dirent of linux/fuse.h.
func parseDirents(raw []byte) (all []dirent) {
	for len(raw) > 0 {
		n := binary.NativeEndian.Uint32(raw[16:])
		all = append(all, dirent{
			ino:  binary.NativeEndian.Uint64(raw),
			off:  binary.NativeEndian.Uint64(raw[8:]),
			kind: binary.NativeEndian.Uint32(raw[20:]),
			name: string(raw[24 : 24+n]),
		})
		raw = raw[(24+n+7)&^7:]
	}
	return all
}

func TestReadDir(t *testing.T) {
	f := newFS(t, 0, "f{000..199}:1K", "dir/x:1K", "zzz:1")
	whole := list(t, f, fuse.FUSE_ROOT_ID, 1<<20, 0)
	if len(whole) != 2+200+2 || whole[0].name != "." || whole[1].name != ".." {
		t.Fatalf("%d entries, starting %+v", len(whole), whole[:2])
	}
	for i, d := range whole {
		if d.off != uint64(i+1) {
			t.Fatalf("entry %d, %s, has offset %d", i, d.name, d.off)
		}
		if i < 2 {
			continue
		}
		out := walk(t, f, d.name)
		if out.Ino != d.ino || out.Mode>>12 != d.kind {
			t.Errorf("%s: inode %d and type %d in the listing, %d and %o by look-up", d.name, d.ino, d.kind, out.Ino, out.Mode)
		}
	}
	// The same through the smallest buffers, and from every offset.
	for _, size := range []int{32, 64, 100, 4096} {
		if got := list(t, f, fuse.FUSE_ROOT_ID, size, 0); !equalDirents(got, whole) {
			t.Errorf("another listing through a buffer of %d bytes: %d entries", size, len(got))
		}
	}
	for off := range len(whole) + 1 {
		if got := list(t, f, fuse.FUSE_ROOT_ID, 1000, uint64(off)); !equalDirents(got, whole[off:]) {
			t.Errorf("another listing from offset %d: %d entries, want %d", off, len(got), len(whole)-off)
		}
	}
	for _, off := range []uint64{1 << 32, math.MaxInt64, math.MaxUint64} {
		if got := list(t, f, fuse.FUSE_ROOT_ID, 1000, off); len(got) != 0 {
			t.Errorf("offset %d lists %d entries", off, len(got))
		}
	}
	dir := walk(t, f, "dir").NodeId
	below := list(t, f, dir, 4096, 0)
	if len(below) != 3 || below[0].ino != dir || below[1].ino != fuse.FUSE_ROOT_ID || below[2].name != "x" {
		t.Errorf("dir lists %+v", below)
	}
}

func equalDirents(a, b []dirent) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestReadDirPlus(t *testing.T) {
	f := newFS(t, 0, "a:1K", "d/x:2K")
	out := fuse.NewDirEntryList(make([]byte, 64<<10), 0)
	in := &fuse.ReadIn{InHeader: header(fuse.FUSE_ROOT_ID), Size: 64 << 10}
	if status := f.ReadDirPlus(nil, in, out); status != fuse.OK {
		t.Fatal(status)
	}
	// Before each is an entry of 128 bytes as in a look-up; those of "." and ".." are zero.
	raw, i := out.Bytes(), 0
	for len(raw) > 0 {
		node := binary.NativeEndian.Uint64(raw)
		n := binary.NativeEndian.Uint32(raw[128+16:])
		name := string(raw[128+24 : 128+24+n])
		if i < 2 && node != 0 {
			t.Errorf("%q comes with the node %d: the kernel would take it for a look-up", name, node)
		} else if i >= 2 && node != walk(t, f, name).NodeId {
			t.Errorf("%q comes with the node %d, want %d", name, node, walk(t, f, name).NodeId)
		}
		raw, i = raw[128+(24+n+7)&^7:], i+1
	}
	if i != 4 {
		t.Errorf("%d entries, want 4", i)
	}
}
