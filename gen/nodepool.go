package gen

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// NodePool is a set of threads on several memory nodes, made once, that fill
// large buffers for any number of generators: see [Config.Nodes]. A buffer is
// cut where the node of its pages changes, and each part is filled by threads of
// the node on which it lies. Pages that have no memory yet are divided among the
// nodes by the number of their threads, and get it where they are written first.
//
// Where a page lies is asked for a sample of them: eight of each 2 MiB, and all
// only where these differ. So a stretch of less than 300 KiB in the midst of
// another node's memory may be missed, which costs time, not bytes. Asking is up
// to the caller of a fill, before anything is written: memory whose nodes alternate
// from page to page is filled at some 50 GB/s at most, by however many threads.
type NodePool struct {
	nodes  []poolNode // those that have threads
	home   []int      // of each node: the place in nodes of the threads for its memory
	locate func(p []byte, offsets, nodes []int) error
	local  bool

	free   sync.Pool
	done   chan struct{}
	closed atomic.Bool
}

// poolNode is the threads of a node.
type poolNode struct {
	threads int
	fills   chan *nodeFill
	order   []int // places in NodePool.nodes, from the nearest: first itself
}

// NodePoolConfig says which threads a [NodePool] has, and how it reaches the
// machine; package numa of this module has what its functions need. Nodes are
// numbers from 0 on.
type NodePoolConfig struct {
	// Threads is how many threads each node has. Memory of a node that has none
	// is filled by the nearest threads, memory of nodes beyond the last by any.
	Threads []int

	// Near returns all nodes by their distance from one of them, itself first.
	// nil means that all others are equally far.
	Near func(node int) []int

	// Pin binds the calling goroutine, which is locked to its thread, to a
	// node. Every thread of the pool calls it once. nil leaves the threads
	// where the system puts them.
	Pin func(node int) error

	// Locate sets nodes[i] to the node of the page that holds p[offsets[i]],
	// and to -1 if that page has no memory yet. It must not allocate, nor keep
	// p. It must not be nil. Where it fails, NewNodePool does; a fill that it
	// fails later takes all pages for new ones.
	Locate func(p []byte, offsets, nodes []int) error

	// Local keeps threads from helping those of another node, when they have
	// no work of their own left: no thread writes to another node's memory,
	// and a buffer that lies on one node is filled by that node's threads
	// alone.
	Local bool
}

// NewNodePool starts the threads. They end when the pool is closed.
func NewNodePool(c NodePoolConfig) (*NodePool, error) {
	if c.Locate == nil {
		return nil, errors.New("gen: a pool of threads on several nodes needs Locate")
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
	p := &NodePool{locate: c.Locate, local: c.Local, done: make(chan struct{})}
	p.free.New = func() any { return newNodeFill(p) }
	var ids []int
	for id, n := range c.Threads {
		if n > 0 {
			ids = append(ids, id)
			p.nodes = append(p.nodes, poolNode{threads: n, fills: make(chan *nodeFill, n)})
		}
	}
	// The nearest of them is the first in a list that has all others, too.
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

// Close ends the threads. Fills under way are completed, and so are later ones,
// by their callers alone. Close may be called more than once and always returns
// nil.
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

// fill generates dst. The caller only waits: it may be anywhere.
func (p *NodePool) fill(s *stream, dst []byte, off uint64, nt bool) {
	f := p.free.Get().(*nodeFill)
	f.stream, f.dst, f.off, f.nt = s, dst, off, nt
	f.plan()
	f.refs.Store(1)
	p.offer(f)
	select {
	case <-f.filled:
	case <-p.done: // threads may or may not come to this
		if !f.takeGroups(p.nodes[0].order) {
			<-f.filled
		}
	}
	p.release(f)
	// A caller that goes on filling and threads that are locked hand the Go
	// runtime's processor to each other without a look at who else waits for it:
	// with GOMAXPROCS=1, other goroutines never ran again.
	runtime.Gosched()
}

// offer gives the fill to as many threads as it has groups of parts for: first
// those whose memory it is, then others, nearest to where there is most to do.
// Threads that are busy with other fills are not waited for, but for one, if
// nobody else would begin, and the pool is not closed.
func (p *NodePool) offer(f *nodeFill) {
	if p.closed.Load() {
		return // nobody would let go of it
	}
	accepted, spare, most := 0, 0, 0 // spare: groups for which a node has no threads
	for i := range p.nodes {
		n, groups := &p.nodes[i], len(f.queues[i].starts)
		got := p.offerTo(n, f, min(groups, n.threads))
		if p.local && groups > 0 && got == 0 {
			p.await(n, f)
		}
		if groups > len(f.queues[most].starts) {
			most = i
		}
		accepted += got
		spare += groups - got
		f.idle[i] = n.threads - got
	}
	if p.local {
		return
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

// offerTo returns how many threads, of those asked for, will come to the fill.
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

// await returns when a thread will come to the fill, or the pool was closed.
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
