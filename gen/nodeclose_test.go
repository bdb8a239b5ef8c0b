package gen

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

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
