package transport

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/dgenfs/dgenfs/fs/transport/counters"
	"golang.org/x/sys/unix"
)

const (
	// inputSize is the room for a request in bytes. The kernel requires 8 KiB
	// (FUSE_MIN_READ_BUFFER); with more, it sends more FORGETs at once.
	inputSize = 64 << 10

	// minAwake is how many workers wait for requests at least, so that one that
	// is held up is never the only one.
	minAwake = 2

	// crowded is how many requests in a row a worker must have found waiting
	// for it before it wakes another one up, and enough how often in a row it
	// must have been woken up for nothing before it is parked: far more, so that
	// the number of workers settles where the load is.
	crowded = 16
	enough  = 1024
)

// pool is the workers of /dev/fuse. All that are awake wait in poll, which wakes
// them all at once: the one on the CPU of the reader is there first, and waking it
// takes no interrupt. When they waited in read instead, of which the kernel wakes one,
// that was on the wrong CPU most of the time: one reader of 4 KiB got 0.6 of the rate
// of a null server, against 1.3. So that a machine with many CPUs does not wake them
// all, only as many workers are awake as the load needs; the others are parked.
type pool struct {
	*Server
	workers []*worker

	mu       sync.Mutex
	awake    int
	parked   []*worker
	sleeping atomic.Int32 // workers that wait for requests
	idle     atomic.Int32 // len(parked), to be looked at without the lock
}

func newPool(s *Server) (*pool, error) {
	p := &pool{Server: s}
	cpus := s.placement.CPUs
	for i := range max(len(cpus), minAwake) {
		place := i % len(cpus)
		p.workers = append(p.workers, &worker{pool: p, cpu: cpus[place], node: s.placement.node(place), wake: make(chan struct{}, 1)})
	}
	p.awake = minAwake
	if s.rings != nil {
		p.awake = 1 // what comes over /dev/fuse beside rings is rare, and not READ
	}
	p.parked = slices.Clone(p.workers[p.awake:])
	slices.Reverse(p.parked) // the last one is the first to be woken up
	p.idle.Store(int32(len(p.parked)))
	if s.rings == nil { // otherwise there are no large replies
		// For all of them at once: large pipes may take a privilege that the process
		// gives up when it has mounted.
		for _, w := range p.workers {
			w.pipe, w.noSplice = newPipe(s.request)
		}
	}
	// If the first worker cannot have a descriptor of its own, the others
	// most likely cannot either; see Report.
	if err := p.workers[0].setUp(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// serve returns when the connection has to end and all workers have left.
func (p *pool) serve() {
	var all sync.WaitGroup
	for _, w := range p.workers[:p.awake] { // before any of them runs and wakes others
		w.wake <- struct{}{}
	}
	for _, w := range p.workers {
		all.Go(w.run)
	}
	all.Wait()
}

// close closes the workers' descriptors, through which reads that wait are
// answered, too.
func (p *pool) close() {
	for _, w := range p.workers {
		w.close()
	}
}

// wakeOne wakes a worker up, if one is parked: one of the memory node that has much
// to do, if there is one.
func (p *pool) wakeOne(node int) {
	if p.idle.Load() == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.parked)
	if n == 0 {
		return
	}
	next := n - 1
	for i, w := range slices.Backward(p.parked) {
		if w.node == node {
			next = i
			break
		}
	}
	p.parked[next].wake <- struct{}{}
	p.parked = slices.Delete(p.parked, next, next+1)
	p.idle.Store(int32(n - 1))
	p.awake++
}

// park reports whether w may sleep because enough others are awake.
func (p *pool) park(w *worker) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.awake <= minAwake {
		return false
	}
	p.awake--
	p.parked = append(p.parked, w)
	p.idle.Store(int32(len(p.parked)))
	return true
}

// drop takes w, which was awake, out of the pool. Without the last one, nobody
// answers.
func (p *pool) drop(w *worker) {
	p.mu.Lock()
	p.awake--
	left := p.awake + len(p.parked)
	p.mu.Unlock()
	p.wakeOne(w.node)
	if left == 0 {
		p.end()
	}
}

// worker is a thread that reads requests and writes replies.
type worker struct {
	*pool
	cpu  int
	node int           // of the CPU
	wake chan struct{} // has an element if the worker has to be awake

	fd      int // the connection, through a descriptor of its own if possible
	noClone error

	in     []byte
	memory []byte // a page, at whose end is the header, and the data
	header []byte // of the reply, just before data
	data   []byte // begins with a page

	helping    bool          // was called, and there was something to be made
	helpFD     int           // an eventfd, to be called for help
	called     [8]byte       // what is read of it
	asleep     atomic.Bool   // and may be called
	answeredOf atomic.Uint64 // of which open file
	answered   atomic.Uint64 // which request of those that may be made ahead was the last

	pipe     *pipe // nil: replies are written
	noSplice error

	// Arguments of system calls: on the stack they might move, and must not be
	// allocated for each.
	iov    [2]unix.Iovec
	pollFD [3]unix.PollFd

	spinner spinner
	counts  counters.Thread
	delayed lateCounter // the same, of requests that had to wait
}

var pageSize = unix.Getpagesize()

// workerMemory returns the bytes that a worker maps: a page that ends with the
// reply's header, the reply's data, and a request.
func workerMemory(request, maxWrite int) int {
	return pageSize + replyRoom(request) + inputOffset + inputRoom(maxWrite)
}

