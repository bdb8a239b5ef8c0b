package numa

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// system returns the topology of this machine.
func system(t *testing.T) *Topology {
	t.Helper()
	topology, err := System()
	if err != nil {
		t.Fatal(err)
	}
	return topology
}

func affinity(t *testing.T) Set {
	t.Helper()
	cpus, err := Affinity()
	if err != nil {
		t.Fatal(err)
	}
	return cpus
}

// pin pins the test to CPUs until it calls undo, which checks that it undoes: the
// tests that follow run on the same threads.
func pin(t *testing.T, cpus Set) (undo func()) {
	t.Helper()
	// Lock it here too, so that it is still on the thread when that is undone.
	runtime.LockOSThread()
	before := affinity(t)
	undoPin, err := Pin(cpus)
	if err != nil {
		runtime.UnlockOSThread()
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		undoPin()
		if got := affinity(t); !slices.Equal(got, before) {
			t.Errorf("after Pin(%s) was undone, the affinity is %s, want %s", cpus, got, before)
		}
		runtime.UnlockOSThread()
	}
}

// threadStatus returns a field of the calling thread's status, such as
// Cpus_allowed_list.
func threadStatus(t *testing.T, field string) string {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); name == field {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("/proc/thread-self/status has no %s", field)
	return ""
}

// processor returns the CPU that the calling thread runs on: field 39 of its stat.
func processor(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/stat")
	if err != nil {
		t.Fatal(err)
	}
	// Field 2, the name in brackets, may contain anything.
	_, rest, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')'):]), " ")
	fields := strings.Fields(rest) // from field 3
	if len(fields) < 37 {
		t.Fatalf("/proc/thread-self/stat is %q", text)
	}
	cpu, err := strconv.Atoi(fields[39-3])
	if err != nil {
		t.Fatal(err)
	}
	return cpu
}

func TestSystem(t *testing.T) {
	topology := system(t)
	t.Logf("possible CPUs: %d\n%s", topology.Possible, strings.Join(lines(topology), "\n"))
	cpus := affinity(t)
	if got := topology.CPUs(); !slices.Equal(got, cpus) {
		t.Errorf("CPUs() = %s, but the affinity is %s", got, cpus)
	}
	if got := threadStatus(t, "Cpus_allowed_list"); got != cpus.String() {
		// The kernel's list also has CPUs that are offline.
		if allowed := list(t, got); !slices.Equal(allowed.Intersect(cpus), cpus) {
			t.Errorf("Affinity() = %s, but the kernel says %s", cpus, got)
		}
	}
	// Go counts when the program starts.
	if n := runtime.NumCPU(); n != len(cpus) {
		t.Errorf("%d CPUs to use, but runtime.NumCPU() = %d", len(cpus), n)
	}
	if topology.Possible < last(cpus)+1 {
		t.Errorf("Possible is %d with CPUs %s", topology.Possible, cpus)
	}
	for _, cpu := range cpus {
		if node := topology.NodeOf(cpu); !topology.WithCPUs().Contains(node) {
			t.Errorf("NodeOf(%d) = %d", cpu, node)
		}
	}

	text, err := os.ReadFile("/sys/devices/system/node/has_memory")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("needs a kernel with NUMA")
	}
	if err != nil {
		t.Fatal(err)
	}
	memory := list(t, strings.TrimSpace(string(text))).Intersect(list(t, threadStatus(t, "Mems_allowed_list")))
	if got := topology.WithMemory(); !slices.Equal(got, memory) {
		t.Errorf("WithMemory() = %s, but the kernel says %s", got, memory)
	}
	for _, n := range topology.Nodes {
		if (n.Memory > 0) != list(t, strings.TrimSpace(string(text))).Contains(n.ID) {
			t.Errorf("node %d has %d bytes", n.ID, n.Memory)
		}
		if d := topology.Distance(n.ID, n.ID); d != localDistance {
			t.Errorf("node %d is at a distance of %d from itself", n.ID, d)
		}
	}
}

