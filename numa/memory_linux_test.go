package numa

import (
	"bufio"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

var pageSize = os.Getpagesize()

// placed fails the test if err is one, or skips it if the kernel does not place
// memory at all.
func placed(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		t.Skipf("needs memory policies: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// mapping returns new pages, which are small.
func mapping(t *testing.T, pages int) []byte {
	t.Helper()
	p, err := unix.Mmap(-1, 0, pages*pageSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(p) })
	unix.Madvise(p, unix.MADV_NOHUGEPAGE) // unknown to kernels without them
	return p
}

// touch makes the pages of p.
func touch(p []byte) {
	for i := 0; i < len(p); i += pageSize {
		p[i] = 1
	}
}

// located returns the nodes of all pages of p.
func located(t *testing.T, p []byte) []int {
	t.Helper()
	var offsets []int
	for i := 0; i < len(p); i += pageSize {
		offsets = append(offsets, i)
	}
	nodes := slices.Repeat([]int{-7}, len(offsets))
	placed(t, Locate(p, offsets, nodes))
	return nodes
}

// checkLocated checks that all pages of p are on one node.
func checkLocated(t *testing.T, what string, p []byte, want int) {
	t.Helper()
	nodes := located(t, p)
	if slices.ContainsFunc(nodes, func(n int) bool { return n != want }) {
		t.Errorf("%s: pages are on nodes %v, want %d", what, nodes, want)
	}
}

// policyOf returns the kernel's word for the policy of p, such as bind:0. It is the
// thread's if p has none.
func policyOf(t *testing.T, p []byte) string {
	t.Helper()
	f, err := os.Open("/proc/thread-self/numa_maps")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("needs /proc/PID/numa_maps")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	policy := ""
	// What has the same policy as its neighbour may be one with it.
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		start, err := strconv.ParseUint(fields[0], 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		if uintptr(start) > address(p, 0) {
			break
		}
		policy = fields[1]
	}
	return policy
}

// withMemory returns the nodes with memory, or skips the test if they are fewer
// than n.
func withMemory(t *testing.T, n int) Set {
	t.Helper()
	nodes := system(t).WithMemory()
	if len(nodes) < n {
		t.Skipf("needs %d nodes with memory", n)
	}
	return nodes
}

func TestSetPolicy(t *testing.T) {
	node := withMemory(t, 1)[0]
	on, id := NewSet(node), strconv.Itoa(node)
	tests := []struct {
		policy Policy
		on     Set
		want   string
	}{
		{Preferred, on, "prefer:" + id},
		{Bound, on, "bind:" + id},
		{Interleave, on, "interleave:" + id},
		{Preferred, nil, "local"},
		{Default, nil, "default"},
		// Nodes that do not exist are left out.
		{Bound, NewSet(node, 1000), "bind:" + id},
	}
	for _, test := range tests {
		// The pages before and after those are no concern of it.
		p := mapping(t, 30)
		middle := p[10*pageSize : 20*pageSize]
		placed(t, SetPolicy(middle, test.policy, test.on))
		if got := policyOf(t, middle); got != test.want {
			t.Errorf("SetPolicy(%d, %s): the kernel says %s, want %s", test.policy, test.on, got, test.want)
		}
		for _, other := range [][]byte{p, p[20*pageSize:]} {
			if got := policyOf(t, other); got != "default" {
				t.Errorf("SetPolicy(%d, %s): beside it, the kernel says %s, want default", test.policy, test.on, got)
			}
		}
		touch(middle)
		if test.on != nil {
			checkLocated(t, test.want, middle, node)
		} else if i := slices.Index(located(t, middle), -1); i >= 0 {
			t.Errorf("%s: page %d is nowhere", test.want, i)
		}
		checkLocated(t, "pages before", p[:10*pageSize], -1)

		// And back.
		placed(t, SetPolicy(middle, Default, nil))
		if got := policyOf(t, middle); got != "default" {
			t.Errorf("SetPolicy(Default) after %d: the kernel says %s", test.policy, got)
		}
	}
	// A last page in part is set as a whole.
	p := mapping(t, 2)
	placed(t, SetPolicy(p[:pageSize+1], Bound, on))
	if got := policyOf(t, p[pageSize:]); got != "bind:"+id {
		t.Errorf("a page of which one byte is bound: the kernel says %s", got)
	}
}

func TestSetPolicyErrors(t *testing.T) {
	node := withMemory(t, 1)[0]
	on, id := NewSet(node), strconv.Itoa(node)
	p := mapping(t, 2)
	placed(t, SetPolicy(p, Default, nil))
	tests := []struct {
		p      []byte
		policy Policy
		on     Set
		want   string
	}{
		{p, Bound, NewSet(1000), "placing memory on node 1000: mbind: invalid argument"},
		{p, Preferred, NewSet(1000), "placing memory on node 1000: mbind: invalid argument"},
		{p, Bound, NewSet(maxNumber), "placing memory on node 65535: mbind: invalid argument"},
		{p, Bound, nil, "placing memory on node : mbind: invalid argument"},
		{p, Interleave, nil, "placing memory on node : mbind: invalid argument"},
		{p, Default, on, "placing memory on node " + id + ": mbind: invalid argument"},
		{p, 99, on, "placing memory on node " + id + ": mbind: invalid argument"},
		{p[1:], Bound, on, "placing memory on node " + id + ": mbind: invalid argument"},
	}
	for _, test := range tests {
		err := SetPolicy(test.p, test.policy, test.on)
		if !errors.Is(err, unix.EINVAL) || err.Error() != test.want {
			t.Errorf("SetPolicy(%d, %s): %v; want error %s", test.policy, test.on, err, test.want)
		}
	}
	if got := policyOf(t, p); got != "default" {
		t.Errorf("after errors, the kernel says %s", got)
	}
	// Nothing is nowhere.
	for _, p := range [][]byte{nil, {}, p[:0]} {
		if err := SetPolicy(p, Bound, NewSet(1000)); err != nil {
			t.Errorf("SetPolicy of no bytes: %v", err)
		}
	}
}

// What follows needs several nodes.

func TestMemoryOnEveryNode(t *testing.T) {
	nodes := withMemory(t, 2)
	for _, node := range nodes {
		on, id := NewSet(node), strconv.Itoa(node)
		for name, policy := range map[string]Policy{"bound to node ": Bound, "preferred on node ": Preferred, "interleaved on node ": Interleave} {
			p := mapping(t, 64)
			placed(t, SetPolicy(p, policy, on))
			touch(p)
			checkLocated(t, name+id, p, node)
		}
	}
}

func TestFirstTouch(t *testing.T) {
	nodes := withMemory(t, 2)
	topology := system(t)
	for _, node := range topology.WithCPUs().Intersect(nodes) {
		r, err := topology.Restrict(NewSet(node))
		if err != nil {
			t.Fatal(err)
		}
		undo := pin(t, r.CPUs())
		p := mapping(t, 64)
		touch(p)
		checkLocated(t, "touched by CPUs "+r.CPUs().String(), p, node)
		undo()
	}
	// A policy wins over the CPU.
	for _, cpus := range topology.WithCPUs() {
		for _, node := range nodes {
			r, err := topology.Restrict(NewSet(cpus))
			if err != nil {
				t.Fatal(err)
			}
			undo := pin(t, r.CPUs())
			p := mapping(t, 8)
			placed(t, SetPolicy(p, Bound, NewSet(node)))
			touch(p)
			checkLocated(t, "bound to node "+strconv.Itoa(node)+", touched by CPUs "+r.CPUs().String(), p, node)
			undo()
		}
	}
}

func TestInterleave(t *testing.T) {
	nodes := withMemory(t, 2)
	for i, a := range nodes[:len(nodes)-1] {
		b := nodes[i+1]
		p := mapping(t, 64)
		placed(t, SetPolicy(p, Interleave, NewSet(a, b)))
		touch(p)
		got := located(t, p)
		for i, node := range got {
			if node != a && node != b || i > 0 && node == got[i-1] {
				t.Errorf("pages are on nodes %v, want %d and %d in turn", got, a, b)
				break
			}
		}
	}
}

// Pages that exist stay where they are.
func TestSetPolicyOfPages(t *testing.T) {
	nodes := withMemory(t, 2)
	for _, a := range nodes {
		for _, b := range nodes {
			p := mapping(t, 20)
			placed(t, SetPolicy(p, Bound, NewSet(a)))
			touch(p[:10*pageSize])
			placed(t, SetPolicy(p, Bound, NewSet(b)))
			touch(p)
			checkLocated(t, "made before", p[:10*pageSize], a)
			checkLocated(t, "made after", p[10*pageSize:], b)
		}
	}
}
