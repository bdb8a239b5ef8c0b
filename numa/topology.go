// Package numa tells how a machine's CPUs and memory are divided into nodes,
// binds threads to CPUs, and places memory on nodes and finds out where it is.
//
// The topology is read from a file tree, /sys or a recording of it, and is plain
// data. Threads and memory are the kernel's: there, all but Linux has stubs that
// return [ErrUnsupported].
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

// ErrUnsupported is returned by everything that needs Linux, elsewhere.
var ErrUnsupported = errors.New("numa: only Linux is supported")

// Topology is what a process sees of a machine, in the order of the numbers of
// its nodes. It does not change; CPUs that come or go later are not seen.
type Topology struct {
	Nodes []Node

	// Possible is more than the number of any CPU that the kernel is prepared
	// for, and so how many there can be: more than there are where CPUs can be
	// plugged in.
	Possible int

	distances [][]int // by places in Nodes
}

// Node is a memory node: memory, and the CPUs that are next to it. It may be
// without either.
type Node struct {
	ID     int
	Online Set // its CPUs that are online
	CPUs   Set // those of them that this process may use

	Memory       int64 // bytes; 0 if it has none
	UsableMemory bool  // it has memory that this process may use
}

// Allowed is what a process may use. nil stands for everything.
type Allowed struct {
	CPUs   Set // by its affinity, which its cgroup's cpuset bounds
	Memory Set // nodes, by its cgroup's cpuset
}

// Read reads the topology from sys, the root of a sysfs. A kernel that was built
// without NUMA shows no nodes; that is one node, with all CPUs and memory of
// unknown size.
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
		return nil, fmt.Errorf("numa: no CPU to use: the process may use %s, online are %s", allowed.CPUs, online)
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

// Flat returns the topology of a machine of which nothing is known but the CPUs
// to use: one node. Possible is 0.
func Flat(cpus Set) *Topology {
	return &Topology{
		Nodes:     []Node{{Online: cpus, CPUs: cpus, UsableMemory: true}},
		distances: [][]int{{localDistance}},
	}
}

const (
	nodeDir = "devices/system/node"

	// localDistance is that of a node to itself, by the ACPI specification,
	// which calls the table SLIT.
	localDistance = 10
)

// last returns the largest of s, -1 if it is empty.
func last(s Set) int {
	if len(s) == 0 {
		return -1
	}
	return s[len(s)-1]
}

// reader reads files of a sysfs. After an error it does nothing.
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
			r.fail(name, fmt.Errorf("%q is no size", strings.TrimSpace(line)))
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
			r.fail(name, fmt.Errorf("%q is no distance", f))
			return nil
		}
		row = append(row, d)
	}
	if len(row) != n {
		r.fail(name, fmt.Errorf("%d distances for %d nodes", len(row), n))
	}
	return row
}

// Restrict returns the topology with no other CPUs and memory than those of some
// nodes to use. It is an error if one of them does not exist or has no CPU to
// use.
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
		return nil, errors.New("no node is named")
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

// place returns where node id is in Nodes, -1 if there is none.
func (t *Topology) place(id int) int {
	return slices.IndexFunc(t.Nodes, func(n Node) bool { return n.ID == id })
}

// IDs returns the nodes.
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

// NodeOf returns the node of a CPU, -1 if it has none, as one that is offline.
func (t *Topology) NodeOf(cpu int) int {
	for _, n := range t.Nodes {
		if n.Online.Contains(cpu) {
			return n.ID
		}
	}
	return -1
}

// Distance returns the distance between two nodes, which is relative: 10 is that
// of a node to itself, 20 means that access takes twice as long. It is -1 if
// one of them does not exist.
func (t *Topology) Distance(from, to int) int {
	i, j := t.place(from), t.place(to)
	if i < 0 || j < 0 {
		return -1
	}
	return t.distances[i][j]
}

// Nearest returns all nodes by their distance from one, which is the first
// unless it does not exist.
func (t *Topology) Nearest(from int) []int {
	ids := slices.Clone([]int(t.IDs()))
	slices.SortStableFunc(ids, func(a, b int) int {
		if a == from || b == from { // also if the firmware thinks otherwise
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

// MemoryFor returns the node whose memory is nearest to node id among those
// that may be used, -1 if there is none.
func (t *Topology) MemoryFor(id int) int {
	memory := t.WithMemory()
	for _, n := range t.Nearest(id) {
		if memory.Contains(n) {
			return n
		}
	}
	return -1
}

// Spread returns n of the CPUs to use, at most all, divided among the nodes as
// evenly as their numbers allow: first one of each node, then a second one.
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
