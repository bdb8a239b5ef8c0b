package gen

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
)

// arena is memory that begins at a multiple of span, and that no test touches:
// more spans than are asked about at a time.
var arena = sync.OnceValue(func() []byte {
	const spans = batch + 8
	p := make([]byte, (spans+1)*span)
	return p[(span-address(p)%span)%span:][:spans*span]
})

var (
	pageSize  = os.Getpagesize()
	spanPages = span / pageSize

	// Of so many pages in a row, one is always asked about: 73 of 4 KiB.
	surePages = (spanPages - 1 + samples - 2) / (samples - 1)
)

var errNoNodes = errors.New("no nodes here")

// pageMap plays the system: it knows on which node each page of the arena is.
type pageMap struct {
	nodes []int // of each page
	runs  []int // of each page: how many there are in a row, on one node
	fails func(call int) bool

	dst    []byte // what may be asked about
	calls  int
	asked  int // pages
	failed bool
	misuse error
}

// newPageMap asks node for the node of each page.
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

// windows are parts of the arena.
var windows = []struct{ from, n int }{
	{0, (batch + 8) * span},
	{3*pageSize + 17, batch*span + 5*pageSize + 1}, // begins and ends within a page
	{span - 1, 2*span + 2},                         // and spans of a byte
	{span/2 + 123, 5 * span},
	{4 * span, batch * span}, // all of a batch
	{5 * pageSize, 3 * pageSize},
	{7*span - pageSize, 9 << 20},
	{12345, 1},
}

func TestNodePlan(t *testing.T) {
	offsets := []uint64{0, 1, Cell, 12345, block - 1, 7*block + Cell, 1<<63 - 1<<31 + 5}
	var fills []*nodeFill // each for all layouts: plans leave nothing behind
	for _, threads := range [][]int{{1}, {3, 1}, {0, 3}, {2, 0, 2, 1}, {1, 1, 1, 1, 1, 1, 1, 1}} {
		fills = append(fills, newNodeFill(idlePool(t, NodePoolConfig{Threads: threads})))
	}
	all, i := layouts(), 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		m := newPageMap(all[name])
		for _, f := range fills {
			t.Run(fmt.Sprintf("%s/nodes=%d", name, len(f.pool.home)), func(t *testing.T) {
				for _, w := range windows {
					m.plan(t, f, w.from, w.n, offsets[i%len(offsets)])
					m.checkShares(t, f)
					i++
				}
			})
		}
	}
}

// Nodes that take turns page by page are seen in whole spans.
func TestNodePlanInterleaved(t *testing.T) {
	pool := idlePool(t, NodePoolConfig{Threads: []int{1, 1, 1, 1, 1, 1, 1, 1}})
	f := newNodeFill(pool)
	for n := 2; n <= 8 && n <= surePages; n++ {
		m := newPageMap(func(page int) int { return page % n })
		for _, w := range windows[:5] {
			m.plan(t, f, w.from, w.n, 12345)
			first := (span - w.from%span) % span
			last := w.n - (w.from+w.n)%span
			m.checkHomes(t, f, m.checkCover(t, f), 1, first, last)
		}
	}
}

// Runs that are asked about just once are seen, wherever they begin.
func TestNodePlanShortestRuns(t *testing.T) {
	if longest := (surePages - 1) * pageSize; longest >= 300<<10 { // as documented
		t.Errorf("up to %d bytes in a row may be missed", longest)
	}
	pool := idlePool(t, NodePoolConfig{Threads: []int{1, 1}})
	f := newNodeFill(pool)
	for first := 0; first <= 2*spanPages-surePages; first += 1 + spanPages/128 {
		m := newPageMap(func(page int) int {
			if page >= first && page < first+surePages {
				return 1
			}
			return 0
		})
		for _, skew := range []int{0, 1, pageSize - 1} {
			m.plan(t, f, skew, 2*span-2*skew, 0)
			want := surePages*pageSize - max(skew-first*pageSize, 0) - max((first+surePages)*pageSize-(2*span-skew), 0)
			if got := f.queues[1].bytes; got != want {
				t.Fatalf("pages from %d on: %d bytes in the queue of their node, want %d", first, got, want)
			}
		}
	}
}

