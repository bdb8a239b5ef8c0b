package transport

import (
	"os"
	"strings"
	"sync"
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
	if !preempted() || !w.pollUnseen() {
		unix.Ppoll(w.pollFD[:], nil, nil)
	}
	return w.pollFD[1].Revents == 0
}

// pollUnseen waits without the runtime's knowledge, and returns false if a signal came first.
func (w *worker) pollUnseen() bool {
	_, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&w.pollFD)), uintptr(len(w.pollFD)), 0, 0, 0, 0)
	return errno == 0
}

// preempted reports whether the runtime sends signals to threads that it has to stop.
var preempted = sync.OnceValue(func() bool { return preemptedWith(os.Getenv("GODEBUG")) })

// preemptedWith is preempted with this value of GODEBUG. With asyncpreemptoff=1, a garbage
// collection would wait for a worker that waits unseen until the next request.
func preemptedWith(settings string) bool {
	on := true
	for setting := range strings.SplitSeq(settings, ",") {
		if value, ok := strings.CutPrefix(setting, "asyncpreemptoff="); ok {
			on = value == "0"
		}
	}
	return on
}
