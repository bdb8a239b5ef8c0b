//go:build e2e || nodes

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/gen"
	"github.com/dgenfs/dgenfs/numa"
)

// threadCPUs returns the CPUs that a thread may run on, and where it ran last.
func threadCPUs(t *testing.T, pid, tid int) (may numa.Set, last int) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/task/%d", pid, tid)
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			if may, err = numa.ParseSet(strings.TrimSpace(list)); err != nil {
				t.Fatal(err)
			}
		}
	}
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	// After the name, which may have anything in it, come fields 3 to 52;
	// processor is the 39th.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if last, err = strconv.Atoi(fields[39-3]); err != nil {
		t.Fatal(err)
	}
	return may, last
}

// readFromEveryCPU reads a file on every CPU at once and compares it.
func readFromEveryCPU(t *testing.T, dir string, topology *numa.Topology) {
	t.Helper()
	const name, size = "1G,seed=5", 16 << 20
	g, err := gen.New(gen.Config{Size: 1 << 30, Seed: 5, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	want := make([]byte, size)
	if _, err := g.ReadAt(want, 0); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for _, cpu := range topology.CPUs() {
		all.Go(func() {
			undo, err := numa.Pin(numa.Set{cpu})
			if err != nil {
				t.Error(err)
				return
			}
			defer undo()
			file, err := os.Open(filepath.Join(dir, name))
			if err != nil {
				t.Error(err)
				return
			}
			defer file.Close()
			got := make([]byte, 256<<10)
			for off := 0; off < size; off += len(got) {
				if _, err := io.ReadFull(file, got); err != nil || !bytes.Equal(got, want[off:off+len(got)]) {
					t.Errorf("on CPU %d: wrong bytes at %d, %v", cpu, off, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// awaitBound waits until the threads of a server that are bound to one CPU are on all of
// some CPUs, or on as many of them as have a thread without load: two. It is an error
// if one is bound elsewhere.
func awaitBound(t *testing.T, pid int, cpus numa.Set, all bool) numa.Set {
	t.Helper()
	want := len(cpus)
	if !all {
		want = min(want, 2)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		bound := boundThreads(t, pid)
		if len(bound.Intersect(cpus)) != len(bound) {
			t.Fatalf("threads are bound to CPUs %s, want some of %s", bound, cpus)
		}
		if len(bound) >= want {
			return bound
		}
		if time.Now().After(deadline) {
			t.Fatalf("threads are bound to CPUs %s only, want %d of %s", bound, want, cpus)
		}
	}
}

// boundThreads returns the CPUs to which those threads of a process are bound that may
// run on one CPU only.
func boundThreads(t *testing.T, pid int) numa.Set {
	t.Helper()
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	var bound []int
	for _, task := range tasks {
		tid, err := strconv.Atoi(task.Name())
		if err != nil {
			t.Fatal(err)
		}
		may, last := threadCPUs(t, pid, tid)
		if len(may) != 1 {
			continue
		}
		if may[0] != last {
			t.Errorf("thread %d is bound to CPU %d and ran on %d", tid, may[0], last)
		}
		bound = append(bound, may[0])
	}
	return numa.NewSet(bound...)
}
