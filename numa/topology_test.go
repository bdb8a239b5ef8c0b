package numa

import (
	"fmt"
	"slices"
	"testing"
)

func TestNearest(t *testing.T) {
	tests := []struct {
		name   string
		from   int
		want   string
		memory int // what MemoryFor returns
	}{
		{"one-node", 0, "[0]", 0},
		{"one-node", 1, "[0]", 0},
		{"two-sockets", 0, "[0 1]", 0},
		{"two-sockets", 1, "[1 0]", 1},
		{"two-sockets", 2, "[0 1]", 0},
		{"two-sockets", -1, "[0 1]", 0},
		{"sixteen-nodes", 0, "[0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15]", 0},
		{"sixteen-nodes", 9, "[9 0 1 2 3 4 5 6 7 8 10 11 12 13 14 15]", 9},
		{"sixteen-sockets", 0, "[0 1 3 2 4 5 6 7 12 13 14 15 8 9 10 11]", 0},
		{"sixteen-sockets", 6, "[6 5 7 4 0 1 2 3 8 9 10 11 12 13 14 15]", 6},
		{"sixteen-sockets", 15, "[15 12 14 13 0 1 2 3 8 9 10 11 4 5 6 7]", 15},
		{"sub-numa", 0, "[0 1 2 3 4 5 6 7]", 0},
		{"sub-numa", 5, "[5 4 6 7 0 1 2 3]", 5},
		{"cxl", 0, "[0 2 1]", 0},
		{"cxl", 1, "[1 0 2]", 1},
		{"cxl", 2, "[2 0 1]", 2},
		{"memoryless", 0, "[0 1 2 3]", 0},
		{"memoryless", 1, "[1 0 2 3]", 0},
		{"memoryless", 3, "[3 0 1 2]", 0},
		{"empty-node", 1, "[1 0]", 0},
		{"offline-node", 1, "[1 0]", 1},
		{"power", 0, "[0 8]", 0},
		{"power", 8, "[8 0]", 8},
		{"no-numa", 0, "[0]", 0},
	}
	for _, test := range tests {
		topology := read(t, test.name, Allowed{})
		if got := fmt.Sprint(topology.Nearest(test.from)); got != test.want {
			t.Errorf("%s: Nearest(%d) = %s, want %s", test.name, test.from, got, test.want)
		}
		if got := topology.MemoryFor(test.from); got != test.memory {
			t.Errorf("%s: MemoryFor(%d) = %d, want %d", test.name, test.from, got, test.memory)
		}
	}
}

func TestMemoryForAllowed(t *testing.T) {
	tests := []struct {
		name   string
		memory Set
		id     int
		want   int
	}{
		{"two-sockets", NewSet(1), 0, 1},
		{"two-sockets", NewSet(1), 1, 1},
		{"two-sockets", NewSet(5), 0, -1},
		{"cxl", NewSet(1, 2), 0, 2},
		{"cxl", NewSet(0, 2), 1, 0},
		{"cxl", NewSet(0, 1), 2, 0},
		{"memoryless", NewSet(1, 2), 1, 2},
		{"memoryless", NewSet(1, 3), 1, -1},
		{"sixteen-sockets", NewSet(2, 8, 12), 0, 2},
		{"sixteen-sockets", NewSet(8, 12), 0, 12},
		{"sixteen-sockets", NewSet(2, 8, 12), 11, 8},
		{"sub-numa", NewSet(0, 7), 4, 7},
		{"power", NewSet(8), 0, 8},
	}
	for _, test := range tests {
		topology := read(t, test.name, Allowed{Memory: test.memory})
		if got := topology.MemoryFor(test.id); got != test.want {
			t.Errorf("%s with memory of %s: MemoryFor(%d) = %d, want %d", test.name, test.memory, test.id, got, test.want)
		}
	}
}