// setUp makes what the worker needs, the first time that it is called.
func (w *worker) setUp() error {
	if w.in != nil {
		return nil
	}
	mem, err := w.mapBuffer(workerMemory(w.request, w.maxWrite), w.cpu)
	if err != nil {
		return err
	}
	end := w.replyMemory()
	w.setReply(mem[:end])
	if w.helpFD, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return os.NewSyscallError("eventfd", err)
	}
	if w.fd, err = clone(w.Server.fd); err != nil {
		w.fd, w.noClone = w.Server.fd, err
	}
	w.pollFD[0] = unix.PollFd{Fd: int32(w.fd), Events: unix.POLLIN}
	w.pollFD[1] = unix.PollFd{Fd: int32(w.ending.fd), Events: unix.POLLIN}
	w.pollFD[2] = unix.PollFd{Fd: int32(w.helpFD), Events: unix.POLLIN}
	w.in = mem[end+inputOffset:] // the last: close looks at it
	return nil
}

// setReply makes a buffer that of the worker's replies.
func (w *worker) setReply(buffer []byte) {
	end := len(buffer)
	w.memory = buffer
	w.header = buffer[pageSize-replyHeader : pageSize : end] // its capacity is what is written
	w.data = buffer[pageSize:end:end]
}

// clone returns another descriptor of the connection, for which the kernel keeps
// a list of requests under way, and a lock, of its own.
func clone(fd int) (int, error) {
	c, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return -1, fmt.Errorf("opening /dev/fuse: %w", err)
	}
	if err := unix.IoctlSetPointerInt(c, ioctlClone, fd); err != nil {
		unix.Close(c)
		return -1, fmt.Errorf("FUSE_DEV_IOC_CLONE: %w", err)
	}
	return c, nil
}

// run serves until the connection has to end.
func (w *worker) run() {
	first := true
	for {
		select {
		case <-w.wake:
		case <-w.begun:
			return
		}
		if first {
			first = false
			runtime.LockOSThread() // for good: the thread ends with the worker
			w.pin(w.cpu)
		}
		if err := w.setUp(); err != nil {
			w.log.Printf("worker on CPU %d: %v", w.cpu, err)
			w.drop(w)
			return
		}
		if !w.serveUntilIdle() {
			w.end()
			return
		}
	}
}

func (w *worker) close() {
	if w.in != nil {
		unix.Close(w.helpFD)
		if w.fd != w.Server.fd {
			unix.Close(w.fd)
		}
	}
	if w.pipe != nil {
		w.pipe.close()
	}
}

// serveUntilIdle returns true if the worker is parked, and false if the connection
// has to end.
func (w *worker) serveUntilIdle() bool {
	found, futile := 0, 0
	for {
		n, errno := readRequest(w.fd, w.in)
		switch errno {
		case 0:
			if n < requestHeader {
				w.log.Printf("reading /dev/fuse: %d bytes, less than any request has; the connection ends", n)
				return false
			}
			futile = 0
			w.spinner.found()
			w.isBusy(noFile)
			h := header(w.in)
			w.counts.Begin(h.Opcode, h.NodeId)
			w.answer(w.in[:n])
			w.counts.End()
			if found++; found == crowded {
				found = 0
				w.wakeOne(w.node)
			}
		case unix.EAGAIN:
			found = 0
			if w.helping {
				w.helping = w.help()
				w.spinner.skip()
				continue
			}
			if w.spinner.again() {
				continue
			}
			if futile++; futile > enough {
				futile = 0
				if w.park(w) {
					return true
				}
			}
			if !w.sleep() {
				return false
			}
		case unix.EINTR, unix.ENOENT: // ENOENT: the request was aborted meanwhile
		case unix.ENODEV:
			return false
		default:
			w.log.Printf("reading /dev/fuse: %v; the connection ends", errno)
			return false
		}
	}
}

// answer handles one request.
func (w *worker) answer(in []byte) {
	h := header(in)
	switch {
	case isRead(in) && w.isAhead(readOf(in)):
		w.answerAhead(in)
	case isRead(in):
		n, delayed, errno := w.read(readOf(in), w.data)
		if delayed != nil {
			w.delay(in, delayed)
			return
		}
		w.counts.Read(n, errno)
		w.send(h.Unique, errno, n)
	case isWrite(in):
		n, errno := w.write(writeOf(in), in[writeSize:], w.data[:min(scratchSize, len(w.data))])
		w.counts.Write(n, errno)
		if errno == 0 {
			n = putWritten(w.data, n)
		}
		w.send(h.Unique, errno, n)
	case h.Opcode == opInterrupt && len(in) >= interruptSize:
		// Only what is delayed takes long enough to be interrupted.
		w.delays.answer(interruptOf(in).Unique, true)
	default:
		n, errno, hasReply := w.other(in, w.header, w.data, &w.counts)
		switch {
		case errno == unix.EAGAIN && isReadDir(in):
			w.delay(in, w.skipLater(in))
		case hasReply:
			w.send(h.Unique, errno, n)
		}
	}
}

// send sends a reply with n bytes of data.
func (w *worker) send(unique uint64, errno syscall.Errno, n int) {
	putHeader(w.header, unique, errno, n)
	if n >= spliceFrom && w.pipe != nil {
		err, usable := w.pipe.send(w.fd, w.header, w.data[:n], &w.iov)
		if usable {
			return
		}
		w.log.Printf("reply of %d bytes through a pipe: %v; from now on replies are written", n, err)
		w.pipe.close()
		w.pipe = nil
	}
	// Header and data are neighbours.
	err := writeReply(w.fd, w.header[:replyHeader+n])
	// ENOENT: the reader was killed meanwhile.
	if err != 0 && err != unix.ENOENT && err != unix.ENODEV {
		w.log.Printf("reply of %d bytes: %v", n, err)
	}
}
