package transport

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

const (
	// minDepth and maxDepth bound the number of entries of a queue: requests of
	// one CPU that are here at a time, and so threads that can answer them. The
	// kernel keeps more. As many as there are CPUs are enough, and fewer share
	// the cache better: with 4 of them on two CPUs, two readers of 1 MiB at
	// depth 8 were slower by a tenth.
	minDepth, maxDepth = 2, 4

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

// rings is FUSE over io_uring. The kernel has a queue of requests for every CPU,
// those that began there, and each is served by a thread on that CPU with a ring
// of its own.
//
// An entry is a place for one request and its reply. Any thread may commit an
// entry, and from then on the kernel tells that thread of requests in it. So a
// thread that finds more large reads than one hands some over to others that
// sleep, and goes on sharing the queue with them; and one that is told of another
// queue's request gives it back if it has requests of its own queue, or if that
// queue's thread sleeps, so that readers are served on their own CPUs again as
// soon as that is no slower. Without this, one thread that reads at depth 8 is
// served by one CPU: 0.47 of a null server's rate, against 0.83.
type rings struct {
	*Server
	queues  []*queue
	depth   int     // entries of a queue
	entries []entry // of all queues, in their order
	stopFD  int     // an eventfd
	threads sync.WaitGroup

	registering, serving chan struct{} // closed when threads shall do so
	results              chan error    // of each thread's steps until then
	stopped              atomic.Bool
}

// entry has a request and its reply.
type entry struct {
	home    *queue
	header  *entryHeader
	payload []byte
	iov     [2]unix.Iovec // of the two
}

// entryHeader is a struct fuse_uring_req_header.
type entryHeader struct {
	inOut    [128]byte // fuse_in_header of the request, fuse_out_header of the reply
	op       [128]byte // the fixed struct of the request
	flags    uint64
	commitID uint64
	payload  uint32 // bytes
	_        uint32
	_        uint64
}

// headerRoom keeps headers on cache lines of their own.
const headerRoom = 512

// memory returns the bytes of all entries.
func (r *rings) memory() int { return len(r.entries) * (replyRoom(r.request) + headerRoom) }

// newRings makes a thread and a ring for every CPU that there can ever be.
func newRings(s *Server) (*rings, error) {
	cpus, err := possibleCPUs()
	if err != nil {
		return nil, err
	}
	r := &rings{
		Server:      s,
		depth:       min(max(cpus, minDepth), maxDepth),
		registering: make(chan struct{}),
		serving:     make(chan struct{}),
		results:     make(chan error),
	}
	r.entries = make([]entry, cpus*r.depth)
	if r.stopFD, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	for id := range cpus {
		q := &queue{rings: r, id: id}
		r.queues = append(r.queues, q)
		r.threads.Go(q.run)
	}
	if err := r.step(); err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}

// step returns the first error of a step that every thread does.
func (r *rings) step() error {
	var first error
	for range r.queues {
		if err := <-r.results; err != nil && first == nil {
			first = err
		}
	}
	return first
}

// register gives the kernel all entries.
func (r *rings) register() error {
	close(r.registering)
	return r.step()
}

// serve starts to answer requests.
func (r *rings) serve() { close(r.serving) }

// stop ends all threads. It must be called once.
func (r *rings) stop() {
	r.stopped.Store(true)
	var one = [8]byte{0: 1, 7: 1} // not zero in any byte order
	unix.Write(r.stopFD, one[:])
	for _, c := range []chan struct{}{r.registering, r.serving} {
		select {
		case <-c:
		default:
			close(c)
		}
	}
	r.threads.Wait()
	unix.Close(r.stopFD)
}

// possibleCPUs returns how many CPUs the kernel is prepared for, which is the
// number of its queues.
func possibleCPUs() (int, error) {
	const name = "/sys/devices/system/cpu/possible"
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	return countCPUs(strings.TrimSpace(string(text)))
}

// countCPUs counts a list like 0-3,8.
func countCPUs(list string) (int, error) {
	n := 0
	for part := range strings.SplitSeq(list, ",") {
		from, to, ok := strings.Cut(part, "-")
		if !ok {
			to = from
		}
		a, err1 := strconv.Atoi(from)
		b, err2 := strconv.Atoi(to)
		if err1 != nil || err2 != nil || a < 0 || b < a {
			return 0, fmt.Errorf("%q is no list of CPUs", list)
		}
		n += b - a + 1
	}
	return n, nil
}

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
