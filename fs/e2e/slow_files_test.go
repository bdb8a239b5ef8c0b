//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Files that are slow or fail on purpose. Of how long something takes, only the
// least is checked closely: the machine may be slow by itself.

// promptly is what anything takes at most that does not wait for a slow file.
const promptly = 20 * time.Second

// reader starts a process that reads a file and prints how much it got.
func reader(t *testing.T, path string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := command(t, "dd", append([]string{"if=" + path, "of=/dev/null", "status=none"}, args...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// waitsInRead waits until a process waits for the server.
func waitsInRead(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	await(t, promptly, "a reader waits", func() bool { return isInRead(cmd) })
	time.Sleep(50 * time.Millisecond)
}

// isInRead reports whether a command waits for the reply to a read.
func isInRead(cmd *exec.Cmd) bool {
	call, _ := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", cmd.Process.Pid))
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/wchan", cmd.Process.Pid))
	return strings.HasPrefix(string(call), strconv.Itoa(unix.SYS_READ)+" ") && (len(name) < 2 || strings.Contains(string(name), "request_wait"))
}

// ends fails if a process does not end by itself.
func ends(t *testing.T, what string, cmd *exec.Cmd) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(promptly):
		t.Fatalf("%s does not end", what)
	}
}

// A reader that waits for an hour dies when it is killed, and until then, it holds
// nobody up who reads something else.
func TestKilledWhileWaiting(t *testing.T) {
	overTransports(t, func(t *testing.T, transport string) {
		mnt := mount(t, "--transport", transport, "--file", "slow:1G,latency=3600s", "--file", "rate:1G,rate=1", "--file", "other:1M,seed=5")
		for _, file := range []string{"slow", "rate"} {
			for _, args := range [][]string{{"bs=4k"}, {"bs=4M"}, {"bs=4M", "iflag=direct"}} {
				for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
					cmd := reader(t, filepath.Join(mnt, file), args...)
					waitsInRead(t, cmd)
					got, err := os.ReadFile(filepath.Join(mnt, "other"))
					if err != nil {
						t.Fatal(err)
					}
					same(t, "another file meanwhile", got, piece(t, generator(t, "1M,seed=5", 0, "", 1), 0, 1<<20))
					cmd.Process.Signal(signal)
					ends(t, fmt.Sprintf("%s, %q, %v", file, args, signal), cmd)
				}
			}
		}
		// More of them than there are threads, and, over rings, places.
		var readers []*exec.Cmd
		for range 24 {
			readers = append(readers, reader(t, filepath.Join(mnt, "slow"), "bs=1M"))
		}
		// Not any two in particular: once the places of a CPU are taken, others wait
		// to open the file.
		await(t, promptly, "two readers wait", func() bool {
			n := 0
			for _, cmd := range readers {
				if isInRead(cmd) {
					n++
				}
			}
			return n >= 2
		})
		time.Sleep(50 * time.Millisecond)
		if transport == "dev" {
			if _, err := os.ReadFile(filepath.Join(mnt, "other")); err != nil {
				t.Fatal(err)
			}
		}
		for _, cmd := range readers {
			cmd.Process.Kill()
		}
		for _, cmd := range readers {
			ends(t, "one of many", cmd)
		}
		if _, err := os.ReadFile(filepath.Join(mnt, "other")); err != nil {
			t.Fatal(err)
		}
	})
}

// A server ends while somebody waits for it.
func TestServerEndsWhileReadsWait(t *testing.T) {
	overTransports(t, func(t *testing.T, transport string) {
		mnt := t.TempDir()
		mountAt(t, mnt, "--transport", transport, "--size", "1G,latency=3600s")
		cmd := reader(t, filepath.Join(mnt, "data"), "bs=1M")
		waitsInRead(t, cmd)
		if err := unix.Unmount(mnt, unix.MNT_FORCE); err != nil && os.Geteuid() == 0 && err != unix.EBUSY {
			t.Fatal(err) // the first one aborts, and finds it busy all the same
		} else if os.Geteuid() != 0 {
			syscall.Kill(theServer(t, mnt), syscall.SIGKILL)
		}
		ends(t, "the reader", cmd)
		if r := try(t, command(t, program, "umount", "--lazy", mnt)); r.status != 0 && mounted(t, mnt) {
			t.Errorf("unmounting: %+v", r)
		}
		awaitNoServer(t, mnt, promptly)
	})
}

