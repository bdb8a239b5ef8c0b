package transport

import (
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// Directories of testFS of which a listing takes long.
const (
	sparseDir  = 71 // its first name is at sparseName
	endlessDir = 72 // whoever looks for its names stops when cancelled only
	sparseName = 1 << 40
)

func isLongListing(node uint64) bool { return node == sparseDir || node == endlessDir }

func (f *testFS) ReadDir(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	switch {
	case !isLongListing(in.NodeId):
		return fuse.ENOSYS
	case in.Offset < sparseName:
		return fuse.EAGAIN
	}
	out.AddDirEntry(fuse.DirEntry{Name: "name", Ino: in.Offset, Off: in.Offset + 1})
	return fuse.OK
}

func (f *testFS) SkipNames(node, off uint64, cancel <-chan struct{}) uint64 {
	if node == endlessDir {
		<-cancel
		f.cancelled.Add(1)
		return off
	}
	return sparseName
}

func (k *kernel) sendReadDir(unique, dir, off uint64) {
	k.t.Helper()
	in := fuse.ReadIn{Offset: off, Size: testRequest + 4096} // the kernel asks for a page more
	in.NodeId = dir
	send(k, &in, &in.InHeader, opReadDir, unique)
}

// A listing that takes long holds up nobody, more of them than there are threads
// neither; it can be interrupted, and ends with the connection.
func TestLongListings(t *testing.T) {
	c := connect(t)
	for unique := uint64(2); unique <= 20; unique += 2 {
		c.sendReadDir(unique, endlessDir, 0)
	}
	c.sendRead(100, 10, 0, 10)
	if r := c.receive(); r.unique != 100 || len(r.data) != 10 {
		t.Errorf("a read beside the listings: %+v", r)
	}
	c.sendReadDir(102, sparseDir, 5)
	if r := c.receive(); r.unique != 102 || r.errno != 0 || len(r.data) != 32 || view[struct{ ino, off uint64 }](r.data).ino != sparseName {
		t.Errorf("a listing of few names: %+v", r)
	}
	c.sendInterrupt(4)
	if r := c.receive(); r.unique != 4 || r.errno != syscall.EINTR {
		t.Errorf("a listing that was interrupted: %+v", r)
	}
	c.end()
	// An INTERRUPT that overtakes its request leaves nothing to end.
	if n := c.fs.cancelled.Load(); n != 10 && n != 9 {
		t.Errorf("%d listings have ended, want 9 or 10", n)
	}
}

func TestLongListingsOverRings(t *testing.T) {
	s := simulate(t, 1)
	s.register()
	l := &s.thread.delays
	list := func(n int, unique, dir uint64) {
		in := fuse.ReadIn{Size: testRequest + 4096}
		s.request(n, opReadDir, unique, bytesOf(&in)[requestHeader:], nil)
		s.thread.entries[n].header.request().NodeId = dir
	}
	s.runAll(
		func() { list(0, 10, sparseDir) },
		func() {
			// Others have to find entries while it takes.
			if all := s.commands(); len(all) < maxSpare || all[0].off != cmdRegister {
				t.Errorf("no spare entries were registered, but %+v", all)
			}
			s.awaitDue()
		},
		func() {
			s.expectCommit(0, 10)
			if r := s.reply(0); r.unique != 10 || r.errno != 0 || len(r.data) != 32 {
				t.Errorf("a listing of few names: %+v", r)
			}
			list(1, 20, endlessDir)
		},
		func() {
			if all := s.commands(); len(all) != 0 && all[0].opcode == opUringCmd {
				t.Errorf("the thread asked for %+v at once", all)
			}
			l.answer(20, true)
			s.awaitDue()
		},
		func() {
			s.expectCommit(1, 20)
			if r := s.reply(1); r.unique != 20 || r.errno != syscall.EINTR {
				t.Errorf("a listing that was interrupted: %+v", r)
			}
		})
	l.stop()
}
