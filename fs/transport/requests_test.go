package transport

import (
	"bytes"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
)

func TestOtherRequests(t *testing.T) {
	c := connect(t)
	// No reply to INTERRUPT: the next one is of the next request.
	c.sendInterrupt(4)

	unknown := fuse.InHeader{}
	send(c.kernel, &unknown, &unknown, 4000, 6)
	if r := c.receive(); r.unique != 6 || r.errno != syscall.ENOSYS || len(r.data) != 0 {
		t.Errorf("an unknown request: %+v", r)
	}

	forget := fuse.ForgetIn{Nlookup: 3}
	forget.NodeId = 7
	send(c.kernel, &forget, &forget.InHeader, 2, 7)
	// No reply: the next one is of the next request.
	attr := fuse.GetAttrIn{}
	attr.NodeId = 42
	send(c.kernel, &attr, &attr.InHeader, 3, 8)
	var out fuse.AttrOut
	r := c.receive()
	if copy(bytesOf(&out), r.data); r.unique != 8 || r.errno != 0 || len(r.data) != len(bytesOf(&out)) || out.Ino != 42 || out.Size != 12345 {
		t.Errorf("GETATTR: %+v", r)
	}

	// A request that go-fuse cannot make sense of has an answer, too.
	short := fuse.InHeader{}
	send(c.kernel, &short, &short, 3, 9)
	if r := c.receive(); r.unique != 9 || r.errno != syscall.EIO || len(r.data) != 0 {
		t.Errorf("a GETATTR that is too short: %+v", r)
	}

	// What takes the place of a reply to READ leaves the next one alone.
	c.sendRead(10, 1000, 5, 20)
	data := make([]byte, 20)
	fill(data, 5)
	if r := c.receive(); r.unique != 10 || r.errno != 0 || !bytes.Equal(r.data, data) {
		t.Errorf("READ: %+v", r)
	}
	if got := c.server.Served(); got != (Served{Reads: 1, Bytes: 20}) {
		t.Errorf("served %+v", got)
	}
	c.end()
	if n := c.fs.forgotten.Load(); n != 3 {
		t.Errorf("FORGET of 3 look-ups took %d", n)
	}
}

// LOOKUP does not go through go-fuse, to whose own server a name means something.
func TestLookup(t *testing.T) {
	c := connect(t)
	for i, test := range []struct {
		name  string
		node  uint64
		errno syscall.Errno
	}{
		{"5\x00", 5, 0}, {"12345678\x00", 12345678, 0}, {"0\x00", 0, 0}, {"none\x00", 0, syscall.ENOENT}, {"\x00", 0, syscall.ENOENT},
		{".go-fuse-epoll-hack\x00", 0, syscall.ENOENT}, {"5", 0, syscall.EIO}, {"", 0, syscall.EIO},
	} {
		unique := uint64(2*i + 2)
		c.sendName(unique, opLookup, 1, test.name)
		r := c.receive()
		if r.unique != unique || r.errno != test.errno || (r.errno == 0) != (len(r.data) == 128) || r.errno != 0 && len(r.data) != 0 {
			t.Errorf("%q: %+v", test.name, r)
		}
		if r.errno != 0 {
			continue
		}
		if out := view[fuse.EntryOut](r.data); out.NodeId != test.node || out.Ino != test.node || out.Uid != 1 {
			t.Errorf("%q: %+v", test.name, out)
		}
	}
	c.end()
}

// When one thread has to end the connection, all leave, also those that wait for
// requests or are parked, and the kernel learns of it.
func TestEnd(t *testing.T) {
	c := connect(t)
	c.sendRead(2, neverFH, 0, 4096)
	c.sendRead(4, 10, 0, 10)
	if r := c.receive(); r.unique != 4 || len(r.data) != 10 {
		t.Errorf("READ: %+v", r)
	}
	c.server.end()
	c.finish()
	if !c.closed() {
		t.Error("the connection is still open")
	}
	if c.log.Len() != 0 {
		t.Errorf("the log is %q", &c.log)
	}
}
