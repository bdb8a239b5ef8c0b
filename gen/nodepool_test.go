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

// locateByAddress simulates a machine of four nodes: every 77 pages, memory is on another
// node, or does not exist yet.
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

// idlePool returns a pool without threads, for tests of what is planned.
func idlePool(tb testing.TB, c NodePoolConfig) *NodePool {
	tb.Helper()
	p := openPool(tb, c)
	p.Close()
	idle := &NodePool{home: p.home, locate: p.locate, done: make(chan struct{})}
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

// inLine returns a Near for n nodes that are as far apart as their numbers.
func inLine(n int) func(node int) []int {
	return func(node int) (all []int) {
		for i := range n {
			all = append(all, i)
		}
		slices.SortStableFunc(all, func(a, b int) int { return max(a-node, node-a) - max(b-node, node-b) })
		return all
	}
}

// Threads serve their own node and those that have none, and help others, from
// the nearest on.
func TestNodeOrders(t *testing.T) {
	line := inLine(4)
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
		pools = append(pools, openPool(t, NodePoolConfig{Threads: threads}))
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
	p := openPool(t, NodePoolConfig{Threads: []int{2, 0, 1, 1}})
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

// ownStack returns the stack of the calling goroutine, whose header says whether it is
// locked to its thread.
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

// There is no pool where the system does not report where memory is.
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

func TestNodesNoAllocation(t *testing.T) {
	if raceEnabled() {
		t.Skip("needs a sync.Pool that keeps what it holds, which it does not with -race")
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
