package fs

import (
	"bytes"
	"io"
	"log"
	"strings"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// These tests write to the file system as the kernel does, without a mount.

// testSink is a file system that is written to.
type testSink struct {
	*FS
	t   *testing.T
	log bytes.Buffer
}

func newTestSink(t *testing.T, o Sink, files ...string) *testSink {
	s := &testSink{t: t}
	read := newFS(t, 7, files...)
	s.FS = New(Options{Tree: read.tree, Seed: 7, Sink: o, UID: 12, GID: 34, Log: log.New(&s.log, "", 0)})
	return s
}

// split returns the directory of a path, and the name in it.
func (s *testSink) split(path string) (fuse.InHeader, string) {
	s.t.Helper()
	h := header(fuse.FUSE_ROOT_ID)
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		h.NodeId = walk(s.t, s.FS, path[:i]).NodeId
		path = path[i+1:]
	}
	h.Uid, h.Gid, h.Pid = 1000, 1001, 0
	return h, path
}

func (s *testSink) exists(path string) bool {
	s.t.Helper()
	h, name := s.split(path)
	var out fuse.EntryOut
	if status := s.Lookup(nil, &h, name, &out); status != fuse.OK {
		s.t.Fatalf("looking up %s: %v", path, status)
	}
	return out.NodeId != 0
}

// open opens a path as open(2) with O_CREAT does, and truncates it if asked to.
func (s *testSink) open(path string, flags int) (fh uint64) {
	s.t.Helper()
	h, name := s.split(path)
	if !s.exists(path) {
		var out fuse.CreateOut
		if status := s.Create(nil, &fuse.CreateIn{InHeader: h, Flags: uint32(flags), Mode: 0o640}, name, &out); status != fuse.OK {
			s.t.Fatalf("creating %s: %v", path, status)
		}
		return out.Fh
	}
	node := walk(s.t, s.FS, path)
	var out fuse.OpenOut
	if status := s.Open(nil, &fuse.OpenIn{InHeader: header(node.NodeId), Flags: uint32(flags &^ syscall.O_TRUNC)}, &out); status != fuse.OK {
		s.t.Fatalf("opening %s: %v", path, status)
	}
	if out.OpenFlags&fuse.FOPEN_DIRECT_IO == 0 && flags&syscall.O_ACCMODE != syscall.O_RDONLY {
		s.t.Errorf("%s: writes go through the page cache", path)
	}
	if flags&syscall.O_TRUNC != 0 {
		if status := s.truncate(path, out.Fh, 0); status != fuse.OK {
			s.t.Fatalf("truncating %s: %v", path, status)
		}
	}
	return out.Fh
}

// truncate truncates through a handle.
func (s *testSink) truncate(path string, fh uint64, size int64) fuse.Status {
	s.t.Helper()
	in := fuse.SetAttrIn{}
	in.InHeader = header(walk(s.t, s.FS, path).NodeId)
	in.Valid, in.Fh, in.Size = fuse.FATTR_SIZE|fuse.FATTR_FH, fh, uint64(size)
	var out fuse.AttrOut
	status := s.SetAttr(nil, &in, &out)
	if status == fuse.OK && out.Size != uint64(size) {
		s.t.Errorf("%s has %d bytes after it was made %d bytes long", path, out.Size, size)
	}
	return status
}

func (s *testSink) write(fh uint64, off int64, p []byte) syscall.Errno {
	s.t.Helper()
	n, errno := s.WriteFile(fh, off, p, make([]byte, 32<<10))
	if (errno == 0) != (n == len(p)) {
		s.t.Errorf("writing %d bytes: %d, %v", len(p), n, errno)
	}
	return errno
}

// close closes the only descriptor of a handle.
func (s *testSink) close(fh uint64) fuse.Status {
	status := s.Flush(nil, &fuse.FlushIn{Fh: fh})
	s.Release(nil, &fuse.ReleaseIn{Fh: fh})
	return status
}

func (s *testSink) fsync(fh uint64) fuse.Status { return s.Fsync(nil, &fuse.FsyncIn{Fh: fh}) }

// contents returns what a file of the tree holds.
func (s *testSink) contents(path string) []byte {
	s.t.Helper()
	id := walk(s.t, newTestSink(s.t, Sink{}, sunk...).FS, path).NodeId
	n, _ := s.node(id)
	r, status := s.openReader(s.fileSpec(id, n))
	if status != fuse.OK {
		s.t.Fatal(status)
	}
	defer r.Close()
	p := make([]byte, r.Size())
	if _, err := r.ReadAt(p, 0); err != nil && err != io.EOF {
		s.t.Fatal(err)
	}
	return p
}

// sunk are the files of the tests.
var sunk = []string{"d/{0..9}:100003,dedup=2", "big:3000000,compress=2", "empty:0", "x.npy:100K,format=npy"}

func (s *testSink) size(path string) uint64 { return walk(s.t, s.FS, path).Size }

// expect checks counts by their names in .dgenfs/stats; those that are not named are 0.
func (s *testSink) expect(want map[string]int) {
	s.t.Helper()
	for _, c := range s.sink.stats().counts {
		if c.value != uint64(want[c.name]) {
			s.t.Errorf("%s: %d, want %d", c.name, c.value, want[c.name])
		}
	}
}

func (s *testSink) read(path string, off int64) int {
	s.t.Helper()
	fh := s.open(path, syscall.O_RDONLY)
	n, delayed, errno := s.ReadFile(fh, off, make([]byte, 100))
	if delayed != nil || errno != 0 || s.close(fh) != fuse.OK {
		s.t.Errorf("reading %s: %v", path, errno)
	}
	return n
}

// countDiffering returns the first place where a and b differ, and how many bytes do.
func countDiffering(a, b []byte) (first, count int) {
	first = -1
	for i := range a {
		if a[i] != b[i] {
			if count++; count == 1 {
				first = i
			}
		}
	}
	return first, count
}
