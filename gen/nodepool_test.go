package gen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// locateByAddress plays a machine of four nodes, on which memory is on another
// one every 77 pages, and not there yet now and then.
func locateByAddress(p []byte, offsets, nodes []int) error {
	for i, offset := range offsets {
		page := (address(p) + uintptr(offset)) / uintptr(pageSize)
		nodes[i] = int(page/77%5) - 1
	}
	return nil
}

// openPool returns a pool that the test's end closes.
func openPool(tb testing.TB, c NodePoolConfig) *NodePool {
	tb.Helper()
	if c.Locate == nil {
		c.Locate = locateByAddress
	}
	p, err := NewNodePool(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.Close() })
	return p
}

// idlePool returns a pool without its threads, whose part the test plays.
func idlePool(tb testing.TB, c NodePoolConfig) *NodePool {
	tb.Helper()
	p := openPool(tb, c)
	p.Close()
	idle := &NodePool{home: p.home, locate: p.locate, local: p.local, done: make(chan struct{})}
	idle.free.New = func() any { return newNodeFill(idle) }
	for _, n := range p.nodes {
		n.fills = make(chan *nodeFill, n.threads)
		idle.nodes = append(idle.nodes, n)
	}
	return idle
}

func TestNodePoolErrors(t *testing.T) {
	for _, test := range []struct {
		cfg  NodePoolConfig
		want []string
	}{
		{NodePoolConfig{}, []string{"Locate"}},
		{NodePoolConfig{Threads: []int{1}}, []string{"Locate"}},
		{NodePoolConfig{Locate: locateByAddress}, []string{"0 threads", "from 1 to 16384"}},
		{NodePoolConfig{Locate: locateByAddress, Threads: []int{0, 0}}, []string{"0 threads", "from 1 to 16384"}},
		{NodePoolConfig{Locate: locateByAddress, Threads: []int{1, -1}}, []string{"-1 threads", "node 1", "from 0 to 16384"}},
		{NodePoolConfig{Locate: locateByAddress, Threads: []int{MaxThreads + 1}}, []string{"16385 threads", "node 0"}},
		{NodePoolConfig{Locate: locateByAddress, Threads: []int{1, 0, MaxThreads}}, []string{"16385 threads", "all nodes"}},
	} {
		test.cfg.Pin = func(int) error { panic("a thread was started") }
		p, err := NewNodePool(test.cfg)
		if p != nil || err == nil || !strings.HasPrefix(err.Error(), "gen: ") {
			t.Fatalf("threads %v: %v, %v, want an error of this package", test.cfg.Threads, p, err)
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("threads %v: %q, want a word of %q", test.cfg.Threads, err, want)
			}
		}
	}
}

func TestNodesExcludeThreads(t *testing.T) {
	p := openPool(t, NodePoolConfig{Threads: []int{1}})
	for _, threads := range []int{1, 2, -1} {
		g, err := New(Config{Size: 1, Threads: threads, Nodes: p})
		if g != nil || err == nil || !strings.Contains(err.Error(), fmt.Sprintf("threads %d:", threads)) || !strings.Contains(err.Error(), "Nodes") {
			t.Errorf("%d threads beside Nodes: %v, want an error about that", threads, err)
		}
	}
}

