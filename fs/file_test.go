package fs

import (
	"bytes"
	"strconv"
	"syscall"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// read opens a file and reads n bytes at an offset.
func read(t *testing.T, f *FS, id uint64, off int64, n int) ([]byte, fuse.Status) {
	t.Helper()
	var open fuse.OpenOut
	if status := f.Open(nil, &fuse.OpenIn{InHeader: header(id)}, &open); status != fuse.OK {
		t.Fatalf("opening: %v", status)
	}
	defer f.Release(nil, &fuse.ReleaseIn{Fh: open.Fh})
	buf := make([]byte, n)
	n, _, errno := f.ReadFile(open.Fh, off, buf)
	return buf[:n], fuse.Status(errno)
}

func TestRead(t *testing.T) {
	f := newFS(t, 7, "d/x{0..9}:1000003,dedup=2,compress=2")
	g, err := gen.New(gen.Config{Size: 1000003, Dedup: 2, Compress: 2, Seed: gen.DeriveSeed(7, "d/x3"), Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	id := walk(t, f, "d/x3").NodeId
	for _, test := range []struct{ off, n, want int }{
		{0, 4096, 4096}, {1, 1, 1}, {4095, 2, 2}, {131071, 70000, 70000}, {1000002, 1, 1},
		{1000002, 4096, 1}, {1000003, 1, 0}, {2000000, 4096, 0}, {0, 0, 0}, {0, 1 << 20, 1000003},
	} {
		want := make([]byte, test.want)
		g.ReadAt(want, int64(test.off))
		got, status := read(t, f, id, int64(test.off), test.n)
		if status != fuse.OK || !bytes.Equal(got, want) {
			t.Errorf("%d bytes at %d: %v, %d bytes, want %d", test.n, test.off, status, len(got), test.want)
		}
	}
	if _, _, errno := f.ReadFile(99, 0, make([]byte, 1)); errno != syscall.EBADF {
		t.Errorf("a handle that was never given out: %v", errno)
	}
}

func TestOpen(t *testing.T) {
	f := newFS(t, 0, "a:1M", "d/x:1K", "slow:1K,latency=1ms", "64k:64K", "more:65537")
	cached := map[string]bool{"d/x": true, "64k": true} // small, and nothing wrong with them
	tests := []struct {
		path  string
		flags uint32
		want  fuse.Status
	}{
		{"a", syscall.O_RDONLY, fuse.OK},
		{"d/x", syscall.O_RDONLY, fuse.OK},
		{"d/x", syscall.O_RDONLY | syscall.O_DIRECT, fuse.OK},
		{"64k", syscall.O_RDONLY, fuse.OK},
		{"more", syscall.O_RDONLY, fuse.OK},
		{"slow", syscall.O_RDONLY, fuse.OK},
		{"a", syscall.O_RDONLY | syscall.O_DIRECT, fuse.OK},
		{"1G", syscall.O_RDONLY, fuse.OK},
		{"a", syscall.O_WRONLY, fuse.EROFS},
		{"a", syscall.O_RDWR, fuse.EROFS},
		{"a", syscall.O_TRUNC, fuse.EROFS},
		{"1G", syscall.O_RDWR, fuse.EROFS},
		{"d", syscall.O_RDONLY, fuse.Status(syscall.EISDIR)},
	}
	for _, test := range tests {
		var out fuse.OpenOut
		in := &fuse.OpenIn{InHeader: header(walk(t, f, test.path).NodeId), Flags: test.flags}
		status := f.Open(nil, in, &out)
		if status != test.want {
			t.Errorf("opening %s with flags %#x: %v, want %v", test.path, test.flags, status, test.want)
		}
		direct := out.OpenFlags&fuse.FOPEN_DIRECT_IO != 0
		if status == fuse.OK && direct == (test.flags&syscall.O_DIRECT != 0 || cached[test.path]) {
			t.Errorf("opening %s with flags %#x: FOPEN_DIRECT_IO is %v", test.path, test.flags, direct)
		}
	}
	in := &fuse.OpenIn{InHeader: header(walk(t, f, "d").NodeId)}
	if status := f.OpenDir(nil, in, &fuse.OpenOut{}); status != fuse.OK {
		t.Errorf("opening a directory: %v", status)
	}
	in.NodeId = walk(t, f, "a").NodeId
	if status := f.OpenDir(nil, in, &fuse.OpenOut{}); status != fuse.ENOTDIR {
		t.Errorf("opening a file as a directory: %v", status)
	}
}

func TestXAttr(t *testing.T) {
	f := newFS(t, 7, "a:64G,dedup=3", "b:1K,seed=5", "d/x:1K")
	seed := strconv.FormatUint(gen.DeriveSeed(7, "a"), 10)
	for path, want := range map[string]map[string]string{
		"a":               {xattrSpec: "64G,seed=" + seed + ",dedup=3", xattrSeed: seed},
		"b":               {xattrSpec: "1K,seed=5", xattrSeed: "5"},
		"1M,compress=2.5": {},
		"d":               nil,
	} {
		h := header(walk(t, f, path).NodeId)
		for _, attr := range []string{"user.none", "security.capability", "system.posix_acl_access", ""} {
			if _, status := f.GetXAttr(nil, &h, attr, make([]byte, 100)); status != fuse.ENOATTR {
				t.Errorf("%s: attribute %q: %v", path, attr, status)
			}
		}
		if want == nil {
			continue
		}
		for _, attr := range []string{xattrSpec, xattrSeed} {
			// A probe with no room, then too little, then just enough.
			n, status := f.GetXAttr(nil, &h, attr, nil)
			if status != fuse.ERANGE || n == 0 {
				t.Errorf("%s: probing %s: %d, %v", path, attr, n, status)
			}
			if m, status := f.GetXAttr(nil, &h, attr, make([]byte, n-1)); status != fuse.ERANGE || m != n {
				t.Errorf("%s: %s with too little room: %d, %v", path, attr, m, status)
			}
			buf := make([]byte, n)
			if m, status := f.GetXAttr(nil, &h, attr, buf); status != fuse.OK || m != n {
				t.Errorf("%s: %s: %d, %v", path, attr, m, status)
			}
			if value := want[attr]; value != "" && string(buf) != value {
				t.Errorf("%s: %s is %q, want %q", path, attr, buf, value)
			}
			if s, err := spec.Parse(string(buf)); attr == xattrSpec && (err != nil || !s.HasSeed) {
				t.Errorf("%s: %q is not a complete spec: %v", path, buf, err)
			}
		}
	}
}
