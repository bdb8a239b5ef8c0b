package gen

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// NodePool is a set of threads on the memory nodes of a machine that fill large
// buffers, of 8 MiB or more, for any number of generators: see [Config.Nodes]. A
// buffer is cut where the node of its pages changes, and each part is filled by
// threads of that node. Threads whose own node has no part left that nobody has
// begun help the others, the nearest first. Pages that do not exist yet are divided
// among the nodes by the number of their threads; the system creates a page where it
// is written first.
//
// Before anything is written, the caller of a fill locates a sample of the pages:
// eight of each 2 MiB, and all of those where the eight differ. A stretch of less
// than 300 KiB within another node's memory may be missed, which costs speed, but
// does not change the bytes. If the node changes from page to page, locating limits
// a fill to about 50 GB/s however many threads there are (numa's BenchmarkLocate).
//
// All of its uses may be concurrent.
type NodePool struct {
	nodes  []poolNode // those that have threads
	home   []int      // of each node: the index in nodes of the threads for its memory
	locate func(p []byte, offsets, nodes []int) error

	free   sync.Pool
	done   chan struct{}
	closed atomic.Bool
}

// poolNode is a node that has threads.
type poolNode struct {
	threads int
	fills   chan *nodeFill
	order   []int // indexes in NodePool.nodes by distance, itself first
}

// NodePoolConfig says which threads a [NodePool] has and how it uses the machine.
// Package numa of this module has functions that do what it needs. Nodes are numbered
// from 0.
type NodePoolConfig struct {
	// Threads is how many threads each node has: 0 to MaxThreads, and 1 to
	// MaxThreads on all nodes together. Memory of a node that has none is filled
	// by the nearest threads, memory of nodes beyond the last by any.
	Threads []int

	// Near returns all nodes by their distance from one of them, which comes
	// first. nil means that all others are equally far.
	Near func(node int) []int

	// Pin binds the thread of the calling goroutine, which is locked to it, to a
	// node. It is called once for each thread of the pool, concurrently. nil
	// leaves the threads where the system puts them.
	Pin func(node int) error

	// Locate sets nodes[i] to the node of the page that holds p[offsets[i]], or
	// to a negative number if that page does not exist yet. It is required, is
	// called concurrently by all fills, and must neither allocate nor keep p. If
	// it fails in NewNodePool, that fails, too; if it fails in a fill, the pages
	// are treated as if they did not exist yet.
	Locate func(p []byte, offsets, nodes []int) error
}

// NewNodePool checks c and starts the threads, which end when the pool is closed. If
// Pin or Locate fails, no threads are left and the error wraps theirs.
func NewNodePool(c NodePoolConfig) (*NodePool, error) {
	if c.Locate == nil {
		return nil, errors.New("gen: node pool: Locate must not be nil")
	}
	total := 0
	for node, n := range c.Threads {
		if n < 0 || n > MaxThreads {
			return nil, fmt.Errorf("gen: %d threads on node %d: must be from 0 to %d", n, node, MaxThreads)
		}
		total += n
	}
	if total == 0 || total > MaxThreads {
		return nil, fmt.Errorf("gen: %d threads on all nodes: must be from 1 to %d", total, MaxThreads)
	}
	if err := c.Locate(make([]byte, 1), make([]int, 1), make([]int, 1)); err != nil {
		return nil, fmt.Errorf("gen: %w", err)
	}
	near := c.Near
	if near == nil {
		near = func(node int) []int {
			all := []int{node}
			for other := range c.Threads {
				if other != node {
					all = append(all, other)
				}
			}
			return all
		}
	}
	p := &NodePool{locate: c.Locate, done: make(chan struct{})}
	p.free.New = func() any { return newNodeFill(p) }
	var ids []int
	for id, n := range c.Threads {
		if n > 0 {
			ids = append(ids, id)
			p.nodes = append(p.nodes, poolNode{threads: n, fills: make(chan *nodeFill, n)})
		}
	}
	// Near may leave nodes out: all of them follow.
	withThreads := func(node int) (places []int) {
		for _, id := range slices.Concat(near(node), ids) {
			if i := slices.Index(ids, id); i >= 0 && !slices.Contains(places, i) {
				places = append(places, i)
			}
		}
		return places
	}
	for id := range c.Threads {
		p.home = append(p.home, withThreads(id)[0])
	}
	pinned := make(chan error)
	for i, id := range ids {
		p.nodes[i].order = withThreads(id)
		for range p.nodes[i].threads {
			go func() {
				runtime.LockOSThread() // for good: the thread ends with the goroutine
				var err error
				if c.Pin != nil {
					err = c.Pin(id)
				}
				pinned <- err
				if err == nil {
					p.work(i)
				}
			}()
		}
	}
	var first error
	for range total {
		if err := <-pinned; err != nil && first == nil {
			first = err
		}
	}
	if first != nil {
		p.Close()
		return nil, fmt.Errorf("gen: %w", first)
	}
	return p, nil
}

