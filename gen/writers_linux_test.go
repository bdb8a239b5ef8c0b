package gen

import (
	"fmt"
	"slices"
	"testing"
)

// documented is the length of a fill from which on others help.
const documented = 8 << 20

// A fill below that, or with one thread, is the caller's alone.
func TestCallerFillsAlone(t *testing.T) {
	nodes := openPool(t, NodePoolConfig{Threads: []int{2}})
	for _, test := range []struct {
		Config
		n int
	}{
		{Config{Threads: 4}, documented - 1},
		{Config{Threads: 4}, 2 * block},
		{Config{Threads: 1}, documented},
		{Config{Nodes: nodes}, documented - 1},
	} {
		cfg := test.Config
		cfg.Size = 1 << 40
		g := openUnchanged(t, cfg)
		tr := setTrap(t, test.n, nil)
		f := startFill(g, tr.memory[:test.n], 0)
		f.wait(t)
		if writes, _ := tr.await(t, len(tr.seen), 0); slices.ContainsFunc(writes, not(by(f.caller))) {
			t.Errorf("%d threads, nodes: %v: another thread took part in a fill of %d bytes", test.Threads, test.Nodes != nil, test.n)
		}
	}
}

// openUnchanged returns a generator that shares fills from the documented length on.
func openUnchanged(t *testing.T, cfg Config) *Generator {
	t.Helper()
	g, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

// From there on, as many threads as are configured work at once, if there is a block
// for each.
func TestFillsAreShared(t *testing.T) {
	for _, test := range []struct{ threads, n, want int }{
		{2, documented, 2},
		{3, documented, 3},
		{8, documented, 8},
		{20, documented, documented / block},
	} {
		g := openUnchanged(t, Config{Size: 1 << 40, Threads: test.threads})
		tr := setTrap(t, test.n, always)
		f := startFill(g, tr.memory, 0)
		_, held := tr.await(t, test.want, test.want)
		if !slices.ContainsFunc(held, by(f.caller)) {
			t.Errorf("%d threads: the caller takes no part", test.threads)
		}
		f.goesOn(t)
		tr.release(always)
		f.wait(t)
		mustEqual(t, tr.memory, reference(Config{Size: 1 << 40}).bytes(0, test.n), 0)
	}
}

// sharers are generators whose fills two threads work on, of one block at least,
// with a pool of workers and with a pool of nodes.
func sharers(t *testing.T) map[string]*Generator {
	t.Helper()
	cfg := Config{Size: 1 << 40, Seed: 1}
	all := map[string]*Generator{}
	cfg.Threads = 2
	all["workers"] = open(t, cfg)
	cfg.Threads = 0
	cfg.Nodes = openPool(t, NodePoolConfig{Threads: []int{2}, Locate: onNodeZero})
	all["nodes"] = open(t, cfg)
	return all
}

func onNodeZero(p []byte, offsets, nodes []int) error {
	clear(nodes)
	return nil
}

// Whichever thread is the last, the caller waits for it, and no longer.
func TestFillEndsWithTheLastThread(t *testing.T) {
	const n = 6 * block
	for name, g := range sharers(t) {
		for last := range 2 {
			t.Run(fmt.Sprintf("%s/last=%d", name, last), func(t *testing.T) {
				tr := setTrap(t, n, always)
				f := startFill(g, tr.memory, 0)
				_, held := tr.await(t, 2, 2)
				late := held[last]
				tr.release(not(by(late.tid)))
				tr.await(t, len(tr.seen)-pagesOfBlock+1, 1)
				f.goesOn(t)
				tr.release(always)
				f.wait(t)
				mustEqual(t, tr.memory, reference(Config{Size: 1 << 40, Seed: 1}).bytes(0, n), 0)
			})
		}
	}
}

// Close returns at once, and a fill under way is completed: by the threads that have
// begun a block, and by the caller.
func TestCloseCompletesFills(t *testing.T) {
	const n = 6 * block
	for name, g := range sharers(t) {
		t.Run(name, func(t *testing.T) {
			tr := setTrap(t, n, always)
			f := startFill(g, tr.memory, 0)
			_, held := tr.await(t, 2, 2)
			if g.pool != nil {
				g.Close()
				tr.release(by(f.caller))
				held = slices.DeleteFunc(held, by(f.caller))
			} else {
				g.others.(*NodePool).Close()
				tr.release(func(write) bool { return false })
			}
			writes, _ := tr.await(t, len(tr.seen)-len(held)*(pagesOfBlock-1), len(held))
			for _, w := range writes {
				if !slices.ContainsFunc(held, by(w.tid)) && w.tid != f.caller {
					t.Errorf("page %d was written by a thread that had not begun before Close", w.page)
				}
			}
			f.goesOn(t)
			tr.release(always)
			f.wait(t)
			mustEqual(t, tr.memory, reference(Config{Size: 1 << 40, Seed: 1}).bytes(0, n), 0)
		})
	}
}

// A fill that finds all threads busy is the caller's, once the pool is closed.
func TestNodePoolCloseWhileBusy(t *testing.T) {
	p := openPool(t, NodePoolConfig{Threads: []int{1}, Locate: onNodeZero})
	g := open(t, Config{Size: 1 << 40, Nodes: p})
	tr := setTrap(t, 2*block, always)
	busy := startFill(g, tr.memory, 0)
	tr.await(t, 1, 1)
	dst := make([]byte, 3*block)
	waiting := startFill(g, dst, 0)
	p.Close()
	waiting.wait(t)
	mustEqual(t, dst, reference(Config{Size: 1 << 40}).bytes(0, len(dst)), 0)
	busy.goesOn(t)
	tr.release(always)
	busy.wait(t)
}
