package transport

import (
	"fmt"
	"iter"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// ringSize is how many submissions a thread may collect: entries of other
	// threads' queues come to it, too.
	ringSize = 64

	// spins is how often a thread looks for requests, letting others run in
	// between, before it sleeps: some 40 microseconds. A CPU that is not idle
	// does not draw the reader to it, which would cost an interrupt and another
	// queue's thread at every request: one reader of 4 KiB was 3 times as fast.
	spins = 64

	// shareFrom is the size of a read in bytes from which on waking another
	// CPU up for it is worth while.
	shareFrom = 64 << 10
)

// User data of submissions: the number of an entry, and of what kind it is.
const (
	fromKernel = iota << 32 // a request is in the entry
	handedOver              // another thread asks to answer it
	notHanded               // handing it over has failed
	stopNow                 // the eventfd was written to
	mailCame                // so was the thread's own
	kindMask   = ^uint64(1<<32 - 1)
)

// thread serves the requests of one CPU, and of those that have no thread.
type thread struct {
	*rings
	place   int       // in Placement.CPUs
	cpu     int       // that it is bound to
	queues  []int     // by the numbers of their CPUs
	others  []*thread // in the order in which work is handed to them
	ring    ring
	asleep  atomic.Bool // until a request comes, or is handed over
	todo    []uint32    // entries with requests
	foreign []uint32    // the same, of other threads' queues, that have just come
	in      []byte
	served  counter

	// Reads that have waited come as mail.
	mailFD   int  // an eventfd
	mailed   bool // the ring was asked to tell of it, at the first one that waits
	mailLock sync.Mutex
	mails    []mail
}

// run is the thread's life. It gives a result for each step before serving.
func (t *thread) run() {
	runtime.LockOSThread() // for good: the thread ends with the goroutine
	t.pin(t.cpu)
	err := t.make()
	t.results <- err
	if err != nil {
		return
	}
	defer t.ring.close()
	<-t.registering
	if t.stopped.Load() {
		return
	}
	t.results <- t.registerEntries()
	<-t.serving
	if !t.stopped.Load() {
		t.serve()
	}
}

func (t *thread) make() error {
	room, all := replyRoom(t.request), len(t.queues)*t.depth
	mem, err := t.mapBuffer(all*(room+headerRoom), t.cpu)
	if err != nil {
		return err
	}
	headers := mem[all*room:]
	i := 0
	for n := range t.ownEntries() {
		e := &t.entries[n]
		e.home, e.queue = t, uint16(n/t.depth)
		e.header = newEntryHeader(headers[i*headerRoom:])
		e.payload = mem[i*room : (i+1)*room : (i+1)*room]
		e.setBuffers()
		i++
	}
	if t.mailFD, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return os.NewSyscallError("eventfd", err)
	}
	r, err := newRing(ringSize)
	if err != nil {
		return err
	}
	t.ring = r
	return nil
}

// ownEntries are the numbers of the entries of the thread's queues.
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

func (t *thread) registerEntries() error {
	for n := range t.ownEntries() {
		t.submit(submission{
			opcode:   opUringCmd,
			fd:       int32(t.fd),
			off:      cmdRegister,
			addr:     t.entries[n].buffers(),
			len:      uint32(len(t.entries[n].iov)),
			userData: fromKernel | uint64(n),
			queueID:  t.entries[n].queue,
		})
	}
	t.submit(submission{opcode: opPollAdd, fd: int32(t.stopFD), opFlags: unix.POLLIN, userData: stopNow})
	if errno := t.ring.enter(enterSubmit); errno != 0 {
		return os.NewSyscallError("io_uring_enter", errno)
	}
	// What the kernel refuses, it refuses at once. A request may be there, too.
	for {
		c, ok := t.ring.next()
		switch {
		case !ok:
			return nil
		case c.userData&kindMask != fromKernel:
		case c.res < 0:
			return fmt.Errorf("queue %d: %w", t.entries[uint32(c.userData)].queue, syscall.Errno(-c.res))
		default:
			t.todo = append(t.todo, uint32(c.userData))
		}
	}
}

// serve answers requests until the connection ends.
func (t *thread) serve() {
	for {
		if len(t.todo) > 1 {
			t.share()
		}
		for i, n := range t.todo {
			large := t.answer(n)
			// Its reader need not wait for the others.
			if large && i < len(t.todo)-1 {
				t.ring.enter(enterSubmit)
			}
		}
		t.todo = t.todo[:0]
		errno := t.await()
		if errno != 0 && errno != unix.EINTR && errno != unix.EAGAIN && errno != unix.EBUSY {
			t.log.Printf("rings on CPU %d: io_uring_enter: %v", t.cpu, errno)
			return
		}
		if !t.collect() {
			return
		}
	}
}

// await returns when there are completions.
func (t *thread) await() syscall.Errno {
	for range spins {
		if errno := t.ring.enter(enterNow); errno != 0 || !t.ring.empty() {
			return errno
		}
		yield()
	}
	t.asleep.Store(true)
	errno := t.ring.enter(enterWait)
	t.asleep.Store(false)
	return errno
}

