package transport

import "time"

// A thread that has nothing to do looks for requests a few more times, and lets others run
// in between, before it sleeps. A CPU that is not idle need not be woken up, which takes an
// interrupt and, on virtual machines, the hypervisor; nor does it draw the reader to it. One
// look is enough for most readers of small files, as they have the next request before it.
//
// Where others want the CPU, they may get it for some milliseconds meanwhile. A thread that
// has waited so long sleeps at once the next time, as the kernel prefers threads that wake up.
// Over /dev/fuse another thread answers meanwhile, on another CPU. Over rings only this one
// can, so that it goes on sleeping at once for a while.
const (
	// spins is how often a thread looks: some 40 microseconds.
	spins = 64

	// longYield is more than readers take from one request to the next, and less than the
	// kernel's time slices.
	longYield = time.Millisecond

	// ringPenalty is how often a thread of a ring sleeps at once then.
	ringPenalty = 1024
)

// spinner says how often a thread looks before it sleeps. The zero value is ready to use.
type spinner struct {
	tries   int                  // since something was found
	rest    int                  // times that it has to sleep at once
	penalty int                  // what rest becomes when others have had the CPU for long; 0 means 1
	yield   func() time.Duration // for tests; nil means yieldFor
}

// again is called when nothing was found. It returns true, when others have run, to have the
// thread look again, and false to have it sleep.
func (s *spinner) again() bool {
	switch {
	case s.rest > 0:
		s.rest--
		fallthrough
	case s.tries == spins:
		s.tries = 0
		return false
	}
	s.tries++
	yield := s.yield
	if yield == nil {
		yield = yieldFor
	}
	if yield() >= longYield {
		s.rest = max(s.penalty, 1)
	}
	return true
}

// found is called when something was found.
func (s *spinner) found() { s.tries = 0 }

// skip makes a thread sleep at once if nothing is found next.
func (s *spinner) skip() { s.tries = spins }

// yieldFor lets others run on this CPU, and returns how long they did.
func yieldFor() time.Duration {
	begin := time.Now()
	yield()
	return time.Since(begin)
}
