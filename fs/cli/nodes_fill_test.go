//go:build nodes

package cli

import (
	"bytes"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/dgenfs/dgenfs/gen"
	"github.com/dgenfs/dgenfs/numa"
	"golang.org/x/sys/unix"
)

// Large fills have threads on the CPUs in use of every node. This needs a machine of
// several memory nodes; scripts/test-numa.sh boots virtual ones. What the threads do
// there is tested in package gen.
func TestNodesPool(t *testing.T) {
	flags, err := parseNUMA(t)
	if err != nil {
		t.Fatal(err)
	}
	p, err := flags.placement()
	if err != nil {
		t.Fatal(err)
	}
	if !p.on || p.noPlace != nil || p.noLocate != nil {
		t.Fatalf("numa: %s", p)
	}
	pool, err := p.pool(len(p.cpus))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	tasks, err := filepath.Glob("/proc/self/task/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	bound := map[string]int{} // threads by the CPUs to which they are bound
	for _, task := range tasks {
		tid, _ := strconv.Atoi(filepath.Base(task))
		var mask unix.CPUSet
		if unix.SchedGetaffinity(tid, &mask) != nil {
			continue // it has ended
		}
		var cpus numa.Set
		for cpu := range p.topology.Possible {
			if mask.IsSet(cpu) {
				cpus = append(cpus, cpu)
			}
		}
		bound[cpus.String()]++
	}
	for _, node := range p.nodes() {
		if cpus := p.cpusOf(node); bound[cpus.String()] < len(cpus) {
			t.Errorf("of all threads, %v are bound to CPUs, want %d to those of node %d, %s", bound, len(cpus), node, cpus)
		}
	}
	g, err := gen.New(gen.Config{Size: 64 << 20, Nodes: pool})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	got := make([]byte, g.Size())
	if _, err := g.ReadAt(got, 0); err != nil {
		t.Fatal(err)
	}
	want, err := gen.Generate(gen.Config{Size: g.Size(), Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("wrong bytes")
	}
}
