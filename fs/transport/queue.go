package transport

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

const (
	// ringSize is how many submissions a thread may collect: entries of other
	// queues come to it, too.
	ringSize = 64

	// spins is how often a thread looks for requests, letting others run in
	// between, before it sleeps: some 40 microseconds. A CPU that is not idle
	// does not draw the reader to it, which would cost an interrupt and another
	// queue's thread at every request: one reader of 4 KiB was 3 times as fast.
	spins = 64

	// shareFrom is the size of a read in bytes from which on waking another
	// CPU up for it is worth while.
	shareFrom = 64 << 10

	cmdRegister       = 1 // FUSE_IO_URING_CMD_REGISTER
	cmdCommitAndFetch = 2 // FUSE_IO_URING_CMD_COMMIT_AND_FETCH
)

// User data of submissions: the number of an entry, and of what kind it is.
const (
	fromKernel = iota << 32 // a request is in the entry
	handedOver              // another queue asks to answer it
	notHanded               // handing it over has failed
	stopNow                 // the eventfd was written to
	kindMask   = ^uint64(1<<32 - 1)
)

// queue is the thread that serves the requests of one CPU.
type queue struct {
	*rings
	id      int
	ring    *ring
	asleep  atomic.Bool // until a request comes, or is handed over
	todo    []uint32    // entries with requests
	foreign []uint32    // the same, of other queues, that have just come
	in      []byte
	served  counter
}

// run is the thread's life. It gives a result for each step before serving.
func (q *queue) run() {
	runtime.LockOSThread() // for good: the thread ends with the queue
	if slices.Contains(q.cpus, q.id) {
		pin(q.id)
	} // otherwise it is offline, or not for us: the kernel finds a place
	err := q.make()
	q.results <- err
	if err != nil {
		return
	}
	defer q.ring.close()
	<-q.registering
	if q.stopped.Load() {
		return
	}
	q.results <- q.registerEntries()
	<-q.serving
	if !q.stopped.Load() {
		q.serve()
	}
}

func (q *queue) make() error {
	room := replyRoom(q.request)
	mem, err := mapBuffer(q.depth * room)
	if err != nil {
		return err
	}
	headers, err := mapBuffer(q.depth * headerRoom)
	if err != nil {
		return err
	}
	for i := range q.depth {
		e := &q.entries[q.id*q.depth+i]
		e.home = q
		e.header = (*entryHeader)(unsafe.Pointer(&headers[i*headerRoom]))
		e.payload = mem[i*room : (i+1)*room : (i+1)*room]
		e.iov[0].Base = &headers[i*headerRoom]
		e.iov[0].SetLen(int(unsafe.Sizeof(entryHeader{})))
		e.iov[1].Base = &e.payload[0]
		e.iov[1].SetLen(len(e.payload))
	}
	q.ring, err = newRing(ringSize)
	return err
}

func (q *queue) registerEntries() error {
	for i := range q.depth {
		n := q.id*q.depth + i
		q.ring.submit(submission{
			opcode:   opUringCmd,
			fd:       int32(q.fd),
			off:      cmdRegister,
			addr:     uint64(uintptr(unsafe.Pointer(&q.entries[n].iov))),
			len:      uint32(len(q.entries[n].iov)),
			userData: fromKernel | uint64(n),
			queueID:  uint16(q.id),
		})
	}
	q.ring.submit(submission{opcode: opPollAdd, fd: int32(q.stopFD), opFlags: unix.POLLIN, userData: stopNow})
	if errno := q.ring.enter(enterSubmit); errno != 0 {
		return os.NewSyscallError("io_uring_enter", errno)
	}
	// What the kernel refuses, it refuses at once. A request may be there, too.
	for {
		c, ok := q.ring.next()
		switch {
		case !ok:
			return nil
		case c.userData&kindMask != fromKernel:
		case c.res < 0:
			return fmt.Errorf("queue %d: %w", q.id, syscall.Errno(-c.res))
		default:
			q.todo = append(q.todo, uint32(c.userData))
		}
	}
}

// serve answers requests until the connection ends.
func (q *queue) serve() {
	for {
		if len(q.todo) > 1 {
			q.share()
		}
		for i, n := range q.todo {
			large := q.answer(n)
			// Its reader need not wait for the others.
			if large && i < len(q.todo)-1 {
				q.ring.enter(enterSubmit)
			}
		}
		q.todo = q.todo[:0]
		errno := q.await()
		if errno != 0 && errno != unix.EINTR && errno != unix.EAGAIN && errno != unix.EBUSY {
			q.log.Printf("queue %d: io_uring_enter: %v", q.id, errno)
			return
		}
		if !q.collect() {
			return
		}
	}
}

// await returns when there are completions.
func (q *queue) await() syscall.Errno {
	for range spins {
		if errno := q.ring.enter(enterNow); errno != 0 || !q.ring.empty() {
			return errno
		}
		unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	}
	q.asleep.Store(true)
	errno := q.ring.enter(enterWait)
	q.asleep.Store(false)
	return errno
}

