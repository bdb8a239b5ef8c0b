package numa

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	tests := []struct {
		name     string
		possible int
		want     []string
	}{
		{"cxl", 128, []string{
			"0: all of 0-31,64-95; 263843208 kB; 10 21 14",
			"1: all of 32-63,96-127; 264191532 kB; 21 10 24",
			"2: no CPUs; 134217728 kB; 14 24 10",
		}},
		{"empty-node", 16, []string{
			"0: all of 0-7; 32779120 kB; 10 21",
			"1: no CPUs; 0 kB not to use; 21 10",
		}},
		{"memory-only", 4, []string{
			"0: all of 0-1; 514396 kB; 10 20 20",
			"1: all of 2-3; 483020 kB; 20 10 20",
			"2: no CPUs; 515756 kB; 20 20 10",
		}},
		{"memoryless", 64, []string{
			"0: all of 0-7,32-39; 65872584 kB; 10 16 16 16",
			"1: all of 16-23,48-55; 0 kB not to use; 16 10 16 16",
			"2: all of 8-15,40-47; 65989948 kB; 16 16 10 16",
			"3: all of 24-31,56-63; 0 kB not to use; 16 16 16 10",
		}},
		{"no-numa", 4, []string{
			"0: all of 0-1; 0 kB; 10",
		}},
		{"offline-cpus", 8, []string{
			"0: all of 0,2-3; 771956 kB; 10 20",
			"1: all of 4,7; 740416 kB; 20 10",
		}},
		{"offline-node", 2, []string{
			"0: all of 0; 772688 kB; 10 20",
			"1: no CPUs; 741148 kB; 20 10",
		}},
		{"one-node", 2, []string{
			"0: all of 0-1; 1510940 kB; 10",
		}},
		{"power", 128, []string{
			"0: all of 0-63; 267790976 kB; 10 40",
			"8: all of 64-127; 267903552 kB; 40 10",
		}},
		{"sixteen-nodes", 16, []string{
			"0: all of 0; 127568 kB; 10 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20",
			"1: all of 1; 128604 kB; 20 10 20 20 20 20 20 20 20 20 20 20 20 20 20 20",
			"2: all of 2; 128604 kB; 20 20 10 20 20 20 20 20 20 20 20 20 20 20 20 20",
			"3: all of 3; 128604 kB; 20 20 20 10 20 20 20 20 20 20 20 20 20 20 20 20",
			"4: all of 4; 128604 kB; 20 20 20 20 10 20 20 20 20 20 20 20 20 20 20 20",
			"5: all of 5; 128604 kB; 20 20 20 20 20 10 20 20 20 20 20 20 20 20 20 20",
			"6: all of 6; 96192 kB; 20 20 20 20 20 20 10 20 20 20 20 20 20 20 20 20",
			"7: all of 7; 128604 kB; 20 20 20 20 20 20 20 10 20 20 20 20 20 20 20 20",
			"8: all of 8; 128604 kB; 20 20 20 20 20 20 20 20 10 20 20 20 20 20 20 20",
			"9: all of 9; 128604 kB; 20 20 20 20 20 20 20 20 20 10 20 20 20 20 20 20",
			"10: all of 10; 128604 kB; 20 20 20 20 20 20 20 20 20 20 10 20 20 20 20 20",
			"11: all of 11; 128604 kB; 20 20 20 20 20 20 20 20 20 20 20 10 20 20 20 20",
			"12: all of 12; 128604 kB; 20 20 20 20 20 20 20 20 20 20 20 20 10 20 20 20",
			"13: all of 13; 128604 kB; 20 20 20 20 20 20 20 20 20 20 20 20 20 10 20 20",
			"14: all of 14; 128604 kB; 20 20 20 20 20 20 20 20 20 20 20 20 20 20 10 20",
			"15: all of 15; 128432 kB; 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 10",
		}},
		{"sixteen-sockets", 384, []string{
			"0: all of 0-23; 796917760 kB; 10 16 19 16 50 50 50 50 65 65 65 65 50 50 50 50",
			"1: all of 24-47; 805302272 kB; 16 10 16 19 50 50 50 50 65 65 65 65 50 50 50 50",
			"2: all of 48-71; 805298176 kB; 19 16 10 16 50 50 50 50 65 65 65 65 50 50 50 50",
			"3: all of 72-95; 805294080 kB; 16 19 16 10 50 50 50 50 65 65 65 65 50 50 50 50",
			"4: all of 96-119; 805289984 kB; 50 50 50 50 10 16 19 16 50 50 50 50 65 65 65 65",
			"5: all of 120-143; 805285888 kB; 50 50 50 50 16 10 16 19 50 50 50 50 65 65 65 65",
			"6: all of 144-167; 805281792 kB; 50 50 50 50 19 16 10 16 50 50 50 50 65 65 65 65",
			"7: all of 168-191; 805277696 kB; 50 50 50 50 16 19 16 10 50 50 50 50 65 65 65 65",
			"8: all of 192-215; 805273600 kB; 65 65 65 65 50 50 50 50 10 16 19 16 50 50 50 50",
			"9: all of 216-239; 805269504 kB; 65 65 65 65 50 50 50 50 16 10 16 19 50 50 50 50",
			"10: all of 240-263; 805265408 kB; 65 65 65 65 50 50 50 50 19 16 10 16 50 50 50 50",
			"11: all of 264-287; 805261312 kB; 65 65 65 65 50 50 50 50 16 19 16 10 50 50 50 50",
			"12: all of 288-311; 805257216 kB; 50 50 50 50 65 65 65 65 50 50 50 50 10 16 19 16",
			"13: all of 312-335; 805253120 kB; 50 50 50 50 65 65 65 65 50 50 50 50 16 10 16 19",
			"14: all of 336-359; 805249024 kB; 50 50 50 50 65 65 65 65 50 50 50 50 19 16 10 16",
			"15: all of 360-383; 805244928 kB; 50 50 50 50 65 65 65 65 50 50 50 50 16 19 16 10",
		}},
		{"sub-numa", 224, []string{
			"0: all of 0-13,112-125; 65401732 kB; 10 12 12 12 21 21 21 21",
			"1: all of 14-27,126-139; 66034260 kB; 12 10 12 12 21 21 21 21",
			"2: all of 28-41,140-153; 66034260 kB; 12 12 10 12 21 21 21 21",
			"3: all of 42-55,154-167; 66034260 kB; 12 12 12 10 21 21 21 21",
			"4: all of 56-69,168-181; 66034260 kB; 21 21 21 21 10 12 12 12",
			"5: all of 70-83,182-195; 66034260 kB; 21 21 21 21 12 10 12 12",
			"6: all of 84-97,196-209; 66034260 kB; 21 21 21 21 12 12 10 12",
			"7: all of 98-111,210-223; 66034260 kB; 21 21 21 21 12 12 12 10",
		}},
		{"two-nodes", 4, []string{
			"0: all of 0-1; 772444 kB; 10 20",
			"1: all of 2-3; 740904 kB; 20 10",
		}},
		{"two-sockets", 192, []string{
			"0: all of 0-47,96-143; 395958128 kB; 10 32",
			"1: all of 48-95,144-191; 396317684 kB; 32 10",
		}},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		seen[test.name] = true
		topology := read(t, test.name, Allowed{})
		if topology.Possible != test.possible {
			t.Errorf("%s: Possible is %d, want %d", test.name, topology.Possible, test.possible)
		}
		checkLines(t, test.name, topology, test.want)
	}
	for _, name := range names(t) {
		if !seen[name] {
			t.Errorf("%s is recorded, but not tested", name)
		}
	}
}

