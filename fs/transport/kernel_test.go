package transport

import (
	"bytes"
	"log"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// Nothing is mounted here: a socket pair that keeps messages apart takes the
// place of /dev/fuse, and the tests that of the kernel.

// testRequest is the largest request: replies fit a socket without privileges.
const testRequest = 128 << 10

// testPlacement has two threads, of which one serves all queues but one.
var testPlacement = Placement{CPUs: []int{0, 1}, Queues: []int{0, 1, 1, 1}}

// patience is how long anything may take that has to happen.
const patience = 2 * time.Minute

// kernel is the other end of a connection.
type kernel struct {
	t  testing.TB
	fd int
	in []byte
}

// newKernel returns a kernel and the descriptor that it serves, which is the
// caller's.
func newKernel(t testing.TB) (*kernel, int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<20)
	}
	// A reply that never comes is an error.
	unix.SetsockoptTimeval(fds[0], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: int64(patience / time.Second)})
	t.Cleanup(func() { unix.Close(fds[0]) })
	return &kernel{t: t, fd: fds[0], in: make([]byte, 1<<20)}, fds[1]
}

// send sends a request: v begins with h, the header.
func send[T any](k *kernel, v *T, h *fuse.InHeader, opcode uint32, unique uint64) {
	k.t.Helper()
	h.Opcode, h.Unique, h.Length = opcode, unique, uint32(len(bytesOf(v)))
	if n, err := unix.Write(k.fd, bytesOf(v)); n != int(h.Length) || err != nil {
		k.t.Errorf("sending a request: %d bytes, %v", n, err)
	}
}

func (k *kernel) sendRead(unique, fh, off uint64, size uint32) {
	k.t.Helper()
	in := fuse.ReadIn{Fh: fh, Offset: off, Size: size}
	send(k, &in, &in.InHeader, opRead, unique)
}

func (k *kernel) sendInit(minor uint32, flags uint64) {
	k.t.Helper()
	flags |= fuse.CAP_INIT_EXT | fuse.CAP_MAX_PAGES | fuse.CAP_ASYNC_READ
	in := fuse.InitIn{Major: 7, Minor: minor, MaxReadAhead: 128 << 10, Flags: uint32(flags), Flags2: uint32(flags >> 32)}
	send(k, &in, &in.InHeader, opInit, 1)
}

// sendName sends a request of a name in a directory.
func (k *kernel) sendName(unique uint64, opcode uint32, dir uint64, name string) {
	k.t.Helper()
	h := fuse.InHeader{Opcode: opcode, Unique: unique, NodeId: dir, Length: uint32(requestHeader + len(name))}
	if _, err := unix.Write(k.fd, append(bytesOf(&h), name...)); err != nil {
		k.t.Errorf("sending a request: %v", err)
	}
}

type reply struct {
	unique uint64
	errno  syscall.Errno
	data   []byte
}

// receive receives a reply. What goes through a pipe comes as several messages,
// because splice sends no more than 16 pages at a time to a socket.
func (k *kernel) receive() reply {
	k.t.Helper()
	n := 0
	for {
		m, err := unix.Read(k.fd, k.in[n:])
		if err == unix.EINTR {
			continue
		}
		if err != nil || m == 0 {
			k.t.Errorf("receiving a reply: %d bytes, %v", m, err)
			return reply{}
		}
		if n += m; n < replyHeader {
			k.t.Errorf("a reply of %d bytes", n)
			return reply{}
		}
		h := *view[fuse.OutHeader](k.in)
		switch {
		case int(h.Length) < n:
			k.t.Errorf("a reply of %d bytes says %d", n, h.Length)
			return reply{}
		case int(h.Length) == n:
			return reply{h.Unique, syscall.Errno(-h.Status), bytes.Clone(k.in[replyHeader:n])}
		}
	}
}

// receiveInit receives the reply to sendInit.
func (k *kernel) receiveInit() (out fuse.InitOut) {
	k.t.Helper()
	r := k.receive()
	if r.unique != 1 || r.errno != 0 || len(r.data) != len(bytesOf(&out)) {
		k.t.Fatalf("the reply to INIT: unique %d, %v, %d bytes", r.unique, r.errno, len(r.data))
	}
	copy(bytesOf(&out), r.data)
	return out
}

// closed reports whether the server has closed its end.
func (k *kernel) closed() bool {
	n, err := unix.Read(k.fd, k.in)
	return n == 0 && err == nil || err == unix.ECONNRESET
}

// testFS has files of bytes that follow from their offset. The size of an open
// file is its handle.
type testFS struct {
	fuse.RawFileSystem
	forgotten atomic.Uint64
	cancelled atomic.Uint64 // reads that were answered later, or not at all
}

