package cli

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dgenfs/dgenfs/numa"
)

// machine is the topology of a machine: the CPUs and GiB of each node, and the
// rows of the distances.
func machine(t *testing.T, possible string, nodes [][2]string, distances ...string) *numa.Topology {
	t.Helper()
	sys := fstest.MapFS{}
	add := func(name, text string) { sys["devices/system/"+name] = &fstest.MapFile{Data: []byte(text + "\n")} }
	var online []string
	for i, n := range nodes {
		dir := fmt.Sprintf("node/node%d/", i)
		add(dir+"cpulist", n[0])
		add(dir+"meminfo", fmt.Sprintf("Node %d MemTotal: %s000000 kB", i, n[1]))
		add(dir+"distance", distances[i])
		if n[0] != "" {
			online = append(online, n[0])
		}
	}
	add("node/online", fmt.Sprintf("0-%d", len(nodes)-1))
	add("cpu/online", strings.Join(online, ","))
	add("cpu/possible", possible)
	topology, err := numa.Read(sys, numa.Allowed{})
	if err != nil {
		t.Fatal(err)
	}
	return topology
}

// twoSockets has a third node of memory alone, next to the second one, and CPUs
// that are offline, 3 and 9 to 11.
func twoSockets(t *testing.T) *numa.Topology {
	return machine(t, "0-11", [][2]string{{"0-2,4", "4"}, {"5-8", "4"}, {"", "8"}}, "10 21 24", "21 10 14", "24 14 10")
}

func oneNode(t *testing.T) *numa.Topology {
	return machine(t, "0-3", [][2]string{{"0-3", "4"}}, "10")
}

func parseNUMA(t *testing.T, args ...string) (*numaFlags, error) {
	t.Helper()
	f := newFlags("test")
	var flags numaFlags
	flags.add(f)
	return &flags, parse(f, args)
}

func placementOn(t *testing.T, topology *numa.Topology, args ...string) (*placement, error) {
	t.Helper()
	flags, err := parseNUMA(t, args...)
	if err != nil {
		return nil, err
	}
	return flags.onMachine(topology, "")
}

func TestPlacement(t *testing.T) {
	for _, test := range []struct {
		args []string
		cpus []int
		text string // all of it if it is off, its beginning if it is on
	}{
		{nil, []int{0, 5, 1, 6, 2, 7, 4, 8}, "on; 2 nodes have CPUs to use; node 0: CPUs 0-2,4; node 1: CPUs 5-8"},
		{[]string{"--threads", "3"}, []int{0, 5, 1}, "on; 2 nodes have CPUs to use; node 0: CPUs 0-1; node 1: CPUs 5"},
		{[]string{"--threads", "1"}, []int{0}, "off; of 3 nodes, only node 0 has CPUs that are used; CPUs 0"},
		{[]string{"--numa-nodes", "1"}, []int{5, 6, 7, 8}, "on; --numa-nodes; node 1: CPUs 5-8"},
		{[]string{"--numa-nodes", "1", "--threads", "2"}, []int{5, 6}, "on; --numa-nodes; node 1: CPUs 5-6"},
		{[]string{"--numa-nodes", "1", "--numa", "force"}, []int{5, 6, 7, 8}, "on; --numa force; node 1: CPUs 5-8"},
		{[]string{"--numa-nodes", "0-1"}, []int{0, 5, 1, 6, 2, 7, 4, 8}, "on; --numa-nodes; node 0"},
		{[]string{"--numa", "off"}, []int{0, 5, 1, 6, 2, 7, 4, 8}, "off; --numa off; CPUs 0-2,4-8"},
	} {
		p, err := placementOn(t, twoSockets(t), test.args...)
		if err != nil {
			t.Errorf("%q: %v", test.args, err)
			continue
		}
		text := p.String()
		if !slices.Equal(p.cpus, test.cpus) || p.on != strings.HasPrefix(test.text, "on") || p.on && !strings.HasPrefix(text, test.text) || !p.on && text != test.text {
			t.Errorf("%q: CPUs %d, %s", test.args, p.cpus, text)
		}
	}
	p, err := placementOn(t, oneNode(t))
	if err != nil || p.String() != "off; the machine has one memory node; CPUs 0-3" {
		t.Errorf("one node: %v, %v", p, err)
	}
	if p, err = placementOn(t, oneNode(t), "--numa-nodes", "0"); err != nil || p.on {
		t.Errorf("the only node: %v, %v", p, err)
	}
	if p, err = placementOn(t, oneNode(t), "--numa", "force"); err != nil || !p.on {
		t.Errorf("one node: %v, %v", p, err)
	}
}

