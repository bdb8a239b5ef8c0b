//go:build nodes

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/fs"
	"github.com/dgenfs/dgenfs/fs/transport"
	"github.com/dgenfs/dgenfs/numa"
	"golang.org/x/sys/unix"
)

// nodesProgram is the program under test, beside this one.
const nodesProgram = "./dgenfs"

// runProgram returns what the program has written to standard output and standard error,
// and its exit status.
func runProgram(t *testing.T, attr *syscall.SysProcAttr, args ...string) (text string, status int) {
	t.Helper()
	cmd := exec.Command(nodesProgram, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = attr
	cmd.WaitDelay = time.Minute // the server has the same standard error until it is ready
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// mountNodes mounts and returns the mount point and the server's process.
func mountNodes(t *testing.T, attr *syscall.SysProcAttr, flags ...string) (dir string, pid int) {
	t.Helper()
	dir = t.TempDir()
	if text, status := runProgram(t, attr, append(flags, dir)...); status != 0 {
		t.Fatalf("%q: status %d, %s", flags, status, text)
	}
	t.Cleanup(func() {
		if err := fs.Unmount(dir, false); err != nil {
			t.Error(err)
			fs.Unmount(dir, true)
		}
	})
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		args, err := os.ReadFile(name)
		if err == nil && slices.Contains(strings.Split(string(args), "\x00"), dir) {
			if pid, err = strconv.Atoi(filepath.Base(filepath.Dir(name))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if pid == 0 {
		t.Fatal("no server is running")
	}
	return dir, pid
}

// configLine returns the value of a line of the mount's config file.
func configLine(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(dir + "/.dgenfs/config")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("no line %s in %s", name, text)
	return ""
}

// machine is the topology of this one, which has several nodes with CPUs to use.
type machine struct{ *numa.Topology }

func testMachine(t *testing.T) machine {
	t.Helper()
	topology, err := numa.System()
	if err != nil {
		t.Fatal(err)
	}
	if len(topology.WithCPUs()) < 2 {
		t.Fatalf("nodes with CPUs to use: %s, want several", topology.WithCPUs())
	}
	return machine{topology}
}

// cpusOf returns the CPUs of a node that this process may use.
func (m machine) cpusOf(node int) numa.Set {
	i := slices.IndexFunc(m.Nodes, func(n numa.Node) bool { return n.ID == node })
	return m.Nodes[i].CPUs
}

// memoryMap is a line of numa_maps.
type memoryMap struct {
	line, policy string
	private      bool        // all of its pages are the process's own
	pages        map[int]int // of a node
}

func memoryMaps(t *testing.T, pid int) (maps []memoryMap) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/numa_maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		m := memoryMap{line: strings.TrimSpace(line), policy: fields[1], pages: map[int]int{}}
		anonymous, file := false, false
		for _, field := range fields[2:] {
			key, value, _ := strings.Cut(field, "=")
			anonymous, file = anonymous || key == "anon", file || key == "file"
			if node, err := strconv.Atoi(strings.TrimPrefix(key, "N")); err == nil && key[0] == 'N' {
				m.pages[node], _ = strconv.Atoi(value)
			}
		}
		m.private = anonymous && !file
		maps = append(maps, m)
	}
	return maps
}

// Requests are answered on all nodes, from memory of the node.
func TestNodesMount(t *testing.T) {
	p := testMachine(t)
	kinds := []transport.Kind{transport.Dev}
	const uring = "/sys/module/fuse/parameters/enable_uring"
	if before, err := os.ReadFile(uring); err == nil {
		if err := os.WriteFile(uring, []byte("Y"), 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.WriteFile(uring, before, 0) })
		kinds = append(kinds, transport.Uring)
	} else {
		t.Log("this kernel has no FUSE over io_uring")
	}
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			dir, pid := mountNodes(t, nil, "--transport", string(kind))
			topology, _ := runProgram(t, nil, "topology")
			if got := configLine(t, dir, "numa"); !strings.HasPrefix(got, "on; ") || !strings.Contains(topology, "\nnuma: "+got+"\n") {
				t.Errorf("numa: %s\nof the topology:\n%s", got, topology)
			}
			readFromEveryCPU(t, dir, p.Topology)
			bound := awaitBound(t, pid, p.CPUs(), kind == transport.Uring)
			on := map[int]bool{}
			for _, cpu := range bound {
				on[p.NodeOf(cpu)] = true
			}
			buffers := map[int]int{} // pages
			for _, m := range memoryMaps(t, pid) {
				prefer, ok := strings.CutPrefix(m.policy, "prefer:")
				if !ok {
					continue
				}
				node, _ := strconv.Atoi(prefer)
				for n, pages := range m.pages {
					if buffers[n] += pages; n != node {
						t.Errorf("%d pages of a buffer for node %d are on node %d", pages, node, n)
					}
				}
			}
			t.Logf("threads on CPUs %s, pages of buffers by node: %v", bound, buffers)
			for _, node := range p.WithCPUs() {
				if !on[node] {
					t.Errorf("no thread is bound to a CPU of node %d", node)
				}
				if memory := p.MemoryFor(node); buffers[memory] == 0 {
					t.Errorf("no buffer is on node %d", memory)
				}
			}
		})
	}
}

