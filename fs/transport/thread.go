package transport

import (
	"fmt"
	"iter"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/dgenfs/dgenfs/fs/transport/counters"
	"golang.org/x/sys/unix"
)

const (
	// ringSize is how many submissions a thread may collect: entries of other
	// threads' queues come to it, too.
	ringSize = 64

	// What fails with a transient error is tried again: at once at first, then
	// every retryPause, and up to maxRetries times in a row, some ten seconds.
	quickRetries = 16
	retryPause   = time.Millisecond
	maxRetries   = 10_000
)

// User data of submissions: the number of an entry, and of what kind it is.
const (
	fromKernel = iota << 32 // a request is in the entry
	handedOver              // another thread asks to answer it
	notHanded               // handing it over has failed
	endNow                  // the connection has to end
	inboxReady              // there is something in the thread's inbox
	kindMask   = ^uint64(1<<32 - 1)
)

// thread serves the queue of one CPU, and those of CPUs that have no thread.
type thread struct {
	*rings
	place   int       // in Placement.CPUs
	cpu     int       // that it is bound to
	queues  []int     // by the numbers of their CPUs
	others  []*thread // in the order in which work is handed to them
	ring    ring
	asleep  atomic.Bool  // until a request comes, or is handed over
	early   []completion // taken off a full ring
	todo    []uint32     // entries with requests
	foreign []uint32     // the same, of other threads' queues, that have just come
	in      []byte
	scratch []byte            // for what WriteFile computes; nil if nothing is written
	head    [replyHeader]byte // that go-fuse writes
	inbox   inbox             // reads that have waited
	retries int               // of entries, in a row
	pause   func(time.Duration)
	failed  bool
	spinner spinner
	counts  counters.Thread
}

// run makes the ring, registers the entries and serves, and reports the result of each
// step but the last. When one thread returns, all do: no other one answers its CPU's
// requests.
func (t *thread) run() {
	runtime.LockOSThread() // for good: the thread ends with the goroutine
	t.pin(t.cpu)
	err := t.setUp()
	t.results <- err
	if err != nil {
		return
	}
	defer t.ring.close()
	<-t.mayRegister
	if t.abandoned.Load() {
		return
	}
	defer t.end()
	if t.hasToEnd() {
		return
	}
	t.results <- t.registerEntries()
	<-t.mayServe
	if !t.hasToEnd() {
		t.serve()
	}
}

// setUp makes the entries of the thread's queues, and its ring.
func (t *thread) setUp() error {
	if err := t.placeEntries(t.ownEntries(), len(t.queues)*t.depth); err != nil {
		return err
	}
	if t.maxWrite > 0 {
		var err error
		if t.scratch, err = t.mapBuffer(scratchSize, t.cpu); err != nil {
			return err
		}
	}
	if err := t.inbox.open(); err != nil {
		return err
	}
	r, err := newRing(ringSize)
	if err != nil {
		return err
	}
	t.ring = r
	return nil
}

// ownEntries are the numbers of the entries of the thread's queues, without the spare
// ones.
func (t *thread) ownEntries() iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, queue := range t.queues {
			for i := range t.depth {
				if !yield(queue*t.depth + i) {
					return
				}
			}
		}
	}
}

// registerEntries gives the kernel the thread's entries.
func (t *thread) registerEntries() error {
	for n := range t.ownEntries() {
		t.register(uint32(n))
	}
	t.await(t.ending.fd, endNow)
	if errno := t.ring.enter(enterSubmit); errno != 0 {
		return fmt.Errorf("io_uring_enter: %w", errno)
	}
	// If the kernel refuses an entry, it does so at once. Requests may have come, too.
	t.takeCompletions()
	for _, c := range t.early {
		if errno := failure(c); errno != 0 && !isTransient(errno) {
			return fmt.Errorf("queue %d: %w", t.entries[uint32(c.UserData)].queue, errno)
		}
	}
	return nil
}

// await has the ring report once that a descriptor is readable.
func (t *thread) await(fd int, kind uint64) {
	t.submit(submission{opcode: opPollAdd, fd: int32(fd), opFlags: unix.POLLIN, userData: kind})
}