// Memory that nobody has touched is divided by the number of threads.
func TestNodePlanSharesEvenly(t *testing.T) {
	const n = 64 << 20
	for _, test := range []struct {
		threads []int
		layout  string
		want    []int // bytes
	}{
		{[]int{3, 1}, "untouched", []int{n * 3 / 4, n / 4}},
		{[]int{1, 3}, "untouched", []int{n / 4, n * 3 / 4}},
		{[]int{2, 0, 2, 4}, "untouched", []int{n / 4, n / 4, n / 2}},
		{[]int{1, 1}, "node 0", []int{n, 0}},
		{[]int{1, 1}, "node 1", []int{0, n}},
		{[]int{1, 1}, "0, then untouched", []int{n / 2, n / 2}}, // 40 MiB of the arena's 80
		{[]int{1, 1}, "1, then untouched", []int{n / 2, n / 2}},
		{[]int{1, 3}, "1, then untouched", []int{n / 4, n * 3 / 4}},
		{[]int{3, 1}, "1, then untouched", []int{n / 2, n / 2}}, // more than its share
		{[]int{1, 3}, "0, then untouched", []int{n / 2, n / 2}},
		{[]int{1, 1, 1}, "1, then untouched", []int{n / 4, n / 2, n / 4}},
		{[]int{1, 1}, "a later node", []int{n / 2, n / 2}},
	} {
		pool := idlePool(t, NodePoolConfig{Threads: test.threads})
		f := newNodeFill(pool)
		m := newPageMap(layouts()[test.layout])
		m.plan(t, f, len(arena())/2-n/2, n, 0) // both halves of the arena
		for i, want := range test.want {
			if got := f.queues[i].bytes; got < want-span || got > want+span {
				t.Errorf("threads %v, %s: %d bytes in queue %d, want %d", test.threads, test.layout, got, i, want)
			}
		}
	}
}

// A few pages of each span are asked about, and all only of those spans where a
// node ends.
func TestNodePlanAsksForFew(t *testing.T) {
	pool := idlePool(t, NodePoolConfig{Threads: []int{1, 1}})
	f := newNodeFill(pool)
	for _, test := range []struct {
		layout string
		spans  int // where a node ends
	}{
		{"node 0", 0},
		{"untouched", 0},
		{"a later node", 0},
		{"2, by 2 MiB", 0},
		{"halves", 0},
		{"halves, in a span", 1},
		{"halves, at an odd page", 1},
	} {
		m := newPageMap(layouts()[test.layout])
		for _, w := range windows[:5] {
			m.plan(t, f, w.from, w.n, 0)
			spans := (w.from+w.n+span-1)/span - w.from/span
			if most := samples*spans + test.spans*spanPages; m.asked > most {
				t.Errorf("%s: asked about %d pages of %d spans, want up to %d", test.layout, m.asked, spans, most)
			}
			if most := (spans+batch-1)/batch + test.spans; m.calls > most {
				t.Errorf("%s: asked %d times about %d spans, want up to %d", test.layout, m.calls, spans, most)
			}
		}
	}
}

// Pages are shared like untouched ones where Locate fails, and only there.
func TestNodePlanLocateFails(t *testing.T) {
	pool := idlePool(t, NodePoolConfig{Threads: []int{1, 1}})
	f := newNodeFill(pool)
	m := newPageMap(layouts()["halves, in a span"])
	fails := func(calls ...int) func(int) bool {
		return func(call int) bool { return slices.Contains(calls, call) }
	}
	// The first batch, all pages of the one span that needs it, the last batch.
	const n, cut = (batch + 8) * span, (batch+8)*span/2 + span/2
	for _, test := range []struct {
		fails func(int) bool
		want  []int // bytes
	}{
		{fails(), []int{cut, n - cut}},
		{fails(1, 2), []int{n / 2, n / 2}},
		{fails(1), []int{n / 2, n / 2}}, // 8 spans of node 1 are known
		{fails(2), []int{cut - span/2, n - cut + span/2}},
		{fails(3), []int{cut, n - cut}},
	} {
		m.fails = test.fails
		m.plan(t, f, 0, n, 0)
		for i, want := range test.want {
			if got := f.queues[i].bytes; got != want {
				t.Errorf("%d bytes in queue %d, want %d", got, i, want)
			}
		}
	}
}

// FuzzPlan makes a layout of runs, two bytes each, and a pool of threads, a byte
// a node.
func FuzzPlan(f *testing.F) {
	f.Add([]byte{0, 255, 1, 3}, []byte{1, 1}, uint32(4097), uint32(9<<20), uint64(12345), false)
	f.Add([]byte{0, 1, 1, 1, 2, 1}, []byte{1, 0, 3}, uint32(0), uint32(5<<20), uint64(0), true)
	f.Add([]byte{255, 200, 3, 100, 255, 255, 0, 90}, []byte{2, 0, 2, 1}, uint32(77), uint32(70<<20), uint64(1)<<62, false)
	f.Add([]byte{}, []byte{}, uint32(1), uint32(0), uint64(math.MaxInt64), false)
	f.Fuzz(func(t *testing.T, runs, counts []byte, from, n uint32, off uint64, short bool) {
		threads := []int{1}
		for i, count := range counts[:min(len(counts), 8)] {
			threads = append(threads[:i], int(count)%4)
		}
		if slices.Max(threads) == 0 {
			threads[0] = 1
		}
		node, end := 0, 0
		m := newPageMap(func(page int) int {
			for rest := runs; page >= end; rest = runs {
				if len(rest) < 2 {
					end = math.MaxInt
					break
				}
				node, end = int(rest[0]%10)-1, end+1+int(rest[1])
				if !short {
					end += surePages
				}
				runs = rest[2:]
			}
			return node
		})
		fill := newNodeFill(idlePool(t, NodePoolConfig{Threads: threads}))
		start := int(from) % (2 * span)
		length := 1 + int(n)%(len(arena())-start)
		for range 2 { // the second time, the plan is made where the first was
			m.plan(t, fill, start, length, off%(1<<63))
			if !short {
				m.checkShares(t, fill)
			}
			start, length = start/2, length/2+1
		}
	})
}

