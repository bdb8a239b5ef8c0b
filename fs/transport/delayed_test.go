package transport

import (
	"bytes"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// Open files of reads that are answered later.
const (
	laterFH  = 96 // after laterFor
	neverFH  = 97 // after an hour
	brokenFH = 98 // at once, with an error

	latePanicFH = 94 // at once, with a panic

	laterFor = 300 * time.Millisecond
)

func (f *testFS) delay(fh uint64, off int64, size int) *Delayed {
	r := &Delayed{
		Due: time.Now(),
		Read: func(p []byte) (int, syscall.Errno) {
			switch fh {
			case brokenFH:
				return 0, syscall.ETIMEDOUT
			case latePanicFH:
				panic("while it was due")
			}
			if len(p) != size {
				return 0, syscall.EINVAL
			}
			fill(p, off)
			return len(p), 0
		},
		Cancel: func() { f.cancelled.Add(1) },
	}
	switch fh {
	case laterFH:
		r.Due = r.Due.Add(laterFor)
	case neverFH:
		r.Due = r.Due.Add(time.Hour)
	}
	return r
}

// interruptBit is FUSE_INT_REQ_BIT, which INTERRUPT has in its own number.
const interruptBit = 1

func (k *kernel) sendInterrupt(unique uint64) {
	k.t.Helper()
	in := fuse.InterruptIn{Unique: unique}
	send(k, &in, &in.InHeader, opInterrupt, unique|interruptBit)
}

// Reads wait side by side, more of them than there are threads and buffers: those that
// are due do not wait for others that are not.
func TestDelayed(t *testing.T) {
	c := connect(t)
	const reads, size = 16, 5000
	begin := time.Now()
	for i := range uint64(reads) {
		c.sendRead(5000+i, neverFH, 0, size)
	}
	for i := range uint64(reads) {
		c.sendRead(2*i+2, laterFH, i*size, size)
	}
	c.sendRead(1000, brokenFH, 0, 1)
	seen := make(map[uint64]bool)
	for range reads + 1 {
		r := c.receive()
		if r.unique == 1000 {
			if r.errno != syscall.ETIMEDOUT || len(r.data) != 0 {
				t.Errorf("a read that fails: %v, %d bytes", r.errno, len(r.data))
			}
			continue
		}
		if passed := time.Since(begin); passed < laterFor {
			t.Errorf("request %d was answered after %v, want %v at least", r.unique, passed, laterFor)
		}
		want := make([]byte, size)
		fill(want, int64(r.unique-2)/2*size)
		if seen[r.unique] || r.errno != 0 || !bytes.Equal(r.data, want) {
			t.Errorf("request %d: %v, %d bytes", r.unique, r.errno, len(r.data))
		}
		seen[r.unique] = true
	}
	if got, want := c.server.Served(), (Served{Reads: reads, Bytes: reads * size, Errors: 1}); got != want {
		t.Errorf("served %+v, want %+v", got, want)
	}
	c.end()
	if n := c.fs.cancelled.Load(); n != 0 {
		t.Errorf("%d reads were cancelled", n)
	}
}

func TestInterrupt(t *testing.T) {
	c := connect(t)
	expect := func(what string, unique uint64) {
		t.Helper()
		if r := c.receive(); r.unique != unique || r.errno != syscall.EINTR || len(r.data) != 0 {
			t.Errorf("%s: unique %d, %v, %d bytes; want %d", what, r.unique, r.errno, len(r.data), unique)
		}
	}
	c.sendRead(2, neverFH, 0, 4096)
	c.sendRead(4, neverFH, 0, 4096)
	// They hold up nobody.
	c.sendRead(5000, 60, 0, 60)
	if r := c.receive(); r.unique != 5000 || r.errno != 0 || len(r.data) != 60 {
		t.Errorf("a read beside those that wait: unique %d, %v, %d bytes", r.unique, r.errno, len(r.data))
	}
	c.sendInterrupt(4)
	expect("the later one", 4)
	c.sendInterrupt(4) // again: nothing is left to interrupt
	c.sendInterrupt(2)
	expect("the earlier one", 2)

	// Threads may come to INTERRUPT first.
	for unique := uint64(6); unique < 6+2*earlyInterrupts; unique += 2 {
		c.sendInterrupt(unique)
	}
	for unique := uint64(6); unique < 6+2*earlyInterrupts; unique += 2 {
		c.sendRead(unique, neverFH, 0, 4096)
		expect("INTERRUPT before READ", unique)
	}
	// Not those that do not wait, nor those of old numbers forever.
	c.sendInterrupt(10000)
	c.sendRead(10000, 50, 0, 50)
	if r := c.receive(); r.unique != 10000 || r.errno != 0 || len(r.data) != 50 {
		t.Errorf("a read that need not wait: unique %d, %v, %d bytes", r.unique, r.errno, len(r.data))
	}
	const interrupted = 2 + earlyInterrupts
	if got, want := c.server.Served(), (Served{Reads: 2, Bytes: 110, Errors: interrupted}); got != want {
		t.Errorf("served %+v, want %+v", got, want)
	}
	if n := c.fs.cancelled.Load(); n != interrupted {
		t.Errorf("%d reads were cancelled, want %d", n, interrupted)
	}
	for unique := uint64(20000); unique < 20000+4*earlyInterrupts; unique += 2 {
		c.server.delays.answer(unique, true)
	}
	if n := len(c.server.delays.early); n != earlyInterrupts {
		t.Errorf("%d interrupts are remembered, want %d", n, earlyInterrupts)
	}
	c.end()
}

// A connection may end while reads wait for it.
func TestEndWhileReadsWait(t *testing.T) {
	for range 20 {
		c := connect(t)
		for i := range uint64(16) {
			c.sendRead(4*i+2, neverFH, 0, 4096)
			c.sendRead(4*i+4, laterFH, 0, 4096)
		}
		c.sendRead(1000, brokenFH, 0, 1)
		c.receive() // so others have come, too
		c.end()
		l := &c.server.delays
		if l.waiting != nil || !l.ended {
			t.Errorf("%d reads still wait", len(l.waiting))
		}
		l.add(&waitingRead{unique: 2000})
		l.answer(2000, true)
	}
}

// Over /dev/fuse, too, only so many reads wait: the kernel has a bound of its own, behind
// which it would hold back those of others.
func TestDelayedReadsAreBounded(t *testing.T) {
	c := connect(t)
	const waiting, refused = maxDelayed, 10
	for i := range uint64(waiting) {
		c.sendRead(2*i+2, neverFH, 0, 1)
	}
	// Until all wait: the socket keeps their order, but two workers answer.
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		c.server.delays.mu.Lock()
		n := len(c.server.delays.waiting)
		c.server.delays.mu.Unlock()
		if n == waiting {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d reads wait", n)
		}
	}
	for i := range uint64(refused) {
		unique := 2*(waiting+i) + 2
		c.sendRead(unique, neverFH, 0, 1)
		if r := c.receive(); r.unique != unique || r.errno != syscall.EBUSY {
			t.Errorf("a read beyond the bound: %+v", r)
		}
	}
	c.sendInterrupt(2) // which leaves a place to another
	if r := c.receive(); r.unique != 2 || r.errno != syscall.EINTR {
		t.Errorf("an interrupted read: %+v", r)
	}
	c.sendRead(100000, neverFH, 0, 1)
	c.sendRead(100002, 10, 0, 10)
	if r := c.receive(); r.unique != 100002 || len(r.data) != 10 {
		t.Errorf("a read that need not wait: %+v", r)
	}
	if n := c.fs.cancelled.Load(); n != refused+1 {
		t.Errorf("%d reads were cancelled, want %d", n, refused+1)
	}
	c.end()
	if n := strings.Count(c.log.String(), "EBUSY"); n != 1 {
		t.Errorf("the log is %q", &c.log)
	}
}

// If files are known to be slow, rings are used only if they were asked for, and the
// kernel may have many requests in flight.
func TestNegotiateSlowFiles(t *testing.T) {
	for kind, want := range map[Kind]error{"": ErrSlowFiles, Auto: ErrSlowFiles, Dev: ErrDevChosen} {
		k, fd := newKernel(t)
		k.sendInit(45, fuse.CAP_OVER_IO_URING)
		s, err := New(fd, newTestFS(), Options{Kind: kind, Request: testRequest, Placement: testPlacement, SlowFiles: true})
		if err != nil {
			t.Fatal(err)
		}
		if r := s.Report(); r.Kind != Dev || r.NoUring != want {
			t.Errorf("%q: %s, %v", kind, r.Kind, r.NoUring)
		}
		if out := k.receiveInit(); out.MaxBackground != slowBackground || out.Flags64()&fuse.CAP_OVER_IO_URING != 0 {
			t.Errorf("%q: %+v", kind, out)
		}
		s.close()
	}
}
