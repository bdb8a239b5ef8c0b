package transport

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// woken takes the wakes of all workers and returns who had one.
func woken(workers []*worker) (who []int) {
	for i, w := range workers {
		select {
		case <-w.wake:
			who = append(who, i)
		default:
		}
	}
	return who
}

// Workers do not run here: this is the bookkeeping of who is awake.
func TestPool(t *testing.T) {
	const n = 5
	_, fd := newKernel(t)
	defer unix.Close(fd)
	p, err := newPool(&Server{fd: fd, ending: &ending{fd: -1}, request: testRequest, placement: Placement{CPUs: make([]int, n)}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.workers[0].close()
	workers := slices.Clone(p.workers)
	check := func(what string, awake int) {
		t.Helper()
		if p.awake != awake || len(p.parked) != n-awake || int(p.idle.Load()) != n-awake {
			t.Fatalf("%s: %d awake, %d asleep, %d sleepers; want %d awake of %d", what, p.awake, len(p.parked), p.idle.Load(), awake, n)
		}
		for i, w := range p.parked {
			if slices.Contains(p.parked[:i], w) {
				t.Fatalf("%s: worker %d sleeps twice", what, slices.Index(workers, w))
			}
		}
		// Served adds these up.
		if !slices.Equal(p.workers, workers) {
			t.Fatalf("%s: the list of all workers has changed", what)
		}
	}
	check("at first", minAwake)
	if p.park(workers[0]) {
		t.Error("fewer are awake than there have to be")
	}
	check("less at first", minAwake)

	// Woken up in their order.
	for awake := minAwake + 1; awake <= n; awake++ {
		p.wakeOne(0)
		if who := woken(workers); !slices.Equal(who, []int{awake - 1}) {
			t.Fatalf("more woke %d up, with the first %d awake", who, awake-1)
		}
		check("more", awake)
	}
	p.wakeOne(0)
	if who := woken(workers); who != nil {
		t.Errorf("%d were woken up with nobody asleep", who)
	}
	check("more with nobody asleep", n)

	for awake := n - 1; awake >= minAwake; awake-- {
		if !p.park(workers[awake]) {
			t.Fatalf("worker %d may not sleep", awake)
		}
		check("less", awake)
	}
	if p.park(workers[0]) || p.park(workers[1]) {
		t.Error("fewer are awake than there have to be")
	}
	// One that slept last is woken up first, and others may sleep instead.
	p.wakeOne(0)
	if who := woken(workers); !slices.Equal(who, []int{minAwake}) {
		t.Errorf("%d were woken up, want %d", who, minAwake)
	}
	if !p.park(workers[0]) || p.park(workers[1]) {
		t.Error("one too many is awake")
	}
	check("another sleeps", minAwake)
}

// Who is woken up is of the node where there is much to do.
func TestPoolNodes(t *testing.T) {
	_, fd := newKernel(t)
	defer unix.Close(fd)
	placement := Placement{CPUs: []int{0, 4, 1, 5, 2, 6}, Nodes: []int{0, 1, 0, 1, 0, 1}}
	p, err := newPool(&Server{fd: fd, ending: &ending{fd: -1}, request: testRequest, placement: placement})
	if err != nil {
		t.Fatal(err)
	}
	defer p.workers[0].close()
	for i, w := range p.workers {
		if w.cpu != placement.CPUs[i] || w.node != placement.Nodes[i] {
			t.Errorf("worker %d is on CPU %d of node %d", i, w.cpu, w.node)
		}
	}
	// Nodes 1 has none left the third time, node 7 has none at all.
	for i, test := range []struct{ node, who int }{{1, 3}, {1, 5}, {1, 2}, {7, 4}} {
		p.wakeOne(test.node)
		if who := woken(p.workers); !slices.Equal(who, []int{test.who}) {
			t.Errorf("call %d: %d were woken up for node %d, want %d", i, who, test.node, test.who)
		}
	}
}

func TestPoolSize(t *testing.T) {
	for _, test := range []struct {
		cpus, workers, awake int
		rings                *rings
	}{
		{1, minAwake, minAwake, nil},
		{2, 2, minAwake, nil},
		{64, 64, minAwake, nil},
		{64, 64, 1, &rings{}},
	} {
		_, fd := newKernel(t)
		p, err := newPool(&Server{fd: fd, ending: &ending{fd: -1}, request: pageSize, rings: test.rings, placement: Placement{CPUs: make([]int, test.cpus)}})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.workers) != test.workers || p.awake != test.awake || len(p.parked) != test.workers-test.awake {
			t.Errorf("%d CPUs: %d workers, %d awake, %d asleep", test.cpus, len(p.workers), p.awake, len(p.parked))
		}
		p.workers[0].close()
		unix.Close(fd)
	}
}
