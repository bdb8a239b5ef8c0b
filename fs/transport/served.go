package transport

import (
	"sync"
	"syscall"

	"github.com/dgenfs/dgenfs/fs/transport/counters"
)

// Served counts reads and writes.
type Served = counters.Served

// ServedByCPU counts the requests that the threads of a CPU have answered.
type ServedByCPU struct {
	CPU, Node int
	Served
}

// Served returns the counts since the connection began.
func (s *Server) Served() (all Served) {
	for _, c := range s.ServedByCPU() {
		all.Add(c.Served)
	}
	return all
}

// ServedByCPU returns the counts of each CPU to answer on, in the order of
// [Placement].CPUs.
func (s *Server) ServedByCPU() []ServedByCPU {
	all := make([]ServedByCPU, len(s.placement.CPUs))
	for place, cpu := range s.placement.CPUs {
		all[place] = ServedByCPU{CPU: cpu, Node: s.placement.node(place)}
	}
	s.eachCounter(func(place int, c *counters.Thread) { all[place].Add(c.Served()) })
	return all
}

// Activity is what a connection has done so far, and does now.
type Activity struct {
	counters.Sum
	Waiting int // requests that are delayed

	AheadReads uint64 // requests that had been begun when they came; see package ahead
	AheadBytes uint64 // of them that were ready then
}

// Activity returns the counts since the connection began.
func (s *Server) Activity() *Activity {
	a := &Activity{Waiting: s.delays.len()}
	a.AheadReads, a.AheadBytes = s.ahead.Counts()
	s.eachCounter(func(_ int, c *counters.Thread) { c.AddTo(&a.Sum) })
	return a
}

// eachCounter calls f with the counters of each thread, and the place of its CPU.
func (s *Server) eachCounter(f func(place int, c *counters.Thread)) {
	for i, w := range s.pool.workers {
		f(i%len(s.placement.CPUs), &w.counts)
		f(i%len(s.placement.CPUs), &w.delayed.counts)
	}
	if s.rings != nil {
		for _, t := range s.rings.threads {
			f(t.place, &t.counts)
		}
	}
}

// lateCounter counts answers to requests that had to wait, by any goroutine.
type lateCounter struct {
	mu     sync.Mutex
	counts counters.Thread
}

func (c *lateCounter) late(r counters.Request, bytes int, errno syscall.Errno, interrupted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Late(r, bytes, errno, interrupted)
}

// len returns how many requests wait.
func (d *delays) len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.waiting)
}