// Close ends the threads. Fills under way are completed; later ones are done by their
// callers alone. Close may be called more than once and always returns nil.
func (p *NodePool) Close() error {
	if !p.closed.Swap(true) {
		close(p.done)
	}
	return nil
}

// work is the life of a thread of a node.
func (p *NodePool) work(node int) {
	n := &p.nodes[node]
	for {
		select {
		case f := <-n.fills:
			if f.takeGroups(n.order) {
				f.filled <- struct{}{}
			}
			p.release(f)
		case <-p.done:
			return
		}
	}
}

// fill generates dst. The caller, which may be on any node, only waits.
func (p *NodePool) fill(s *stream, dst []byte, off uint64, nt bool) {
	f := p.free.Get().(*nodeFill)
	f.stream, f.block, f.dst, f.off, f.nt = s, s.block, dst, off, nt
	f.plan()
	f.refs.Store(1)
	p.offer(f)
	select {
	case <-f.filled:
	case <-p.done: // some threads may still come to this fill
		if !f.takeGroups(p.nodes[0].order) {
			<-f.filled
		}
	}
	p.release(f)
	// A caller that fills again and again and locked threads hand the Go runtime's
	// processor to each other directly: with GOMAXPROCS=1, other goroutines never
	// ran again.
	runtime.Gosched()
}

// offer gives the fill to as many threads as it has groups of parts: first to those
// of the groups' nodes, then to others, nearest to the node that has most of them. It
// does not wait for threads that are busy with other fills, unless all of them are;
// then it waits for one.
func (p *NodePool) offer(f *nodeFill) {
	if p.closed.Load() {
		return // no thread would release it
	}
	accepted, spare, most := 0, 0, 0 // spare: groups for which a node has no threads
	for i := range p.nodes {
		n, groups := &p.nodes[i], len(f.queues[i].starts)
		got := p.offerTo(n, f, min(groups, n.threads))
		if groups > len(f.queues[most].starts) {
			most = i
		}
		accepted += got
		spare += groups - got
		f.idle[i] = n.threads - got
	}
	for _, i := range p.nodes[most].order {
		got := p.offerTo(&p.nodes[i], f, min(spare, f.idle[i]))
		accepted += got
		spare -= got
	}
	if accepted == 0 {
		p.await(&p.nodes[most], f)
	}
}

// offerTo offers the fill to some threads of a node and returns how many of them will
// come to it.
func (p *NodePool) offerTo(n *poolNode, f *nodeFill, threads int) int {
	for i := range threads {
		f.refs.Add(1)
		select {
		case n.fills <- f:
		default:
			f.refs.Add(-1) // not the last: the caller has one
			return i
		}
	}
	return threads
}

// await returns when a thread will come to the fill or the pool is closed.
func (p *NodePool) await(n *poolNode, f *nodeFill) {
	f.refs.Add(1)
	select {
	case n.fills <- f:
	case <-p.done:
		f.refs.Add(-1)
	}
}

func (p *NodePool) release(f *nodeFill) {
	if f.refs.Add(-1) == 0 {
		f.stream, f.dst = nil, nil
		p.free.Put(f)
	}
}
