package transport

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// minDepth and maxDepth bound the number of entries of a queue: requests of
// one CPU that are here at a time, and so threads that can answer them. The
// kernel keeps more. As many as there are CPUs are enough, and fewer share
// the cache better: with 4 of them on two CPUs, two readers of 1 MiB at
// depth 8 were slower by a tenth.
const minDepth, maxDepth = 2, 4

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