func TestPlacementErrors(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--numa-nodes", "3"}, "--numa-nodes 3: node 3: does not exist; the nodes are 0-2"},
		{[]string{"--numa-nodes", "0,2"}, "--numa-nodes 0,2: node 2: has no CPU; nodes with CPUs to use are 0-1"},
		{[]string{"--numa-nodes", ""}, "--numa-nodes: must be a list of nodes such as 0,2-3"},
		{[]string{"--numa-nodes", "1-0"}, `--numa-nodes: list "1-0": "1-0" runs backwards`},
		{[]string{"--threads", "0"}, "--threads 0: must be from 1 to 8, the number of CPUs to use"},
		{[]string{"--threads", "-1"}, "--threads -1: must be a whole number"},
		{[]string{"--threads", "5", "--numa-nodes", "0"}, "--threads 5: must be from 1 to 4, the number of CPUs to use"},
	} {
		_, err := placementOn(t, twoSockets(t), test.args...)
		var wrong usageError
		if err == nil || err.Error() != test.want || !errors.As(err, &wrong) {
			t.Errorf("%q: %v", test.args, err)
		}
	}
}

// Every queue of the kernel has a thread: on its own CPU, or near to it.
func TestPlacementOfTransport(t *testing.T) {
	for _, test := range []struct {
		topology *numa.Topology
		args     []string
		queues   []int // CPUs of their threads
		nodes    []int // of the CPUs
		places   bool
	}{
		// CPUs 3 and 9 to 11 have no node.
		{twoSockets(t), []string{"--numa", "off"}, []int{0, 1, 2, 6, 4, 5, 6, 7, 8, 5, 1, 6}, nil, false},
		{twoSockets(t), []string{"--threads", "2", "--numa", "off"}, []int{0, 0, 0, 5, 0, 5, 5, 5, 5, 5, 0, 5}, nil, false},
		{twoSockets(t), []string{"--threads", "2", "--numa", "force"}, []int{0, 0, 0, 5, 0, 5, 5, 5, 5, 5, 0, 5}, []int{0, 1}, true},
		{twoSockets(t), []string{"--numa-nodes", "1", "--threads", "2"}, []int{5, 6, 5, 6, 5, 5, 6, 6, 5, 6, 5, 6}, []int{1, 1}, true},
		{numa.Flat(numa.Set{3, 4}), nil, nil, nil, false},
	} {
		p, err := placementOn(t, test.topology, test.args...)
		if err != nil {
			t.Fatal(err)
		}
		got := p.transport()
		var queues []int
		for _, place := range got.Queues {
			queues = append(queues, p.cpus[place])
		}
		if !slices.Equal(queues, test.queues) || !slices.Equal(got.Nodes, test.nodes) || (got.Place != nil) != test.places || !slices.Equal(got.CPUs, p.cpus) {
			t.Errorf("%q: queues are served on CPUs %d, nodes %d, place %v", test.args, queues, got.Nodes, got.Place != nil)
		}
		// What containers may forbid is left alone, and told.
		p.noPlace, p.noBind = errors.New("refused"), errors.New("forbidden")
		got = p.transport()
		if got.Place != nil || got.Pin != nil {
			t.Errorf("%q: memory is placed, or threads bound, where that is refused", test.args)
		}
		if text := p.String(); !strings.HasSuffix(text, "; threads run where the kernel puts them: forbidden; memory lies where it is written first: refused") {
			t.Errorf("%q: %s", test.args, text)
		}
	}
}

func TestPoolConfig(t *testing.T) {
	p, err := placementOn(t, twoSockets(t))
	if err != nil {
		t.Fatal(err)
	}
	for threads, want := range map[int][]int{1: {1, 0, 0}, 3: {2, 1, 0}, 8: {4, 4, 0}} {
		c := p.poolConfig(threads)
		if !slices.Equal(c.Threads, want) {
			t.Errorf("%d threads: %d", threads, c.Threads)
		}
		if near := c.Near(2); !slices.Equal(near, []int{2, 1, 0}) {
			t.Errorf("near to node 2: %d", near)
		}
	}
}

func TestTopologyTable(t *testing.T) {
	p, err := placementOn(t, twoSockets(t), "--threads", "3")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := p.print(&b); err != nil {
		t.Fatal(err)
	}
	const want = `node  CPUs   used  memory     filled by  distances
0     0-2,4  0-1   3.815 GiB  0          10 21 24
1     5-8    5     3.815 GiB  1          21 10 14
2     -      -     7.629 GiB  1          24 14 10

numa: on; 2 nodes have CPUs to use; node 0: CPUs 0-1; node 1: CPUs 5
threads: 3
queues of io_uring: 12
`
	if b.String() != want {
		t.Errorf("%s\nwant:\n%s", &b, want)
	}
}
