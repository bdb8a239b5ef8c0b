package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/transport"
	"github.com/dgenfs/dgenfs/gen"
	"github.com/dgenfs/dgenfs/numa"
)

// placement is what the flags come to on this machine.
type placement struct {
	topology *numa.Topology // restricted to the nodes that are to be used
	cpus     []int          // a thread for each
	on       bool           // threads and memory are kept together
	why      string         // it is on or off

	noBind   error // why threads cannot be bound
	noPlace  error // why memory cannot be placed, except by the thread that writes it first
	noLocate error // why it is unknown where memory lies
}

// decide says whether threads and memory are kept together, and why.
func (p *placement) decide(mode numaMode, nodesGiven bool) {
	nodes := p.nodes()
	switch {
	case mode == numaOff:
		p.why = "--numa off"
	case mode == numaForce:
		p.on, p.why = true, "--numa force"
	case nodesGiven && len(p.topology.Nodes) > 1:
		p.on, p.why = true, "--numa-nodes"
	case len(nodes) > 1:
		p.on, p.why = true, fmt.Sprintf("%d nodes have CPUs to use", len(nodes))
	case p.why != "":
	case len(p.topology.Nodes) == 1:
		p.why = "the machine has one memory node"
	default:
		p.why = fmt.Sprintf("of %d nodes, only node %s has CPUs that are used", len(p.topology.Nodes), nodes)
	}
}

// try finds out what is not possible here: containers may forbid all of it.
func (p *placement) try() {
	bound := make(chan error)
	go func() { bound <- pin(p.cpus[0]) }() // the thread ends with the goroutine
	if p.noBind = <-bound; !p.on {
		return
	}
	page, unmap, err := mapPage()
	if err != nil {
		p.noPlace, p.noLocate = err, err
		return
	}
	defer unmap()
	p.noPlace = p.place(page, p.cpus[0])
	p.noLocate = numa.Locate(page, []int{0}, []int{0})
}

// place puts mapped memory on the node of a CPU, or the nearest that has memory.
func (p *placement) place(memory []byte, cpu int) error {
	node := p.topology.MemoryFor(p.topology.NodeOf(cpu))
	if node < 0 {
		return nil // where the kernel finds some
	}
	return numa.SetPolicy(memory, numa.Preferred, numa.Set{node})
}

// nodes returns the nodes of the CPUs in use.
func (p *placement) nodes() numa.Set {
	var ids []int
	for _, cpu := range p.cpus {
		ids = append(ids, p.topology.NodeOf(cpu))
	}
	return numa.NewSet(ids...)
}

// cpusOf returns the CPUs in use of a node.
func (p *placement) cpusOf(node int) numa.Set {
	return numa.NewSet(slices.DeleteFunc(slices.Clone(p.cpus), func(cpu int) bool { return p.topology.NodeOf(cpu) != node })...)
}

// String says in one line what is in force, and why.
func (p *placement) String() string {
	var b strings.Builder
	if p.on {
		fmt.Fprintf(&b, "on; %s", p.why)
		for _, node := range p.nodes() {
			fmt.Fprintf(&b, "; node %d: CPUs %s", node, p.cpusOf(node))
		}
	} else {
		fmt.Fprintf(&b, "off; %s; CPUs %s", p.why, numa.NewSet(p.cpus...))
	}
	for _, lack := range []struct {
		what string
		err  error
	}{
		{"threads run where the kernel puts them", p.noBind},
		{"memory lies where it is written first", p.noPlace},
		{"large fills do not follow the memory", p.noLocate},
	} {
		if lack.err != nil {
			fmt.Fprintf(&b, "; %s: %v", lack.what, lack.err)
		}
	}
	return b.String()
}

// pin binds the calling goroutine, which must be locked to its thread, to CPUs
// for good.
func pin(cpus ...int) error {
	_, err := numa.Pin(numa.NewSet(cpus...))
	return err
}

// transport returns the placement of a mount's threads.
func (p *placement) transport() transport.Placement {
	t := transport.Placement{CPUs: p.cpus}
	if p.noBind == nil {
		t.Pin = func(cpu int) error { return pin(cpu) }
	}
	for cpu := range p.topology.Possible {
		t.Queues = append(t.Queues, p.nearest(cpu))
	}
	if !p.on {
		return t
	}
	for _, cpu := range p.cpus {
		t.Nodes = append(t.Nodes, p.topology.NodeOf(cpu))
	}
	if p.noPlace == nil {
		t.Place = p.place
	}
	return t
}

// nearest returns the place in cpus of a CPU, or of one that is near to it and,
// where there are several, another one for its neighbours.
func (p *placement) nearest(cpu int) int {
	if place := slices.Index(p.cpus, cpu); place >= 0 {
		return place
	}
	if node := p.threadsFor(p.topology.NodeOf(cpu)); node >= 0 {
		near := p.cpusOf(node)
		return slices.Index(p.cpus, near[cpu%len(near)])
	}
	return cpu % len(p.cpus)
}

// threadsFor returns the node that is nearest to another and has threads, -1 if
// there is no such other.
func (p *placement) threadsFor(node int) int {
	if p.topology.Distance(node, node) < 0 {
		return -1
	}
	for _, n := range p.topology.Nearest(node) {
		if len(p.cpusOf(n)) > 0 {
			return n
		}
	}
	return -1
}

// pool returns threads for the first CPUs in use, that fill large buffers.
func (p *placement) pool(threads int) (*gen.NodePool, error) {
	return gen.NewNodePool(p.poolConfig(threads))
}

func (p *placement) poolConfig(threads int) gen.NodePoolConfig {
	first := &placement{topology: p.topology, cpus: p.cpus[:threads]}
	nodes := p.topology.IDs()
	c := gen.NodePoolConfig{
		Threads: make([]int, nodes[len(nodes)-1]+1),
		Near:    p.topology.Nearest,
		Pin:     func(node int) error { return pin(first.cpusOf(node)...) },
		Locate:  numa.Locate,
	}
	for _, node := range first.nodes() {
		c.Threads[node] = len(first.cpusOf(node))
	}
	return c
}