// System is the view of the thread that asks.
func TestSystemWhenPinned(t *testing.T) {
	before := system(t)
	cpu := last(before.CPUs())
	defer pin(t, NewSet(cpu))()
	topology := system(t)
	if got := topology.CPUs(); !slices.Equal(got, NewSet(cpu)) {
		t.Errorf("when bound to CPU %d, there are CPUs %s to use", cpu, got)
	}
	for i, n := range topology.Nodes {
		if !slices.Equal(n.Online, before.Nodes[i].Online) {
			t.Errorf("when bound to CPU %d, node %d has CPUs %s, and %s before", cpu, n.ID, n.Online, before.Nodes[i].Online)
		}
	}
}

func TestPin(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, thread, listed := affinity(t), unix.Gettid(), threadStatus(t, "Cpus_allowed_list")
	for _, cpu := range before {
		undo := pin(t, NewSet(cpu))
		if got := affinity(t); !slices.Equal(got, NewSet(cpu)) {
			t.Errorf("bound to CPU %d, the affinity is %s", cpu, got)
		}
		if got := threadStatus(t, "Cpus_allowed_list"); got != strconv.Itoa(cpu) {
			t.Errorf("bound to CPU %d, the kernel says %s", cpu, got)
		}
		if got := processor(t); got != cpu {
			t.Errorf("bound to CPU %d, it runs on CPU %d", cpu, got)
		}
		if got := unix.Gettid(); got != thread {
			t.Errorf("bound to CPU %d, it runs on another thread", cpu)
		}
		undo()
		if got := threadStatus(t, "Cpus_allowed_list"); got != listed && got != before.String() {
			t.Errorf("after CPU %d was undone, the kernel says %s, want %s", cpu, got, listed)
		}
	}
}

// The kernel leaves out CPUs that the thread may not use.
func TestPinInPart(t *testing.T) {
	cpus := affinity(t)
	defer pin(t, NewSet(cpus[0], maxNumber))()
	if got := affinity(t); !slices.Equal(got, cpus[:1]) {
		t.Errorf("bound to CPUs %d and %d, the affinity is %s", cpus[0], maxNumber, got)
	}
}

func TestPinInPin(t *testing.T) {
	cpus := affinity(t)
	if len(cpus) < 2 {
		t.Skip("needs two CPUs")
	}
	first := pin(t, cpus[:1])
	second := pin(t, cpus[1:2])
	if got := affinity(t); !slices.Equal(got, cpus[1:2]) {
		t.Errorf("bound to CPU %d, then to %d, the affinity is %s", cpus[0], cpus[1], got)
	}
	second()
	if got := affinity(t); !slices.Equal(got, cpus[:1]) {
		t.Errorf("after the second was undone, the affinity is %s, want %d", got, cpus[0])
	}
	first()
	if got := affinity(t); !slices.Equal(got, cpus) {
		t.Errorf("after both were undone, the affinity is %s, want %s", got, cpus)
	}
}

func TestPinErrors(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := affinity(t)
	absent := system(t).Possible
	for list, cpus := range map[string]Set{
		"":                   nil,
		"65535":              NewSet(maxNumber),
		strconv.Itoa(absent): NewSet(absent),
	} {
		undo, err := Pin(cpus)
		want := "binding a thread to CPUs " + list + ": invalid argument"
		if undo != nil || !errors.Is(err, unix.EINVAL) || err.Error() != want {
			t.Errorf("Pin(%s): %v, want error %s", cpus, err, want)
		}
		if got := affinity(t); !slices.Equal(got, before) {
			t.Fatalf("after Pin(%s), the affinity is %s, want %s", cpus, got, before)
		}
	}
}

