package transport

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// minDepth and maxDepth bound the number of entries of a queue: how many requests of
// one CPU are here at a time, and so how many threads can answer them. The kernel
// keeps the others. As many entries as there are CPUs are enough, and fewer share the
// cache better: with 4 on two CPUs, two readers of 1 MiB at depth 8 were slower by a
// tenth.
const minDepth, maxDepth = 2, 4

// rings is FUSE over io_uring. The kernel has a queue for every possible CPU, of the
// requests that began there. It is served by a thread on that CPU with a ring of its
// own, or, if the CPU is offline or not to be used, by the one that the placement says.
//
// An entry is a place for one request and its reply. Any thread may commit an
// entry, and from then on the kernel notifies that thread of requests in it. So a
// thread that finds more large reads than one hands some over to others that
// sleep, and goes on sharing the queue with them; and one that gets another
// queue's request gives it back if it has requests of its own queue, or if that
// queue's thread sleeps, so that readers are served on their own CPUs again as
// soon as that is no slower. Without this, one thread that reads at depth 8 is
// served by one CPU: 0.47 of a null server's rate, against 0.83.
//
// Reads that are answered later keep their entries until then; see spares. If they are
// known to come, Auto means Dev, over which any number can wait.
type rings struct {
	*Server
	threads []*thread
	depth   int     // entries of a queue, without spare ones
	entries []entry // of all queues, in their order, and then the spare ones
	spares
	running sync.WaitGroup

	registering, serving  sync.Once
	mayRegister, mayServe chan struct{} // closed when threads are to go on, or to end
	results               chan error    // of each thread's steps until then
	abandoned             atomic.Bool   // threads are to end before they register, without ending the connection
}

// memory returns the bytes of all entries.
func (r *rings) memory() (sum int) {
	size := r.payloadRoom() + headerRoom
	for _, t := range r.threads {
		sum += mappedSize(len(t.queues)*r.depth*size) + mappedSize(len(t.queues)*r.spare*size)
	}
	if r.maxWrite > 0 {
		sum += len(r.threads) * mappedSize(scratchSize)
	}
	return sum
}

// newRings starts the threads, each with a ring.
func newRings(s *Server) (*rings, error) {
	if len(s.placement.Queues) == 0 {
		return nil, errors.New("the number of possible CPUs is not known")
	}
	r := makeRings(s)
	for _, t := range r.threads {
		r.running.Go(t.run)
	}
	if err := r.step(); err != nil {
		r.abandoned.Store(true)
		r.join()
		return nil, err
	}
	return r, nil
}

// makeRings returns rings whose threads do not run yet.
func makeRings(s *Server) *rings {
	cpus := len(s.placement.Queues)
	r := &rings{
		Server:      s,
		depth:       min(max(cpus, minDepth), maxDepth),
		mayRegister: make(chan struct{}),
		mayServe:    make(chan struct{}),
		results:     make(chan error),
	}
	r.spare, r.waiting = spareEntries(cpus), make([]atomic.Int32, cpus)
	r.entries = make([]entry, cpus*(r.depth+r.spare))
	r.threads = newThreads(r)
	return r
}

// newThreads returns a thread for each CPU to answer on that has a queue.
func newThreads(r *rings) []*thread {
	all := make([]*thread, len(r.placement.CPUs))
	for place, cpu := range r.placement.CPUs {
		all[place] = &thread{rings: r, place: place, cpu: cpu, inbox: inbox{fd: -1}, pause: time.Sleep, spinner: spinner{penalty: ringPenalty}}
	}
	for queue, place := range r.placement.Queues {
		all[place].queues = append(all[place].queues, queue)
	}
	all = slices.DeleteFunc(all, func(t *thread) bool { return len(t.queues) == 0 })
	for i, t := range all {
		// Those behind it come first, so that not all turn to the same one.
		t.others = slices.Concat(all[i+1:], all[:i])
		far := func(o *thread) int {
			if r.placement.node(o.place) == r.placement.node(t.place) {
				return 0
			}
			return 1
		}
		slices.SortStableFunc(t.others, func(a, b *thread) int { return far(a) - far(b) })
	}
	return all
}

// step waits until every thread has done a step, and returns the first error.
func (r *rings) step() error {
	var first error
	for range r.threads {
		if err := <-r.results; err != nil && first == nil {
			first = err
		}
	}
	return first
}

// register gives the kernel all entries.
func (r *rings) register() error {
	r.registering.Do(func() { close(r.mayRegister) })
	return r.step()
}

// serve starts to answer requests.
func (r *rings) serve() { r.serving.Do(func() { close(r.mayServe) }) }

// stop ends all threads, and the connection with them. No read may wait any more.
func (r *rings) stop() {
	r.end()
	r.join()
}

// join waits for all threads, which have to end.
func (r *rings) join() {
	r.registering.Do(func() { close(r.mayRegister) })
	r.serve()
	r.running.Wait()
	for _, t := range r.threads {
		t.inbox.close()
	}
}