func TestNodeOf(t *testing.T) {
	tests := []struct {
		name string
		want map[int]int
	}{
		{"two-sockets", map[int]int{0: 0, 47: 0, 48: 1, 95: 1, 96: 0, 143: 0, 144: 1, 191: 1, 192: -1, -1: -1}},
		{"sixteen-sockets", map[int]int{0: 0, 23: 0, 24: 1, 200: 8, 383: 15, 384: -1}},
		{"offline-cpus", map[int]int{0: 0, 1: -1, 2: 0, 4: 1, 5: -1, 6: -1, 7: 1}},
		{"offline-node", map[int]int{0: 0, 1: -1}},
		{"power", map[int]int{63: 0, 64: 8}},
		{"no-numa", map[int]int{0: 0, 1: 0, 2: -1}},
	}
	for _, test := range tests {
		// Also of CPUs that the process may not use.
		for _, allowed := range []Allowed{{}, {CPUs: NewSet(0)}} {
			topology := read(t, test.name, allowed)
			for cpu, want := range test.want {
				if got := topology.NodeOf(cpu); got != want {
					t.Errorf("%s: NodeOf(%d) = %d, want %d", test.name, cpu, got, want)
				}
			}
		}
	}
}

func TestDistance(t *testing.T) {
	tests := []struct {
		name     string
		from, to int
		want     int
	}{
		{"two-sockets", 0, 1, 32},
		{"two-sockets", 1, 1, 10},
		{"two-sockets", 0, 2, -1},
		{"two-sockets", 2, 0, -1},
		{"two-sockets", -1, 0, -1},
		{"cxl", 1, 2, 24},
		{"cxl", 2, 0, 14},
		{"power", 0, 8, 40},
		{"power", 8, 8, 10},
		{"power", 0, 1, -1},
		{"no-numa", 0, 0, 10},
		{"no-numa", 0, 1, -1},
	}
	for _, test := range tests {
		if got := read(t, test.name, Allowed{}).Distance(test.from, test.to); got != test.want {
			t.Errorf("%s: Distance(%d, %d) = %d, want %d", test.name, test.from, test.to, got, test.want)
		}
	}
	// Tables need not be symmetric: a row is what its node sees.
	sys := edited(recorded(t, "two-nodes"), map[string]string{"devices/system/node/node1/distance": "28 10\n"})
	topology, err := Read(sys, Allowed{})
	if err != nil {
		t.Fatal(err)
	}
	if there, back := topology.Distance(0, 1), topology.Distance(1, 0); there != 20 || back != 28 {
		t.Errorf("distances are %d and %d, want 20 and 28", there, back)
	}
}

func TestSpread(t *testing.T) {
	tests := []struct {
		name string
		cpus string // to use
		n    int
		want string
	}{
		{"two-sockets", "0-191", -1, "[]"},
		{"two-sockets", "0-191", 0, "[]"},
		{"two-sockets", "0-191", 1, "[0]"},
		{"two-sockets", "0-191", 2, "[0 48]"},
		{"two-sockets", "0-191", 3, "[0 48 1]"},
		{"two-sockets", "0-191", 6, "[0 48 1 49 2 50]"},
		{"two-sockets", "0-5,50", 5, "[0 50 1 2 3]"},
		{"two-sockets", "0-2,50", 1000, "[0 50 1 2]"},
		{"sixteen-sockets", "0-383", 3, "[0 24 48]"},
		{"sixteen-sockets", "0-383", 18, "[0 24 48 72 96 120 144 168 192 216 240 264 288 312 336 360 1 25]"},
		{"sub-numa", "0-223", 9, "[0 14 28 42 56 70 84 98 1]"},
		{"cxl", "0-127", 4, "[0 32 1 33]"},
		{"offline-cpus", "0-7", 8, "[0 4 2 7 3]"},
		{"offline-node", "0-1", 2, "[0]"},
		{"power", "0-127", 3, "[0 64 1]"},
		{"no-numa", "0-3", 4, "[0 1]"},
	}
	for _, test := range tests {
		topology := read(t, test.name, Allowed{CPUs: list(t, test.cpus)})
		if got := fmt.Sprint(topology.Spread(test.n)); got != test.want {
			t.Errorf("%s with CPUs %s: Spread(%d) = %s, want %s", test.name, test.cpus, test.n, got, test.want)
		}
	}
}

