package transport

import (
	"math"
	"sync/atomic"
	"syscall"

	"github.com/dgenfs/dgenfs/fs/transport/ahead"
	"golang.org/x/sys/unix"
)

const (
	// busy is for how many requests that may be made ahead a worker does not help after
	// it has answered one: it leaves the CPU to its reader.
	busy = 8

	// helpSpins is how often a worker that helps looks for more before it sleeps: some
	// 10 microseconds.
	helpSpins = 400

	// patientSpins is how often a thread looks whether another has made a chunk before it
	// makes that itself: some 50 microseconds.
	patientSpins = 1000
)

// newAhead returns what makes requests ahead, with one buffer for each CPU to answer on,
// two at least.
func (s *Server) newAhead() *ahead.Maker {
	return ahead.New(ahead.Options{
		Streams: max(len(s.placement.CPUs), minAwake),
		Threads: max(len(s.placement.CPUs), minAwake),
		Prefix:  pageSize,
		Make: func(fh uint64, off int64, p []byte) (int, bool) {
			n, delayed, errno := s.makeAhead(fh, off, p)
			return n, delayed == nil && errno == 0
		},
		Buffer: func() ([]byte, error) { return mapBuffer(s.replyMemory()) },
		Wait: func(i int) bool {
			if i < patientSpins {
				pause()
				return true
			}
			yield()
			return false
		},
	})
}

func (s *Server) makeAhead(fh uint64, off int64, p []byte) (n int, delayed *Delayed, errno syscall.Errno) {
	defer s.guard(&n, &errno)
	return s.fs.ReadFile(fh, off, p)
}

// replyMemory returns the bytes of a page that ends with a reply's header, and the
// reply's data.
func (s *Server) replyMemory() int { return pageSize + replyRoom(s.request) }

// isAhead reports whether a request is one that may be made ahead.
func (s *Server) isAhead(r *readArgs) bool {
	return r.size >= ahead.From && int64(r.size) <= int64(s.request) && r.offset <= math.MaxInt64-2*uint64(s.request) && s.fs.WorthAhead(r.fh)
}

// answerAhead answers a READ that may have been made ahead, and has the next one made.
func (w *worker) answerAhead(in []byte) {
	r := readOf(in)
	theirs, n, ok := w.ahead.Read(r.fh, int64(r.offset), int(r.size), w.memory)
	w.isBusy(r.fh)
	w.spinner.skip() // who spins cannot be called
	if w.ahead.Pending() {
		w.callHelp(r.fh)
	}
	var delayed *Delayed
	var errno syscall.Errno
	if ok {
		w.setReply(theirs)
	} else {
		n, delayed, errno = w.read(r, w.data)
	}
	// Before the reply: the reader may have the next request answered while this thread
	// is still returning from sending it.
	w.ahead.Done(r.fh)
	if delayed != nil {
		w.delay(in, delayed)
		return
	}
	w.counts.Read(n, errno)
	w.send(header(in).Unique, errno, n)
}

// noFile is no open file.
const noFile = ^uint64(0)

// isBusy notes that the worker answers requests, and of which file if that is made ahead.
func (w *worker) isBusy(fh uint64) {
	if n := w.ahead.Requests(); n > 0 {
		w.answered.Store(n)
		w.answeredOf.Store(fh)
	}
}

// callHelp wakes a worker that sleeps, if there is one that has no reader of its own.
func (w *worker) callHelp(fh uint64) {
	now := w.ahead.Requests()
	for _, o := range w.workers {
		if o == w || !o.asleep.Load() || o.answeredOf.Load() != fh && now-o.answered.Load() <= busy {
			continue
		}
		if o.asleep.CompareAndSwap(true, false) {
			unix.Write(o.helpFD, eventfdOne[:])
			return
		}
	}
}

// sleep returns when there is a request, or a call for help, and false if the connection
// has to end.
func (w *worker) sleep() bool {
	w.sleeping.Add(1)
	w.asleep.Store(true)
	goOn := w.poll()
	w.asleep.Store(false)
	w.sleeping.Add(-1)
	if w.pollFD[2].Revents != 0 {
		unix.Read(w.helpFD, w.called[:])
		w.helping = true
	}
	return goOn
}

// help makes requests ahead as long as there are some to be made, or will be at once, and
// returns false if there are none. It returns true to look for requests if nobody else
// waits for them: whoever does is on the CPU of the reader, more likely.
func (w *worker) help() bool {
	for spins := 0; spins < helpSpins; spins++ {
		if !w.ahead.Help() {
			pause()
			continue
		}
		if spins = 0; w.sleeping.Load() == 0 {
			return true
		}
	}
	return false
}

// pause passes some 100 nanoseconds.
func pause() {
	for range 100 {
		paused.Load()
	}
}

var paused atomic.Int32