// Threads serve their own node and those that have none, and help others, from
// the nearest on.
func TestNodeOrders(t *testing.T) {
	line := func(node int) []int { // of four nodes, the distance is that of their numbers
		all := []int{0, 1, 2, 3}
		slices.SortStableFunc(all, func(a, b int) int { return max(a-node, node-a) - max(b-node, node-b) })
		return all
	}
	mirror := func(node int) []int { // far is near
		all := []int{node}
		for other := 3; other >= 0; other-- {
			if other != node {
				all = append(all, other)
			}
		}
		return all
	}
	for _, test := range []struct {
		name    string
		threads []int
		near    func(int) []int
		home    []int
		orders  [][]int
	}{
		{"nil", []int{1}, nil, []int{0}, [][]int{{0}}},
		{"nil", []int{2, 1}, nil, []int{0, 1}, [][]int{{0, 1}, {1, 0}}},
		{"nil", []int{0, 3}, nil, []int{0, 0}, [][]int{{0}}},
		{"nil", []int{2, 0, 2, 1}, nil, []int{0, 0, 1, 2}, [][]int{{0, 1, 2}, {1, 0, 2}, {2, 0, 1}}},
		{"line", []int{1, 1, 1, 1}, line, []int{0, 1, 2, 3}, [][]int{{0, 1, 2, 3}, {1, 0, 2, 3}, {2, 1, 3, 0}, {3, 2, 1, 0}}},
		{"line", []int{1, 0, 0, 1}, line, []int{0, 0, 1, 1}, [][]int{{0, 1}, {1, 0}}},
		{"line", []int{0, 2, 0, 1}, line, []int{0, 0, 0, 1}, [][]int{{0, 1}, {1, 0}}},
		{"mirror", []int{2, 0, 2, 1}, mirror, []int{0, 2, 1, 2}, [][]int{{0, 2, 1}, {1, 2, 0}, {2, 1, 0}}},
		{"mirror", []int{0, 1, 1}, mirror, []int{1, 0, 1}, [][]int{{0, 1}, {1, 0}}}, // of a node too many
		{"itself", []int{0, 1, 1}, func(n int) []int { return []int{n} }, []int{0, 0, 1}, [][]int{{0, 1}, {1, 0}}},
	} {
		p := idlePool(t, NodePoolConfig{Threads: test.threads, Near: test.near})
		var orders [][]int
		for _, n := range p.nodes {
			orders = append(orders, n.order)
		}
		if !slices.Equal(p.home, test.home) || !slices.EqualFunc(orders, test.orders, slices.Equal) {
			t.Errorf("%s, threads %v: homes %v and orders %v, want %v and %v", test.name, test.threads, p.home, orders, test.home, test.orders)
		}
	}
}

// testedThreads are threads of pools for the four nodes of locateByAddress.
var testedThreads = [][]int{{1}, {2, 1}, {0, 3}, {2, 0, 2, 1}}

// A fill by the threads of any nodes equals one by a single thread, which other
// tests compare to the reference.
func TestNodesEqualSerial(t *testing.T) {
	sizes := []int{2 * block, 2*block + 1, 3*block - Cell, 3*block + Cell + 1, 9*block + 7}
	offsets := []int64{0, 1, Cell - 1, Cell, block - 1, block + Cell/2, 1<<39 + 12345}
	var pools []*NodePool
	for _, threads := range testedThreads {
		for _, local := range []bool{false, true} {
			pools = append(pools, openPool(t, NodePoolConfig{Threads: threads, Local: local}))
		}
	}
	forEachImplementation(t, func(t *testing.T, impl implementation) {
		for i, shape := range parallelShapes {
			t.Run(shape.name, func(t *testing.T) {
				cfg := shape.Config
				cfg.Threads = 1
				serial := impl.open(t, cfg)
				cfg.Threads = 0
				buffer := make([]byte, slices.Max(sizes))
				for j, off := range offsets {
					n := sizes[(i+j)%len(sizes)]
					want := mustRead(t, serial, buffer[:n], off)
					for k, p := range pools {
						if raceEnabled() && (i+j+k)%5 != 0 {
							continue
						}
						cfg.Nodes = p
						checkRead(t, impl.open(t, cfg), want, off, n, (9*j+k)%64)
					}
				}
			})
		}
	})
}

// Fills end at the end of the stream, too.
func TestNodesReadAtEnd(t *testing.T) {
	p := openPool(t, NodePoolConfig{Threads: []int{1, 2}})
	for _, size := range []int64{2 * block, 3*block + 1, 1<<63 - 1} {
		cfg := Config{Size: size, Nodes: p}
		g := open(t, cfg)
		off := size - 2*block
		want := reference(cfg).bytes(off, 2*block)
		for _, n := range []int{2 * block, 2*block + 1, 5 * block} {
			checkRead(t, g, want, off, n, 3)
		}
	}
}

