package transport

import (
	"bytes"
	"errors"
	"log"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// Nothing is mounted here: a socket pair that keeps messages apart takes the
// place of /dev/fuse, and the tests that of the kernel.

// testRequest is the largest request: replies fit a socket without privileges.
const testRequest = 128 << 10

// testPlacement has two threads, of which one serves all queues but one.
var testPlacement = Placement{CPUs: []int{0, 1}, Queues: []int{0, 1, 1, 1}}

// kernel is the other end of a connection.
type kernel struct {
	t  *testing.T
	fd int
	in []byte
}

// newKernel returns a kernel and the descriptor that it serves, which is the
// caller's.
func newKernel(t *testing.T) (*kernel, int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<20)
	}
	// A reply that never comes is an error.
	unix.SetsockoptTimeval(fds[0], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10})
	t.Cleanup(func() { unix.Close(fds[0]) })
	return &kernel{t: t, fd: fds[0], in: make([]byte, 1<<20)}, fds[1]
}

func bytesOf[T any](v *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v))
}

// send sends a request: v begins with h, the header.
func send[T any](k *kernel, v *T, h *fuse.InHeader, opcode uint32, unique uint64) {
	k.t.Helper()
	h.Opcode, h.Unique, h.Length = opcode, unique, uint32(unsafe.Sizeof(*v))
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
		h := *(*fuse.OutHeader)(unsafe.Pointer(&k.in[0]))
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
	if r.unique != 1 || r.errno != 0 || len(r.data) != int(unsafe.Sizeof(out)) {
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
// file is its handle; badFH is none.
type testFS struct {
	fuse.RawFileSystem
	forgotten atomic.Uint64
	cancelled atomic.Uint64 // reads that were answered later, or not at all
}

const badFH = 99

func newTestFS() *testFS { return &testFS{RawFileSystem: fuse.NewDefaultRawFileSystem()} }

func fill(p []byte, off int64) {
	for i := range p {
		o := uint64(off) + uint64(i)
		p[i] = byte(o*7 ^ o>>8 ^ o>>20)
	}
}

func (*testFS) ReadFile(fh uint64, off int64, p []byte) (int, syscall.Errno) {
	switch fh {
	case badFH:
		return 0, syscall.EBADF
	case laterFH, neverFH, brokenFH:
		return 0, Later
	}
	n := int(min(max(int64(fh)-off, 0), int64(len(p))))
	fill(p[:n], off)
	return n, 0
}

func (*testFS) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	out.Ino, out.Size = in.NodeId, 12345
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

func connect(t *testing.T) *connection {
	t.Helper()
	k, fd := newKernel(t)
	c := &connection{kernel: k, fs: newTestFS(), done: make(chan struct{})}
	k.sendInit(45, 0)
	var err error
	if c.server, err = New(fd, c.fs, Options{Kind: Dev, Request: testRequest, Placement: testPlacement, Log: log.New(&c.log, "", 0)}); err != nil {
		t.Fatal(err)
	}
	k.receiveInit()
	go func() {
		c.server.Serve()
		close(c.done)
	}()
	return c
}

// end hangs up. A socket reads as empty then, where /dev/fuse gives ENODEV: all
// workers, also those that sleep, have to end all the same.
func (c *connection) end() {
	c.t.Helper()
	unix.Shutdown(c.fd, unix.SHUT_RDWR)
	select {
	case <-c.done:
	case <-time.After(10 * time.Second):
		c.t.Fatal("Serve did not return")
	}
	if text := c.log.String(); strings.Contains(text, "reply of") || !strings.Contains(text, "reading /dev/fuse") {
		c.t.Errorf("the log is %q", text)
	}
}

func TestNegotiate(t *testing.T) {
	const ring = fuse.CAP_OVER_IO_URING
	for _, test := range []struct {
		kind    Kind
		flags   uint64
		request int
		noUring string // a part of the reason
	}{
		{Dev, 0, 4 << 10, "--transport dev"},
		{Dev, ring, 64 << 10, "--transport dev"},
		{Dev, ring, testRequest, "--transport dev"},
		{Auto, 0, testRequest, "io_uring"},
		{"", 0, testRequest, "io_uring"},
	} {
		k, fd := newKernel(t)
		k.sendInit(41, test.flags)
		s, err := New(fd, newTestFS(), Options{Kind: test.kind, Request: test.request, Placement: testPlacement})
		if err != nil {
			t.Errorf("%q: %v", test.kind, err)
			continue
		}
		out := k.receiveInit()
		if int(out.MaxPages) != test.request/pageSize+1 || out.MaxWrite != maxWrite || out.MaxBackground != minBackground || out.Flags64()&ring != 0 || out.Major != 7 || out.Minor > 41 {
			t.Errorf("%q, %d bytes: %+v", test.kind, test.request, out)
		}
		for _, flag := range []uint64{fuse.CAP_INIT_EXT, fuse.CAP_MAX_PAGES, fuse.CAP_ASYNC_READ} {
			if out.Flags64()&flag == 0 {
				t.Errorf("%q: flags %#x are without %#x", test.kind, out.Flags64(), flag)
			}
		}
		r := s.Report()
		if r.Kind != Dev || !strings.Contains(r.NoUring, test.noUring) || r.Request != test.request || r.Workers < minAwake || r.MaxMemory < r.Workers*test.request {
			t.Errorf("%q: %+v", test.kind, r)
		}
		// A socket has no second descriptor, and whatever is off has a reason.
		if r.Clone || r.NoClone == "" || r.Splice == (r.NoSplice != "") {
			t.Errorf("%q: %+v", test.kind, r)
		}
		s.pool.workers[0].close()
		unix.Close(fd)
	}
}

func TestNegotiateErrors(t *testing.T) {
	for name, test := range map[string]struct {
		kind Kind
		send func(*kernel)
		want string
	}{
		"not offered":    {Uring, func(k *kernel) { k.sendInit(45, 0) }, "io_uring"},
		"old":            {Dev, func(k *kernel) { k.sendInit(11, 0) }, "version 7.11"},
		"no INIT":        {Dev, func(k *kernel) { k.sendRead(1, 1, 0, 1) }, "kind 15"},
		"too short":      {Dev, func(k *kernel) { unix.Write(k.fd, make([]byte, 39)) }, "too short"},
		"INIT too short": {Dev, func(k *kernel) { h := fuse.InHeader{}; send(k, &h, &h, opInit, 1) }, "40 bytes"},
		"hung up":        {Dev, func(k *kernel) { unix.Shutdown(k.fd, unix.SHUT_WR) }, "too short"},
	} {
		k, fd := newKernel(t)
		test.send(k)
		_, err := New(fd, newTestFS(), Options{Kind: test.kind, Request: testRequest, Placement: testPlacement, Log: log.New(t.Output(), "", 0)})
		if err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, ErrNoUring) != (test.kind == Uring) {
			t.Errorf("%s: %v", name, err)
		}
		if !k.closed() {
			t.Errorf("%s: the descriptor is still open", name)
		}
	}
}

// The kernel may offer rings, only to refuse their registration, as a socket
// does: by then the answer to INIT has gone out, and the connection is lost.
func TestUringRefused(t *testing.T) {
	for _, kind := range []Kind{Auto, Uring} {
		k, fd := newKernel(t)
		k.sendInit(45, fuse.CAP_OVER_IO_URING)
		s, err := New(fd, newTestFS(), Options{Kind: kind, Request: testRequest, Placement: testPlacement, Log: log.New(t.Output(), "", 0)})
		if err == nil { // this machine has no io_uring at all
			if r := s.Report(); kind == Uring || r.Kind != Dev || r.NoUring == "" {
				t.Errorf("%s: %+v", kind, r)
			}
			s.pool.workers[0].close()
			unix.Close(fd)
			continue
		}
		if !errors.Is(err, ErrNoUring) {
			t.Errorf("%s: %v", kind, err)
		}
		if strings.Contains(err.Error(), "registering") {
			if out := k.receiveInit(); out.Flags64()&fuse.CAP_OVER_IO_URING == 0 {
				t.Errorf("%s: flags %#x do not ask for rings", kind, out.Flags64())
			}
		}
		if !k.closed() {
			t.Errorf("%s: the descriptor is still open", kind)
		}
	}
}

func TestRead(t *testing.T) {
	c := connect(t)
	const size = 1<<20 + 5
	var want Served
	for i, test := range []struct {
		fh, off uint64
		size    uint32
		n       int
		errno   syscall.Errno
	}{
		{size, 0, 0, 0, 0},
		{size, 0, 1, 1, 0},
		{size, 3, 1, 1, 0},
		{size, 0, 4096, 4096, 0},
		{size, 4095, 4098, 4098, 0},
		{size, 12345, spliceFrom - 1, spliceFrom - 1, 0},
		{size, 12345, spliceFrom, spliceFrom, 0},
		{size, 54321, spliceFrom, spliceFrom, 0}, // the same pipe again
		{size, 1, testRequest - 1, testRequest - 1, 0},
		{size, 0, testRequest, testRequest, 0},
		{size, size - 5, 4096, 5, 0},
		{size, size - 100000, testRequest, 100000, 0},
		{size, size, 4096, 0, 0},
		{size, size + 1, 4096, 0, 0},
		{math.MaxInt64, math.MaxInt64 - 10, 4096, 10, 0},
		{size, math.MaxInt64, 4096, 0, 0},
		{size, math.MaxInt64 + 1, 4096, 0, syscall.EINVAL},
		{size, math.MaxUint64, 0, 0, syscall.EINVAL},
		{size, 0, testRequest + 1, 0, syscall.EINVAL},
		{size, 0, math.MaxUint32, 0, syscall.EINVAL},
		{badFH, 0, 4096, 0, syscall.EBADF},
		{size, 7, 100, 100, 0}, // after all these errors
	} {
		unique := uint64(i)<<32 | 2
		c.sendRead(unique, test.fh, test.off, test.size)
		r := c.receive()
		data := make([]byte, test.n)
		fill(data, int64(test.off))
		if r.unique != unique || r.errno != test.errno || !bytes.Equal(r.data, data) {
			t.Errorf("%d bytes at %d: unique %#x, errno %d, %d bytes; want %#x, %d, %d", test.size, test.off, r.unique, r.errno, len(r.data), unique, test.errno, test.n)
		}
		if test.errno == 0 {
			want.Reads++
			want.Bytes += uint64(test.n)
		} else {
			want.Errors++
		}
	}
	if got := c.server.Served(); got != want {
		t.Errorf("served %+v, want %+v", got, want)
	}
	var sum Served
	for i, c := range c.server.ServedByCPU() {
		if c.CPU != testPlacement.CPUs[i] || c.Node != 0 {
			t.Errorf("counts %d are of CPU %d, node %d", i, c.CPU, c.Node)
		}
		sum.Reads, sum.Bytes, sum.Errors = sum.Reads+c.Reads, sum.Bytes+c.Bytes, sum.Errors+c.Errors
	}
	if sum != want {
		t.Errorf("all CPUs served %+v, want %+v", sum, want)
	}
	c.end()
}

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
	if copy(bytesOf(&out), r.data); r.unique != 8 || r.errno != 0 || len(r.data) != int(unsafe.Sizeof(out)) || out.Ino != 42 || out.Size != 12345 {
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

// Replies of several workers find their readers.
func TestConcurrentReads(t *testing.T) {
	c := connect(t)
	const readers, reads = 8, 300
	var replies [readers]chan reply
	var all sync.WaitGroup
	for i := range replies {
		replies[i] = make(chan reply, 1)
		all.Go(func() {
			for n := range uint64(reads) {
				unique := n*readers + uint64(i)
				// Small enough to come as one message; see receive.
				off, size := unique*4099, uint32(unique*37%9000)
				c.sendRead(unique, math.MaxInt64, off, size)
				r := <-replies[i]
				data := make([]byte, size)
				fill(data, int64(off))
				if r.unique != unique || r.errno != 0 || !bytes.Equal(r.data, data) {
					t.Errorf("request %d of %d bytes: unique %d, errno %d, %d bytes", unique, size, r.unique, r.errno, len(r.data))
					return
				}
			}
		})
	}
	want := Served{Reads: readers * reads}
	for unique := range uint64(readers * reads) {
		want.Bytes += unique * 37 % 9000
		r := c.receive()
		if t.Failed() {
			break
		}
		replies[r.unique%readers] <- r
	}
	for _, r := range replies {
		close(r)
	}
	all.Wait()
	if got := c.server.Served(); got != want {
		t.Errorf("served %+v, want %+v", got, want)
	}
	c.end()
}
