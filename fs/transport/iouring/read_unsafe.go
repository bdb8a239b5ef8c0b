package iouring

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// reader is a ring that reads pieces of a file.
type reader struct {
	fd                     int
	mem, entries           []byte // shared with the kernel
	sqTail, cqHead, cqTail *uint32
	array                  []uint32
	submissions            []submission
	completions            []Completion
	queued                 int
}

func newReader(depth int) (*reader, error) {
	var p Params
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(depth), uintptr(unsafe.Pointer(&p)), 0)
	if errno == unix.ENOSYS || errno == unix.EPERM {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, errno)
	} else if errno != 0 {
		return nil, fmt.Errorf("io_uring_setup: %w", errno)
	}
	unix.CloseOnExec(int(fd))
	r := &reader{fd: int(fd)}
	length := max(int(p.SQ.Array+4*p.SQEntries), int(p.CQ.CQEs)+int(p.CQEntries)*int(unsafe.Sizeof(Completion{})))
	var err error
	if r.mem, err = unix.Mmap(r.fd, OffsetRing, length, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err == nil {
		r.entries, err = unix.Mmap(r.fd, OffsetEntries, int(p.SQEntries)*int(unsafe.Sizeof(submission{})), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	}
	if err != nil {
		r.close()
		return nil, fmt.Errorf("mapping a ring: %w", err)
	}
	at := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.mem[offset])) }
	r.sqTail, r.cqHead, r.cqTail = at(p.SQ.Tail), at(p.CQ.Head), at(p.CQ.Tail)
	r.array = unsafe.Slice(at(p.SQ.Array), p.SQEntries)
	r.submissions = unsafe.Slice((*submission)(unsafe.Pointer(&r.entries[0])), p.SQEntries)
	r.completions = unsafe.Slice((*Completion)(unsafe.Pointer(&r.mem[p.CQ.CQEs])), p.CQEntries)
	return r, nil
}

func (r *reader) close() {
	if r.entries != nil {
		unix.Munmap(r.entries)
	}
	if r.mem != nil {
		unix.Munmap(r.mem)
	}
	unix.Close(r.fd)
}

// queue queues a read; there are never more in flight than there are entries.
func (r *reader) queue(fd int, p []byte, off int64, userData uint64) {
	tail := *r.sqTail
	i := tail & uint32(len(r.array)-1)
	r.submissions[i] = submission{opcode: opRead, fd: int32(fd), off: uint64(off), addr: uint64(uintptr(unsafe.Pointer(&p[0]))), len: uint32(len(p)), userData: userData}
	r.array[i] = i
	atomic.StoreUint32(r.sqTail, tail+1)
	r.queued++
}

// next returns a completion, and waits for it.
func (r *reader) next() (Completion, error) {
	for {
		head := *r.cqHead
		if r.queued == 0 && head != atomic.LoadUint32(r.cqTail) {
			c := r.completions[head&uint32(len(r.completions)-1)]
			atomic.StoreUint32(r.cqHead, head+1)
			return c, nil
		}
		n, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(r.queued), 1, EnterGetEvents, 0, 0)
		if errno != 0 && errno != unix.EINTR {
			return Completion{}, fmt.Errorf("io_uring_enter: %w", errno)
		} else if errno == 0 {
			r.queued -= int(n)
		}
	}
}

// Read fills p from offset off of a file by reads of size bytes, of which depth are in
// flight, and returns how many bytes there were: fewer than len(p) at the end of the
// file. Reads that are cut short or interrupted go on where they ended. Of an error, p
// may hold anything. Safe for concurrent use; each call has a ring of its own.
func Read(fd int, p []byte, off int64, size, depth int) (int, error) {
	r, err := newReader(depth)
	if err != nil {
		return 0, err
	}
	defer runtime.KeepAlive(p)
	defer r.close()
	rest := make([][]byte, depth) // of the pieces in flight
	at := make([]int64, depth)
	got, next, inFlight := 0, 0, 0
	var failed error
	take := func(slot int) {
		if failed == nil && next < len(p) {
			n := min(size, len(p)-next)
			rest[slot], at[slot] = p[next:next+n], off+int64(next)
			next += n
			inFlight++
			r.queue(fd, rest[slot], at[slot], uint64(slot))
		}
	}
	for slot := range depth {
		take(slot)
	}
	for inFlight > 0 {
		c, err := r.next()
		if err != nil {
			return 0, err
		}
		inFlight--
		slot := int(c.UserData)
		errno := unix.Errno(max(0, -c.Res))
		switch {
		case errno != 0 && errno != unix.EINTR && errno != unix.EAGAIN:
			if failed == nil {
				failed = fmt.Errorf("reading at %d: %w", at[slot], errno)
			}
		case c.Res != 0 && failed == nil:
			n := int(max(0, c.Res))
			got += n
			if rest[slot], at[slot] = rest[slot][n:], at[slot]+int64(n); len(rest[slot]) > 0 {
				inFlight++
				r.queue(fd, rest[slot], at[slot], c.UserData)
				continue
			}
			take(slot)
		default:
			take(slot) // the end of the file; whoever compares finds a hole
		}
	}
	if failed != nil {
		return 0, failed
	}
	return got, nil
}