// Any number of generators share a pool, at any time.
func TestConcurrentNodeReads(t *testing.T) {
	const size = 6<<20 + 11
	rounds := 30
	if testing.Short() || raceEnabled() {
		rounds = 8
	}
	for _, local := range []bool{false, true} {
		p := openPool(t, NodePoolConfig{Threads: []int{2, 0, 1, 1}, Local: local})
		var readers sync.WaitGroup
		for _, shape := range parallelShapes {
			cfg := shape.Config
			cfg.Size, cfg.Nodes = size, p
			whole := reference(cfg).bytes(0, size)
			g := open(t, cfg)
			for id := range 5 {
				readers.Go(func() {
					random := rand.New(rand.NewPCG(uint64(id), 0))
					buffer := make([]byte, 5*block)
					for range rounds {
						off := random.IntN(size)
						p := buffer[:random.IntN(len(buffer)>>(2*random.IntN(2)))]
						n, err := g.ReadAt(p, int64(off))
						if err != nil && err != io.EOF || n != min(len(p), size-off) || !bytes.Equal(p[:n], whole[off:off+n]) {
							t.Errorf("%s: ReadAt(%d bytes, %d) = %d, %v, or wrong bytes", shape.name, len(p), off, n, err)
						}
					}
				})
			}
		}
		readers.Wait()
	}
}

// Close of a pool must neither break a fill that is under way, nor leave one
// waiting, nor stop the generators.
func TestNodePoolCloseDuringFills(t *testing.T) {
	cfg := Config{Size: 1 << 40}
	want := reference(cfg).bytes(1, 4*block)
	rounds := 20
	if testing.Short() || raceEnabled() {
		rounds = 8
	}
	for i := range rounds {
		p := openPool(t, NodePoolConfig{Threads: []int{1, 2, 1}, Local: i%2 == 1})
		cfg.Nodes = p
		g := open(t, cfg)
		var closed atomic.Bool
		var readers, begun sync.WaitGroup
		begun.Add(4)
		for range 4 {
			readers.Go(func() {
				p := make([]byte, len(want))
				after := 0 // fills that began when the pool was closed
				for i := 0; after < 3; i++ {
					if closed.Load() {
						after++
					}
					clear(p)
					n, err := g.ReadAt(p, 1)
					if i == 0 {
						begun.Done()
					}
					if err != nil || !bytes.Equal(p, want) {
						t.Errorf("while closing: ReadAt = %d, %v, or wrong bytes", n, err)
						return
					}
				}
			})
		}
		begun.Wait()
		p.Close()
		closed.Store(true)
		readers.Wait()
	}
}

// A closed pool serves on, by callers, however often it is closed.
func TestNodePoolClosed(t *testing.T) {
	for _, threads := range testedThreads {
		for _, local := range []bool{false, true} {
			p := openPool(t, NodePoolConfig{Threads: threads, Local: local})
			for range 3 {
				if err := p.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}
			cfg := Config{Size: 1 << 40}
			want := reference(cfg).bytes(5, 3*block)
			cfg.Nodes = p
			g := open(t, cfg)
			for range 8 { // more than there were threads
				checkRead(t, g, want, 5, 3*block, 1)
			}
		}
	}
}

// Those who own a generator do not own its pool.
func TestGeneratorCloseLeavesNodes(t *testing.T) {
	p := openPool(t, NodePoolConfig{Threads: []int{1, 1}})
	cfg := Config{Size: 1 << 40, Nodes: p}
	for range 2 {
		g := open(t, cfg)
		mustRead(t, g, make([]byte, 2*block), 0)
		g.Close()
		if n, err := g.ReadAt(make([]byte, 2*block), 0); n != 0 || err != ErrClosed {
			t.Errorf("ReadAt = %d, %v, want 0, ErrClosed", n, err)
		}
		select {
		case <-p.done:
			t.Fatal("Close of a generator closed the pool")
		default:
		}
	}
	if p.closed.Load() {
		t.Error("Close of a generator closed the pool")
	}
}

