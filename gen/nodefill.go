package gen

import (
	"os"
	"sync/atomic"
)

const (
	// span is the size and the alignment in bytes of what is sampled as one: a huge
	// page of amd64 and of arm64 with pages of 4 KiB, which lies on one node.
	span = 2 << 20

	// samples is how many pages of a span are located. In a whole span of pages of
	// 4 KiB they are 73 apart, so that pages interleaved over up to 8 nodes do not
	// look like those of one node.
	samples = 8

	// batch is how many spans are sampled in one call.
	batch = 32

	// untouched is the node of pages that do not exist yet.
	untouched = -1
)

// nodeFill is one fill that the threads of a [NodePool] work on.
type nodeFill struct {
	pool   *NodePool
	stream *stream
	block  int // the stream's
	dst    []byte
	off    uint64 // of dst in the stream
	nt     bool   // write past the caches

	queues []fillQueue // of each node with threads
	fresh  []part      // of pages that do not exist yet
	last   part        // located, and neither in a queue nor in fresh yet
	node   int         // of last
	idle   []int       // threads of each node to which the fill was not offered
	full   []bool      // nodes that have their share of the work already

	left   atomic.Int64  // groups that are not filled yet
	refs   atomic.Int64  // goroutines that may still use this
	filled chan struct{} // the last group was filled by a thread of the pool

	offsets, at [batch * samples]int // arguments of locate for a batch
	pages, on   []int                // the same for all pages of one span
}

// part is a piece of dst, from one offset to another.
type part struct{ from, to int }

// fillQueue is the work of one node: parts, taken in groups of about a block.
type fillQueue struct {
	parts  []part
	starts []int        // indexes in parts at which a group begins
	group  int          // bytes of the last group
	bytes  int          // of all parts
	next   atomic.Int64 // group to be taken
}

func newNodeFill(p *NodePool) *nodeFill {
	n := span/os.Getpagesize() + 1
	return &nodeFill{
		pool:   p,
		block:  block,
		queues: make([]fillQueue, len(p.nodes)),
		idle:   make([]int, len(p.nodes)),
		full:   make([]bool, len(p.nodes)),
		filled: make(chan struct{}, 1),
		pages:  make([]int, n),
		on:     make([]int, n),
	}
}

// plan locates dst and puts each part of it into the queue of its node.
func (f *nodeFill) plan() {
	for i := range f.queues {
		q := &f.queues[i]
		q.parts, q.starts, q.group, q.bytes = q.parts[:0], q.starts[:0], 0, 0
		q.next.Store(0)
	}
	f.fresh, f.last = f.fresh[:0], part{}
	base := address(f.dst)
	for from := 0; from < len(f.dst); {
		from = f.sample(from, base)
	}
	f.flush()
	f.share(base)
	groups := 0
	for i := range f.queues {
		groups += len(f.queues[i].starts)
	}
	f.left.Store(int64(groups))
}

// nextSpan returns the end of the span that holds dst[from].
func (f *nodeFill) nextSpan(from int, base uintptr) int {
	return min(from+int(span-(base+uintptr(from))%span), len(f.dst))
}

// sample locates a batch of spans from offset from on and returns where it ends.
func (f *nodeFill) sample(from int, base uintptr) int {
	n, end := 0, from
	for ; n < batch && end < len(f.dst); n++ {
		to := f.nextSpan(end, base)
		for k := range samples {
			f.offsets[n*samples+k] = end + (to-end-1)*k/(samples-1)
		}
		end = to
	}
	at := f.at[:n*samples]
	if f.pool.locate(f.dst, f.offsets[:n*samples], at) != nil {
		f.add(part{from, end}, untouched)
		return end
	}
	for i := range n {
		to := f.nextSpan(from, base)
		if on, ok := same(at[i*samples : (i+1)*samples]); ok {
			f.add(part{from, to}, on)
		} else {
			f.addPages(part{from, to}, base)
		}
		from = to
	}
	return end
}

// same returns the node if all are equal.
func same(nodes []int) (int, bool) {
	for _, n := range nodes[1:] {
		if n != nodes[0] {
			return 0, false
		}
	}
	return nodes[0], true
}