func TestLatency(t *testing.T) {
	overTransports(t, func(t *testing.T, transport string) {
		mnt := mount(t, "--transport", transport, "--file", "a:1M,seed=1,latency=300ms")
		want := piece(t, generator(t, "1M,seed=1", 0, "", 1), 0, 1<<20)
		const latency, parallel = 300 * time.Millisecond, 16
		begin := time.Now()
		got, err := os.ReadFile(filepath.Join(mnt, "a"))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "a slow file", got, want)
		if passed := time.Since(begin); passed < 2*latency {
			t.Errorf("two requests took %v, want %v at least", passed, 2*latency)
		}
		f := openFile(t, filepath.Join(mnt, "a"), os.O_RDONLY)
		begin = time.Now()
		var all sync.WaitGroup
		for i := range int64(parallel) {
			all.Go(func() {
				p := make([]byte, 4096)
				if _, err := f.ReadAt(p, i*4096); err != nil {
					t.Error(err)
				}
				same(t, fmt.Sprintf("piece %d", i), p, want[i*4096:][:4096])
			})
		}
		all.Wait()
		passed := time.Since(begin)
		if passed < latency {
			t.Errorf("a read took %v", passed)
		}
		// Over rings, as many as a CPU has places for.
		if transport == "dev" && passed > parallel*latency {
			t.Errorf("%d reads side by side took %v", parallel, passed)
		}
	})
}

func TestRate(t *testing.T) {
	overTransports(t, func(t *testing.T, transport string) {
		mnt := mount(t, "--transport", transport, "--file", "{0..1}:1M,rate=4M", "--file", "other:64M", "--rate", "100M")
		// read returns how long it takes to read files at the same time.
		read := func(names ...string) time.Duration {
			begin := time.Now()
			var all sync.WaitGroup
			for _, name := range names {
				all.Go(func() {
					if _, err := os.ReadFile(filepath.Join(mnt, name)); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			return time.Since(begin)
		}
		if passed := read("0"); passed < 200*time.Millisecond {
			t.Errorf("1M at 4M a second took %v", passed)
		}
		if passed := read("0", "0", "0"); passed < 700*time.Millisecond {
			t.Errorf("1M three times at 4M a second took %v", passed)
		}
		if passed := read("other"); passed < 600*time.Millisecond {
			t.Errorf("64M at 100M a second took %v", passed)
		}
	})
}

// Where it is known that reads will wait, rings are not taken, and the mount says
// why.
func TestTransportOfSlowFiles(t *testing.T) {
	for _, args := range [][]string{{"--rate", "1G"}, {"--latency", "1us"}, {"--size", "1M,latency=1us"}} {
		if text := controlConfig(t, mount(t, args...)); !strings.HasPrefix(text, "transport: dev; reads ") || !strings.Contains(text, strings.TrimPrefix(args[0], "--size")) {
			t.Errorf("%q: %s", args, text)
		}
	}
	if text := controlConfig(t, mount(t, "--fail", "eio:1%")); strings.Contains(text, "reads ") {
		t.Errorf("--fail: %s", text)
	}
}

// A reader that catches a signal goes on, and reads again.
func TestSignalWhileWaiting(t *testing.T) {
	overTransports(t, func(t *testing.T, transport string) {
		mnt := mount(t, "--transport", transport, "--file", "a:1M,seed=1,latency=1s")
		r := try(t, command(t, "python3", "-c", `
import os, signal, sys, time
seen = []
signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
f = os.open(sys.argv[1], os.O_RDONLY)
signal.setitimer(signal.ITIMER_REAL, 0.2)
data = os.read(f, 4096)  # again after EINTR, as PEP 475 has it
assert seen and len(data) == 4096, (seen, len(data))
`, filepath.Join(mnt, "a")))
		if r.status != 0 {
			t.Errorf("%+v", r)
		}
	})
}