// A bubble panics if it is left with a goroutine that can't go on.
func TestNodePoolCloseEndsThreads(t *testing.T) {
	for _, threads := range testedThreads {
		synctest.Test(t, func(t *testing.T) {
			p, err := NewNodePool(NodePoolConfig{Threads: threads, Locate: locateByAddress})
			if err != nil {
				t.Fatal(err)
			}
			g, err := New(Config{Size: 1 << 40, Nodes: p}) // not closed: it has no workers
			if err != nil {
				t.Fatal(err)
			}
			mustRead(t, g, make([]byte, shareFrom), 0)
			p.Close()
		})
	}
}

// ownStack returns what the runtime says of the calling goroutine, such as that
// it is locked to its thread.
func ownStack() string {
	stack := make([]byte, 64<<10)
	return string(stack[:runtime.Stack(stack, false)])
}

func TestNodePin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lock sync.Mutex
		calls := map[int]int{}
		ids := map[string]bool{}
		p, err := NewNodePool(NodePoolConfig{
			Threads: []int{2, 0, 3, 1},
			Locate:  locateByAddress,
			Pin: func(node int) error {
				lock.Lock()
				defer lock.Unlock()
				header, _, _ := strings.Cut(ownStack(), "\n")
				if !strings.Contains(header, "locked to thread") {
					t.Errorf("Pin(%d) is called on %s", node, header)
				}
				calls[node]++
				ids[strings.Fields(header)[1]] = true
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		// A thread is pinned when the pool is there, and stays with its goroutine.
		if calls[0] != 2 || calls[2] != 3 || calls[3] != 1 || len(calls) != 3 || len(ids) != 6 {
			t.Errorf("Pin was called %v times for the nodes, on %d goroutines", calls, len(ids))
		}
		synctest.Wait()
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		for stack := range strings.SplitSeq(string(stacks), "\n\n") {
			header, _, _ := strings.Cut(stack, "\n")
			if len(strings.Fields(header)) > 1 && ids[strings.Fields(header)[1]] && !strings.Contains(header, "locked to thread") {
				t.Errorf("later, %s", header)
			}
		}
		p.Close()
	})
}

// A pool starts with all of its threads or none.
func TestNodePinError(t *testing.T) {
	cause := errors.New("no such node")
	for _, bad := range []int{0, 1, 2} {
		synctest.Test(t, func(t *testing.T) { // no thread is left
			var calls atomic.Int32
			p, err := NewNodePool(NodePoolConfig{
				Threads: []int{2, 3, 1},
				Locate:  locateByAddress,
				Pin: func(node int) error {
					calls.Add(1)
					if node == bad {
						return cause
					}
					return nil
				},
			})
			if p != nil || !errors.Is(err, cause) || !strings.HasPrefix(err.Error(), "gen: ") {
				t.Errorf("pool %v, error %v, want none, and %v", p, err, cause)
			}
			if calls.Load() != 6 {
				t.Errorf("Pin was called %d times, want 6", calls.Load())
			}
		})
	}
}

// A system that does not tell where memory lies is one for no such pool.
func TestNodeLocateError(t *testing.T) {
	cause := errors.New("forbidden")
	pinned := false
	p, err := NewNodePool(NodePoolConfig{
		Threads: []int{1},
		Pin:     func(int) error { pinned = true; return nil },
		Locate:  func(p []byte, offsets, nodes []int) error { return cause },
	})
	if p != nil || !errors.Is(err, cause) || !strings.HasPrefix(err.Error(), "gen: ") || pinned {
		t.Errorf("pool %v, error %v, threads begun: %v", p, err, pinned)
	}
}

