package transport

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// ending is how the threads of a connection learn that it has to end. When all of
// them have returned, its descriptors are closed. When the last of these is, the kernel
// aborts the connection, so that no reader waits for a reply that never comes.
type ending struct {
	begin sync.Once
	begun chan struct{} // closed when it has to end
	fd    int           // an eventfd that is readable from then on, for poll and rings
}

func newEnding() (*ending, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	return &ending{begun: make(chan struct{}), fd: fd}, nil
}

// end says that the connection has to end. It may be called more than once.
func (e *ending) end() {
	e.begin.Do(func() {
		close(e.begun)
		unix.Write(e.fd, eventfdOne[:])
	})
}

// hasToEnd reports whether end was called.
func (e *ending) hasToEnd() bool {
	select {
	case <-e.begun:
		return true
	default:
		return false
	}
}

// eventfdOne is written to an eventfd to make it readable: a number that is not
// zero in any byte order.
var eventfdOne = [8]byte{0: 1, 7: 1}
