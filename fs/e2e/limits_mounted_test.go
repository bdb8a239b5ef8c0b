//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Limits that root, or a service manager, sets on a server that has mounted.

// setLimit sets a limit of a process that runs.
func setLimit(t *testing.T, pid int, limit string) {
	t.Helper()
	if r := try(t, command(t, "prlimit", "--pid", strconv.Itoa(pid), limit)); r.status != 0 {
		t.Fatalf("prlimit %s: %+v", limit, r)
	}
}

// Most limits do no harm: what a server needs it has once it has mounted, or it does
// without. Memory to lock is what a kernel before Linux 5.12 takes rings from.
func TestLimitsOfAServer(t *testing.T) {
	need(t, "prlimit")
	overTransports(t, func(t *testing.T, transport string) {
		for _, limit := range []string{"--nofile=0:0", "--fsize=0:0", "--core=0:0", "--nproc=0:0", "--memlock=0:0", "--stack=65536", "--msgqueue=0", "--sigpending=0"} {
			t.Run(limit, func(t *testing.T) {
				dir := mount(t, "--transport", transport, "--log", filepath.Join(t.TempDir(), "log"))
				setLimit(t, theServer(t, dir), limit)
				want := piece(t, generator(t, "3M,compress=2,seed=1", 0, "", 1), 0, 3<<20)
				var readers sync.WaitGroup
				for _, args := range [][]string{{"bs=1M"}, {"bs=64K"}, {"bs=1M", "iflag=direct"}} {
					readers.Go(func() {
						got := output(t, "dd", append([]string{"if=" + dir + "/3M,compress=2,seed=1", "status=none"}, args...)...)
						same(t, limit, []byte(got), want)
					})
				}
				readers.Wait()
				if names := output(t, "ls", dir); !strings.Contains(names, "1T") {
					t.Errorf("ls: %q", names)
				}
			})
		}
	})
}

// Without memory a program in Go ends. Readers get an error, the log says why, and what
// is left is a dead mount, which the next start takes away.
func TestMemoryLimitOfAServer(t *testing.T) {
	need(t, "prlimit")
	log := filepath.Join(t.TempDir(), "log")
	dir := mount(t, "--log", log)
	pid := theServer(t, dir)
	reader := readForever(t, dir)
	awaitReading(t, dir, reader)
	setLimit(t, pid, "--as=1000000")
	// Whatever takes memory: long names are kept, and listings have buffers.
	await(t, "the server has run out of memory", func() bool {
		for range 200 {
			name := "1M,group=" + strings.Repeat("g", 100) + strconv.FormatInt(lookups, 10)
			lookups++
			if _, err := os.Stat(filepath.Join(dir, name)); err == syscall.ENOTCONN {
				break
			}
		}
		return gone(pid)
	})
	reader.wait(t)
	if reader.status.ExitStatus() == 0 || reader.stderr.Len() == 0 {
		t.Errorf("a reader ended with exit status %d, %q", reader.status.ExitStatus(), &reader.stderr)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	// With cgo it may be the C library that cannot start a thread.
	if n := strings.Count(string(text), "\nfatal error: ") + strings.Count(string(text), "\nruntime/cgo: pthread_create failed: "); n != 1 {
		t.Errorf("the log has %d lines that say why: %.1000q", n, text)
	}
	if r := dgenfs(t, "list"); !strings.Contains(r.stdout, dir) || !strings.Contains(r.stdout, "dead") {
		t.Errorf("list: %+v", r)
	}
	startAgain(t, dir)
}

var lookups int64

// startAgain mounts where a dead mount is, and reads.
func startAgain(t *testing.T, dir string) {
	t.Helper()
	r := dgenfs(t, "--size", "2M", dir)
	if r.status != 0 || !strings.Contains(r.stderr, "whose server had died") || strings.Count(r.stderr, "\n") != 1 {
		t.Fatalf("mounting on a dead mount: %+v", r)
	}
	same(t, "data", []byte(output(t, "cat", dir+"/data")), piece(t, generator(t, "2M", 0, "data", 1), 0, 2<<20))
}

// A limit of CPU time ends a server by a signal: SIGXCPU at the soft limit, which Go
// ignores, and SIGKILL at the hard one, as the memory limit of a cgroup does.
func TestCPULimitOfAServer(t *testing.T) {
	need(t, "prlimit")
	dir := mount(t)
	pid := theServer(t, dir)
	setLimit(t, pid, "--cpu=1:2")
	reader := readForever(t, dir)
	await(t, "the server has used up its CPU time", func() bool { return gone(pid) })
	reader.wait(t)
	if reader.status.ExitStatus() == 0 {
		t.Error("a reader ended without an error")
	}
	startAgain(t, dir)
}