// Fills that are too small for workers are too small for a pool.
func TestNodesSmallFills(t *testing.T) {
	var calls atomic.Int32
	p := openPool(t, NodePoolConfig{Threads: []int{1}, Locate: func(p []byte, offsets, nodes []int) error {
		calls.Add(1)
		return locateByAddress(p, offsets, nodes)
	}})
	g, err := New(Config{Size: 1 << 40, Nodes: p})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	calls.Store(0) // the pool has tried it
	buffer := make([]byte, shareFrom)
	for _, n := range []int{0, 1, Cell, 4 * block, shareFrom - 1} {
		mustRead(t, g, buffer[:n], 0)
		if calls.Load() != 0 {
			t.Fatalf("a fill of %d bytes reached the pool", n)
		}
	}
	if mustRead(t, g, buffer, 0); calls.Load() == 0 {
		t.Errorf("a fill of %d bytes did not reach the pool", shareFrom)
	}
}

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
		if !p.offer(f) {
			t.Error("the pool is closed")
		}
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

// Wherever a fill is when the pool is closed, its caller does what no thread has
// begun, and waits for the rest.
func TestNodePoolCloseCompletesFills(t *testing.T) {
	cfg := Config{Size: 1 << 40}
	want := reference(cfg).bytes(0, 6*block)
	g := open(t, cfg)
	for _, local := range []bool{false, true} {
		for begun := range 7 { // groups, of six
			for _, full := range []bool{false, true} {
				t.Run(fmt.Sprintf("local=%v/begun=%d/full=%v", local, begun, full), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { testCloseCompletesFill(t, g, want, local, begun, full) })
				})
			}
		}
	}
}

// testCloseCompletesFill closes a pool when a thread that the test plays has
// begun that many of six groups of want, and, if full is set, before the caller
// has offered all of them.
func testCloseCompletesFill(t *testing.T, g *Generator, want []byte, local bool, begun int, full bool) {
	p := idlePool(t, NodePoolConfig{Threads: []int{1, 1}, Local: local})
	p.locate = func(_ []byte, offsets, nodes []int) error {
		for i, offset := range offsets {
			nodes[i] = offset / (3 * block)
		}
		return nil
	}
	if full {
		p.nodes[1].fills <- fillOf(p, 0, 0)
	}
	dst := make([]byte, len(want))
	filled := make(chan bool)
	go func() {
		p.fill(&g.stream, dst, 0, false)
		close(filled)
	}()
	synctest.Wait()
	f := <-p.nodes[0].fills
	var taken []part
	for i := range begun {
		taken = append(taken, f.queues[i/3].take()...)
	}
	p.Close()
	synctest.Wait()
	if left := int(f.left.Load()); left != begun {
		t.Fatalf("%d groups are left, want %d", left, begun)
	}
	if begun > 0 {
		select {
		case <-filled:
			t.Fatal("the caller did not wait for the thread")
		default:
		}
		for _, p := range taken {
			f.stream.fill(f.dst[p.from:p.to], uint64(p.from), false)
		}
		f.filled <- struct{}{}
	}
	<-filled
	mustEqual(t, dst, want, 0)
	others := int64(1) // the test, and an offer that is still there
	if !full {
		others++
	}
	if refs := f.refs.Load(); refs != others {
		t.Errorf("%d references are left, want %d", refs, others)
	}
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

func TestNodesNoAllocation(t *testing.T) {
	if raceEnabled() {
		t.Skip("sync.Pool drops some of what it holds when built with -race")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties a sync.Pool
	p := openPool(t, NodePoolConfig{Threads: []int{2, 0, 1}})
	for _, shape := range parallelShapes {
		cfg := shape.Config
		cfg.Nodes = p
		g := open(t, cfg)
		for _, n := range []int{1, Cell, 2 * block, 4*block + 1} {
			p := make([]byte, n)
			fill := func() { mustRead(t, g, p, 4095) }
			// The steady state needs as many nodeFills as late threads may hold.
			allocs := testing.AllocsPerRun(50, fill)
			for tries := 1; allocs != 0 && tries < 10; tries++ {
				allocs = testing.AllocsPerRun(50, fill)
			}
			if allocs != 0 {
				t.Errorf("%s: ReadAt of %d bytes allocates %v times", shape.name, n, allocs)
			}
		}
	}
}
