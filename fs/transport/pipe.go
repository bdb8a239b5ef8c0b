package transport

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// spliceFrom is the size of a reply in bytes from which on it goes through a
// pipe: below, two system calls instead of one cost more than they save.
const spliceFrom = 64 << 10

// pipe hands the kernel the pages of a reply. Written to the descriptor, each is
// looked up on its own, a sixth of the time that a large read takes; put into a
// pipe they are looked up sixteen at a time.
type pipe struct{ r, w int }

// newPipe returns a pipe that holds a header and size bytes.
func newPipe(size int) (*pipe, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	p := &pipe{r: fds[0], w: fds[1]}
	// A slot for each page, and one for the header.
	slots := size/os.Getpagesize() + 1
	if _, err := unix.FcntlInt(uintptr(p.w), unix.F_SETPIPE_SZ, slots*os.Getpagesize()); err != nil {
		p.close()
		return nil, fmt.Errorf("a pipe of %d pages: %w; /proc/sys/fs/pipe-max-size and pipe-user-pages-soft bound them", slots, err)
	}
	return p, nil
}

func (p *pipe) close() {
	unix.Close(p.r)
	unix.Close(p.w)
}

// send passes header and data on to fd. Its error is fd's, if the second result
// is true; if it is false, the pipe can no longer be used.
func (p *pipe) send(fd int, header, data []byte, iov *[2]unix.Iovec) (syscall.Errno, bool) {
	iov[0].Base = unsafe.SliceData(header)
	iov[0].SetLen(len(header))
	iov[1].Base = unsafe.SliceData(data)
	iov[1].SetLen(len(data))
	size := uintptr(len(header) + len(data))
	n, _, errno := unix.RawSyscall6(unix.SYS_VMSPLICE, uintptr(p.w), uintptr(unsafe.Pointer(iov)), uintptr(len(iov)), 0, 0, 0)
	if errno == 0 && n != size {
		errno = unix.EIO // not all of it
	}
	if errno != 0 {
		return errno, false
	}
	// /dev/fuse takes all or nothing; a signal makes splice to anything else stop
	// in between, which is no reason to give the pipe up.
	for size > 0 {
		n, _, errno = unix.RawSyscall6(unix.SYS_SPLICE, uintptr(p.r), 0, uintptr(fd), 0, size, 0)
		switch {
		case errno == 0 && n > 0:
			size -= n
		case errno == 0:
			return unix.EIO, false
		case errno == unix.EINTR:
		case errno == unix.ENOENT || errno == unix.ENODEV: // the pipe was emptied all the same
			return errno, true
		default:
			return errno, false
		}
	}
	return 0, true
}
