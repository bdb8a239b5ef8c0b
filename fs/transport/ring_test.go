package transport

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// testRing returns a ring for the calling goroutine, which stays on its thread
// from here on.
func testRing(t *testing.T, size int) *kernelRing {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	r, err := newRing(size)
	if err != nil {
		t.Skipf("needs io_uring: %v", err)
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
	r.queue(submission{opcode: opPollAdd, fd: int32(event), opFlags: unix.POLLIN, userData: 77 << 32})
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
	if c, ok := r.next(); !ok || c.UserData != 77<<32 || c.Res != unix.POLLIN {
		t.Errorf("%+v, %v", c, ok)
	}
	if c, ok := r.next(); ok || !r.empty() {
		t.Errorf("%+v came, too", c)
	}
}

// A full ring takes no more until it is entered, and loses nothing.
func TestRingFull(t *testing.T) {
	const size, n = 8, 100
	r := testRing(t, size)
	seen := make(map[uint64]bool)
	collect := func() {
		t.Helper()
		if errno := r.enter(enterNow); errno != 0 {
			t.Fatal(errno)
		}
		for c, ok := r.next(); ok; c, ok = r.next() {
			if c.Res != 0 || c.UserData == 0 || c.UserData > n || seen[c.UserData] {
				t.Fatalf("unexpected completion %+v", c)
			}
			seen[c.UserData] = true
		}
	}
	for i := range uint64(n) {
		s := submission{userData: i + 1} // opcode 0 does nothing
		if !r.queue(s) {
			if i%size != 0 {
				t.Fatalf("the ring is full with %d of %d", i%size, size)
			}
			collect()
			if !r.queue(s) {
				t.Fatal("the ring is still full")
			}
		}
	}
	collect()
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
		t.Skip("needs io_uring: no second ring")
	}
	defer close(done)
	message := submission{opcode: opMsgRing, flags: sqeSkipSuccess, fd: int32(target), off: handedOver | 5, userData: notHanded | 5}
	from.queue(message)
	if errno := from.enter(enterSubmit); errno != 0 {
		t.Fatal(errno)
	}
	if r := <-got; r.errno != unix.Errno(0) || r.c.UserData != handedOver|5 || r.c.Res != 0 {
		t.Errorf("got %+v", r)
	}
	from.enter(enterNow)
	if c, ok := from.next(); ok {
		t.Errorf("the sender was told %+v", c)
	}
	// A failure does come back, with the entry's number.
	message.fd = int32(testEventFD(t))
	from.queue(message)
	from.enter(enterNow)
	if c, ok := from.next(); !ok || c.UserData != notHanded|5 || c.Res >= 0 {
		t.Errorf("to what is no ring: %+v, %v", c, ok)
	}
}