// submit queues a submission, which the kernel sees when the ring is entered. From a
// full ring, the earlier ones go first.
func (t *thread) submit(s submission) {
	for !t.ring.queue(s) {
		t.ring.enter(enterNow)
	}
}

// collect puts what has come into todo, and returns false if the connection has
// ended.
func (t *thread) collect() bool {
	local := false // there is work of this queue
	for {
		c, ok := t.ring.next()
		if !ok {
			break
		}
		n := uint32(c.userData)
		switch c.userData & kindMask {
		case stopNow:
			return false
		case mailCame:
			t.answerMails()
			continue
		case handedOver, notHanded:
			t.todo = append(t.todo, n)
			local = local || t.entries[n].home == t
			continue
		}
		switch errno := syscall.Errno(-c.res); errno {
		case 0:
			if t.entries[n].home == t {
				local = true
				t.todo = append(t.todo, n)
			} else {
				t.foreign = append(t.foreign, n)
			}
		case unix.ENOTCONN, unix.ECONNABORTED, unix.ECANCELED:
			return false
		default:
			t.log.Printf("queue %d: entry %d is lost: %v", t.entries[n].queue, n, errno)
		}
	}
	handed := false
	for _, n := range t.foreign {
		home := t.entries[n].home
		if local || home.asleep.CompareAndSwap(true, false) {
			t.handOver(n, home)
			handed = true
		} else {
			t.todo = append(t.todo, n)
		}
	}
	t.foreign = t.foreign[:0]
	if handed {
		t.ring.enter(enterSubmit)
	}
	return true
}

// share hands all large reads but the first to threads that wait.
func (t *thread) share() {
	next, handed := 0, false
	mine := t.todo[:1]
	for _, n := range t.todo[1:] {
		e := &t.entries[n]
		if h := e.header; h.request().Opcode == opRead && h.read().size >= shareFrom {
			for next < len(t.others) && !t.others[next].asleep.CompareAndSwap(true, false) {
				next++
			}
			if next < len(t.others) {
				t.handOver(n, t.others[next])
				next++
				handed = true
				continue
			}
		}
		mine = append(mine, n)
	}
	t.todo = mine
	if handed {
		t.ring.enter(enterSubmit)
	}
}

// handOver asks to's thread to answer entry n, once the ring is entered.
func (t *thread) handOver(n uint32, to *thread) {
	t.submit(submission{
		opcode:   opMsgRing,
		flags:    sqeSkipSuccess,
		fd:       int32(to.ring.descriptor()),
		off:      handedOver | uint64(n),
		userData: notHanded | uint64(n),
	})
}

// answer answers the request of an entry; the kernel gets the reply when the
// ring is entered. It reports whether that was a large read.
func (t *thread) answer(number uint32) (large bool) {
	e := &t.entries[number]
	n, errno := 0, syscall.Errno(0)
	if e.header.request().Opcode == opRead {
		n, errno = t.read(e.header.read(), e.payload)
		switch errno {
		case 0:
			t.served.count(n)
			large = n >= shareFrom
		case Later:
			t.answerLater(number)
			return false
		default:
			t.served.countError()
		}
	} else {
		n, errno = t.answerOther(e)
	}
	t.commit(number, n, errno)
	return large
}

// commit makes the entry's request its reply, of n bytes.
func (t *thread) commit(number uint32, n int, errno syscall.Errno) {
	e := &t.entries[number]
	h := e.header
	commit := h.commitID
	putHeader(h.inOut[:], h.request().Unique, errno, n)
	h.payload = uint32(n)
	t.submit(submission{
		opcode:   opUringCmd,
		fd:       int32(t.fd),
		off:      cmdCommitAndFetch,
		userData: fromKernel | uint64(number),
		commitID: commit,
		queueID:  e.queue,
	})
}

// answerOther answers what is not READ. The request is put together as /dev/fuse
// has it, elsewhere, because the reply takes its place.
func (t *thread) answerOther(e *entry) (int, syscall.Errno) {
	h := e.header
	in := h.request()
	fixed := int(in.Length) - requestHeader - int(h.payload)
	if fixed < 0 || fixed > len(h.op) || int(h.payload) > len(e.payload) {
		t.log.Printf("rings on CPU %d: request of kind %d has %d bytes, %d of them payload", t.cpu, in.Opcode, in.Length, h.payload)
		return 0, syscall.EIO
	}
	t.in = append(t.in[:0], h.inOut[:requestHeader]...)
	t.in = append(t.in, h.op[:fixed]...)
	t.in = append(t.in, e.payload[:h.payload]...)
	out := make([]byte, replyHeader)
	n, status := t.protocol.HandleRequest([][]byte{t.in}, [][]byte{out, e.payload})
	if !status.Ok() || n < replyHeader {
		t.log.Printf("request of kind %d: %v", in.Opcode, status)
		return 0, syscall.EIO
	}
	return n - replyHeader, replyErrno(out)
}
