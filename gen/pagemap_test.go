package gen

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
)

// arena is memory that begins at a multiple of span and that no test touches: more
// spans than are sampled in one call.
var arena = sync.OnceValue(func() []byte {
	const spans = batch + 8
	p := make([]byte, (spans+1)*span)
	return p[(span-address(p)%span)%span:][:spans*span]
})

var (
	pageSize  = os.Getpagesize()
	spanPages = span / pageSize

	// Of so many pages in a row, one is always located: 73 of 4 KiB.
	surePages = (spanPages - 1 + samples - 2) / (samples - 1)
)

var errNoNodes = errors.New("no nodes here")

// pageMap simulates the system: it has the node of each page of the arena.
type pageMap struct {
	nodes []int // of each page
	runs  []int // of each page: how many there are in a row, on one node
	fails func(call int) bool

	dst    []byte // what may be located
	calls  int
	asked  int // pages that were located
	failed bool
	misuse error
}

// newPageMap returns the map in which each page is on the node that node returns.
func newPageMap(node func(page int) int) *pageMap {
	m := &pageMap{fails: func(int) bool { return false }}
	for page := range len(arena()) / pageSize {
		m.nodes = append(m.nodes, node(page))
	}
	m.runs = make([]int, len(m.nodes))
	for from := 0; from < len(m.nodes); {
		to := from
		for to < len(m.nodes) && m.nodes[to] == m.nodes[from] {
			to++
		}
		for page := from; page < to; page++ {
			m.runs[page] = to - from
		}
		from = to
	}
	return m
}

// page returns the page that holds dst[i].
func (m *pageMap) page(i int) int {
	return int(address(m.dst)-address(arena())+uintptr(i)) / pageSize
}

func (m *pageMap) locate(p []byte, offsets, nodes []int) error {
	if len(p) != len(m.dst) || address(p) != address(m.dst) || len(offsets) != len(nodes) || len(offsets) == 0 {
		m.misuse = fmt.Errorf("Locate(%d bytes, %d offsets, %d nodes)", len(p), len(offsets), len(nodes))
	}
	m.calls++
	m.asked += len(offsets)
	if m.fails(m.calls) {
		m.failed = true
		return errNoNodes
	}
	for i, offset := range offsets {
		if offset < 0 || offset >= len(p) || i > 0 && offset < offsets[i-1] {
			m.misuse = fmt.Errorf("Locate was asked for offset %d of %d, after %d", offset, len(p), offsets[max(i-1, 0)])
			return nil
		}
		nodes[i] = m.nodes[m.page(offset)]
	}
	return nil
}

// plan has f planned for a part of the arena, of so many bytes from one on, and
// checks what is true of all plans.
func (m *pageMap) plan(t testing.TB, f *nodeFill, from, n int, off uint64) {
	t.Helper()
	m.dst, m.calls, m.asked, m.failed, m.misuse = arena()[from:from+n], 0, 0, false, nil
	f.pool.locate = m.locate
	f.dst, f.off = m.dst, off
	f.plan()
	if m.misuse != nil {
		t.Fatal(m.misuse)
	}
	m.checkGroups(t, f)
	pieces := m.checkCover(t, f)
	if len(f.fresh) > len(pieces) {
		t.Fatalf("%d parts, of them %d without memory: some are of a plan before", len(pieces), len(f.fresh))
	}
	m.checkCuts(t, f, pieces)
	if !m.failed {
		m.checkHomes(t, f, pieces, surePages, 0, n)
	}
}

// piece is a part, in the queue of a node.
type piece struct {
	part
	queue int
}

func (p piece) String() string { return fmt.Sprintf("[%d,%d) of queue %d", p.from, p.to, p.queue) }

