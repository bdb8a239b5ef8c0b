package transport

import (
	"log"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pins records which CPUs have workers: each calls Pin when it is first needed.
type pins struct {
	mu   sync.Mutex
	cpus map[int]int
}

func (p *pins) pin(cpu int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cpus == nil {
		p.cpus = make(map[int]int)
	}
	p.cpus[cpu]++
	return nil
}

func (p *pins) get() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.cpus))
}

// await waits until n CPUs have workers.
func (p *pins) await(t *testing.T, n int) {
	t.Helper()
	for end := time.Now().Add(patience); len(p.get()) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("CPUs %d have workers, want %d of them", p.get(), n)
		}
	}
}

// serveQueued serves requests that are all there before anybody answers.
func serveQueued(t *testing.T, placement Placement, requests int) (*connection, *pins) {
	t.Helper()
	k, fd := newKernel(t)
	c := &connection{kernel: k, fs: newTestFS(), done: make(chan struct{})}
	k.sendInit(45, 0)
	var p pins
	placement.Pin = p.pin
	var err error
	if c.server, err = New(fd, c.fs, Options{Kind: Dev, Request: testRequest, Placement: placement, Log: log.New(&c.log, "", 0)}); err != nil {
		t.Fatal(err)
	}
	k.receiveInit()
	for i := range requests {
		k.sendRead(uint64(i), 1<<20, uint64(i), 10)
	}
	go func() {
		c.server.Serve()
		close(c.done)
	}()
	seen := make(map[uint64]bool)
	for range requests {
		r := k.receive()
		if r.errno != 0 || len(r.data) != 10 || seen[r.unique] {
			t.Fatalf("%+v", r)
		}
		seen[r.unique] = true
	}
	return c, &p
}

// When more requests come than those who are awake can answer, the workers of all CPUs
// are woken up, and nothing is lost or answered twice.
func TestWorkersWakeUnderLoad(t *testing.T) {
	placement := Placement{CPUs: []int{0, 1, 2, 3, 4}}
	// Each of those awake wakes another one when it has found so many in a row.
	c, pins := serveQueued(t, placement, len(placement.CPUs)*2*crowded)
	pins.await(t, len(placement.CPUs))
	c.end()
}

// Who is woken up is of the node that has much to do, if there is one left, and
// otherwise the first one in order.
func TestWorkersOfTheBusyNodeFirst(t *testing.T) {
	for _, test := range []struct {
		nodes []int
		want  []int
	}{
		{nil, []int{10, 11, 12}},
		{[]int{1, 1, 0, 1}, []int{10, 11, 13}},
		{[]int{1, 1, 0, 0}, []int{10, 11, 12}},
	} {
		// Whoever of the two who are awake gets most of them, only one finds so
		// many in a row, and once.
		c, pins := serveQueued(t, Placement{CPUs: []int{10, 11, 12, 13}, Nodes: test.nodes}, 2*crowded-1)
		pins.await(t, len(test.want))
		c.end()
		if got := pins.get(); !slices.Equal(got, test.want) {
			t.Errorf("nodes %d: the CPUs %d have workers, want %d", test.nodes, got, test.want)
		}
	}
}

// Whatever workers do, enough stay awake, nobody is parked who is needed, and nobody
// is woken up who was not parked.
func TestPoolInvariants(t *testing.T) {
	for _, cpus := range []int{1, 2, 3, 8} {
		end, err := newEnding()
		if err != nil {
			t.Fatal(err)
		}
		_, fd := newKernel(t)
		t.Cleanup(func() { unix.Close(fd); unix.Close(end.fd) })
		p, err := newPool(&Server{fd: fd, ending: end, request: testRequest, placement: Placement{CPUs: make([]int, cpus)}})
		if err != nil {
			t.Fatal(err)
		}
		isAwake := make(map[*worker]bool)
		for _, w := range p.workers[:minAwake] {
			isAwake[w] = true
		}
		random := rand.New(rand.NewPCG(1, uint64(cpus)))
		for step := range 2000 {
			awake := slices.Collect(maps.Keys(isAwake))
			slices.SortFunc(awake, func(a, b *worker) int { return slices.Index(p.workers, a) - slices.Index(p.workers, b) })
			w := awake[random.IntN(len(awake))]
			switch before := len(awake); {
			case random.IntN(2) == 0:
				p.wakeOne(w.node)
			case p.park(w):
				delete(isAwake, w)
				if before <= minAwake {
					t.Fatalf("step %d: one of %d may sleep", step, before)
				}
			case before > minAwake:
				t.Fatalf("step %d: nobody of %d may sleep", step, before)
			}
			woken := 0
			for _, w := range p.workers {
				select {
				case <-w.wake:
					if isAwake[w] {
						t.Fatalf("step %d: a worker that is awake is woken up", step)
					}
					isAwake[w] = true
					woken++
				default:
				}
			}
			if woken > 1 {
				t.Fatalf("step %d: %d are woken up", step, woken)
			}
		}
		// Those that fail are replaced, until nobody is left.
		for len(isAwake) > 0 {
			if end.hasToEnd() {
				t.Fatalf("%d CPUs: it ends with %d workers", cpus, len(isAwake))
			}
			for w := range isAwake {
				delete(isAwake, w)
				p.drop(w)
				break
			}
			for _, w := range p.workers {
				select {
				case <-w.wake:
					isAwake[w] = true
				default:
				}
			}
		}
		if !end.hasToEnd() {
			t.Errorf("%d CPUs: it goes on without workers", cpus)
		}
		p.close()
	}
}

// Beside rings, one worker is enough: what comes over /dev/fuse is rare.
func TestPoolBesideRings(t *testing.T) {
	end, err := newEnding()
	if err != nil {
		t.Fatal(err)
	}
	_, fd := newKernel(t)
	t.Cleanup(func() { unix.Close(fd); unix.Close(end.fd) })
	p, err := newPool(&Server{fd: fd, ending: end, request: pageSize, rings: &rings{}, placement: Placement{CPUs: make([]int, 64)}})
	if err != nil {
		t.Fatal(err)
	}
	if p.awake != 1 || p.workers[0].pipe != nil {
		t.Errorf("%d workers are awake; the first one has a pipe: %v", p.awake, p.workers[0].pipe != nil)
	}
	p.close()
}

// A worker that cannot have its descriptors closes none of others.
func TestNoDescriptors(t *testing.T) {
	c := connect(t)
	w := &worker{pool: c.server.pool, cpu: c.server.placement.CPUs[0]}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	err := w.setUp()
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if err == nil {
		t.Error("a worker has descriptors, though there are none")
	}
	if w.close(); !isOpen(0) {
		t.Error("descriptor 0 was closed")
	}
	c.end()
}

func isOpen(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil
}