// On every machine and for every n, Spread is even, and a longer one begins with
// the shorter ones.
func TestSpreadIsEven(t *testing.T) {
	for _, name := range names(t) {
		topology := read(t, name, Allowed{})
		all := topology.Spread(1 << 30)
		if !slices.Equal(NewSet(all...), topology.CPUs()) || len(all) != len(topology.CPUs()) {
			t.Errorf("%s: Spread gives CPUs %v of %s", name, all, topology.CPUs())
		}
		count := map[int]int{} // CPUs by node
		for n := range len(all) {
			if got := topology.Spread(n); !slices.Equal(got, all[:n]) {
				t.Errorf("%s: Spread(%d) = %v, want %v", name, n, got, all[:n])
			}
			node := topology.NodeOf(all[n])
			for _, other := range topology.Nodes {
				if count[other.ID] < count[node] && count[other.ID] < len(other.CPUs) {
					t.Errorf("%s: CPU %d in Spread is one of node %d, which has %d before, but node %d has %d", name, n, node, count[node], other.ID, count[other.ID])
				}
			}
			count[node]++
		}
	}
}

func TestNearestOnEveryMachine(t *testing.T) {
	for _, name := range names(t) {
		topology := read(t, name, Allowed{})
		for _, from := range topology.IDs() {
			near := topology.Nearest(from)
			if !slices.Equal(NewSet(near...), topology.IDs()) || len(near) != len(topology.Nodes) || near[0] != from {
				t.Errorf("%s: Nearest(%d) = %v, of nodes %s", name, from, near, topology.IDs())
			}
			if !slices.IsSortedFunc(near, func(a, b int) int { return topology.Distance(from, a) - topology.Distance(from, b) }) {
				t.Errorf("%s: Nearest(%d) = %v, which is not by distance", name, from, near)
			}
			if memory := topology.MemoryFor(from); !topology.WithMemory().Contains(memory) {
				t.Errorf("%s: MemoryFor(%d) = %d, which has no memory", name, from, memory)
			}
		}
	}
}

