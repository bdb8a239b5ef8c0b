package gen

import (
	"bytes"
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
	for range rounds {
		p := openPool(t, NodePoolConfig{Threads: []int{1, 2, 1}})
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
		p := openPool(t, NodePoolConfig{Threads: threads})
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
