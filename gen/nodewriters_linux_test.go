package gen

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// nodeThreads is a pool of which each thread's node is known.
type nodeThreads struct {
	*NodePool
	lock sync.Mutex
	node map[int]int // of a thread
}

func openNodeThreads(t *testing.T, threads []int, locate func(p []byte, offsets, nodes []int) error) *nodeThreads {
	t.Helper()
	p := &nodeThreads{node: map[int]int{}}
	p.NodePool = openPool(t, NodePoolConfig{Threads: threads, Near: inLine(len(threads)), Locate: locate, Pin: func(node int) error {
		p.lock.Lock()
		defer p.lock.Unlock()
		p.node[unix.Gettid()] = node
		return nil
	}})
	return p
}

// nodesByPage returns a Locate that knows the node of each page of p, and of other
// memory that it is on the last of those.
func nodesByPage(p *[]byte, nodes []int) func([]byte, []int, []int) error {
	return func(q []byte, offsets, on []int) error {
		for i, offset := range offsets {
			page := int(address(q)+uintptr(offset)-address(*p)) / pageSize
			if len(nodes) == 0 {
				on[i] = 0
				continue
			}
			on[i] = nodes[min(uint(page), uint(len(nodes)-1))]
		}
		return nil
	}
}

// byBlocks returns the nodes of the pages of memory of so many blocks on each node.
func byBlocks(blocks ...int) (nodes []int) {
	for node, n := range blocks {
		nodes = append(nodes, slices.Repeat([]int{node}, n*pagesOfBlock)...)
	}
	return nodes
}

// Threads come to a fill if there is a block for them: first those of the blocks'
// nodes, then others, nearest to the node that has most blocks.
func TestNodesAtWork(t *testing.T) {
	for _, test := range []struct{ threads, blocks, want []int }{
		{[]int{2, 2}, []int{1, 0}, []int{1, 0}},
		{[]int{2, 2}, []int{0, 1}, []int{0, 1}},
		{[]int{2, 2}, []int{2, 2}, []int{2, 2}},
		{[]int{2, 2}, []int{3, 0}, []int{2, 1}},
		{[]int{2, 2}, []int{0, 9}, []int{2, 2}},
		{[]int{2, 2}, []int{9, 1}, []int{2, 2}},
		{[]int{1, 4, 4}, []int{3, 1, 0}, []int{1, 3, 0}},
		{[]int{1, 1, 3}, []int{4, 1, 0}, []int{1, 1, 3}},
		{[]int{1, 1, 1}, []int{0, 0, 2}, []int{0, 1, 1}},
		{[]int{2, 1, 1}, []int{0, 1, 3}, []int{2, 1, 1}},
		{[]int{3, 1, 1}, []int{0, 0, 3}, []int{1, 1, 1}},
	} {
		nodes := byBlocks(test.blocks...)
		tr := setTrap(t, len(nodes)*pageSize, always)
		p := openNodeThreads(t, test.threads, nodesByPage(&tr.memory, nodes))
		g := open(t, Config{Size: 1 << 40, Nodes: p.NodePool})
		g.share = 1
		total := 0
		for _, n := range test.want {
			total += n
		}
		f := startFill(g, tr.memory, 0)
		_, held := tr.await(t, total, total)
		got := make([]int, len(test.threads))
		for _, w := range held {
			if w.tid == f.caller {
				t.Errorf("%+v: the caller writes", test)
			}
			got[p.node[w.tid]]++
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%+v: %v threads of each node are at work", test, got)
		}
		f.goesOn(t)
		tr.release(always)
		f.wait(t)
		mustEqual(t, tr.memory, reference(Config{Size: 1 << 40}).bytes(0, len(tr.memory)), 0)
	}
}

