//go:build nodes

package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/dgenfs/dgenfs/gen"
	"github.com/dgenfs/dgenfs/numa"
	"golang.org/x/sys/unix"
)

// These tests need a machine of several memory nodes; scripts/test-numa.sh boots
// virtual ones. Nothing here is simulated but for the distance between the nodes.

const (
	fillSize  = 256 << 20
	fillPages = fillSize / 4096
)

// testPlacement returns what --numa auto comes to with some flags.
func testPlacement(t *testing.T, args ...string) *placement {
	t.Helper()
	flags, err := parseNUMA(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	p, err := flags.placement()
	if err != nil {
		t.Fatal(err)
	}
	if !p.on || p.noPlace != nil {
		t.Fatalf("numa: %s", p)
	}
	return p
}

// twoNodes returns a placement on two nodes, with up to two threads on each: so
// few that all of them have something to do in every fill.
func twoNodes(t *testing.T) *placement {
	t.Helper()
	p := testPlacement(t)
	nodes := p.nodes()[:2].String()
	p = testPlacement(t, "--numa-nodes", nodes)
	return testPlacement(t, "--numa-nodes", nodes, "--threads", fmt.Sprint(min(4, len(p.cpus))))
}

// mapPages returns memory that has no pages yet, and would have small ones.
func mapPages(t *testing.T, size int) []byte {
	t.Helper()
	p, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(p) })
	unix.Madvise(p, unix.MADV_NOHUGEPAGE)
	return p
}

// pageNodes returns the node of every page of p, asking for each.
func pageNodes(t *testing.T, p []byte) []int {
	t.Helper()
	offsets := make([]int, len(p)/os.Getpagesize())
	for i := range offsets {
		offsets[i] = i * os.Getpagesize()
	}
	nodes := make([]int, len(offsets))
	if err := numa.Locate(p, offsets, nodes); err != nil {
		t.Fatal(err)
	}
	return nodes
}

// layoutPart is a part of memory that lies on one node.
type layoutPart struct{ pages, node int }

// layout is all parts of some memory.
type layout []layoutPart

func (l layout) pages() (n int) {
	for _, part := range l {
		n += part.pages
	}
	return n
}

// place makes the pages of p.
func (l layout) place(t *testing.T, p []byte) {
	t.Helper()
	rest := p
	for _, part := range l {
		n := part.pages * os.Getpagesize()
		if err := numa.SetPolicy(rest[:n], numa.Bound, numa.Set{part.node}); err != nil {
			t.Fatal(err)
		}
		touch(rest[:n])
		rest = rest[n:]
	}
	// One mapping again, which the trap needs.
	if err := numa.SetPolicy(p, numa.Default, nil); err != nil {
		t.Fatal(err)
	}
}

