package transport

import (
	"bytes"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// newPipeTest returns a kernel, the descriptor that it serves, a pipe to it, and
// memory for a header with that for data behind it.
func newPipeTest(t *testing.T) (k *kernel, fd int, p *pipe, head, data []byte) {
	t.Helper()
	k, fd = newKernel(t)
	t.Cleanup(func() { unix.Close(fd) })
	p, err := newPipe(testRequest)
	if err != nil {
		t.Skipf("needs pipes: %v", err)
	}
	t.Cleanup(p.close)
	mem, err := mapBuffer(pageSize + testRequest)
	if err != nil {
		t.Fatal(err)
	}
	return k, fd, p, mem[pageSize-replyHeader : pageSize : pageSize], mem[pageSize:]
}

func TestPipe(t *testing.T) {
	k, fd, p, head, data := newPipeTest(t)
	var iov [2]unix.Iovec
	for i, n := range []int{1, 4095, 4096, 65536, 65537, testRequest} {
		fill(data[:n], int64(i)<<20)
		want := bytes.Clone(data[:n])
		putHeader(head, uint64(i), unix.EIO, n)
		if errno, ok := p.send(fd, head, data[:n], &iov); errno != 0 || !ok {
			t.Fatalf("%d bytes: errno %d, %v", n, errno, ok)
		}
		r := k.receive()
		if r.unique != uint64(i) || r.errno != unix.EIO || !bytes.Equal(r.data, want) {
			t.Errorf("%d bytes: unique %d, %v, %d bytes", n, r.unique, r.errno, len(r.data))
		}
	}

	// More than it holds, and an error that is not a reader's death.
	small, err := newPipe(pageSize)
	if err != nil {
		t.Fatal(err)
	}
	defer small.close()
	if errno, ok := small.send(fd, head, data, &iov); ok {
		t.Errorf("too much for the pipe: errno %d, but it can still be used", errno)
	}
	if errno, ok := p.send(p.r, head, data, &iov); ok || errno == 0 {
		t.Errorf("to what cannot be written: errno %d, %v", errno, ok)
	}
}

// Signals, such as those by which Go preempts goroutines, cut no reply short.
func TestPipeSignals(t *testing.T) {
	k, fd, p, head, data := newPipeTest(t)

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pid, tid := unix.Getpid(), unix.Gettid()
	var done atomic.Bool
	var signals sync.WaitGroup
	signals.Go(func() {
		for !done.Load() {
			unix.Tgkill(pid, tid, unix.SIGURG)
			runtime.Gosched()
		}
	})
	var iov [2]unix.Iovec
	for i := range 50 {
		putHeader(head, uint64(i), 0, testRequest)
		if errno, ok := p.send(fd, head, data, &iov); errno != 0 || !ok {
			t.Errorf("reply %d: errno %d, %v", i, errno, ok)
			break
		}
		if r := k.receive(); r.unique != uint64(i) || len(r.data) != testRequest {
			t.Errorf("reply %d: %d, %d bytes", i, r.unique, len(r.data))
			break
		}
	}
	done.Store(true)
	signals.Wait()
}

func TestPipeLimit(t *testing.T) {
	const size = 3 << 30 // the kernel's own limit is 2 GiB, for root, too
	if _, err := newPipe(size); err == nil || !strings.Contains(err.Error(), "pipe-max-size") {
		t.Errorf("error %v does not name the limit", err)
	}
}

func TestMapBuffer(t *testing.T) {
	for _, size := range []int{1, 4096, hugePage, hugePage + 1} {
		p, err := mapBuffer(size)
		if err != nil {
			t.Fatal(err)
		}
		if len(p) != size || cap(p) < size || cap(p)%hugePage != 0 {
			t.Errorf("%d bytes: length %d, capacity %d", size, len(p), cap(p))
		}
		if at := address(p); at%hugePage != 0 {
			t.Errorf("%d bytes begin at %#x", size, at)
		}
		for i := range p {
			if p[i] != 0 {
				t.Fatalf("%d bytes: byte %d is %d", size, i, p[i])
			}
			p[i] = 1 // a page that cannot be written ends the test
		}
	}
}