// addPages adds a part, of a span at most, page by page.
func (f *nodeFill) addPages(p part, base uintptr) {
	page := os.Getpagesize()
	n := 0
	for from := p.from; from < p.to; n++ {
		f.pages[n] = from
		from += page - int((base+uintptr(from))%uintptr(page))
	}
	if f.pool.locate(f.dst, f.pages[:n], f.on[:n]) != nil {
		f.add(p, untouched)
		return
	}
	for i, node := range f.on[:n] {
		to := p.to
		if i+1 < n {
			to = f.pages[i+1]
		}
		f.add(part{f.pages[i], to}, node)
	}
}

// add adds the next part, which lies on node, and joins it to the one before if that
// does, too.
func (f *nodeFill) add(p part, node int) {
	if f.last.to > f.last.from && node == f.node {
		f.last.to = p.to
		return
	}
	f.flush()
	f.last, f.node = p, node
}

// flush puts what add has joined into a queue.
func (f *nodeFill) flush() {
	switch {
	case f.last.to == f.last.from:
	case f.node < 0 || f.node >= len(f.pool.home): // the latter if a node came online later
		f.fresh = append(f.fresh, f.last)
	default:
		f.queues[f.pool.home[f.node]].add(f.last, f.off, f.block)
	}
	f.last = part{}
}

// share divides the pages that do not exist yet so that each node's share of the work
// is that of its threads. A node that has more already gets none, and the others share
// the rest. Cuts are between spans, as a huge page belongs to whoever writes to it
// first.
func (f *nodeFill) share(base uintptr) {
	if len(f.fresh) == 0 {
		return
	}
	work, threads := float64(len(f.dst)), 0.0
	for i := range f.pool.nodes {
		threads += float64(f.pool.nodes[i].threads)
		f.full[i] = false
	}
	for again := true; again; {
		again = false
		for i := range f.queues {
			own, n := float64(f.queues[i].bytes), float64(f.pool.nodes[i].threads)
			if !f.full[i] && own*threads > work*n {
				f.full[i], again = true, true
				work, threads = work-own, threads-n
			}
		}
	}
	fresh := f.fresh
	for i := range f.queues {
		q, n := &f.queues[i], float64(f.pool.nodes[i].threads)
		if f.full[i] {
			continue
		}
		want := int(work*n/threads) - q.bytes
		work, threads = work-float64(q.bytes), threads-n
		last := threads == 0
		for len(fresh) > 0 && (want > 0 || last) {
			p := fresh[0]
			if cut := p.from + want; !last && cut < p.to {
				p.to = min(f.nextSpan(cut-1, base), p.to)
			}
			q.add(p, f.off, f.block)
			want -= p.to - p.from
			work -= float64(p.to - p.from)
			if fresh[0].from = p.to; p.to == fresh[0].to {
				fresh = fresh[1:]
			}
		}
	}
}

// add adds a part, cut where blocks of the stream end, so that no cell is generated
// twice except where the node changes.
func (q *fillQueue) add(p part, off uint64, block int) {
	for from := p.from; from < p.to; {
		to := min(from+block-int((off+uint64(from))%uint64(block)), p.to)
		if len(q.starts) == 0 || q.group+to-from > block {
			q.starts = append(q.starts, len(q.parts))
			q.group = 0
		}
		q.parts = append(q.parts, part{from, to})
		q.group += to - from
		from = to
	}
	q.bytes += p.to - p.from
}

// take returns the next group, or nothing if none is left.
func (q *fillQueue) take() []part {
	i := int(q.next.Add(1) - 1)
	switch {
	case i >= len(q.starts):
		return nil
	case i == len(q.starts)-1:
		return q.parts[q.starts[i]:]
	}
	return q.parts[q.starts[i]:q.starts[i+1]]
}

// takeGroups fills groups, the nodes' in order, until none is left to be taken, and
// reports whether the one that it filled was the last of all to be finished.
func (f *nodeFill) takeGroups(order []int) bool {
	for _, node := range order {
		for {
			group := f.queues[node].take()
			if len(group) == 0 {
				break
			}
			for _, p := range group {
				f.stream.fill(f.dst[p.from:p.to], f.off+uint64(p.from), f.nt)
			}
			if f.left.Add(-1) == 0 {
				return true
			}
		}
	}
	return false
}
