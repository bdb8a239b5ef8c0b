// Package numa reports how a machine's CPUs and memory are divided into nodes
// (NUMA, non-uniform memory access), binds threads to CPUs, places memory on nodes
// and finds out on which node it is. It allocates no memory for its callers, and
// starts no threads.
//
// [Read] makes a [Topology], which is plain data, from any copy of /sys; [System]
// makes that of this machine. [Pin] is for threads; [SetPolicy] and [Locate] are for
// memory. These four need Linux; elsewhere they return [ErrUnsupported].
//
// Everything here may be called concurrently. Nodes and CPUs have the kernel's
// numbers, from 0 on, which need not be consecutive.
package numa

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// ErrUnsupported is returned on other systems than Linux by everything that needs
// its kernel.
var ErrUnsupported = errors.New("numa: only Linux is supported")

// Topology is what a process may use of a machine. It is a snapshot: it does not
// show CPUs and nodes that come or go later. Its methods change nothing.
type Topology struct {
	Nodes []Node // those that are online, by ascending ID

	// Possible is the largest number of a CPU that the kernel is prepared for,
	// plus 1. It is larger than the number of CPUs where some can be plugged in.
	Possible int

	distances [][]int // by places in Nodes
}

// Node is a memory node: memory and the CPUs next to it. It may lack either.
type Node struct {
	ID     int
	Online Set // its CPUs that are online
	CPUs   Set // those of them that this process may use

	Memory       int64 // MemTotal in bytes; 0 if it has none or it is unknown
	UsableMemory bool  // it has memory that this process may use
}

// Allowed is what a process may use. A nil Set means everything.
type Allowed struct {
	CPUs   Set // its affinity, see sched_setaffinity(2)
	Memory Set // nodes, the cpuset.mems of its cgroup
}

// Read reads the topology from sys, the root of a sysfs: /sys or a copy of the
// files below devices/system/cpu and devices/system/node. A kernel without NUMA
// has no nodes there; the result is one node, number 0, with all CPUs and memory
// of unknown size.
//
// It is an error if a file is missing or malformed, or if none of the allowed CPUs
// is online.
func Read(sys fs.FS, allowed Allowed) (*Topology, error) {
	r := reader{sys: sys}
	t := &Topology{}
	online := r.set("devices/system/cpu/online")
	possible := r.set("devices/system/cpu/possible")
	if r.err != nil {
		return nil, r.err
	}
	if len(online) == 0 {
		return nil, errors.New("numa: devices/system/cpu/online lists no CPU")
	}
	t.Possible = max(last(possible), last(online)) + 1
	usable := online
	if allowed.CPUs != nil {
		usable = online.Intersect(allowed.CPUs)
	}
	if len(usable) == 0 {
		return nil, fmt.Errorf("numa: no CPU to use: allowed are %s, online are %s", allowed.CPUs, online)
	}
	if _, err := fs.Stat(sys, nodeDir+"/online"); errors.Is(err, fs.ErrNotExist) {
		flat := Flat(usable)
		flat.Nodes[0].Online, flat.Possible = online, t.Possible
		return flat, nil
	}
	ids := r.set(nodeDir + "/online")
	for _, id := range ids {
		node := Node{ID: id}
		dir := fmt.Sprintf("%s/node%d", nodeDir, id)
		cpus := r.set(dir + "/cpulist")
		node.Online, node.CPUs = cpus.Intersect(online), cpus.Intersect(usable)
		node.Memory = r.memory(dir + "/meminfo")
		node.UsableMemory = node.Memory > 0 && (allowed.Memory == nil || allowed.Memory.Contains(id))
		t.Nodes = append(t.Nodes, node)
		t.distances = append(t.distances, r.distances(dir+"/distance", len(ids)))
	}
	if r.err != nil {
		return nil, r.err
	}
	if len(t.CPUs()) == 0 {
		return nil, fmt.Errorf("numa: no node has one of the CPUs to use, %s", usable)
	}
	return t, nil
}

// Flat returns the topology of a machine of which only the CPUs to use are known:
// one node, number 0, with memory to use. Possible is 0.
func Flat(cpus Set) *Topology {
	return &Topology{
		Nodes:     []Node{{Online: cpus, CPUs: cpus, UsableMemory: true}},
		distances: [][]int{{localDistance}},
	}
}

const (
	nodeDir = "devices/system/node"

	// localDistance is the distance of a node to itself: ACPI specification,
	// System Locality Information Table (SLIT).
	localDistance = 10
)

// last returns the largest of s, -1 if it is empty.
func last(s Set) int {
	if len(s) == 0 {
		return -1
	}
	return s[len(s)-1]
}

// reader reads files of a sysfs. After the first error, which it keeps, it does
// nothing.
type reader struct {
	sys fs.FS
	err error
}

func (r *reader) text(name string) string {
	if r.err != nil {
		return ""
	}
	text, err := fs.ReadFile(r.sys, name)
	if err != nil {
		r.err = fmt.Errorf("numa: %w", err)
	}
	return strings.TrimSpace(string(text))
}

func (r *reader) fail(name string, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("numa: %s: %w", name, err)
	}
}

func (r *reader) set(name string) Set {
	s, err := ParseSet(r.text(name))
	if err != nil {
		r.fail(name, err)
	}
	return s
}