// checkGroups checks that groups are up to a block of whole parts, that none
// could be larger, and that all are counted.
func (m *pageMap) checkGroups(t testing.TB, f *nodeFill) {
	t.Helper()
	groups := 0
	for i := range f.queues {
		q := &f.queues[i]
		groups += len(q.starts)
		if (len(q.starts) == 0) != (len(q.parts) == 0) || len(q.starts) > 0 && q.starts[0] != 0 {
			t.Fatalf("queue %d: groups of %d parts begin at %v", i, len(q.parts), q.starts)
		}
		total := 0
		for k, start := range q.starts {
			end := len(q.parts)
			if k+1 < len(q.starts) {
				end = q.starts[k+1]
			}
			sum := 0
			for _, p := range q.parts[start:end] {
				sum += p.to - p.from
			}
			if start >= end || sum > block {
				t.Fatalf("queue %d: a group of %d parts, %d bytes", i, end-start, sum)
			}
			if end < len(q.parts) && sum+q.parts[end].to-q.parts[end].from <= block {
				t.Fatalf("queue %d: a group of %d bytes, without the next part, %v", i, sum, q.parts[end])
			}
			total += sum
		}
		if total != q.bytes {
			t.Fatalf("queue %d: %d bytes, counted as %d", i, total, q.bytes)
		}
	}
	if left := f.left.Load(); left != int64(groups) {
		t.Fatalf("%d groups, counted as %d", groups, left)
	}
}

// checkCover returns all parts in order, which must be all of dst, each byte
// once.
func (m *pageMap) checkCover(t testing.TB, f *nodeFill) []piece {
	t.Helper()
	var pieces []piece
	for i := range f.queues {
		for _, p := range f.queues[i].parts {
			pieces = append(pieces, piece{p, i})
		}
	}
	slices.SortFunc(pieces, func(a, b piece) int { return a.from - b.from })
	at := 0
	for _, p := range pieces {
		if p.from != at || p.to <= p.from {
			t.Fatalf("parts of %d bytes: %v, where one from %d on is to be", len(m.dst), p, at)
		}
		at = p.to
	}
	if at != len(m.dst) {
		t.Fatalf("parts of %d bytes end at %d", len(m.dst), at)
	}
	return pieces
}

// checkCuts checks that parts end for a reason: a block does, the node changes,
// or threads share here, from the next span on.
func (m *pageMap) checkCuts(t testing.TB, f *nodeFill, pieces []piece) {
	t.Helper()
	for i, p := range pieces {
		if (f.off+uint64(p.from))/block != (f.off+uint64(p.to-1))/block {
			t.Fatalf("offset %d: %v is in two blocks", f.off, p)
		}
		if i+1 == len(pieces) {
			break
		}
		change := m.nodes[m.page(p.to-1)] != m.nodes[m.page(p.to)]
		nextSpan := (address(m.dst)+uintptr(p.to))%span == 0
		if !change && !nextSpan && (f.off+uint64(p.to))%block != 0 {
			t.Fatalf("offset %d: %v ends there without need", f.off, p)
		}
		if next := pieces[i+1]; !change && !nextSpan && next.queue != p.queue {
			t.Fatalf("%v and %v are not cut where a span begins", p, next)
		}
	}
}

// checkHomes checks that the pages of dst[from:to] that are at least so many in
// a row, on one node, are in the queue of that node, in parts of their own, or, if
// they are on none, anywhere.
func (m *pageMap) checkHomes(t testing.TB, f *nodeFill, pieces []piece, row, from, to int) {
	t.Helper()
	for _, p := range pieces {
		p.from, p.to = max(p.from, from), min(p.to, to)
		if p.from >= p.to {
			continue
		}
		first := -1
		for page := m.page(p.from); page <= m.page(p.to-1); page++ {
			if m.runs[page] < row {
				continue
			}
			node := m.nodes[page]
			if node >= 0 && node < len(f.pool.home) && f.pool.home[node] != p.queue {
				t.Fatalf("%v has page %d, of node %d", p, page, node)
			}
			if first < 0 {
				first = page
			}
			if node != m.nodes[first] {
				t.Fatalf("%v has page %d, of node %d, and page %d, of node %d", p, first, m.nodes[first], page, node)
			}
		}
	}
}

