//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Files that are slow on purpose. How long something takes is only compared with
// what it has to take at least: a slow machine takes longer.

// reader starts a process that reads a file.
func reader(t *testing.T, path string, args ...string) *spawned {
	t.Helper()
	return spawn(t, "dd", append([]string{"if=" + path, "of=/dev/null", "status=none"}, args...)...)
}

// awaitInRead waits until a process waits for the reply to a read.
func awaitInRead(t *testing.T, p *spawned) {
	t.Helper()
	await(t, "a reader waits", func() bool {
		call, _ := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", p.pid))
		return strings.HasPrefix(string(call), strconv.Itoa(unix.SYS_READ)+" ") && waitsForServer(p.pid)
	})
}

// A reader that waits for an hour dies when it is killed. Until then, it does not
// hold up anybody who reads something else.
func TestKilledWhileWaiting(t *testing.T) {
	overTransports(t, func(t *testing.T, transport string) {
		mnt := mount(t, "--transport", transport, "--file", "slow:1G,latency=3600s", "--file", "rate:1G,rate=1", "--file", "other:1M,seed=5")
		for _, file := range []string{"slow", "rate"} {
			for _, args := range [][]string{{"bs=4k"}, {"bs=4M"}, {"bs=4M", "iflag=direct"}} {
				for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
					slow := reader(t, filepath.Join(mnt, file), args...)
					awaitInRead(t, slow)
					got, err := os.ReadFile(filepath.Join(mnt, "other"))
					if err != nil {
						t.Fatal(err)
					}
					same(t, "another file meanwhile", got, piece(t, generator(t, "1M,seed=5", 0, "", 1), 0, 1<<20))
					syscall.Kill(slow.pid, signal)
					slow.wait(t)
					if slow.status.Signal() != signal {
						t.Errorf("%s, %q, %v: ended with %v", file, args, signal, slow.status)
					}
				}
			}
		}
		// More readers than the server has threads, or its rings have entries.
		var readers []*spawned
		for range 24 {
			readers = append(readers, reader(t, filepath.Join(mnt, "slow"), "bs=1M"))
		}
		// Over rings, some of them wait to open the file, once the entries of a CPU are in
		// use.
		await(t, "all readers wait", func() bool {
			return !slices.ContainsFunc(readers, func(r *spawned) bool { return !waitsForServer(r.pid) })
		})
		if transport == "dev" {
			if _, err := os.ReadFile(filepath.Join(mnt, "other")); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range readers {
			syscall.Kill(r.pid, syscall.SIGKILL)
		}
		for _, r := range readers {
			r.wait(t)
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
		waiting := reader(t, filepath.Join(mnt, "data"), "bs=1M")
		awaitInRead(t, waiting)
		if err := unix.Unmount(mnt, unix.MNT_FORCE); err != nil && os.Geteuid() == 0 && err != unix.EBUSY {
			t.Fatal(err) // the first one aborts the connection, and still finds the mount busy
		} else if os.Geteuid() != 0 {
			syscall.Kill(theServer(t, mnt), syscall.SIGKILL)
		}
		waiting.wait(t)
		if waiting.status.ExitStatus() == 0 {
			t.Error("the reader got no error")
		}
		if r := try(t, command(t, program, "umount", "--lazy", mnt)); r.status != 0 && mounted(t, mnt) {
			t.Errorf("unmounting: %+v", r)
		}
		awaitNoServer(t, mnt)
	})
}

func TestLatency(t *testing.T) {
	overTransports(t, func(t *testing.T, transport string) {
		mnt := mount(t, "--transport", transport, "--file", "a:1M,seed=1,latency=300ms")
		want := piece(t, generator(t, "1M,seed=1", 0, "", 1), 0, 1<<20)
		const latency, parallel = 300 * time.Millisecond, 16
		got, err := os.ReadFile(filepath.Join(mnt, "a"))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "a slow file", got, want)
		f := openFile(t, filepath.Join(mnt, "a"), os.O_RDONLY)
		read := func(i int64) {
			p := make([]byte, 4096)
			if _, err := f.ReadAt(p, i*4096); err != nil {
				t.Error(err)
			}
			same(t, fmt.Sprintf("piece %d", i), p, want[i*4096:][:4096])
		}
		begin := time.Now()
		read(0)
		read(1)
		if passed := time.Since(begin); passed < 2*latency {
			t.Errorf("two reads took %v, want %v at least", passed, 2*latency)
		}
		begin = time.Now()
		var all sync.WaitGroup
		for i := range int64(parallel) {
			all.Go(func() { read(i) })
		}
		all.Wait()
		if passed := time.Since(begin); passed < latency {
			t.Errorf("%d reads at the same time took %v, want %v at least", parallel, passed, latency)
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

// Where it is known that reads will wait, rings are not used, and the mount says
// why. Reads that fail do not wait.
func TestTransportOfSlowFiles(t *testing.T) {
	for _, args := range [][]string{{"--rate", "1G"}, {"--latency", "1us"}, {"--size", "1M,latency=1us"}} {
		why, _, _ := strings.Cut(controlConfig(t, mount(t, args...)), "\n")
		if !strings.HasPrefix(why, "transport: dev; some files are slow") {
			t.Errorf("%q: %s", args, why)
		}
	}
	why, _, _ := strings.Cut(controlConfig(t, mount(t, "--fail", "eio:1%")), "\n")
	if strings.Contains(why, "slow") || uringIsOn() && why != "transport: uring" {
		t.Errorf("--fail: %s", why)
	}
}

// A reader that catches a signal reads again.
func TestSignalWhileWaiting(t *testing.T) {
	need(t, "python3")
	overTransports(t, func(t *testing.T, transport string) {
		mnt := mount(t, "--transport", transport, "--file", "a:1M,seed=1,latency=1s")
		r := try(t, command(t, "python3", "-c", `
import os, signal, sys, time
seen = []
signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
f = os.open(sys.argv[1], os.O_RDONLY)
signal.setitimer(signal.ITIMER_REAL, 0.2)
data = os.read(f, 4096)  # PEP 475: again after EINTR
assert seen and len(data) == 4096, (seen, len(data))
`, filepath.Join(mnt, "a")))
		if r.status != 0 {
			t.Errorf("%+v", r)
		}
	})
}
