package fs

import (
	"bytes"
	"math"
	"syscall"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

func seek(f *FS, id uint64, off int64, whence uint32) (int64, fuse.Status) {
	var out fuse.LseekOut
	status := f.Lseek(nil, &fuse.LseekIn{InHeader: header(id), Offset: uint64(off), Whence: whence}, &out)
	return int64(out.Offset), status
}

// What SEEK_DATA and SEEK_HOLE say is what is read, and st_blocks is what is not in holes.
func TestSparseFiles(t *testing.T) {
	f := mountedTree(t, tree.Options{Seed: 5}, "a/{0..3} 3000001,holes=30%,hole=64K\nmost 2M,holes=90%,hole=4K\nall 300K,holes=100%\ngroup{0..3} 1M,holes=50%,hole=64K,unit=64K,scope=group,dedup=2\nslow 1M,holes=50%,latency=1us\n")
	for path, data := range map[string]uint64{"a/0": 3000001 - 14*64<<10, "a/3": 3000001 - 14*64<<10, "most": 51 * 4096, "all": 0, "group2": 512 << 10, "slow": 512 << 10, "1M,holes=25%": 768 << 10} {
		out := walk(t, f, path)
		if out.Blocks != (data+511)/512 {
			t.Errorf("%s: %d blocks, want %d bytes", path, out.Blocks, data)
		}
		if path == "slow" {
			continue // which reads do not return at once
		}
		all := readAll(t, f, path, 100000)
		size := int64(out.Size)
		var seen uint64
		for off := int64(0); off < size; {
			begin, status := seek(f, out.NodeId, off, unix.SEEK_DATA)
			if status == fuse.Status(syscall.ENXIO) {
				begin = size
			} else if status != fuse.OK {
				t.Fatalf("%s: data from %d on: %v", path, off, status)
			}
			if len(bytes.Trim(all[off:begin], "\x00")) > 0 {
				t.Fatalf("%s: the hole from %d to %d is not of zeros", path, off, begin)
			}
			if begin == size {
				break
			}
			end, status := seek(f, out.NodeId, begin, unix.SEEK_HOLE)
			if status != fuse.OK || end <= begin || end > size {
				t.Fatalf("%s: hole from %d on: %d, %v", path, begin, end, status)
			}
			seen += uint64(end - begin)
			off = end
		}
		if seen != data {
			t.Errorf("%s: %d bytes of data, want %d", path, seen, data)
		}
	}
	if a, b := readAll(t, f, "a/0", 1<<20), readAll(t, f, "a/1", 1<<20); bytes.Equal(a, b) {
		t.Error("two files are the same")
	}
}

// Files without holes are data up to their end, as for a kernel that does not ask.
func TestSeekWithoutHoles(t *testing.T) {
	f := newFS(t, 0, "plain:10M", "empty:0", "d/x:1")
	f.setControl([]controlFile{{"config", func() Contents { return bytes.NewReader([]byte("config")) }}}, false)
	for path, size := range map[string]int64{"plain": 10 << 20, "empty": 0, "9223372036854775807": math.MaxInt64, ".dgenfs/config": 6} {
		id := walk(t, f, path).NodeId
		for _, off := range []int64{0, 1, 5, size - 1} {
			if off < 0 || off >= size {
				continue
			}
			if at, status := seek(f, id, off, unix.SEEK_DATA); at != off || status != fuse.OK {
				t.Errorf("%s: data from %d on: %d, %v", path, off, at, status)
			}
			if at, status := seek(f, id, off, unix.SEEK_HOLE); at != size || status != fuse.OK {
				t.Errorf("%s: hole from %d on: %d, %v", path, off, at, status)
			}
		}
		for _, whence := range []uint32{unix.SEEK_DATA, unix.SEEK_HOLE} {
			for _, off := range []int64{size, -1} {
				if _, status := seek(f, id, off, whence); status != fuse.Status(syscall.ENXIO) {
					t.Errorf("%s: %d from %d on: %v, want ENXIO", path, whence, off, status)
				}
			}
		}
		if _, status := seek(f, id, 0, unix.SEEK_END); status != fuse.EINVAL {
			t.Errorf("%s: SEEK_END: %v", path, status)
		}
	}
	if _, status := seek(f, 99, 0, unix.SEEK_DATA); status != fuse.Status(stale) {
		t.Errorf("no such node: %v", status)
	}
}

// A generation changes what is not in holes, and the holes stay where they are.
func TestHolesOfGenerations(t *testing.T) {
	const text = "f{0..19} 2M,holes=40%,change=5%\n"
	history := func(generation int) tree.Options { return tree.Options{History: tree.History{Generation: generation}} }
	before, after := mountedTree(t, history(1), text), mountedTree(t, history(2), text)
	changed := 0
	for i := range 20 {
		path := "f" + string("0123456789"[i%10])
		if i >= 10 {
			path = "f1" + string("0123456789"[i%10])
		}
		a, b := readAll(t, before, path, 1<<20), readAll(t, after, path, 1<<20)
		one, two := walk(t, before, path), walk(t, after, path)
		if bytes.Equal(a, b) != (one.Mtime == two.Mtime) {
			t.Errorf("%s: times %d and %d, equal: %v", path, one.Mtime, two.Mtime, bytes.Equal(a, b))
		}
		if !bytes.Equal(a, b) {
			changed++
		}
		n, _ := before.node(one.NodeId)
		m, _ := before.holesOf(one.NodeId, n)
		for off := int64(0); off < int64(one.Size); off += spec.Cell {
			if isHole, _ := m.Extent(off); isHole && len(bytes.Trim(b[off:off+spec.Cell], "\x00")) > 0 {
				t.Fatalf("%s: the hole at %d is filled", path, off)
			}
		}
	}
	if changed == 0 {
		t.Error("no file has changed")
	}
}
