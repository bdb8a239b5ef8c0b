package gen

import (
	"slices"
	"testing"
	"testing/synctest"
)

// fillOf returns a planned fill with so many groups for each node of the pool.
func fillOf(p *NodePool, groups ...int) *nodeFill {
	f := newNodeFill(p)
	for i, n := range groups {
		for range n {
			at := len(f.dst)
			f.dst = append(f.dst, make([]byte, block)...)
			f.queues[i].add(part{at, at + block}, 0)
		}
		f.left.Add(int64(n))
	}
	f.refs.Store(1)
	return f
}

// Threads get a fill if there is a group for them: of their own node first.
func TestNodeOffers(t *testing.T) {
	for _, test := range []struct {
		threads, groups []int
		local           bool
		want            []int
	}{
		{[]int{2, 2}, []int{1, 0}, false, []int{1, 0}},
		{[]int{2, 2}, []int{0, 1}, false, []int{0, 1}},
		{[]int{2, 2}, []int{2, 2}, false, []int{2, 2}},
		{[]int{2, 2}, []int{3, 0}, false, []int{2, 1}},
		{[]int{2, 2}, []int{0, 9}, false, []int{2, 2}},
		{[]int{2, 2}, []int{9, 1}, false, []int{2, 2}},
		{[]int{1, 4, 4}, []int{3, 1, 0}, false, []int{1, 3, 0}},
		{[]int{1, 1, 3}, []int{4, 1, 0}, false, []int{1, 1, 3}},
		{[]int{2, 2}, []int{9, 0}, true, []int{2, 0}},
		{[]int{2, 2}, []int{9, 1}, true, []int{2, 1}},
		{[]int{3}, []int{2}, true, []int{2}},
	} {
		p := idlePool(t, NodePoolConfig{Threads: test.threads, Local: test.local})
		f := fillOf(p, test.groups...)
		p.offer(f)
		total := 0
		for i, want := range test.want {
			got := len(p.nodes[i].fills)
			if got != want {
				t.Errorf("%+v: %d threads of node %d", test, got, i)
			}
			total += got
		}
		if refs := f.refs.Load(); refs != int64(total+1) {
			t.Errorf("%+v: %d references for %d threads and a caller", test, refs, total)
		}
	}
}

// A caller leaves all work to the threads, and a fill is used again when nobody
// can come to it any more.
func TestNodeCallerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := idlePool(t, NodePoolConfig{Threads: []int{2}, Locate: func(_ []byte, _, nodes []int) error {
			clear(nodes)
			return nil
		}})
		cfg := Config{Size: 1 << 40, NonTemporal: 3 * block}
		want := reference(cfg).bytes(0, 3*block)
		cfg.Nodes = p
		g := open(t, cfg)
		dst := make([]byte, len(want))
		filled := make(chan bool)
		go func() {
			mustRead(t, g, dst, 0)
			close(filled)
		}()
		synctest.Wait()
		f := <-p.nodes[0].fills
		if left, refs := f.left.Load(), f.refs.Load(); left != 3 || refs != 3 {
			t.Fatalf("%d groups left and %d references before a thread came, want 3 and 3", left, refs)
		}
		if !f.nt {
			t.Error("a fill of the length from which on caches are left out goes to them")
		}
		if !f.takeGroups(p.nodes[0].order) {
			t.Fatal("groups were left")
		}
		synctest.Wait()
		select {
		case <-filled:
			t.Fatal("the caller did not wait for the thread")
		default:
		}
		f.filled <- struct{}{}
		<-filled
		mustEqual(t, dst, want, 0)
		if late := <-p.nodes[0].fills; late != f || f.dst == nil || f.takeGroups(p.nodes[0].order) {
			t.Error("a thread that came late found work, or another fill")
		}
		for i := 2; i > 0; i-- {
			if refs := f.refs.Load(); refs != int64(i) || f.dst == nil || f.stream == nil {
				t.Errorf("%d references, the fill is given back: %v, want %d", refs, f.dst == nil, i)
			}
			p.release(f)
		}
		if f.refs.Load() != 0 || f.dst != nil || f.stream != nil {
			t.Error("the fill keeps its buffer")
		}
	})
}

// A thread does the work of its own node first.
func TestNodeThreads(t *testing.T) {
	for _, local := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := idlePool(t, NodePoolConfig{Threads: []int{1, 1, 1}, Local: local})
			g := open(t, Config{Size: 1 << 40})
			f := fillOf(p, 2, 3, 2)
			f.stream = &g.stream
			f.left.Store(3) // as if others were done with the rest
			f.refs.Store(2)
			p.nodes[1].fills <- f
			go p.work(1)
			<-f.filled
			synctest.Wait()
			if taken := []int64{f.queues[0].next.Load(), f.queues[1].next.Load(), f.queues[2].next.Load()}; !slices.Equal(taken, []int64{0, 3, 0}) {
				t.Errorf("local %v: a thread of node 1 took %v groups", local, taken)
			}
			if f.refs.Load() != 1 {
				t.Errorf("%d references are left, want the caller's", f.refs.Load())
			}
			p.Close()
		})
	}
}

// Threads that are busy with another fill are not waited for, as long as somebody
// will begin.
func TestNodeOffersDoNotWait(t *testing.T) {
	for _, groups := range [][]int{{3, 0}, {0, 3}, {3, 3}} {
		p := idlePool(t, NodePoolConfig{Threads: []int{1, 1}})
		p.nodes[1].fills <- fillOf(p, 0, 1) // nobody takes it
		f := fillOf(p, groups...)
		p.offer(f)
		if len(p.nodes[0].fills) != 1 || f.refs.Load() != 2 {
			t.Errorf("groups %d: %d offers on node 0, %d references", groups, len(p.nodes[0].fills), f.refs.Load())
		}
	}
	// With everybody busy, or with nobody else who may, it waits for one.
	for _, test := range []struct {
		local  bool
		busy   []int
		groups []int
	}{
		{false, []int{0, 1}, []int{0, 3}},
		{true, []int{1}, []int{0, 3}},
		{true, []int{1}, []int{3, 3}},
	} {
		p := idlePool(t, NodePoolConfig{Threads: []int{1, 1}, Local: test.local})
		for _, node := range test.busy {
			p.nodes[node].fills <- fillOf(p, 1, 0)
		}
		f, offered := fillOf(p, test.groups...), make(chan struct{})
		go func() {
			p.offer(f)
			close(offered)
		}()
		<-p.nodes[1].fills // the other fill
		<-offered
		if got := <-p.nodes[1].fills; got != f {
			t.Errorf("%+v: node 1 was offered something else", test)
		}
	}
}
