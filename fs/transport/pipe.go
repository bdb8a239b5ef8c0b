package transport

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// spliceFrom is the size in bytes from which on a reply goes through a pipe.
// Below it, two system calls instead of one cost more than they save.
const spliceFrom = 64 << 10

// pipe hands the kernel the pages of a reply. Written to the descriptor, each page
// is looked up on its own, a sixth of the time that a large read takes; put into a
// pipe, they are looked up sixteen at a time.
type pipe struct{ r, w int }

// newPipe returns a pipe that holds a reply's header and size bytes.
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
		return nil, fmt.Errorf("a pipe of %d pages: %w; limits are /proc/sys/fs/pipe-max-size and pipe-user-pages-soft", slots, err)
	}
	return p, nil
}

func (p *pipe) close() {
	unix.Close(p.r)
	unix.Close(p.w)
}

// send passes header and data on to fd. If usable is true, errno is that of fd;
// otherwise something may be left in the pipe, which must not be used again.
func (p *pipe) send(fd int, header, data []byte, iov *[2]unix.Iovec) (errno syscall.Errno, usable bool) {
	size := len(header) + len(data)
	n, errno := vmsplice(p.w, header, data, iov)
	if errno == 0 && n != size {
		errno = unix.EIO
	}
	if errno != 0 {
		return errno, false
	}
	// /dev/fuse takes all or nothing. Splicing to anything else may be cut short
	// by a signal, and goes on.
	for size > 0 {
		n, errno = splice(p.r, fd, size)
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
