package gen

import (
	"bytes"
	"slices"
	"sync"
	"testing"
)

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