// nodeOfThread returns the node of all CPUs that a thread of this process may run
// on.
func nodeOfThread(t *testing.T, topology *numa.Topology, tid int) int {
	t.Helper()
	var mask unix.CPUSet
	if err := unix.SchedGetaffinity(tid, &mask); err != nil {
		t.Fatal(err)
	}
	var cpus numa.Set
	for cpu := range topology.Possible {
		if mask.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	node := topology.NodeOf(cpus[0])
	for _, cpu := range cpus {
		if topology.NodeOf(cpu) != node {
			t.Fatalf("thread %d may run on CPUs %s, of several nodes", tid, cpus)
		}
	}
	return node
}

// Every page is written by a thread on the node where it lies; with helping
// allowed, by another one only when that one's own node has no work left.
func TestNodesFill(t *testing.T) {
	p := twoNodes(t)
	a, b := p.nodes()[0], p.nodes()[1]
	large := layout{{12345, b}, {777, a}, {20000, b}, {fillPages - 12345 - 777 - 20000, a}}
	small := layout{{5000, a}, {3333, b}, {100, a}, {4444, b}}
	serial, err := gen.New(gen.Config{Size: 1 << 40, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer serial.Close()
	for _, test := range []struct {
		name  string
		parts layout
		local bool
	}{
		{"256 MiB of two nodes", large, true},
		{"two nodes, with helpers", small, false},
		{"one node", layout{{8000, b}}, true},
		{"one node, with helpers", layout{{8000, b}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			memory := mapPages(t, test.parts.pages()*os.Getpagesize())
			test.parts.place(t, memory)
			before := pageNodes(t, memory)
			written := trappedFill(t, p.newGenerator(t, test.local), memory, 4096)

			want := make([]byte, len(memory))
			serial.ReadAt(want, 4096)
			if !bytes.Equal(memory, want) {
				t.Error("wrong bytes")
			}
			if after := pageNodes(t, memory); !slices.Equal(before, after) {
				t.Error("pages have moved")
			}
			checkWriters(t, p.topology, written, before, test.local)
		})
	}
}

// newGenerator returns a generator whose large fills go to a pool like that of
// placement.pool, with or without helping.
func (p *placement) newGenerator(t *testing.T, local bool) *gen.Generator {
	t.Helper()
	c := p.poolConfig(len(p.cpus))
	c.Local = local
	pool, err := gen.NewNodePool(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	g, err := gen.New(gen.Config{Size: 1 << 40, Nodes: pool})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

// trappedFill fills memory and returns who wrote to which page first.
func trappedFill(t *testing.T, g *gen.Generator, memory []byte, off int64) []write {
	t.Helper()
	// A collection would wait for threads that wait for the trap.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	trap := setTrap(t, memory)
	if n, err := g.ReadAt(memory, off); n != len(memory) || err != nil {
		t.Errorf("filling %d bytes: %d, %v", len(memory), n, err)
	}
	return trap.end()
}

// checkWriters looks at who wrote to which page first, in the order of the
// writes.
func checkWriters(t *testing.T, topology *numa.Topology, written []write, nodes []int, local bool) {
	t.Helper()
	if len(written) != len(nodes) {
		t.Fatalf("%d writes were trapped, of %d pages", len(written), len(nodes))
	}
	nodeOf := map[int]int{}
	threads := map[int]int{} // of a node
	left := map[int]int{}    // pages of a node that nobody has written to
	for _, w := range written {
		if _, ok := nodeOf[w.tid]; !ok {
			node := nodeOfThread(t, topology, w.tid)
			nodeOf[w.tid] = node
			threads[node]++
		}
		left[nodes[w.page]]++
	}
	const blockPages = 512 << 10 / 4096 // that a thread takes at a time
	helped := 0
	for i, w := range written {
		own := nodeOf[w.tid]
		if nodes[w.page] != own {
			helped++
			// What is left is what the node's threads are at.
			if most := threads[own] * blockPages; left[own] > most {
				t.Fatalf("write %d, by a thread of node %d, is to a page of node %d, with %d pages of its own left; at most %d can be under way",
					i, own, nodes[w.page], left[own], most)
			}
		}
		left[nodes[w.page]]--
	}
	t.Logf("%d pages, %d threads, %d pages written from another node", len(written), len(nodeOf), helped)
	if local && helped > 0 {
		t.Errorf("%d pages were written to from the wrong node", helped)
	}
	if !local && len(threads) != len(topology.WithCPUs()) {
		t.Errorf("threads of %d nodes took part, of %d", len(threads), len(topology.WithCPUs()))
	}
}

// Memory that was never touched comes to lie on the nodes of those who write to
// it, divided among them.
func TestNodesFirstTouch(t *testing.T) {
	p := twoNodes(t)
	for _, local := range []bool{true, false} {
		memory := mapPages(t, fillSize)
		p.newGenerator(t, local).ReadAt(memory, 0)
		pages := map[int]int{}
		nodes := pageNodes(t, memory)
		for _, node := range nodes {
			pages[node]++
		}
		changes := 0
		for i := range nodes[1:] {
			if nodes[i] != nodes[i+1] {
				changes++
			}
		}
		t.Logf("local=%v: pages of nodes: %v, %d changes of node", local, pages, changes)
		for _, node := range p.nodes() {
			share := float64(len(p.cpusOf(node))) / float64(len(p.cpus)) * fillPages
			// Helpers take what they find; but nobody takes all.
			if got := float64(pages[node]); local && (got < share-1024 || got > share+1024) || got == 0 {
				t.Errorf("local=%v: node %d has %v pages, its share is %.0f", local, node, got, share)
			}
		}
		if local && changes != len(p.nodes())-1 {
			t.Errorf("the node changes %d times", changes)
		}
	}
}

// Memory of a node without CPUs is filled by the nearest threads.
func TestNodesWithoutCPUs(t *testing.T) {
	p := testPlacement(t)
	memoryOnly := slices.DeleteFunc(slices.Clone([]int(p.topology.WithMemory())), func(n int) bool { return p.nodes().Contains(n) })
	if len(memoryOnly) == 0 {
		t.Skip("every node of this machine has CPUs")
	}
	memory := mapPages(t, 64<<20)
	if err := numa.SetPolicy(memory, numa.Bound, numa.Set{memoryOnly[0]}); err != nil {
		t.Fatal(err)
	}
	touch(memory)
	written := trappedFill(t, p.newGenerator(t, true), memory, 0)
	if len(written) != len(memory)/4096 {
		t.Errorf("%d writes", len(written))
	}
	want := p.threadsFor(memoryOnly[0])
	for _, w := range written {
		if got := nodeOfThread(t, p.topology, w.tid); got != want {
			t.Fatalf("page %d was written from node %d, want %d", w.page, got, want)
		}
	}
	slices.SortFunc(written, func(a, b write) int { return cmp.Compare(a.page, b.page) })
	for i, w := range written {
		if w.page != i {
			t.Fatalf("page %d was not written once", i)
		}
	}
}

// touch writes to every page of p.
func touch(p []byte) {
	for i := range p {
		p[i] = 1
	}
}
