package transport

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
)

// panics counts the panics of a file system. The request that causes one gets EIO, over
// /dev/fuse and over rings, and the mount goes on: one request must not end it for
// everybody. The zero value is ready to use.
type panics struct {
	mu    sync.Mutex
	times map[string]int // by source line: a program has a limited number of them
}

// guard is deferred where the file system is called. It turns a panic into EIO.
func (s *Server) guard(n *int, errno *syscall.Errno) {
	if r := recover(); r != nil {
		s.panicked(r)
		*n, *errno = 0, syscall.EIO
	}
}

// panicked logs a panic: with its stack the first time that it happens on a line, and
// then at every power of ten, so that the log does not grow with the requests. It must
// be called by a deferred function while the goroutine panics.
func (s *Server) panicked(value any) {
	where := panicPlace()
	s.panics.mu.Lock()
	if s.panics.times == nil {
		s.panics.times = make(map[string]int)
	}
	s.panics.times[where]++
	n := s.panics.times[where]
	s.panics.mu.Unlock()
	switch {
	case n == 1:
		s.log.Printf("panic while answering a request, which gets EIO: %v\n%s", value, debug.Stack())
	case isPowerOfTen(n):
		s.log.Printf("panic while answering a request: %d times so far at %s", n, where)
	}
}

// panicPlace returns where the goroutine's panic began.
func panicPlace() string {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers)])
	inPanic := false
	for {
		f, more := frames.Next()
		isRuntime := strings.HasPrefix(f.Function, "runtime.")
		if inPanic && !isRuntime || !more {
			return fmt.Sprintf("%s, %s:%d", f.Function, f.File, f.Line)
		}
		inPanic = inPanic || f.Function == "runtime.gopanic"
	}
}

func isPowerOfTen(n int) bool {
	for n%10 == 0 && n > 0 {
		n /= 10
	}
	return n == 1
}