// inCpuset returns how to start a process that may use the CPUs and the memory of
// one node only.
func inCpuset(t *testing.T, node numa.Node) *syscall.SysProcAttr {
	t.Helper()
	const root = "/sys/fs/cgroup"
	dir := filepath.Join(root, "dgenfs-test")
	if err := os.WriteFile(root+"/cgroup.subtree_control", []byte("+cpuset"), 0); err != nil {
		t.Skipf("needs cgroups with cpusets: %v", err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Until the last process has gone.
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			err := os.Remove(dir)
			if err == nil {
				return
			}
			if time.Now().After(deadline) {
				t.Error(err)
				return
			}
		}
	})
	for file, text := range map[string]string{"cpuset.cpus": node.CPUs.String(), "cpuset.mems": fmt.Sprint(node.ID)} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0); err != nil {
			t.Fatal(err)
		}
	}
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: fd}
}

// A node that a cpuset takes away is not used.
func TestNodesCpuset(t *testing.T) {
	p := testMachine(t)
	ids := p.WithCPUs()
	node := p.Nodes[slices.IndexFunc(p.Nodes, func(n numa.Node) bool { return n.ID == ids[1] })]
	attr := inCpuset(t, node)

	text, status := runProgram(t, attr, "topology")
	want := fmt.Sprintf("numa: off; of %d nodes, only node %d has CPUs that are used; CPUs %s\n", len(p.Nodes), node.ID, node.CPUs)
	if status != 0 || !strings.Contains(text, want) {
		t.Errorf("topology: status %d, %s\nwant: %s", status, text, want)
	}
	text, status = runProgram(t, attr, "topology", "--numa-nodes", fmt.Sprint(ids[0]))
	if status != 2 || !strings.Contains(text, "this process may use none of its CPUs") {
		t.Errorf("topology of a node that was taken away: status %d, %s", status, text)
	}

	dir, pid := mountNodes(t, attr)
	readFromEveryCPU(t, dir, p.Topology)
	awaitBound(t, pid, node.CPUs, false)
	pages := 0
	for _, m := range memoryMaps(t, pid) {
		for n, count := range m.pages {
			if !m.private {
				continue // others may have brought it into memory
			}
			if pages += count; n != node.ID {
				t.Errorf("pages on node %d: %s", n, m.line)
			}
		}
	}
	if pages == 0 {
		t.Error("no pages at all")
	}
}

// The flags choose nodes and CPUs.
func TestNodesFlags(t *testing.T) {
	p := testMachine(t)
	last := p.WithCPUs()[len(p.WithCPUs())-1]
	for _, test := range []struct {
		flags []string
		cpus  numa.Set
		numa  string
	}{
		{[]string{"--numa-nodes", fmt.Sprint(last)}, p.cpusOf(last), "on; --numa-nodes; node"},
		{[]string{"--numa-nodes", fmt.Sprint(last), "--numa", "force"}, p.cpusOf(last), "on; --numa force; node"},
		{[]string{"--threads", fmt.Sprint(len(p.WithCPUs()))}, numa.NewSet(p.Spread(len(p.WithCPUs()))...), "on; "},
		{[]string{"--threads", "1"}, numa.NewSet(p.Spread(1)...), "off; "},
		{[]string{"--numa", "off"}, p.CPUs(), "off; --numa off"},
	} {
		dir, pid := mountNodes(t, nil, test.flags...)
		readFromEveryCPU(t, dir, p.Topology)
		if got := configLine(t, dir, "numa"); !strings.HasPrefix(got, test.numa) {
			t.Errorf("%q: numa: %s", test.flags, got)
		}
		awaitBound(t, pid, test.cpus, false)
	}
	for _, test := range []struct{ nodes, want string }{
		{"99", "dgenfs: --numa-nodes 99: node 99: does not exist; the nodes are " + p.IDs().String() + "\n"},
		{"0-x", "dgenfs: --numa-nodes: list \"0-x\": \"x\" is not a number; a list looks like 0,2-3\n"},
	} {
		if text, status := runProgram(t, nil, "--numa-nodes", test.nodes, t.TempDir()); status != 2 || text != test.want {
			t.Errorf("--numa-nodes %s: status %d, %q", test.nodes, status, text)
		}
	}
}
