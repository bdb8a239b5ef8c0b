package transport

import (
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The kernel knows these structs by their layout only.
func TestLayout(t *testing.T) {
	var s submission
	var h entryHeader
	for _, test := range []struct {
		what      string
		got, want uintptr
	}{
		{"size of io_uring_sqe", unsafe.Sizeof(s), 128},
		{"sqe.flags", unsafe.Offsetof(s.flags), 1},
		{"sqe.fd", unsafe.Offsetof(s.fd), 4},
		{"sqe.off", unsafe.Offsetof(s.off), 8},
		{"sqe.addr", unsafe.Offsetof(s.addr), 16},
		{"sqe.len", unsafe.Offsetof(s.len), 24},
		{"sqe.poll32_events", unsafe.Offsetof(s.opFlags), 28},
		{"sqe.user_data", unsafe.Offsetof(s.userData), 32},
		{"fuse_uring_cmd_req.flags", unsafe.Offsetof(s.cmdFlags), 48},
		{"fuse_uring_cmd_req.commit_id", unsafe.Offsetof(s.commitID), 56},
		{"fuse_uring_cmd_req.qid", unsafe.Offsetof(s.queueID), 64},
		{"size of io_uring_cqe", unsafe.Sizeof(completion{}), 16},
		{"size of io_uring_params", unsafe.Sizeof(ringParams{}), 120},
		{"size of fuse_uring_req_header", unsafe.Sizeof(h), 288},
		{"fuse_uring_req_header.op_in", unsafe.Offsetof(h.op), 128},
		{"fuse_uring_ent_in_out.flags", unsafe.Offsetof(h.flags), 256},
		{"fuse_uring_ent_in_out.commit_id", unsafe.Offsetof(h.commitID), 264},
		{"fuse_uring_ent_in_out.payload_sz", unsafe.Offsetof(h.payload), 272},
		{"room for headers", headerRoom % 64, 0},
	} {
		if test.got != test.want {
			t.Errorf("%s: %d, want %d", test.what, test.got, test.want)
		}
	}
}

// testRing returns a ring for the calling goroutine, which stays on its thread
// from here on.
func testRing(t *testing.T, size int) *ring {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	r, err := newRing(size)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(r.close)
	return r
}

func testEventFD(t *testing.T) int {
	t.Helper()
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func TestRingWait(t *testing.T) {
	r := testRing(t, 4)
	event := testEventFD(t)
	r.submit(submission{opcode: opPollAdd, fd: int32(event), opFlags: unix.POLLIN, userData: 77 << 32})
	for _, mode := range []enterMode{enterSubmit, enterNow} {
		if errno := r.enter(mode); errno != 0 || r.pending != 0 {
			t.Fatalf("entering with %d: errno %d, %d pending", mode, errno, r.pending)
		}
		if c, ok := r.next(); ok || !r.empty() {
			t.Fatalf("%+v came before the event", c)
		}
	}
	unix.Write(event, []byte{1, 0, 0, 0, 0, 0, 0, 1})
	if errno := r.enter(enterWait); errno != 0 || r.empty() {
		t.Fatalf("waiting: errno %d, empty %v", errno, r.empty())
	}
	if c, ok := r.next(); !ok || c.userData != 77<<32 || c.res != unix.POLLIN {
		t.Errorf("%+v, %v", c, ok)
	}
	if c, ok := r.next(); ok || !r.empty() {
		t.Errorf("%+v came, too", c)
	}
}

// Submissions that the ring has no room for push earlier ones out; completions
// that it has no room for come later.
func TestRingFull(t *testing.T) {
	const size, n = 8, 100
	r := testRing(t, size)
	seen := make(map[uint64]bool)
	for i := range uint64(n) {
		r.submit(submission{userData: i + 1}) // opcode 0 does nothing
		if r.pending > size {
			t.Fatalf("%d submissions are pending in a ring of %d", r.pending, size)
		}
	}
	for range n {
		if errno := r.enter(enterNow); errno != 0 {
			t.Fatal(errno)
		}
		for c, ok := r.next(); ok; c, ok = r.next() {
			if c.res != 0 || c.userData == 0 || c.userData > n || seen[c.userData] {
				t.Fatalf("unexpected completion %+v", c)
			}
			seen[c.userData] = true
		}
	}
	if len(seen) != n || r.pending != 0 {
		t.Errorf("%d of %d are complete, %d pending", len(seen), n, r.pending)
	}
}

// What handOver does.
func TestMsgRing(t *testing.T) {
	from := testRing(t, 4)
	type result struct {
		c     completion
		errno error
	}
	fd, got, done := make(chan int), make(chan result), make(chan struct{})
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the ring
		to, err := newRing(4)
		if err != nil {
			close(fd)
			return
		}
		defer to.close()
		fd <- to.fd
		errno := to.enter(enterWait)
		c, ok := to.next()
		if !ok && errno == 0 {
			errno = unix.ENODATA
		}
		got <- result{c, errno}
		<-done
	}()
	target, ok := <-fd
	if !ok {
		t.Skip("no second ring")
	}
	defer close(done)
	message := submission{opcode: opMsgRing, flags: sqeSkipSuccess, fd: int32(target), off: handedOver | 5, userData: notHanded | 5}
	from.submit(message)
	if errno := from.enter(enterSubmit); errno != 0 {
		t.Fatal(errno)
	}
	if r := <-got; r.errno != unix.Errno(0) || r.c.userData != handedOver|5 || r.c.res != 0 {
		t.Errorf("got %+v", r)
	}
	from.enter(enterNow)
	if c, ok := from.next(); ok {
		t.Errorf("the sender was told %+v", c)
	}
	// A failure does come back, with the entry's number.
	message.fd = int32(testEventFD(t))
	from.submit(message)
	from.enter(enterNow)
	if c, ok := from.next(); !ok || c.userData != notHanded|5 || c.res >= 0 {
		t.Errorf("to what is no ring: %+v, %v", c, ok)
	}
}
