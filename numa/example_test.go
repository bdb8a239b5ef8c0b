package numa_test

import (
	"fmt"
	"testing/fstest"

	"github.com/dgenfs/dgenfs/numa"
)

// Sets have the kernel's format.
func ExampleParseSet() {
	cpus, err := numa.ParseSet("8,0-3,2")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cpus, len(cpus), cpus.Contains(2))

	_, err = numa.ParseSet("3-0")
	fmt.Println(err)
	// Output:
	// 0-3,8 5 true
	// list "3-0": "3-0" runs backwards
}

// A machine of two nodes with two CPUs each, and one that has memory only, nearer
// to node 1. The process may use three of the CPUs.
func ExampleRead() {
	sys := fstest.MapFS{}
	for name, content := range map[string]string{
		"cpu/online":          "0-3\n",
		"cpu/possible":        "0-7\n",
		"node/online":         "0-2\n",
		"node/node0/cpulist":  "0-1\n",
		"node/node0/distance": "10 21 24\n",
		"node/node0/meminfo":  "Node 0 MemTotal:       33554432 kB\nNode 0 MemFree:        16777216 kB\n",
		"node/node1/cpulist":  "2-3\n",
		"node/node1/distance": "21 10 14\n",
		"node/node1/meminfo":  "Node 1 MemTotal:              0 kB\nNode 1 MemFree:               0 kB\n",
		"node/node2/cpulist":  "\n",
		"node/node2/distance": "24 14 10\n",
		"node/node2/meminfo":  "Node 2 MemTotal:       67108864 kB\nNode 2 MemFree:        67108864 kB\n",
	} {
		sys["devices/system/"+name] = &fstest.MapFile{Data: []byte(content)}
	}

	t, err := numa.Read(sys, numa.Allowed{CPUs: numa.NewSet(1, 2, 3)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range t.Nodes {
		fmt.Printf("node %d: CPUs %s of %s, %d GiB\n", n.ID, n.CPUs, n.Online, n.Memory>>30)
	}
	fmt.Println("two CPUs:", t.Spread(2))
	fmt.Println("memory for node 1: that of node", t.MemoryFor(1))

	_, err = t.Restrict(numa.NewSet(2))
	fmt.Println(err)
	// Output:
	// node 0: CPUs 1 of 0-1, 32 GiB
	// node 1: CPUs 2-3 of 2-3, 0 GiB
	// node 2: CPUs  of , 64 GiB
	// two CPUs: [1 2]
	// memory for node 1: that of node 2
	// node 2: has no CPU; nodes with CPUs to use are 0-1
}