func TestRestrict(t *testing.T) {
	tests := []struct {
		name string
		to   Set
		want []string
		cpus string // all CPUs to use
	}{
		{"two-sockets", NewSet(1), []string{
			"0: none of 0-47,96-143; 395958128 kB not to use; 10 32",
			"1: all of 48-95,144-191; 396317684 kB; 32 10",
		}, "48-95,144-191"},
		{"two-sockets", NewSet(0, 1), []string{
			"0: all of 0-47,96-143; 395958128 kB; 10 32",
			"1: all of 48-95,144-191; 396317684 kB; 32 10",
		}, "0-191"},
		{"cxl", NewSet(0), []string{
			"0: all of 0-31,64-95; 263843208 kB; 10 21 14",
			"1: none of 32-63,96-127; 264191532 kB not to use; 21 10 24",
			"2: no CPUs; 134217728 kB not to use; 14 24 10",
		}, "0-31,64-95"},
		// Its memory is what it had: none.
		{"memoryless", NewSet(1), []string{
			"0: none of 0-7,32-39; 65872584 kB not to use; 10 16 16 16",
			"1: all of 16-23,48-55; 0 kB not to use; 16 10 16 16",
			"2: none of 8-15,40-47; 65989948 kB not to use; 16 16 10 16",
			"3: none of 24-31,56-63; 0 kB not to use; 16 16 16 10",
		}, "16-23,48-55"},
		{"power", NewSet(8), []string{
			"0: none of 0-63; 267790976 kB not to use; 10 40",
			"8: all of 64-127; 267903552 kB; 40 10",
		}, "64-127"},
		{"no-numa", NewSet(0), []string{"0: all of 0-1; 0 kB; 10"}, "0-1"},
	}
	for _, test := range tests {
		topology := read(t, test.name, Allowed{})
		before := lines(topology)
		r, err := topology.Restrict(test.to)
		if err != nil {
			t.Errorf("%s: Restrict(%s): %v", test.name, test.to, err)
			continue
		}
		checkLines(t, fmt.Sprintf("%s, restricted to %s,", test.name, test.to), r, test.want)
		if got := r.CPUs().String(); got != test.cpus {
			t.Errorf("%s: Restrict(%s).CPUs() = %s, want %s", test.name, test.to, got, test.cpus)
		}
		if got := r.WithCPUs(); !slices.Equal(got, test.to) || r.Possible != topology.Possible {
			t.Errorf("%s: Restrict(%s) has CPUs on %s, and Possible is %d", test.name, test.to, got, r.Possible)
		}
		checkLines(t, test.name+", when another was restricted,", topology, before)
		again, err := r.Restrict(test.to)
		if err != nil {
			t.Errorf("%s: Restrict(%s) twice: %v", test.name, test.to, err)
			continue
		}
		checkLines(t, fmt.Sprintf("%s, restricted to %s twice,", test.name, test.to), again, test.want)
	}

	// With a cpuset, which may leave less.
	topology := read(t, "sixteen-sockets", Allowed{CPUs: NewSet(30, 31, 383), Memory: NewSet(1)})
	r, err := topology.Restrict(NewSet(15))
	if err != nil {
		t.Fatal(err)
	}
	if cpus, memory := r.CPUs().String(), r.WithMemory().String(); cpus != "383" || memory != "" || r.MemoryFor(15) != -1 {
		t.Errorf("sixteen-sockets with CPUs 30-31,383 and memory of node 1, restricted to node 15, has CPUs %s and memory of %q", cpus, memory)
	}
}

func TestRestrictErrors(t *testing.T) {
	tests := []struct {
		name    string
		allowed Allowed
		to      Set
		want    string
	}{
		{"two-sockets", Allowed{}, nil, "no nodes given"},
		{"two-sockets", Allowed{}, Set{}, "no nodes given"},
		{"two-sockets", Allowed{}, NewSet(2), "node 2: does not exist; the nodes are 0-1"},
		{"two-sockets", Allowed{}, NewSet(0, 7), "node 7: does not exist; the nodes are 0-1"},
		{"power", Allowed{}, NewSet(0, 1), "node 1: does not exist; the nodes are 0,8"},
		{"no-numa", Allowed{}, NewSet(1), "node 1: does not exist; the nodes are 0"},
		{"cxl", Allowed{}, NewSet(2), "node 2: has no CPU; nodes with CPUs to use are 0-1"},
		{"cxl", Allowed{}, NewSet(0, 2), "node 2: has no CPU; nodes with CPUs to use are 0-1"},
		{"offline-node", Allowed{}, NewSet(1), "node 1: has no CPU; nodes with CPUs to use are 0"},
		{"empty-node", Allowed{}, NewSet(1), "node 1: has no CPU; nodes with CPUs to use are 0"},
		{"two-sockets", Allowed{CPUs: NewSet(0, 96)}, NewSet(1), "node 1: this process may use none of its CPUs, 48-95,144-191; nodes with CPUs to use are 0"},
		{"sixteen-sockets", Allowed{CPUs: NewSet(30, 31, 383)}, NewSet(0, 1), "node 0: this process may use none of its CPUs, 0-23; nodes with CPUs to use are 1,15"},
	}
	for _, test := range tests {
		topology := read(t, test.name, test.allowed)
		if r, err := topology.Restrict(test.to); err == nil || err.Error() != test.want || r != nil {
			t.Errorf("%s: Restrict(%s) = %v, %v; want error %s", test.name, test.to, r, err, test.want)
		}
	}
}
