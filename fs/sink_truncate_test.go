package fs

import (
	"bytes"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// Who has opened a file before it is truncated or written sees that, as anywhere else,
// also if the file is slow, fails or is damaged.
func TestReadersSeeTruncation(t *testing.T) {
	files := append([]string{"slow:300K,latency=1us", "fails:300K,fail=eio@200K+4K", "damaged:300K,corrupt=bit@200K+4K"}, sunk...)
	for _, path := range []string{"big", "x.npy", "d/3", "slow", "fails", "damaged"} {
		s := newTestSink(t, Sink{Check: true}, files...)
		read := func(fh uint64, off int64, n int) []byte {
			p := make([]byte, n)
			n, delayed, errno := s.ReadFile(fh, off, p)
			if delayed != nil {
				n, errno = delayed.Read(p)
			}
			if errno != 0 {
				t.Errorf("%s: reading at %d: %v", path, off, errno)
			}
			return p[:n]
		}
		before, other := s.open(path, syscall.O_RDONLY), s.open(path, syscall.O_RDONLY)
		want := bytes.Clone(read(before, 0, 100000))
		if len(want) != 100000 {
			t.Fatalf("%s: %d bytes", path, len(want))
		}
		in := fuse.SetAttrIn{}
		in.InHeader = header(walk(t, s.FS, path).NodeId)
		in.Valid, in.Size = fuse.FATTR_SIZE, 5000
		if status := s.SetAttr(nil, &in, &fuse.AttrOut{}); status != fuse.OK {
			t.Fatalf("truncating %s: %v", path, status)
		}
		if got := read(before, 0, 100000); !bytes.Equal(got, want[:5000]) {
			t.Errorf("%s: %d bytes after it was truncated to 5000", path, len(got))
		}
		if got := read(before, 5000, 10); len(got) != 0 {
			t.Errorf("%s: %d bytes behind the end", path, len(got))
		}
		writer := s.open(path, syscall.O_WRONLY)
		if s.write(writer, 5000, want[5000:9000]) != 0 {
			t.Errorf("writing %s: an error", path)
		}
		for _, fh := range []uint64{before, other, s.open(path, syscall.O_RDONLY)} {
			if got := read(fh, 4000, 100000); !bytes.Equal(got, want[4000:9000]) {
				t.Errorf("%s: %d bytes behind 4000 after 9000 were written", path, len(got))
			}
			if s.close(fh) != fuse.OK {
				t.Errorf("closing a reader of %s: an error", path)
			}
		}
		if s.close(writer) != fuse.EIO || s.sink.kept.Load() != 1 {
			t.Errorf("%s is too short, but closing it was no error, or %d files are kept", path, s.sink.kept.Load())
		}
	}
}

// A file that was only read leaves nothing behind.
func TestReadersLeaveNothing(t *testing.T) {
	s := newTestSink(t, Sink{Check: true, Discard: true}, sunk...)
	for range 3 {
		one, two := s.open("big", syscall.O_RDONLY), s.open("big", syscall.O_RDONLY)
		if kept := s.sink.kept.Load(); kept != 1 {
			t.Errorf("%d files are kept while one is open", kept)
		}
		s.close(one)
		s.close(two)
		if kept := s.sink.kept.Load(); kept != 0 {
			t.Errorf("%d files are kept", kept)
		}
	}
	s.expect(nil)
}