// A thread writes to memory of another node only when all blocks of its own have been
// begun.
func TestNodesWriteToTheirOwn(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, threads := range [][]int{{1, 1}, {2, 1, 1}, {1, 3}, {3, 1, 2}} {
		var nodes []int
		for len(nodes) < 40*pagesOfBlock {
			node := random.IntN(len(threads))
			nodes = append(nodes, slices.Repeat([]int{node}, surePages+random.IntN(4*pagesOfBlock))...)
		}
		tr := setTrap(t, len(nodes)*pageSize, always)
		p := openNodeThreads(t, threads, nodesByPage(&tr.memory, nodes))
		g := open(t, Config{Size: 1 << 40, Nodes: p.NodePool})
		total := len(p.node)
		f := startFill(g, tr.memory, 0)
		_, held := tr.await(t, total, total) // so that all take part
		for _, w := range held {
			if p.node[w.tid] != nodes[w.page] {
				t.Errorf("threads %v: one of node %d begins on node %d", threads, p.node[w.tid], nodes[w.page])
			}
		}
		tr.release(always)
		f.wait(t)
		writes, _ := tr.await(t, len(nodes), 0)
		checkOrder(t, writes, nodes, func(tid int) int { return p.node[tid] }, total)
		mustEqual(t, tr.memory, reference(Config{Size: 1 << 40}).bytes(0, len(tr.memory)), 0)
	}
}

// checkOrder checks who wrote to which page first, in the order of the writes, by so
// many threads.
func checkOrder(t *testing.T, writes []write, nodes []int, nodeOf func(tid int) int, threads int) {
	t.Helper()
	if len(writes) != len(nodes) {
		t.Fatalf("%d first writes to %d pages", len(writes), len(nodes))
	}
	left := map[int]int{} // pages of a node that nobody has written to
	for _, node := range nodes {
		left[node]++
	}
	helped := 0
	for i, w := range writes {
		own := nodeOf(w.tid)
		if nodes[w.page] != own {
			helped++
			// Each thread is at one block at most, which may be one of this node.
			if left[own] > threads*pagesOfBlock {
				t.Fatalf("write %d, by a thread of node %d, is to a page of node %d, with %d pages of its own left and %d threads",
					i, own, nodes[w.page], left[own], threads)
			}
		}
		left[nodes[w.page]]--
	}
	t.Logf("%d pages, %d of them written by threads of other nodes", len(writes), helped)
}

// Threads that are busy with other fills are not waited for, if another can begin.
func TestNodesDoNotWaitForBusyThreads(t *testing.T) {
	for _, blocks := range [][]int{{3, 0}, {0, 3}, {3, 3}} {
		tr := setTrap(t, 2*block, always)
		nodes := byBlocks(blocks...)
		dst := make([]byte, (len(nodes)+1)*pageSize)
		dst = dst[-address(dst)%uintptr(pageSize):][:len(nodes)*pageSize]
		ofDst := nodesByPage(&dst, nodes)
		p := openNodeThreads(t, []int{1, 1}, func(q []byte, offsets, on []int) error {
			if len(q) == block {
				for i := range on {
					on[i] = 1
				}
				return nil
			}
			return ofDst(q, offsets, on)
		})
		g := open(t, Config{Size: 1 << 40, Nodes: p.NodePool})
		g.share = 1
		busy := startFill(g, tr.memory[:block], 0)
		if _, held := tr.await(t, 1, 1); p.node[held[0].tid] != 1 {
			t.Fatal("a block of node 1 is filled by the thread of node 0")
		}
		next := startFill(g, tr.memory[block:2*block], 0) // usually waits for the same thread
		time.Sleep(time.Millisecond)
		startFill(g, dst, 0).wait(t)
		mustEqual(t, dst, reference(Config{Size: 1 << 40}).bytes(0, len(dst)), 0)
		busy.goesOn(t)
		tr.release(always)
		busy.wait(t)
		next.wait(t)
	}
}

// Who closes a generator does not close its pool.
func TestGeneratorCloseLeavesNodes(t *testing.T) {
	p := openNodeThreads(t, []int{1, 1}, locateByAddress)
	for range 2 {
		tr := setTrap(t, 2*block, nil)
		g := open(t, Config{Size: 1 << 40, Nodes: p.NodePool})
		f := startFill(g, tr.memory, 0)
		f.wait(t)
		writes, _ := tr.await(t, len(tr.seen), 0)
		for _, w := range writes {
			if _, ok := p.node[w.tid]; !ok {
				t.Fatalf("page %d was not written by a thread of the pool", w.page)
			}
		}
		g.Close()
		if n, err := g.ReadAt(make([]byte, 2*block), 0); n != 0 || err != ErrClosed {
			t.Errorf("ReadAt = %d, %v, want 0, ErrClosed", n, err)
		}
	}
}
