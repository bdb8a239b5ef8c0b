package transport

import (
	"bytes"
	"errors"
	"log"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestPlacementErrors(t *testing.T) {
	for name, p := range map[string]Placement{
		"no CPU":              {},
		"fewer nodes":         {CPUs: []int{0, 1}, Nodes: []int{0}},
		"queue beyond":        {CPUs: []int{0, 1}, Queues: []int{0, 2}},
		"queue with no place": {CPUs: []int{0, 1}, Queues: []int{-1, 0}},
	} {
		k, fd := newKernel(t)
		if _, err := New(fd, newTestFS(), Options{Placement: p}); err == nil {
			t.Errorf("%s: no error", name)
		}
		if !k.closed() {
			t.Errorf("%s: the descriptor is still open", name)
		}
	}
}

func TestMaxBackground(t *testing.T) {
	for cpus, want := range map[int]int{1: 64, 16: 64, 17: 68, 96: 384, 1 << 15: 65535} {
		s := Server{placement: Placement{CPUs: make([]int, cpus)}}
		if got := (&Server{maybeSlow: true, placement: s.placement}).maxBackground(); got != max(want, slowBackground) {
			t.Errorf("%d CPUs, files may be slow: %d", cpus, got)
		}
		if got := s.maxBackground(); got != want {
			t.Errorf("%d CPUs: %d, want %d", cpus, got, want)
		}
	}
}

// Every queue has one thread, and threads turn to those of their node first.
func TestThreads(t *testing.T) {
	r := &rings{Server: &Server{placement: Placement{
		CPUs:   []int{0, 4, 1, 5},
		Nodes:  []int{0, 1, 0, 1},
		Queues: []int{0, 2, 0, 2, 1, 1, 1, 1}, // none for CPU 5
	}}}
	threads := newThreads(r)
	for i, want := range []struct {
		cpu    int
		queues []int
		others []int // their CPUs
	}{
		{0, []int{0, 2}, []int{1, 4}},
		{4, []int{4, 5, 6, 7}, []int{1, 0}},
		{1, []int{1, 3}, []int{0, 4}},
	} {
		got := threads[i]
		var others []int
		for _, o := range got.others {
			others = append(others, o.cpu)
		}
		if got.cpu != want.cpu || !slices.Equal(got.queues, want.queues) || !slices.Equal(others, want.others) {
			t.Errorf("thread %d: CPU %d, queues %d, others %d; want %+v", i, got.cpu, got.queues, others, want)
		}
	}
	if len(threads) != 3 {
		t.Errorf("%d threads", len(threads))
	}
}

// What is handed in is called by every worker, for its CPU, and what it cannot
// do is logged and does no harm.
func TestPlacementCalls(t *testing.T) {
	for _, fail := range []error{nil, errors.New("refused here")} {
		var mu sync.Mutex
		pinned, placed := map[int]int{}, map[int]int{}
		p := Placement{CPUs: []int{3, 5}, Pin: func(cpu int) error {
			mu.Lock()
			defer mu.Unlock()
			pinned[cpu]++
			return fail
		}, Place: func(p []byte, cpu int) error {
			mu.Lock()
			defer mu.Unlock()
			if placed[cpu]++; len(p) < workerMemory(testRequest, 0) || address(p)%uintptr(pageSize) != 0 {
				t.Errorf("placing %d bytes at %#x", len(p), address(p))
			}
			return fail
		}}
		k, fd := newKernel(t)
		k.sendInit(45, 0)
		var text bytes.Buffer
		s, err := New(fd, newTestFS(), Options{Kind: Dev, Request: testRequest, Placement: p, Log: log.New(&text, "", 0)})
		if err != nil {
			t.Fatal(err)
		}
		k.receiveInit()
		done := make(chan struct{})
		go func() {
			s.Serve()
			close(done)
		}()
		k.sendRead(7, 1000, 0, 10)
		if r := k.receive(); r.unique != 7 || r.errno != 0 || len(r.data) != 10 {
			t.Errorf("%+v", r)
		}
		// Both are awake from the start, but one may have come late.
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
			mu.Lock()
			both := len(pinned) == 2
			mu.Unlock()
			if both {
				break
			}
		}
		unix.Shutdown(k.fd, unix.SHUT_RDWR)
		<-done
		if len(pinned) != 2 || pinned[3] != 1 || pinned[5] != 1 || len(placed) != 2 || placed[3] != 1 || placed[5] != 1 {
			t.Errorf("bound %v, placed %v", pinned, placed)
		}
		if n := strings.Count(text.String(), "refused here"); n != 4 && fail != nil || n != 0 && fail == nil {
			t.Errorf("the log is %q", text.String())
		}
	}
}