// memory reads a meminfo, whose lines are like "Node 0 MemTotal: 24684092 kB".
func (r *reader) memory(name string) int64 {
	for line := range strings.Lines(r.text(name)) {
		f := strings.Fields(line)
		if len(f) != 5 || f[2] != "MemTotal:" {
			continue
		}
		kb, err := strconv.ParseInt(f[3], 10, 64)
		if err != nil || kb < 0 || kb >= 1<<53 || f[4] != "kB" {
			r.fail(name, fmt.Errorf("%q is not a size in kB", strings.TrimSpace(line)))
			return 0
		}
		return kb << 10
	}
	return 0
}

// distances reads one row of n distances.
func (r *reader) distances(name string, n int) []int {
	var row []int
	for _, f := range strings.Fields(r.text(name)) {
		d, err := strconv.Atoi(f)
		if err != nil || d < 0 {
			r.fail(name, fmt.Errorf("%q is not a distance", f))
			return nil
		}
		row = append(row, d)
	}
	if len(row) != n {
		r.fail(name, fmt.Errorf("%d distances for %d nodes", len(row), n))
	}
	return row
}

// Restrict returns a copy of the topology in which only the CPUs and the memory of
// some nodes are to be used. All nodes stay in it. It is an error if to is empty, or
// if one of its nodes does not exist or has no CPU to use.
func (t *Topology) Restrict(to Set) (*Topology, error) {
	for _, id := range to {
		i := t.place(id)
		if i < 0 {
			return nil, fmt.Errorf("node %d: does not exist; the nodes are %s", id, t.IDs())
		}
		if n := t.Nodes[i]; len(n.CPUs) == 0 {
			why := "has no CPU"
			if len(n.Online) > 0 {
				why = fmt.Sprintf("this process may use none of its CPUs, %s", n.Online)
			}
			return nil, fmt.Errorf("node %d: %s; nodes with CPUs to use are %s", id, why, t.WithCPUs())
		}
	}
	if len(to) == 0 {
		return nil, errors.New("no nodes given")
	}
	r := *t
	r.Nodes = slices.Clone(t.Nodes)
	for i := range r.Nodes {
		if n := &r.Nodes[i]; !to.Contains(n.ID) {
			n.CPUs, n.UsableMemory = nil, false
		}
	}
	return &r, nil
}

// place returns the index of node id in Nodes, or -1.
func (t *Topology) place(id int) int {
	return slices.IndexFunc(t.Nodes, func(n Node) bool { return n.ID == id })
}

// IDs returns all nodes.
func (t *Topology) IDs() Set { return t.which(func(Node) bool { return true }) }

// WithCPUs returns the nodes that have CPUs to use.
func (t *Topology) WithCPUs() Set { return t.which(func(n Node) bool { return len(n.CPUs) > 0 }) }

// WithMemory returns the nodes that have memory to use.
func (t *Topology) WithMemory() Set { return t.which(func(n Node) bool { return n.UsableMemory }) }

func (t *Topology) which(is func(Node) bool) Set {
	var s Set
	for _, n := range t.Nodes {
		if is(n) {
			s = append(s, n.ID)
		}
	}
	return NewSet(s...)
}

// CPUs returns all CPUs to use.
func (t *Topology) CPUs() Set {
	var s Set
	for _, n := range t.Nodes {
		s = append(s, n.CPUs...)
	}
	return NewSet(s...)
}

// NodeOf returns the node of a CPU that is online, and -1 for any other number.
func (t *Topology) NodeOf(cpu int) int {
	for _, n := range t.Nodes {
		if n.Online.Contains(cpu) {
			return n.ID
		}
	}
	return -1
}

// Distance returns the distance from one node to another as the firmware reports
// it: 10 is that of a node to itself, 20 means that access takes twice as long. It
// need not be symmetric. It is -1 if one of them does not exist.
func (t *Topology) Distance(from, to int) int {
	i, j := t.place(from), t.place(to)
	if i < 0 || j < 0 {
		return -1
	}
	return t.distances[i][j]
}

// Nearest returns all nodes by ascending distance from one of them, which comes
// first; equally distant ones by their numbers. If there is no such node, the order
// is that of the numbers.
func (t *Topology) Nearest(from int) []int {
	ids := slices.Clone([]int(t.IDs()))
	slices.SortStableFunc(ids, func(a, b int) int {
		if a == from || b == from { // even if the firmware reports another order
			return cmp.Compare(btoi(b == from), btoi(a == from))
		}
		return cmp.Compare(t.Distance(from, a), t.Distance(from, b))
	})
	return ids
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// MemoryFor returns the node nearest to node id that has memory to use, or -1.
func (t *Topology) MemoryFor(id int) int {
	memory := t.WithMemory()
	for _, n := range t.Nearest(id) {
		if memory.Contains(n) {
			return n
		}
	}
	return -1
}

// Spread returns n of the CPUs to use, or all if there are fewer, taken from the
// nodes in turn: first one CPU of each node, then a second one of each that has
// more.
func (t *Topology) Spread(n int) []int {
	var cpus []int
	for i := 0; len(cpus) < n; i++ {
		more := false
		for _, node := range t.Nodes {
			if i < len(node.CPUs) {
				more = true
				cpus = append(cpus, node.CPUs[i])
			}
		}
		if !more {
			break
		}
	}
	return cpus[:max(0, min(n, len(cpus)))]
}