func checkLines(t *testing.T, name string, topology *Topology, want []string) {
	t.Helper()
	if got := lines(topology); !slices.Equal(got, want) {
		t.Errorf("%s is\n\t%s\nwant\n\t%s", name, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestReadAllowed(t *testing.T) {
	tests := []struct {
		name, cpus, memory string
		nodes              []string // those in which something differs from the recording
		withCPUs           string
		withMemory         string
		spread             string
	}{
		{"two-sockets", "0,1,50", "0-1", []string{
			"0: 0-1 of 0-47,96-143; 395958128 kB; 10 32",
			"1: 50 of 48-95,144-191; 396317684 kB; 32 10",
		}, "0-1", "0-1", "[0 50 1]"},
		{"two-sockets", "47,96,143", "0", []string{
			"0: 47,96,143 of 0-47,96-143; 395958128 kB; 10 32",
			"1: none of 48-95,144-191; 396317684 kB not to use; 32 10",
		}, "0", "0", "[47 96 143]"},
		{"two-sockets", "0-191", "1", []string{
			"0: all of 0-47,96-143; 395958128 kB not to use; 10 32",
			"1: all of 48-95,144-191; 396317684 kB; 32 10",
		}, "0-1", "1", ""},
		{"sixteen-sockets", "30,31,383", "0-15", []string{
			"0: none of 0-23; 796917760 kB; 10 16 19 16 50 50 50 50 65 65 65 65 50 50 50 50",
			"1: 30-31 of 24-47; 805302272 kB; 16 10 16 19 50 50 50 50 65 65 65 65 50 50 50 50",
			"14: none of 336-359; 805249024 kB; 50 50 50 50 65 65 65 65 50 50 50 50 19 16 10 16",
			"15: 383 of 360-383; 805244928 kB; 50 50 50 50 65 65 65 65 50 50 50 50 16 19 16 10",
		}, "1,15", "0-15", "[30 383 31]"},
		// CPUs that are offline or do not exist may be allowed all the same.
		{"offline-cpus", "1-2,6-7,8191", "0-1", []string{
			"0: 2 of 0,2-3; 771956 kB; 10 20",
			"1: 7 of 4,7; 740416 kB; 20 10",
		}, "0-1", "0-1", "[2 7]"},
		{"cxl", "0-127", "2-1023", []string{
			"0: all of 0-31,64-95; 263843208 kB not to use; 10 21 14",
			"1: all of 32-63,96-127; 264191532 kB not to use; 21 10 24",
			"2: no CPUs; 134217728 kB; 14 24 10",
		}, "0-1", "2", ""},
		// No memory at all, which a process cannot have.
		{"memoryless", "16,17", "1,3", []string{
			"0: none of 0-7,32-39; 65872584 kB not to use; 10 16 16 16",
			"1: 16-17 of 16-23,48-55; 0 kB not to use; 16 10 16 16",
			"2: none of 8-15,40-47; 65989948 kB not to use; 16 16 10 16",
		}, "1", "", "[16 17]"},
		{"power", "127", "8", []string{
			"0: none of 0-63; 267790976 kB not to use; 10 40",
			"8: 127 of 64-127; 267903552 kB; 40 10",
		}, "8", "8", "[127]"},
		{"no-numa", "1", "0", []string{"0: 1 of 0-1; 0 kB; 10"}, "0", "0", "[1]"},
	}
	for _, test := range tests {
		allowed := Allowed{CPUs: list(t, test.cpus), Memory: list(t, test.memory)}
		topology := read(t, test.name, allowed)
		name := fmt.Sprintf("%s with CPUs %s and memory of %s", test.name, test.cpus, test.memory)
		got := lines(topology)
		for _, want := range test.nodes {
			if !slices.Contains(got, want) {
				t.Errorf("%s is\n\t%s\nwithout\n\t%s", name, strings.Join(got, "\n\t"), want)
			}
		}
		if got := topology.WithCPUs().String(); got != test.withCPUs {
			t.Errorf("%s: WithCPUs() = %s, want %s", name, got, test.withCPUs)
		}
		if got := topology.WithMemory().String(); got != test.withMemory {
			t.Errorf("%s: WithMemory() = %s, want %s", name, got, test.withMemory)
		}
		if got := fmt.Sprint(topology.Spread(len(topology.CPUs()))); test.spread != "" && got != test.spread {
			t.Errorf("%s: Spread() = %s, want %s", name, got, test.spread)
		}
		// What a process may use changes nothing else.
		all := read(t, test.name, Allowed{})
		if topology.Possible != all.Possible || !slices.Equal(topology.IDs(), all.IDs()) {
			t.Errorf("%s: Possible and IDs() are %d and %s, want %d and %s", name, topology.Possible, topology.IDs(), all.Possible, all.IDs())
		}
		for i, n := range topology.Nodes {
			if !slices.Equal(n.Online, all.Nodes[i].Online) {
				t.Errorf("%s: node %d has %s online, want %s", name, n.ID, n.Online, all.Nodes[i].Online)
			}
		}
	}
}

// Of one, what is nil stands for everything, whatever the other is.
func TestReadAllowedInPart(t *testing.T) {
	topology := read(t, "two-sockets", Allowed{CPUs: NewSet(3)})
	if cpus, memory := topology.CPUs().String(), topology.WithMemory().String(); cpus != "3" || memory != "0-1" {
		t.Errorf("with CPU 3 there are CPUs %s and memory of %s", cpus, memory)
	}
	topology = read(t, "two-sockets", Allowed{Memory: NewSet(1)})
	if cpus, memory := topology.CPUs().String(), topology.WithMemory().String(); cpus != "0-191" || memory != "1" {
		t.Errorf("with memory of node 1 there are CPUs %s and memory of %s", cpus, memory)
	}
}

func TestReadNoCPU(t *testing.T) {
	tests := []struct {
		name string
		cpus Set
		want string
	}{
		{"offline-cpus", NewSet(1, 5, 6), "numa: no CPU to use: allowed are 1,5-6, online are 0,2-4,7"},
		{"two-sockets", NewSet(192), "numa: no CPU to use: allowed are 192, online are 0-191"},
		{"two-sockets", Set{}, "numa: no CPU to use: allowed are , online are 0-191"},
		{"no-numa", NewSet(2, 3), "numa: no CPU to use: allowed are 2-3, online are 0-1"},
	}
	for _, test := range tests {
		if topology, err := Read(recorded(t, test.name), Allowed{CPUs: test.cpus}); err == nil || err.Error() != test.want || topology != nil {
			t.Errorf("%s with CPUs %s = %v, %v; want error %s", test.name, test.cpus, topology, err, test.want)
		}
	}
}

// Flat is what Read makes of a kernel without NUMA.
func TestFlat(t *testing.T) {
	flat := Flat(NewSet(0, 1))
	checkLines(t, "Flat(0-1)", flat, lines(read(t, "no-numa", Allowed{})))
	if flat.Possible != 0 {
		t.Errorf("Possible is %d", flat.Possible)
	}
	if got := fmt.Sprint(flat.Spread(3), flat.Nearest(0), flat.MemoryFor(0), flat.NodeOf(1), flat.NodeOf(2)); got != "[0 1] [0] 0 0 -1" {
		t.Errorf("Flat(0-1) has Spread, Nearest, MemoryFor and two NodeOf of %s", got)
	}
}

func TestReadBroken(t *testing.T) {
	const (
		cpu  = "devices/system/cpu/"
		node = "devices/system/node/"
	)
	tests := []struct {
		file, content string
		want          string
	}{
		{cpu + "online", "gone", "numa: open devices/system/cpu/online: file does not exist"},
		{cpu + "online", "\n", "numa: devices/system/cpu/online lists no CPU"},
		{cpu + "online", "x\n", `numa: devices/system/cpu/online: list "x": "x" is not a number; a list looks like 0,2-3`},
		{cpu + "online", "0-3\n4\n", `numa: devices/system/cpu/online: list "0-3\n4": "3\n4" is not a number; a list looks like 0,2-3`},
		{cpu + "possible", "gone", "numa: open devices/system/cpu/possible: file does not exist"},
		{cpu + "possible", "0-99999999\n", `numa: devices/system/cpu/possible: list "0-99999999": 99999999 is too large; the maximum is 65535`},
		{node + "online", "1-0\n", `numa: devices/system/node/online: list "1-0": "1-0" runs backwards`},
		{node + "online", "0-2\n", "numa: devices/system/node/node0/distance: 2 distances for 3 nodes"},
		{node + "online", "0,2\n", "numa: open devices/system/node/node2/cpulist: file does not exist"},
		{node + "online", "0\n", "numa: devices/system/node/node0/distance: 2 distances for 1 nodes"},
		{node + "online", "\n", "numa: no node has one of the CPUs to use, 0-3"},
		{node + "node0/cpulist", "gone", "numa: open devices/system/node/node0/cpulist: file does not exist"},
		{node + "node0/cpulist", "3-1\n", `numa: devices/system/node/node0/cpulist: list "3-1": "3-1" runs backwards`},
		{node + "node1/cpulist", "x\n", `numa: devices/system/node/node1/cpulist: list "x": "x" is not a number; a list looks like 0,2-3`},
		{node + "node1/cpulist", "2,65536\n", `numa: devices/system/node/node1/cpulist: list "2,65536": 65536 is too large; the maximum is 65535`},
		{node + "node0/distance", "gone", "numa: open devices/system/node/node0/distance: file does not exist"},
		{node + "node0/distance", "\n", "numa: devices/system/node/node0/distance: 0 distances for 2 nodes"},
		{node + "node1/distance", "20\n", "numa: devices/system/node/node1/distance: 1 distances for 2 nodes"},
		{node + "node1/distance", "20 10 30\n", "numa: devices/system/node/node1/distance: 3 distances for 2 nodes"},
		{node + "node1/distance", "20 x\n", `numa: devices/system/node/node1/distance: "x" is not a distance`},
		{node + "node1/distance", "-1 10\n", `numa: devices/system/node/node1/distance: "-1" is not a distance`},
		{node + "node1/distance", "20 99999999999999999999\n", `numa: devices/system/node/node1/distance: "99999999999999999999" is not a distance`},
		{node + "node0/meminfo", "gone", "numa: open devices/system/node/node0/meminfo: file does not exist"},
		{node + "node0/meminfo", "Node 0 MemTotal:  x kB\n", `numa: devices/system/node/node0/meminfo: "Node 0 MemTotal:  x kB" is not a size in kB`},
		{node + "node1/meminfo", "Node 1 MemTotal: 9 MB\n", `numa: devices/system/node/node1/meminfo: "Node 1 MemTotal: 9 MB" is not a size in kB`},
		{node + "node1/meminfo", "Node 1 MemTotal: 9007199254740992 kB\n", `numa: devices/system/node/node1/meminfo: "Node 1 MemTotal: 9007199254740992 kB" is not a size in kB`},
		{node + "node1/meminfo", "Node 1 MemTotal: 99999999999999999999 kB\n", `numa: devices/system/node/node1/meminfo: "Node 1 MemTotal: 99999999999999999999 kB" is not a size in kB`},
	}
	for _, test := range tests {
		sys := edited(recorded(t, "two-nodes"), map[string]string{test.file: test.content})
		if topology, err := Read(sys, Allowed{}); err == nil || err.Error() != test.want || topology != nil {
			t.Errorf("%s of %q: %v, %v; want error\n%s", test.file, test.content, topology, err, test.want)
		}
	}
}

// What is read although recordings have nothing like it.
func TestReadOdd(t *testing.T) {
	tests := []struct {
		what  string
		files map[string]string
		want  []string
	}{
		{"CPUs that the node lists, but that are offline", map[string]string{
			"devices/system/cpu/online": "0,3",
		}, []string{
			"0: all of 0; 772444 kB; 10 20",
			"1: all of 3; 740904 kB; 20 10",
		}},
		{"a CPU on no node", map[string]string{
			"devices/system/cpu/online":   "0-4\n",
			"devices/system/cpu/possible": "0-4\n",
		}, []string{
			"0: all of 0-1; 772444 kB; 10 20",
			"1: all of 2-3; 740904 kB; 20 10",
		}},
		{"sizes in another order, among other lines", map[string]string{
			"devices/system/node/node0/meminfo": "\nNode 0 Hugepagesize: 2048\n\nNode 0 MemFree: 1 kB\nNode 0 MemUsed: 2 kB\nNode 0 MemTotal: 3 kB",
			"devices/system/node/node1/meminfo": "Node 1 MemTotal: 1099511627776 kB\n", // 1 PiB
		}, []string{
			"0: all of 0-1; 3 kB; 10 20",
			"1: all of 2-3; 1099511627776 kB; 20 10",
		}},
		{"distances of firmware that thinks otherwise", map[string]string{
			"devices/system/node/node0/distance": "10  10\n",
			"devices/system/node/node1/distance": "0 255\n",
		}, []string{
			"0: all of 0-1; 772444 kB; 10 10",
			"1: all of 2-3; 740904 kB; 0 255",
		}},
	}
	for _, test := range tests {
		topology, err := Read(edited(recorded(t, "two-nodes"), test.files), Allowed{})
		if err != nil {
			t.Errorf("%s: %v", test.what, err)
			continue
		}
		checkLines(t, test.what, topology, test.want)
		for from := range 2 {
			if got, want := fmt.Sprint(topology.Nearest(from)), fmt.Sprint([]int{from, 1 - from}); got != want {
				t.Errorf("%s: Nearest(%d) = %s, want %s", test.what, from, got, want)
			}
		}
	}
}

// More CPUs online than possible do not come before, but arrays are made for
// that many.
func TestPossible(t *testing.T) {
	for possible, want := range map[string]int{"0-7": 8, "0,64": 65, "0-1": 4, "": 4} {
		sys := edited(recorded(t, "two-nodes"), map[string]string{"devices/system/cpu/possible": possible + "\n"})
		topology, err := Read(sys, Allowed{CPUs: NewSet(0)})
		if err != nil || topology.Possible != want {
			t.Errorf("with %q possible and 0-3 online: %+v, %v; want Possible of %d", possible, topology, err, want)
		}
	}
}

// FuzzRead reads two nodes, of which one has other files.
func FuzzRead(f *testing.F) {
	f.Add("0-1\n", "10 20\n", "Node 0 MemTotal: 772444 kB\nNode 0 MemFree: 753208 kB\n")
	f.Add("", "10 20", "Node 0 MemTotal: 0 kB\nNode 0 HugePages_Total: 0\n")
	f.Add("3-1", "10", "Node 0 MemTotal: x kB\n")
	f.Add("2-3", "10 -1", "")
	f.Add("0,65535", "99999999999999999999 10", "Node 0 MemTotal: 99999999999999999999 kB\n")
	f.Add("0", "1 2", "Node 0 MemTotal: 1 MB\nNode 0 MemFree: -1 kB\n")
	two := recorded(f, "two-nodes")
	const dir = "devices/system/node/node0/"
	f.Fuzz(func(t *testing.T, cpulist, distance, meminfo string) {
		if len(cpulist) > 1000 {
			return // TestParseSetOfLongLists
		}
		files := map[string]string{dir + "cpulist": cpulist, dir + "distance": distance, dir + "meminfo": meminfo}
		if cpulist == "gone" || distance == "gone" || meminfo == "gone" {
			return
		}
		topology, err := Read(edited(two, files), Allowed{CPUs: NewSet(0, 3)})
		if err != nil {
			if text := err.Error(); !strings.HasPrefix(text, "numa: "+dir) || strings.Contains(text, "\n") {
				t.Errorf("%q is not an error of one line about a file", err)
			}
			return
		}
		for _, n := range topology.Nodes {
			if n.Memory < 0 || n.UsableMemory != (n.Memory > 0) ||
				len(n.Online.Intersect(NewSet(0, 1, 2, 3))) != len(n.Online) || !slices.Equal(n.CPUs, n.Online.Intersect(NewSet(0, 3))) {
				t.Errorf("%+v is out of bounds", n)
			}
			if near := topology.Nearest(n.ID); near[0] != n.ID || len(near) != 2 {
				t.Errorf("Nearest(%d) = %v", n.ID, near)
			}
		}
		if cpus := topology.CPUs(); !slices.Equal(NewSet(topology.Spread(9)...), cpus) {
			t.Errorf("Spread gives %v of %s", topology.Spread(9), cpus)
		}
	})
}
