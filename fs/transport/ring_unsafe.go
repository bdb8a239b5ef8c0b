package transport

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/dgenfs/dgenfs/fs/transport/iouring"
	"golang.org/x/sys/unix"
)

// kernelRing is an io_uring. All its methods are for the thread that made it.
type kernelRing struct {
	fd      int
	mem     []byte // shared with the kernel
	entries []byte

	sqHead, sqTail *uint32
	sqMask         uint32
	sqArray        []uint32
	sqes           []submission
	pending        uint32 // submissions that the kernel has not seen

	cqHead, cqTail *uint32
	cqMask         uint32
	cqes           []completion
}

// newRing returns a ring for up to size submissions at a time.
func newRing(size int) (*kernelRing, error) {
	// Completions are written when the thread asks for them, rather than by
	// interrupting it.
	p := iouring.Params{Flags: setupClamp | setupSQE128 | setupSingleIssuer | setupDeferTaskrun}
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(size), uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, fmt.Errorf("io_uring_setup: %w%s", errno, uringHint(errno))
	}
	r := &kernelRing{fd: int(fd)}
	unix.CloseOnExec(r.fd)
	var err error
	length := max(int(p.SQ.Array+4*p.SQEntries), int(p.CQ.CQEs)+int(p.CQEntries)*int(unsafe.Sizeof(completion{})))
	if r.mem, err = unix.Mmap(r.fd, iouring.OffsetRing, length, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE); err == nil {
		r.entries, err = unix.Mmap(r.fd, iouring.OffsetEntries, int(p.SQEntries)*int(unsafe.Sizeof(submission{})), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	}
	if err != nil {
		r.close()
		return nil, fmt.Errorf("mapping a ring: %w", err)
	}
	at := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.mem[offset])) }
	r.sqHead, r.sqTail, r.sqMask = at(p.SQ.Head), at(p.SQ.Tail), *at(p.SQ.Mask)
	r.sqArray = unsafe.Slice(at(p.SQ.Array), p.SQEntries)
	r.sqes = unsafe.Slice((*submission)(unsafe.Pointer(&r.entries[0])), p.SQEntries)
	r.cqHead, r.cqTail, r.cqMask = at(p.CQ.Head), at(p.CQ.Tail), *at(p.CQ.Mask)
	r.cqes = unsafe.Slice((*completion)(unsafe.Pointer(&r.mem[p.CQ.CQEs])), p.CQEntries)
	return r, nil
}

func (r *kernelRing) close() {
	if r.entries != nil {
		unix.Munmap(r.entries)
	}
	if r.mem != nil {
		unix.Munmap(r.mem)
	}
	unix.Close(r.fd)
}

func (r *kernelRing) descriptor() int { return r.fd }

func (r *kernelRing) queue(s submission) bool {
	tail := *r.sqTail
	if tail-atomic.LoadUint32(r.sqHead) == uint32(len(r.sqes)) {
		return false
	}
	i := tail & r.sqMask
	r.sqes[i] = s
	r.sqArray[i] = i
	atomic.StoreUint32(r.sqTail, tail+1)
	r.pending++
	return true
}

func (r *kernelRing) enter(mode enterMode) syscall.Errno {
	var n uintptr
	var errno syscall.Errno
	switch mode {
	case enterSubmit:
		n, _, errno = unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(r.pending), 0, 0, 0, 0)
	case enterNow:
		n, _, errno = unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(r.pending), 0, iouring.EnterGetEvents, 0, 0)
	case enterWait:
		n, _, errno = unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(r.pending), 1, iouring.EnterGetEvents, 0, 0)
	}
	if errno != 0 {
		return errno
	}
	r.pending -= uint32(n)
	return 0
}

func (r *kernelRing) empty() bool { return *r.cqHead == atomic.LoadUint32(r.cqTail) }

func (r *kernelRing) next() (completion, bool) {
	head := *r.cqHead
	if head == atomic.LoadUint32(r.cqTail) {
		return completion{}, false
	}
	c := r.cqes[head&r.cqMask]
	atomic.StoreUint32(r.cqHead, head+1)
	return c, true
}
