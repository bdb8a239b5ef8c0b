package transport

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The part of io_uring that is needed here, as <linux/io_uring.h> has it.
const (
	setupClamp        = 1 << 4
	setupSQE128       = 1 << 10
	setupSingleIssuer = 1 << 12
	setupDeferTaskrun = 1 << 13

	enterGetEvents = 1 << 0

	opPollAdd  = 6
	opMsgRing  = 40
	opUringCmd = 46

	sqeSkipSuccess = 1 << 6 // no completion unless there is an error

	offsetRing    = 0
	offsetEntries = 0x10000000
)

// submission is a struct io_uring_sqe of 128 bytes. What the fields mean depends
// on the operation; those of a command of FUSE are in struct fuse_uring_cmd_req.
type submission struct {
	opcode   uint8
	flags    uint8
	_        uint16
	fd       int32
	off      uint64 // a command's number, in its lower half
	addr     uint64
	len      uint32
	opFlags  uint32
	userData uint64
	_        uint64
	cmdFlags uint64
	commitID uint64
	queueID  uint16
	_        [62]byte
}

// completion is a struct io_uring_cqe.
type completion struct {
	userData uint64
	res      int32
	flags    uint32
}

type ringParams struct {
	sqEntries, cqEntries, flags, sqThreadCPU, sqThreadIdle, features, wqFD uint32

	_  [3]uint32
	sq struct {
		head, tail, mask, entries, flags, dropped, array, _ uint32
		_                                                   uint64
	}
	cq struct {
		head, tail, mask, entries, overflow, cqes, flags, _ uint32
		_                                                   uint64
	}
}

// ring is an io_uring. All its methods are for the thread that made it.
type ring struct {
	fd      int
	mem     []byte // shared with the kernel
	entries []byte

	sqHead, sqTail *uint32
	sqMask         uint32
	sqArray        []uint32
	sqes           []submission
	pending        uint32 // submissions that the kernel has not been told of

	cqHead, cqTail *uint32
	cqMask         uint32
	cqes           []completion
}

func newRing(size int) (*ring, error) {
	// What fills completions in is done when the thread asks for them, rather
	// than by interrupting it.
	p := ringParams{flags: setupClamp | setupSQE128 | setupSingleIssuer | setupDeferTaskrun}
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(size), uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, fmt.Errorf("io_uring_setup: %w%s", errno, uringHint(errno))
	}
	r := &ring{fd: int(fd)}
	unix.CloseOnExec(r.fd)
	var err error
	length := max(int(p.sq.array+4*p.sqEntries), int(p.cq.cqes)+int(p.cqEntries)*int(unsafe.Sizeof(completion{})))
	if r.mem, err = unix.Mmap(r.fd, offsetRing, length, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE); err == nil {
		r.entries, err = unix.Mmap(r.fd, offsetEntries, int(p.sqEntries)*int(unsafe.Sizeof(submission{})), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	}
	if err != nil {
		r.close()
		return nil, fmt.Errorf("mapping a ring: %w", err)
	}
	at := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.mem[offset])) }
	r.sqHead, r.sqTail, r.sqMask = at(p.sq.head), at(p.sq.tail), *at(p.sq.mask)
	r.sqArray = unsafe.Slice(at(p.sq.array), p.sqEntries)
	r.sqes = unsafe.Slice((*submission)(unsafe.Pointer(&r.entries[0])), p.sqEntries)
	r.cqHead, r.cqTail, r.cqMask = at(p.cq.head), at(p.cq.tail), *at(p.cq.mask)
	r.cqes = unsafe.Slice((*completion)(unsafe.Pointer(&r.mem[p.cq.cqes])), p.cqEntries)
	return r, nil
}

// uringHint says what may be behind an error of io_uring_setup.
func uringHint(errno syscall.Errno) string {
	switch errno {
	case unix.EPERM:
		if text, err := os.ReadFile("/proc/sys/kernel/io_uring_disabled"); err == nil && text[0] != '0' {
			return "; the sysctl kernel.io_uring_disabled is " + string(text[:1])
		}
		return "; a seccomp profile may forbid it"
	case unix.ENOSYS:
		return "; the kernel has none, or a seccomp profile forbids it"
	case unix.EINVAL:
		return "; the kernel is too old"
	}
	return ""
}

func (r *ring) close() {
	if r.entries != nil {
		unix.Munmap(r.entries)
	}
	if r.mem != nil {
		unix.Munmap(r.mem)
	}
	unix.Close(r.fd)
}

// submit queues a submission, which the kernel sees at the next enter.
func (r *ring) submit(s submission) {
	for *r.sqTail-atomic.LoadUint32(r.sqHead) == uint32(len(r.sqes)) {
		r.enter(enterNow)
	}
	tail := *r.sqTail
	i := tail & r.sqMask
	r.sqes[i] = s
	r.sqArray[i] = i
	atomic.StoreUint32(r.sqTail, tail+1)
	r.pending++
}

// What enter does when the kernel has been told of all submissions.
type enterMode int

const (
	enterSubmit enterMode = iota // no more
	enterNow                     // let the kernel write what completions there are
	enterWait                    // the same, and wait for one
)

// enter tells the kernel of all submissions.
func (r *ring) enter(mode enterMode) syscall.Errno {
	var n uintptr
	var errno syscall.Errno
	switch mode {
	case enterSubmit:
		n, _, errno = unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(r.pending), 0, 0, 0, 0)
	case enterNow:
		n, _, errno = unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(r.pending), 0, enterGetEvents, 0, 0)
	case enterWait:
		n, _, errno = unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(r.pending), 1, enterGetEvents, 0, 0)
	}
	if errno != 0 {
		return errno
	}
	r.pending -= uint32(n)
	return 0
}

// empty reports whether there is no completion.
func (r *ring) empty() bool { return *r.cqHead == atomic.LoadUint32(r.cqTail) }

// next takes a completion, if there is one.
func (r *ring) next() (completion, bool) {
	head := *r.cqHead
	if head == atomic.LoadUint32(r.cqTail) {
		return completion{}, false
	}
	c := r.cqes[head&r.cqMask]
	atomic.StoreUint32(r.cqHead, head+1)
	return c, true
}
