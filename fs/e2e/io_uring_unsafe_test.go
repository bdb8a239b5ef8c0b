//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A reader over io_uring, by plain system calls: the smallest one that keeps
// several reads in flight. Structures and numbers are those of
// linux/io_uring.h.

type uringParams struct {
	sqEntries, cqEntries, flags, sqThreadCPU, sqThreadIdle, features, wqFd uint32
	_                                                                      [3]uint32
	sq                                                                     struct {
		head, tail, ringMask, ringEntries, flags, dropped, array, _ uint32
		_                                                           uint64
	}
	cq struct {
		head, tail, ringMask, ringEntries, overflow, cqes, flags, _ uint32
		_                                                           uint64
	}
}

type uringSubmission struct {
	opcode, flags uint8
	ioprio        uint16
	fd            int32
	off, addr     uint64
	len, rwFlags  uint32
	userData      uint64
	_             [3]uint64
}

type uringCompletion struct {
	userData uint64
	res      int32
	flags    uint32
}

const (
	uringOffSQRing = 0
	uringOffCQRing = 0x8000000
	uringOffSQEs   = 0x10000000

	uringOpRead         = 22
	uringEnterGetEvents = 1
)

// errNoUring is returned where the kernel does not have io_uring, or does not allow it.
var errNoUring = errors.New("io_uring")

// uringRead fills p from offset off of a file by reads of size bytes, of which
// depth are in flight, and returns how many bytes there were: fewer than
// len(p) at the end of the file.
func uringRead(fd int, p []byte, off int64, size, depth int) (int, error) {
	var params uringParams
	ring, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(depth), uintptr(unsafe.Pointer(&params)), 0)
	if errno == unix.ENOSYS || errno == unix.EPERM {
		return 0, fmt.Errorf("%w: %w", errNoUring, errno)
	} else if errno != 0 {
		return 0, errno
	}
	defer unix.Close(int(ring))

	sq, err := unix.Mmap(int(ring), uringOffSQRing, int(params.sq.array+4*params.sqEntries), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return 0, err
	}
	defer unix.Munmap(sq)
	cq, err := unix.Mmap(int(ring), uringOffCQRing, int(params.cq.cqes)+int(params.cqEntries)*int(unsafe.Sizeof(uringCompletion{})), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return 0, err
	}
	defer unix.Munmap(cq)
	raw, err := unix.Mmap(int(ring), uringOffSQEs, int(params.sqEntries)*int(unsafe.Sizeof(uringSubmission{})), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return 0, err
	}
	defer unix.Munmap(raw)

	word := func(ring []byte, at uint32) *uint32 { return (*uint32)(unsafe.Pointer(&ring[at])) }
	sqTail, sqMask := word(sq, params.sq.tail), *word(sq, params.sq.ringMask)
	cqHead, cqTail, cqMask := word(cq, params.cq.head), word(cq, params.cq.tail), *word(cq, params.cq.ringMask)
	submissions := unsafe.Slice((*uringSubmission)(unsafe.Pointer(&raw[0])), params.sqEntries)
	completions := unsafe.Slice((*uringCompletion)(unsafe.Pointer(&cq[params.cq.cqes])), params.cqEntries)

	got, next, inFlight, submitted := 0, 0, 0, 0
	var failed error
	for failed == nil && next < len(p) || inFlight > 0 {
		for failed == nil && inFlight < depth && next < len(p) {
			n := min(size, len(p)-next)
			tail := atomic.LoadUint32(sqTail)
			submissions[tail&sqMask] = uringSubmission{
				opcode: uringOpRead, fd: int32(fd), off: uint64(off) + uint64(next),
				addr: uint64(uintptr(unsafe.Pointer(&p[next]))), len: uint32(n), userData: uint64(next),
			}
			*word(sq, params.sq.array+4*(tail&sqMask)) = tail & sqMask
			atomic.StoreUint32(sqTail, tail+1)
			next, inFlight, submitted = next+n, inFlight+1, submitted+1
		}
		n, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, ring, uintptr(submitted), 1, uringEnterGetEvents, 0, 0)
		if errno == unix.EINTR {
			continue
		} else if errno != 0 {
			return got, errno
		}
		submitted -= int(n)
		for head := atomic.LoadUint32(cqHead); head != atomic.LoadUint32(cqTail); head = atomic.LoadUint32(cqHead) {
			c := completions[head&cqMask]
			atomic.StoreUint32(cqHead, head+1)
			inFlight--
			if c.res < 0 {
				failed = fmt.Errorf("reading at %d: %w", off+int64(c.userData), unix.Errno(-c.res))
			} else {
				got += int(c.res) // less than was asked for only at the end of the file
			}
		}
	}
	return got, failed
}

func TestUringStructures(t *testing.T) {
	if n := unsafe.Sizeof(uringParams{}); n != 120 {
		t.Errorf("struct io_uring_params has %d bytes, want 120", n)
	}
	if n := unsafe.Sizeof(uringSubmission{}); n != 64 {
		t.Errorf("struct io_uring_sqe has %d bytes, want 64", n)
	}
	if n := unsafe.Sizeof(uringCompletion{}); n != 16 {
		t.Errorf("struct io_uring_cqe has %d bytes, want 16", n)
	}
}