// checkShares checks that nobody has more than its share of the work but for what
// is its own, or the rest of a span, and without that, nobody less.
func (m *pageMap) checkShares(t testing.TB, f *nodeFill) {
	t.Helper()
	own := make([]int, len(f.queues))
	for from := 0; from < len(m.dst); {
		to := min(from+pageSize-int((address(m.dst)+uintptr(from))%uintptr(pageSize)), len(m.dst))
		if node := m.nodes[m.page(from)]; node >= 0 && node < len(f.pool.home) {
			own[f.pool.home[node]] += to - from
		}
		from = to
	}
	threads, above := 0, false
	shares := make([]int, len(f.queues))
	for i := range f.queues {
		threads += f.pool.nodes[i].threads
	}
	for i := range f.queues {
		shares[i] = len(m.dst) * f.pool.nodes[i].threads / threads
		above = above || own[i] > shares[i]
	}
	for i := range f.queues {
		got := f.queues[i].bytes
		switch {
		case own[i] >= shares[i]+len(shares): // more than is left over by rounding
			if got != own[i] {
				t.Fatalf("node %d has %d bytes to do, want its own, %d: its share is %d", i, got, own[i], shares[i])
			}
		case got >= shares[i]+span || !above && got <= shares[i]-(len(shares)-1)*span-len(shares):
			t.Fatalf("node %d has %d bytes to do, of them its own %d, want about %d", i, got, own[i], shares[i])
		}
	}
}

// runsOf returns a layout of runs of pages, of random lengths from surePages on.
func runsOf(nodes ...int) func(page int) int {
	random := rand.New(rand.NewPCG(uint64(len(nodes)), 0))
	node, end := 0, 0
	return func(page int) int {
		for page >= end {
			end += surePages + random.IntN(surePages<<random.IntN(6))
			node = nodes[random.IntN(len(nodes))]
		}
		return node
	}
}

// layouts are memory in which no node has less than surePages in a row.
func layouts() map[string]func(page int) int {
	pages := len(arena()) / pageSize
	halves := func(a, b, cut int) func(int) int {
		return func(page int) int {
			if page < cut {
				return a
			}
			return b
		}
	}
	all := map[string]func(int) int{
		"node 0":                  halves(0, 0, 0),
		"node 1":                  halves(1, 1, 0),
		"halves":                  halves(1, 0, pages/2),
		"halves, at an odd page":  halves(0, 1, spanPages+surePages+1),
		"halves, in a span":       halves(0, 1, pages/2+spanPages/2),
		"three, in a span":        func(page int) int { return halves(0, halves(1, 2, 1000)(page), surePages+5)(page) },
		"random runs":             runsOf(0, 1, 2, 3),
		"random runs, many nodes": runsOf(0, 1, 2, 3, 4, 5, 6, 7),
		"untouched":               halves(-1, -1, 0),
		"untouched, then 0":       halves(-1, 0, pages/2+3),
		"0, then untouched":       halves(0, -1, pages/2+3),
		"1, then untouched":       halves(1, -1, pages/2+3),
		"a little, untouched":     halves(0, -1, surePages),
		"most, untouched":         halves(1, -1, pages-3*spanPages),
		"untouched islands":       runsOf(0, 0, 1, -1),
		"islands":                 runsOf(-1, -1, -1, 0, 1, 2),
		"a later node":            halves(8, 8, 0),
		"far later nodes":         halves(100, math.MaxInt, pages/2),
		"a later node's island":   runsOf(0, 0, 9, 1),
		"negative nodes":          halves(-1, -14, pages/2), // -ENOENT, -EFAULT
	}
	for n := 2; n <= 8; n++ {
		all[fmt.Sprintf("%d, by 2 MiB", n)] = func(page int) int { return page / spanPages % n }
	}
	return all
}
