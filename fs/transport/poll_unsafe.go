package transport

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// poll waits for a request, and returns false if the connection has to end.
//
// At first, the Go runtime does not know that it waits. Otherwise it would look every 20
// microseconds, while requests flow, for threads in system calls, take the right to run Go
// code away from them, and start others with it for nothing. What the runtime does about a
// goroutine that runs for 10 ms, or when it has to stop all of them, is to send its thread a
// signal. That ends the system call, and from then on the wait is one that it knows of.
func (w *worker) poll() bool {
	_, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&w.pollFD)), uintptr(len(w.pollFD)), 0, 0, 0, 0)
	if errno != 0 {
		unix.Ppoll(w.pollFD[:], nil, nil)
	}
	return w.pollFD[1].Revents == 0
}
