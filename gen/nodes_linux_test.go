//go:build nodes

package gen

import (
	"slices"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/numa"
	"golang.org/x/sys/unix"
)

// These tests need a machine of several memory nodes; scripts/test-numa.sh boots
// virtual ones. Nothing here is simulated.

// machine is this one, with up to two threads for each of its first nodes with CPUs.
type machine struct {
	*numa.Topology
	threads []int // of each node
	total   int
}

// realNodes returns this machine with threads on so many nodes.
func realNodes(t *testing.T, nodes int) *machine {
	t.Helper()
	topology, err := numa.System()
	if err != nil {
		t.Fatal(err)
	}
	if len(topology.WithCPUs()) < nodes {
		t.Fatalf("nodes with CPUs to use: %s, want %d", topology.WithCPUs(), nodes)
	}
	m := &machine{Topology: topology, threads: make([]int, slices.Max(topology.IDs())+1)}
	for _, id := range topology.WithCPUs()[:nodes] {
		m.threads[id] = min(2, len(m.cpusOf(id)))
		m.total += m.threads[id]
	}
	return m
}

func (m *machine) cpusOf(node int) numa.Set {
	return m.Nodes[slices.Index(m.IDs(), node)].CPUs
}

// open returns a generator whose large fills go to the machine's threads.
func (m *machine) open(t *testing.T) *Generator {
	t.Helper()
	return open(t, Config{Size: 1 << 40, Nodes: openPool(t, NodePoolConfig{
		Threads: m.threads,
		Near:    m.Nearest,
		Locate:  numa.Locate,
		Pin: func(node int) error {
			_, err := numa.Pin(m.cpusOf(node))
			return err
		},
	})})
}

// home returns the nearest node that has threads.
func (m *machine) home(node int) int {
	near := m.Nearest(node)
	return near[slices.IndexFunc(near, func(n int) bool { return m.threads[n] > 0 })]
}

// nodeOfThread returns the node of all CPUs to which a thread is bound.
func (m *machine) nodeOfThread(t *testing.T, tid int) int {
	t.Helper()
	var mask unix.CPUSet
	if err := unix.SchedGetaffinity(tid, &mask); err != nil {
		t.Fatal(err)
	}
	var cpus numa.Set
	for cpu := range m.Possible {
		if mask.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	node := m.NodeOf(cpus[0])
	if slices.ContainsFunc(cpus, func(cpu int) bool { return m.NodeOf(cpu) != node }) {
		t.Fatalf("thread %d may run on CPUs %s, of several nodes", tid, cpus)
	}
	return node
}

// mapPages returns memory that has no pages yet, and will have small ones.
func mapPages(t *testing.T, pages int) []byte {
	t.Helper()
	p, err := unix.Mmap(-1, 0, pages*pageSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !t.Failed() { // a fill may still be under way
			unix.Munmap(p)
		}
	})
	if err := unix.Madvise(p, unix.MADV_NOHUGEPAGE); err != nil {
		t.Logf("huge pages: %v", err)
	}
	return p
}

// memoryParts is memory in parts, each of so many pages on a node.
type memoryParts []struct{ pages, node int }

// place returns memory like that, whose pages exist.
func (l memoryParts) place(t *testing.T) []byte {
	t.Helper()
	pages := 0
	for _, part := range l {
		pages += part.pages
	}
	p := mapPages(t, pages)
	rest := p
	for _, part := range l {
		n := part.pages * pageSize
		if err := numa.SetPolicy(rest[:n], numa.Bound, numa.Set{part.node}); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < n; i += pageSize {
			rest[i] = canary
		}
		rest = rest[n:]
	}
	// One mapping again, which the trap needs.
	if err := numa.SetPolicy(p, numa.Default, nil); err != nil {
		t.Fatal(err)
	}
	return p
}

// pageNodes returns the node of every page of p.
func pageNodes(t *testing.T, p []byte) []int {
	t.Helper()
	var offsets []int
	for i := 0; i < len(p); i += pageSize {
		offsets = append(offsets, i)
	}
	nodes := make([]int, len(offsets))
	if err := numa.Locate(p, offsets, nodes); err != nil {
		t.Fatal(err)
	}
	return nodes
}

// checkFill fills memory, and checks who writes to what first, and that pages stay
// where they are.
func (m *machine) checkFill(t *testing.T, memory []byte) {
	t.Helper()
	before := pageNodes(t, memory)
	tr := trapMemory(t, memory, nil)
	startFill(m.open(t), memory, Cell).wait(t)
	writes, _ := tr.await(t, len(before), 0)
	if after := pageNodes(t, memory); !slices.Equal(before, after) {
		t.Error("pages have moved")
	}
	want := mustRead(t, open(t, Config{Size: 1 << 40, Threads: 1}), make([]byte, len(memory)), Cell)
	mustEqual(t, memory, want, Cell)
	homes, nodes := slices.Clone(before), map[int]int{}
	for i, node := range before {
		homes[i] = m.home(node)
	}
	for _, w := range writes {
		nodes[w.tid] = m.nodeOfThread(t, w.tid)
	}
	checkOrder(t, writes, homes, func(tid int) int { return nodes[tid] }, m.total)
}

// Pages are written by threads of the node where they lie, as long as any are left
// there that nobody has begun.
func TestRealNodesFill(t *testing.T) {
	m := realNodes(t, 2)
	a, b := m.WithCPUs()[0], m.WithCPUs()[1]
	for name, l := range map[string]memoryParts{
		"large": {{6789, b}, {777, a}, {10000, b}, {12345, a}},
		"small": {{5000, a}, {3333, b}, {100, a}, {4444, b}},
		"one":   {{8000, b}},
	} {
		t.Run(name, func(t *testing.T) { m.checkFill(t, l.place(t)) })
	}
}

// Memory of a node without CPUs is filled by the nearest threads first.
func TestRealNodesWithoutCPUs(t *testing.T) {
	m := realNodes(t, 2)
	i := slices.IndexFunc(m.WithMemory(), func(n int) bool { return !m.WithCPUs().Contains(n) })
	if i < 0 {
		t.Skip("needs a node without CPUs")
	}
	without := m.WithMemory()[i]
	far := m.WithCPUs()[0]
	if far == m.home(without) {
		far = m.WithCPUs()[1]
	}
	m.checkFill(t, memoryParts{{6000, far}, {8000, without}, {2000, far}}.place(t))
}

// Memory that does not exist yet comes to be on the nodes whose threads write to it.
func TestRealNodesFirstTouch(t *testing.T) {
	m := realNodes(t, 2)
	g := m.open(t)
	// One node's threads may do all of the work if the others do not get to run.
	for deadline := time.Now().Add(patience); ; {
		memory := mapPages(t, 16384)
		startFill(g, memory, 0).wait(t)
		pages := map[int]int{}
		for _, node := range pageNodes(t, memory) {
			pages[node]++
		}
		t.Logf("pages of nodes: %v", pages)
		for node := range pages {
			if node < 0 || m.threads[node] == 0 {
				t.Fatalf("pages are on node %d, which has no threads", node)
			}
		}
		if len(pages) == 2 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("pages are never on two nodes")
		}
	}
}