// takenParts counts the parts of each queue that dst has the bytes of.
func takenParts(f *nodeFill, want []byte) []int {
	counts := make([]int, len(f.queues))
	for i := range f.queues {
		for _, p := range f.queues[i].parts {
			if bytes.Equal(f.dst[p.from:p.to], want[p.from:p.to]) {
				counts[i]++
			}
		}
	}
	return counts
}

// planned returns a fill of n bytes, whose pages are on nodes 0 to 2 in turn, at
// some misalignment of address and offset, and what it is to write.
func planned(t testing.TB, pool *NodePool, n int) (*nodeFill, []byte) {
	t.Helper()
	const off = 12345
	g := open(t, Config{Size: 1 << 40, Seed: uint64(n)})
	pool.locate = func(p []byte, offsets, nodes []int) error {
		for i, offset := range offsets {
			nodes[i] = int((address(p)+uintptr(offset))/(1<<20)) % 3
		}
		return nil
	}
	f := newNodeFill(pool)
	f.stream, f.dst, f.off = &g.stream, make([]byte, n+1)[1:], off
	f.plan()
	f.refs.Store(1)
	return f, mustRead(t, g, make([]byte, n), off)
}

// A thread takes the work of its own node, then that of others by their
// distance.
func TestNodeTakesInOrder(t *testing.T) {
	for _, test := range []struct {
		local, closed bool
		order         []int
		want          []int
	}{
		{false, false, []int{0, 1, 2}, []int{0, 1, 2}},
		{false, false, []int{1, 2, 0}, []int{1, 2, 0}},
		{false, true, []int{2, 0, 1}, []int{2, 0, 1}},
		{true, false, []int{0, 1, 2}, []int{0}},
		{true, false, []int{2, 0, 1}, []int{2}},
		{true, true, []int{1, 2, 0}, []int{1, 2, 0}}, // the caller, for all of them
	} {
		pool := idlePool(t, NodePoolConfig{Threads: []int{1, 1, 1}, Local: test.local})
		pool.closed.Store(test.closed)
		f, want := planned(t, pool, 5<<20+777)
		taken := make([]int, 3) // parts
		for _, node := range test.want {
			for group := range len(f.queues[node].starts) {
				f.left.Store(1) // stops it after a group
				if !f.takeGroups(test.order) {
					t.Fatalf("%v: took nothing, want group %d of node %d", test, group, node)
				}
				if group++; group < len(f.queues[node].starts) {
					taken[node] = f.queues[node].starts[group]
				} else {
					taken[node] = len(f.queues[node].parts)
				}
				if got := takenParts(f, want); !slices.Equal(got, taken) {
					t.Fatalf("%v: filled %v parts of each node, want %v", test, got, taken)
				}
			}
		}
		f.left.Store(1)
		if f.takeGroups(test.order) {
			t.Errorf("%v: took a group more", test)
		}
		if len(test.want) == 3 {
			mustEqual(t, f.dst, want, int64(f.off))
		}
	}
}

// Of all who fill a buffer, one learns that it is full.
func TestNodeOneTakerIsLast(t *testing.T) {
	for _, local := range []bool{false, true} {
		pool := idlePool(t, NodePoolConfig{Threads: []int{1, 1, 1}, Local: local})
		for n := range 20 {
			f, want := planned(t, pool, 2<<20+n)
			var takers sync.WaitGroup
			last := make(chan bool, 9)
			for i := range cap(last) {
				takers.Go(func() { last <- f.takeGroups(pool.nodes[i%3].order) })
			}
			takers.Wait()
			close(last)
			count := 0
			for is := range last {
				if is {
					count++
				}
			}
			if count != 1 {
				t.Errorf("local %v: %d of %d takers were the last", local, count, cap(last))
			}
			mustEqual(t, f.dst, want, int64(f.off))
		}
	}
}