// serve answers requests until the connection ends.
func (t *thread) serve() {
	for !t.failed && t.collect() {
		if len(t.todo) > 1 {
			t.share()
		}
		for i, n := range t.todo {
			large := t.answer(n)
			t.counts.Queued()
			// Do not let its reader wait for the other replies.
			if large && i < len(t.todo)-1 {
				t.ring.enter(enterSubmit)
				t.counts.Sent()
			}
		}
		t.todo = t.todo[:0]
		if errno := t.sleep(); errno != 0 && !isTransient(errno) {
			t.fail("io_uring_enter", errno)
		}
	}
}

// sleep returns when there are completions, or at a signal.
func (t *thread) sleep() syscall.Errno {
	if len(t.early) > 0 {
		errno := t.ring.enter(enterSubmit)
		t.counts.Sent()
		return errno
	}
	for {
		errno := t.ring.enter(enterNow)
		t.counts.Sent()
		if errno != 0 || !t.ring.empty() {
			t.spinner.found()
			return errno
		}
		if !t.spinner.again() {
			break
		}
	}
	t.asleep.Store(true)
	errno := t.ring.enter(enterWait)
	// Not Store: what another thread did before it called wake, such as making a spare
	// entry, comes before this, also for Go's race detector, which cannot see the kernel.
	t.asleep.Swap(false)
	return errno
}

// submit queues a submission, which the kernel sees when the ring is entered. From a
// full ring, the earlier ones go first.
func (t *thread) submit(s submission) {
	for tries := 0; !t.failed && !t.ring.queue(s); tries++ {
		errno := t.ring.enter(enterNow)
		// If there is no room for more completions, the kernel takes no submissions.
		t.takeCompletions()
		switch {
		case errno != 0 && !isTransient(errno):
			t.fail("io_uring_enter", errno)
		case tries == maxRetries:
			t.fail("io_uring_enter, of a full ring", unix.EBUSY)
		default:
			t.pauseFrom(tries)
		}
	}
}

// takeCompletions keeps all completions for collect.
func (t *thread) takeCompletions() {
	for c, ok := t.ring.next(); ok; c, ok = t.ring.next() {
		t.early = append(t.early, c)
	}
}

// collect puts the requests that have come into todo, and returns false if the
// connection has ended.
func (t *thread) collect() bool {
	local := false // there is work of this queue
	t.takeCompletions()
	come := t.early
	t.counts.Arrived()
	t.early = nil // handling them may take more off a full ring
	for _, c := range come {
		n := uint32(c.UserData)
		errno := failure(c)
		switch c.UserData & kindMask {
		case endNow:
			return false
		case inboxReady:
			if errno != 0 && !isTransient(errno) {
				t.fail("poll", errno)
				return false
			}
			t.answerDue()
		case handedOver, notHanded:
			t.todo = append(t.todo, n)
			local = local || t.entries[n].home == t
		default:
			e := &t.entries[n]
			switch {
			case errno == 0:
				t.retries = 0
				if e.home == t {
					local = true
					t.todo = append(t.todo, n)
				} else {
					t.foreign = append(t.foreign, n)
				}
			case errno == unix.ENOTCONN || errno == unix.ECONNABORTED || errno == unix.ECANCELED:
				return false
			case isTransient(errno) && t.retries < maxRetries:
				t.resubmit(n)
			case t.isNewSpare(n):
				t.usable.Store(false)
				t.log.Printf("rings on CPU %d: a spare entry of queue %d: %v; few reads of slow files can wait", t.cpu, e.queue, errno)
			default:
				t.fail(fmt.Sprintf("entry %d of queue %d", n, e.queue), errno)
				return false
			}
		}
	}
	if t.early == nil {
		t.early = come[:0]
	}
	t.giveBack(local)
	return true
}

// failure returns the error of a completion.
func failure(c completion) syscall.Errno {
	if c.Res >= 0 {
		return 0
	}
	return syscall.Errno(-c.Res)
}

// isTransient reports whether what failed is to be tried again: a signal came, or
// the kernel was short of memory or room at that moment.
func isTransient(errno syscall.Errno) bool {
	return errno == unix.EINTR || errno == unix.EAGAIN || errno == unix.EBUSY
}

// pauseFrom waits before what has failed so often is tried again.
func (t *thread) pauseFrom(tries int) {
	if tries >= quickRetries {
		t.pause(retryPause)
	}
}

// fail ends the connection: otherwise readers whose requests come to this thread would
// wait forever.
func (t *thread) fail(what string, errno syscall.Errno) {
	if !t.failed {
		t.failed = true
		t.log.Printf("rings on CPU %d: %s: %v; the connection ends", t.cpu, what, errno)
	}
	t.end()
}
