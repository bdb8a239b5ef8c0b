package fs

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/transport"
	"github.com/dgenfs/dgenfs/fs/tree"
)

// Some tests need a kernel. The test program is the client then, and another process
// of it the server: no process may use a mount that it serves itself.

// patience is how long anything may take that has to happen.
const patience = 10 * time.Minute

// Environment of the server.
const (
	serveOn   = "DGENFS_TEST_SERVE_ON"
	serveOver = "DGENFS_TEST_TRANSPORT"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(simulate); what != "" {
		os.Exit(simulatedFusermount(what))
	}
	if dir := os.Getenv(serveOn); dir != "" {
		if err := serveTest(dir, transport.Kind(os.Getenv(serveOver))); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveTest mounts, says so on standard output, and serves until it is unmounted.
func serveTest(dir string, kind transport.Kind) error {
	s, err := spec.Parse("1G,seed=1")
	if err != nil {
		return err
	}
	tr, err := tree.New([]tree.Entry{{Pattern: "data", Spec: s}}, tree.Options{})
	if err != nil {
		return err
	}
	cpus, err := possibleCPUs()
	if err != nil {
		return err
	}
	p := transport.Placement{CPUs: []int{0}, Queues: make([]int, cpus)}
	for cpu := 1; cpu < cpus; cpu++ {
		p.CPUs = append(p.CPUs, cpu)
		p.Queues[cpu] = cpu
	}
	logger := log.New(os.Stderr, "", 0)
	m, err := NewMount(New(Options{Tree: tr, Log: logger}), dir, MountOptions{Transport: kind, Placement: p, Log: logger})
	if err != nil {
		return err
	}
	fmt.Println("ready:", m.Summary())
	m.Serve()
	return nil
}

// possibleCPUs returns how many CPUs the kernel is prepared for.
func possibleCPUs() (int, error) {
	text, err := os.ReadFile("/sys/devices/system/cpu/possible")
	if err != nil {
		return 0, err
	}
	last := strings.TrimSpace(string(text)) // 0-7
	last = last[strings.LastIndexAny(last, "-,")+1:]
	n, err := strconv.Atoi(last)
	return n + 1, err
}

// mountServer is a mount that another process serves.
type mountServer struct {
	dir string
	cmd *exec.Cmd
	log strings.Builder // after stop
}

// mountTest mounts over a transport, or skips the test where that is not possible.
func mountTest(t *testing.T, kind transport.Kind) *mountServer {
	t.Helper()
	if _, err := os.Stat("/dev/fuse"); err != nil || os.Geteuid() != 0 {
		t.Skip("needs root and /dev/fuse")
	}
	if text, _ := os.ReadFile("/sys/module/fuse/parameters/enable_uring"); kind == transport.Uring && strings.TrimSpace(string(text)) != "Y" {
		t.Skip("needs FUSE over io_uring, which is off")
	}
	s := &mountServer{dir: t.TempDir()}
	s.cmd = exec.Command(os.Args[0], "-test.run=^$")
	s.cmd.Env = append(os.Environ(), serveOn+"="+s.dir, serveOver+"="+string(kind))
	s.cmd.Stderr = &s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Whatever hangs gets an error when the server is gone.
	watchdog := time.AfterFunc(3*patience, func() { s.cmd.Process.Kill() })
	t.Cleanup(func() {
		if err := Unmount(s.dir, true); err != nil {
			t.Errorf("unmounting: %v", err)
		}
		if err := s.cmd.Wait(); err != nil {
			t.Errorf("the server: %v", err)
		}
		watchdog.Stop()
		if t.Failed() {
			t.Logf("the server's log:\n%s", &s.log)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready: transport: "+string(kind)) {
		t.Fatalf("the server says %q, %v", line, err)
	}
	return s
}

// memory returns the bytes of memory that the server has used at most.
func (s *mountServer) memory(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}