// collect puts what has come into todo, and returns false if the connection has
// ended.
func (q *queue) collect() bool {
	local := false // there is work of this queue
	for {
		c, ok := q.ring.next()
		if !ok {
			break
		}
		n := uint32(c.userData)
		switch c.userData & kindMask {
		case stopNow:
			return false
		case handedOver, notHanded:
			q.todo = append(q.todo, n)
			local = local || q.entries[n].home == q
			continue
		}
		switch errno := syscall.Errno(-c.res); errno {
		case 0:
			if q.entries[n].home == q {
				local = true
				q.todo = append(q.todo, n)
			} else {
				q.foreign = append(q.foreign, n)
			}
		case unix.ENOTCONN, unix.ECONNABORTED, unix.ECANCELED:
			return false
		default:
			q.log.Printf("queue %d: entry %d is lost: %v", q.id, n, errno)
		}
	}
	handed := false
	for _, n := range q.foreign {
		home := q.entries[n].home
		if local || home.asleep.CompareAndSwap(true, false) {
			q.handOver(n, home)
			handed = true
		} else {
			q.todo = append(q.todo, n)
		}
	}
	q.foreign = q.foreign[:0]
	if handed {
		q.ring.enter(enterSubmit)
	}
	return true
}

// share hands all large reads but the first to threads that wait.
func (q *queue) share() {
	next, handed := 1, false
	mine := q.todo[:1]
	for _, n := range q.todo[1:] {
		e := &q.entries[n]
		if h := e.header; header(h.inOut[:]).Opcode == opRead && readIn(h).size >= shareFrom {
			for ; next < len(q.queues); next++ {
				if to := q.queues[(q.id+next)%len(q.queues)]; to.asleep.CompareAndSwap(true, false) {
					q.handOver(n, to)
					break
				}
			}
			if next < len(q.queues) {
				next++
				handed = true
				continue
			}
		}
		mine = append(mine, n)
	}
	q.todo = mine
	if handed {
		q.ring.enter(enterSubmit)
	}
}

// handOver asks to's thread to answer entry n, once the ring is entered.
func (q *queue) handOver(n uint32, to *queue) {
	q.ring.submit(submission{
		opcode:   opMsgRing,
		flags:    sqeSkipSuccess,
		fd:       int32(to.ring.fd),
		off:      handedOver | uint64(n),
		userData: notHanded | uint64(n),
	})
}

// requestRead is a struct fuse_read_in, as far as it matters.
type requestRead struct {
	fh, offset uint64
	size       uint32
}

func readIn(h *entryHeader) *requestRead { return (*requestRead)(unsafe.Pointer(&h.op)) }

// answer answers the request of an entry; the kernel gets the reply when the
// ring is entered. It reports whether that was a large read.
func (q *queue) answer(number uint32) (large bool) {
	e := &q.entries[number]
	h := e.header
	in := header(h.inOut[:])
	unique, commit := in.Unique, h.commitID
	n, errno := 0, syscall.Errno(0)
	if in.Opcode == opRead {
		r := readIn(h)
		if n, errno = q.read(r.fh, r.offset, r.size, e.payload); errno == 0 {
			q.served.add(n)
		}
		large = n >= shareFrom
	} else {
		n, errno = q.answerOther(e)
	}
	putHeader(h.inOut[:], unique, errno, n)
	h.payload = uint32(n)
	q.ring.submit(submission{
		opcode:   opUringCmd,
		fd:       int32(q.fd),
		off:      cmdCommitAndFetch,
		userData: fromKernel | uint64(number),
		commitID: commit,
		queueID:  uint16(e.home.id),
	})
	return large
}

// answerOther answers what is not READ. The request is put together as /dev/fuse
// has it, elsewhere, because the reply takes its place.
func (q *queue) answerOther(e *entry) (int, syscall.Errno) {
	h := e.header
	in := header(h.inOut[:])
	size := int(unsafe.Sizeof(fuse.InHeader{}))
	fixed := int(in.Length) - size - int(h.payload)
	if fixed < 0 || fixed > len(h.op) || int(h.payload) > len(e.payload) {
		q.log.Printf("queue %d: request of kind %d has %d bytes, %d of them payload", q.id, in.Opcode, in.Length, h.payload)
		return 0, syscall.EIO
	}
	q.in = append(q.in[:0], h.inOut[:size]...)
	q.in = append(q.in, h.op[:fixed]...)
	q.in = append(q.in, e.payload[:h.payload]...)
	var out fuse.OutHeader
	n, status := q.protocol.HandleRequest([][]byte{q.in}, [][]byte{unsafe.Slice((*byte)(unsafe.Pointer(&out)), replyHeader), e.payload})
	if !status.Ok() || n < replyHeader {
		q.log.Printf("request of kind %d: %v", in.Opcode, status)
		return 0, syscall.EIO
	}
	return n - replyHeader, syscall.Errno(-out.Status)
}