// Handles of files that do not work.
const (
	badFH   = 99
	panicFH = 95

	badStoreFH  = 92 // stored when they are opened, if that can be
	lateStoreFH = 93
)

func newTestFS() *testFS { return &testFS{RawFileSystem: fuse.NewDefaultRawFileSystem()} }

func fill(p []byte, off int64) {
	for i := range p {
		o := uint64(off) + uint64(i)
		p[i] = byte(o*7 ^ o>>8 ^ o>>20)
	}
}

func (f *testFS) ReadFile(fh uint64, off int64, p []byte) (int, *Delayed, syscall.Errno) {
	switch fh {
	case badFH, badStoreFH:
		return 0, nil, syscall.EBADF
	case panicFH:
		return 0, nil, syscall.Errno(p[len(p)+int(off)]) // an index out of range
	case laterFH, neverFH, brokenFH, latePanicFH, lateStoreFH:
		return 0, f.delay(fh, off, len(p)), 0
	}
	n := int(min(max(int64(fh)-off, 0), int64(len(p))))
	fill(p[:n], off)
	return n, nil, 0
}

// WriteFile takes what ReadFile would give.
func (f *testFS) WriteFile(fh uint64, off int64, p, scratch []byte) (int, syscall.Errno) {
	switch fh {
	case badFH:
		return 0, syscall.EBADF
	case panicFH:
		return 0, syscall.Errno(p[len(p)+int(off)])
	}
	for done := 0; done < len(p); {
		n := min(len(p)-done, len(scratch))
		fill(scratch[:n], off+int64(done))
		if !bytes.Equal(p[done:done+n], scratch[:n]) {
			return 0, syscall.EIO
		}
		done += n
	}
	return len(p), 0
}

// costlyFH is a file of that length that is made ahead.
const costlyFH = 1<<24 + 12345

func (*testFS) WorthAhead(fh uint64) bool { return fh == costlyFH }

func (*testFS) IsSlow(fh uint64) bool { return fh == laterFH || fh == neverFH }

// Open gives a node its number as handle.
func (*testFS) Open(_ <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	out.Fh = in.NodeId
	return fuse.OK
}

// Lookup finds names of digits, as nodes of that number.
func (*testFS) Lookup(_ <-chan struct{}, in *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	if name == "panic" {
		panic("on purpose")
	}
	n, err := strconv.ParseUint(name, 10, 64)
	if err != nil {
		return fuse.ENOENT
	}
	out.NodeId, out.Ino, out.Size = n, n, 1<<40
	out.Mode, out.Uid = fuse.S_IFREG|0o444, uint32(in.NodeId)
	return fuse.OK
}

func (*testFS) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	if in.NodeId == panicFH {
		panic("on purpose")
	}
	out.Ino, out.Size, out.Mode = in.NodeId, 12345, fuse.S_IFREG|0o444
	if in.NodeId == fuse.FUSE_ROOT_ID {
		out.Mode = fuse.S_IFDIR | 0o555
	}
	return fuse.OK
}

func (f *testFS) Forget(_, lookups uint64) { f.forgotten.Add(lookups) }

// connection is a server that runs.
type connection struct {
	*kernel
	server *Server
	fs     *testFS
	log    bytes.Buffer // to be looked at after end
	done   chan struct{}
}

func connect(t *testing.T) *connection { return connectWith(t, Options{}) }

// connectWith connects with some options of its own.
func connectWith(t *testing.T, o Options) *connection {
	t.Helper()
	k, fd := newKernel(t)
	c := &connection{kernel: k, fs: newTestFS(), done: make(chan struct{})}
	k.sendInit(45, 0)
	var err error
	o.Kind, o.Request, o.Placement, o.Log = Dev, testRequest, testPlacement, log.New(&c.log, "", 0)
	if c.server, err = New(fd, c.fs, o); err != nil {
		t.Fatal(err)
	}
	k.receiveInit()
	go func() {
		c.server.Serve()
		close(c.done)
	}()
	return c
}

// finish waits until Serve has returned.
func (c *connection) finish() {
	c.t.Helper()
	select {
	case <-c.done:
	case <-time.After(patience):
		c.t.Fatal("Serve did not return")
	}
}

// end hangs up. A socket reads as empty then, where /dev/fuse gives ENODEV: all
// workers, also those that sleep, have to end all the same.
func (c *connection) end() {
	c.t.Helper()
	unix.Shutdown(c.fd, unix.SHUT_RDWR)
	c.finish()
	if text := c.log.String(); strings.Contains(text, "reply of") || !strings.Contains(text, "reading /dev/fuse") {
		c.t.Errorf("the log is %q", text)
	}
}
