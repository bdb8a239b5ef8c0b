package gen

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
)

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

// Runs of which one page is located are found, wherever they begin.
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

// A few pages of each span are located, and all only of those spans where a node
// ends.
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