// onThread runs f on a goroutine of its own, locked to a thread as if by a call of
// f, which has to undo that, and returns the thread once f did. It is not the
// first thread of the process, which never ends.
func onThread(f func()) (thread int) {
	done := make(chan int)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// While this one keeps the first thread, another gets another.
			id := onThread(f)
			runtime.UnlockOSThread()
			done <- id
			return
		}
		id := unix.Gettid()
		f()
		done <- id
	}()
	return <-done
}

// lives reports whether a thread is still there after some time.
func lives(thread int, after time.Duration) bool {
	for begin := time.Now(); time.Since(begin) < after; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", thread)); err != nil {
			return false
		}
	}
	return true
}

// A thread ends with a goroutine that is still locked to it.
func TestPinUnlocks(t *testing.T) {
	cpus := affinity(t)[:1]
	tests := []struct {
		what string
		do   func()
		ends bool
	}{
		{"nothing", func() {}, false},
		{"Pin", func() {
			if _, err := Pin(cpus); err != nil {
				t.Error(err)
			}
		}, true},
		{"Pin and undo", func() {
			undo, err := Pin(cpus)
			if err != nil {
				t.Error(err)
				return
			}
			undo()
		}, false},
		{"Pin twice and undo once", func() {
			_, err1 := Pin(cpus)
			undo, err2 := Pin(cpus)
			if err1 != nil || err2 != nil {
				t.Error(err1, err2)
				return
			}
			undo()
		}, true},
		{"Pin that fails", func() {
			if _, err := Pin(NewSet(maxNumber)); err == nil {
				t.Error("bound to a CPU that does not exist")
			}
		}, false},
	}
	for _, test := range tests {
		thread := onThread(func() {
			test.do()
			runtime.UnlockOSThread() // that of onThread
		})
		wait := 100 * time.Millisecond
		if test.ends {
			wait = time.Minute
		}
		if lives(thread, wait) == test.ends {
			t.Errorf("after %s, the thread ends with its goroutine: %v, want %v", test.what, !test.ends, test.ends)
		}
	}
}

// Threads that Go starts for other goroutines meanwhile are bound to nothing.
func TestPinLeavesOtherThreads(t *testing.T) {
	before := affinity(t)
	if len(before) < 2 {
		t.Skip("needs two CPUs")
	}
	defer pin(t, before[:1])()
	const n = 20
	var all, got sync.WaitGroup
	all.Add(n)
	affinities := make([]Set, n)
	for i := range affinities {
		got.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			all.Done()
			all.Wait() // so that there are n threads
			affinities[i], _ = Affinity()
		})
	}
	got.Wait()
	for _, a := range affinities {
		if !slices.Equal(a, before) {
			t.Errorf("the affinity of a thread is %s, want %s", a, before)
		}
	}
}

// TestPinToNodes moves a thread around.
func TestPinToNodes(t *testing.T) {
	topology := system(t)
	nodes := topology.WithCPUs()
	if len(nodes) < 2 {
		t.Skip("needs two nodes with CPUs")
	}
	for round := range 3 {
		for _, id := range nodes {
			node, err := topology.Restrict(NewSet(id))
			if err != nil {
				t.Fatal(err)
			}
			undo := pin(t, node.CPUs())
			if cpu := processor(t); topology.NodeOf(cpu) != id || !node.CPUs().Contains(cpu) {
				t.Errorf("round %d: bound to node %d, CPUs %s, it runs on CPU %d", round, id, node.CPUs(), cpu)
			}
			undo()
		}
	}
}

func TestMask(t *testing.T) {
	for _, s := range []string{"", "0", "0-3,8", "31-33", "63", "64", "63-64", "127-129", "65535"} {
		m := maskOf(list(t, s))
		if got := m.set().String(); got != s {
			t.Errorf("maskOf(%s).set() = %s", s, got)
		}
		bits := 0
		if s := list(t, s); len(s) > 0 {
			bits = last(s)
		}
		if want := bits/maskBits + 1; len(m) != want {
			t.Errorf("maskOf(%s) has %d words, want %d", s, len(m), want)
		}
	}
}
