package fs

import (
	"fmt"
	"sync"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// Many write, truncate, remove and make the same files at once, while others look.
func TestSinkConcurrently(t *testing.T) {
	s := newTestSink(t, Sink{Check: true, Discard: true}, sunk...)
	want := s.contents("big")
	file, root := header(walk(t, s.FS, "big").NodeId), header(fuse.FUSE_ROOT_ID)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			scratch := make([]byte, 32<<10)
			for n := range 50 {
				var out fuse.OpenOut
				if status := s.Open(nil, &fuse.OpenIn{InHeader: file, Flags: syscall.O_RDWR}, &out); status != fuse.OK {
					t.Errorf("opening: %v", status)
					return
				}
				off := (i*50 + n) % 400 * 7001
				if n, errno := s.WriteFile(out.Fh, int64(off), want[off:off+20000], scratch); n != 20000 || errno != 0 {
					t.Errorf("writing at %d: %d bytes, %v", off, n, errno)
				}
				in := fuse.SetAttrIn{}
				in.InHeader, in.Valid, in.Size = file, fuse.FATTR_SIZE, uint64(len(want)-n)
				s.SetAttr(nil, &in, &fuse.AttrOut{})
				s.ReadFile(out.Fh, int64(off), scratch)
				s.Flush(nil, &fuse.FlushIn{Fh: out.Fh})
				s.Release(nil, &fuse.ReleaseIn{Fh: out.Fh})
				s.Unlink(nil, &root, "big")
				var created fuse.CreateOut
				if s.Create(nil, &fuse.CreateIn{InHeader: root, Flags: syscall.O_WRONLY}, "big", &created) == fuse.OK {
					s.Release(nil, &fuse.ReleaseIn{Fh: created.Fh})
				}

				name := fmt.Sprint("made", n%5)
				if s.Create(nil, &fuse.CreateIn{InHeader: root, Flags: syscall.O_WRONLY}, name, &created) == fuse.OK {
					s.WriteFile(created.Fh, 0, scratch, nil)
					s.Release(nil, &fuse.ReleaseIn{Fh: created.Fh})
				}
				s.Rename(nil, &fuse.RenameIn{InHeader: root, Newdir: 1}, name, fmt.Sprint("made", i))
				s.listAll(&fuse.ReadIn{InHeader: root}, func(e fuse.DirEntry) bool {
					s.Lookup(nil, &root, e.Name, &fuse.EntryOut{})
					return true
				})
				s.Unlink(nil, &root, name)
				s.sink.stats()
				s.sink.text(s.FS)
			}
		})
	}
	all.Wait()
	if n := s.sink.stats(); n.first != nil {
		t.Errorf("a difference: %v", n.first)
	}
	if len(s.sink.open) != 0 || s.files.len() != 0 {
		t.Errorf("%d files are open, with %d handles", len(s.sink.open), s.files.len())
	}
}
