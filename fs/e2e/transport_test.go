//go:build e2e

package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/fs"
	"golang.org/x/sys/unix"
)

// How requests travel. All tests of this package run over the transport that is
// the default: scripts/test.sh runs them with FUSE over io_uring off, and on.

const enableUring = "/sys/module/fuse/parameters/enable_uring"

// uringIsOn reports whether the kernel offers FUSE over io_uring.
func uringIsOn() bool {
	text, err := os.ReadFile(enableUring)
	return err == nil && text[0] == 'Y'
}

// controlConfig returns what the mount says of itself.
func controlConfig(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, ".dgenfs", "config"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTransport(t *testing.T) {
	if text := controlConfig(t, mount(t, "--transport", "dev")); !strings.HasPrefix(text, "transport: dev; /dev/fuse was chosen\n") {
		t.Errorf("--transport dev: %s", text)
	}
	text := controlConfig(t, mount(t))
	if uringIsOn() {
		if !strings.HasPrefix(text, "transport: uring\n") {
			t.Errorf("auto with io_uring: %s", text)
		}
		if text := controlConfig(t, mount(t, "--transport", "uring", "--max-read", "4K")); !strings.HasPrefix(text, "transport: uring\n") || !strings.Contains(text, "\nmax-read: 4K\n") {
			t.Errorf("--transport uring --max-read 4K: %s", text)
		}
		return
	}
	if !strings.HasPrefix(text, "transport: dev; ") || !strings.Contains(text, "io_uring") {
		t.Errorf("auto without io_uring does not say why: %s", text)
	}
	dir := t.TempDir()
	r := dgenfs(t, "--transport", "uring", dir)
	if r.status != 1 || !strings.Contains(r.stderr, "FUSE over io_uring is ") || strings.Count(r.stderr, "\n") != 1 {
		t.Errorf("--transport uring without io_uring: %+v", r)
	}
	if mounted(t, dir) || len(servers(dir)) > 0 {
		t.Error("--transport uring without io_uring: something is left")
	}
}

// The kernel offers FUSE over io_uring, but refuses the rings.
func TestNoRings(t *testing.T) {
	const disabled = "/proc/sys/kernel/io_uring_disabled"
	before, err := os.ReadFile(disabled)
	if err != nil || os.Geteuid() != 0 || !uringIsOn() {
		t.Skip("needs root, FUSE over io_uring, and the sysctl kernel.io_uring_disabled")
	}
	t.Cleanup(func() { os.WriteFile(disabled, before, 0) })
	if err := os.WriteFile(disabled, []byte("2"), 0); err != nil {
		t.Fatal(err)
	}
	dir := mount(t)
	if text := controlConfig(t, dir); !strings.HasPrefix(text, "transport: dev; ") || !strings.Contains(text, "kernel.io_uring_disabled is 2") {
		t.Errorf("the mount says %s", text)
	}
	output(t, "cat", filepath.Join(dir, "1M"))
	other := t.TempDir()
	if r := dgenfs(t, "--transport", "uring", other); r.status != 1 || !strings.Contains(r.stderr, "kernel.io_uring_disabled is 2") {
		t.Errorf("--transport uring: %+v", r)
	}
	if mounted(t, other) {
		t.Error("--transport uring: mounted all the same")
	}
}

// Reads of all sizes are right, over each transport and through requests of
// each kind: written, spliced, of one page.
func TestSizesOfRequests(t *testing.T) {
	for _, args := range [][]string{{"--transport", "dev"}, {"--transport", "auto"}, {"--max-read", "4K"}, {"--max-read", "60K"}, {"--max-read", "1M"}} {
		mnt := mount(t, args...)
		text := "4G,dedup=2,compress=3,seed=5"
		g := generator(t, text, 0, "", 1)
		// As large as any attribute can be, larger than some requests.
		if n, err := unix.Listxattr(filepath.Join(mnt, text), make([]byte, 64<<10)); n <= 0 || err != nil {
			t.Errorf("%q: listing attributes: %d, %v", args, n, err)
		}
		buf := aligned(t, 4<<20)
		for _, flags := range []int{os.O_RDONLY, os.O_RDONLY | syscall.O_DIRECT} {
			f := openFile(t, filepath.Join(mnt, text), flags)
			for _, n := range []int{1, 512, 4095, 4096, 4097, 61440, 61441, 65535, 65536, 65537, 131072, 524288, 528384, 1 << 20, 1<<20 + 4096, 4 << 20} {
				off := rand.Int64N(g.Size() - int64(n))
				if got, err := unix.Pread(int(f.Fd()), buf[:n], off); got != n || err != nil {
					t.Fatalf("%q, flags %#x: pread of %d at %d: %d, %v", args, flags, n, off, got, err)
				}
				same(t, fmt.Sprintf("%q, flags %#x: pread of %d at %d", args, flags, n, off), buf[:n], piece(t, g, off, n))
			}
		}
	}
}

// Readers that are killed in the middle of large reads do no harm.
func TestKilledReaders(t *testing.T) {
	dir, pid, log := serverLog(t)
	for i := range 60 {
		args := []string{"bs=64M"}
		if i%2 == 0 {
			args = append(args, "iflag=direct")
		}
		readers := []*spawned{readForever(t, dir, args...), readForever(t, dir, args...)}
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
		for _, reader := range readers {
			syscall.Kill(reader.pid, syscall.SIGKILL)
		}
		for _, reader := range readers {
			reader.wait(t, 5*time.Second)
		}
	}
	text := "64M,seed=3"
	got, err := os.ReadFile(filepath.Join(dir, text))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "afterwards, "+text, got, piece(t, generator(t, text, 0, "", 1), 0, 64<<20))
	if text := log(); strings.Count(text, "\n") != 1 {
		t.Errorf("the log has more than the line that it began with: %s", text)
	}
	if n := len(theThreads(t, pid)); n > 40 {
		t.Errorf("the server has %d threads", n)
	}
}

func theThreads(t *testing.T, pid int) []os.DirEntry {
	t.Helper()
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	return threads
}

// 500 threads read at once, of this process, whose runtime interrupts them with
// signals all the time.
func TestManyReaders(t *testing.T) {
	mnt := mount(t)
	pid := theServer(t, mnt)
	text := "8G,seed=9"
	g := generator(t, text, 0, "", 1)
	f := openFile(t, filepath.Join(mnt, text), os.O_RDONLY)
	var wg sync.WaitGroup
	for range 500 {
		wg.Go(func() {
			buf, want := make([]byte, 300000), make([]byte, 300000)
			for range 4 {
				off := rand.Int64N(g.Size() - int64(len(buf)))
				if n, err := f.ReadAt(buf, off); err != nil {
					t.Errorf("at %d: %d, %v", off, n, err)
					return
				}
				g.ReadAt(want, off)
				if !slices.Equal(buf, want) {
					t.Errorf("at %d: wrong bytes", off)
				}
			}
		})
	}
	wg.Wait()
	if n := len(theThreads(t, pid)); n > 40 {
		t.Errorf("the server has %d threads", n)
	}
	if peak := memory(t, pid, "VmHWM"); peak > 128<<10 {
		t.Errorf("the server took %d KiB", peak)
	}
}

// memory returns a number of KiB of /proc/PID/status.
func memory(t *testing.T, pid int, name string) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n"+name+":")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Readers that are stopped hold up no other.
func TestStoppedReaders(t *testing.T) {
	dir := mount(t)
	var stopped []*spawned
	for i := range 12 {
		args := []string{"bs=64M"}
		if i%2 == 0 {
			args = append(args, "iflag=direct")
		}
		stopped = append(stopped, readForever(t, dir, args...))
	}
	time.Sleep(100 * time.Millisecond)
	for _, reader := range stopped {
		syscall.Kill(reader.pid, syscall.SIGSTOP)
	}
	output(t, "dd", "if="+dir+"/256M", "of=/dev/null", "bs=1M", "status=none")
	output(t, "ls", "-l", dir)
	for _, reader := range stopped {
		syscall.Kill(reader.pid, syscall.SIGCONT)
		syscall.Kill(reader.pid, syscall.SIGKILL)
		reader.wait(t, 5*time.Second)
	}
}

// Aborting the connection ends the server, and every reader with an error.
func TestAbort(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	const control = "/sys/fs/fuse/connections"
	if entries, _ := os.ReadDir(control); len(entries) == 0 {
		if err := unix.Mount("fusectl", control, "fusectl", 0, ""); err == nil {
			t.Cleanup(func() { unix.Unmount(control, 0) })
		}
	}
	dir := mount(t)
	m, _, err := fs.MountedAt(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, minor, _ := strings.Cut(m.Device, ":")
	readers := []*spawned{readForever(t, dir), readForever(t, dir, "iflag=direct", "bs=64M"), readForever(t, dir, "bs=4K")}
	await(t, 5*time.Second, "readers read", func() bool {
		return !slices.ContainsFunc(readers, func(r *spawned) bool { return !hasOpen(r.pid, dir) })
	})
	if err := os.WriteFile(filepath.Join(control, minor, "abort"), []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	for _, reader := range readers {
		reader.wait(t, 5*time.Second)
		if reader.status.ExitStatus() == 0 {
			t.Error("a reader ended without an error")
		}
	}
	awaitNoServer(t, dir, 5*time.Second)
	if r := dgenfs(t, "umount", dir); r.status != 0 || mounted(t, dir) {
		t.Errorf("umount afterwards: %+v", r)
	}
}

// E2E_MOUNTS=1000 makes it as many as the short form leaves out.
func TestManyMounts(t *testing.T) {
	n := 60
	if text := os.Getenv("E2E_MOUNTS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 {
			t.Fatalf("E2E_MOUNTS=%s: want a number", text)
		}
	}
	dir := t.TempDir()
	for i := range n {
		if r := dgenfs(t, "--size", "1M", dir); r.status != 0 {
			t.Fatalf("mount %d: %s", i, r.stderr)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "data")); len(got) != 1<<20 || err != nil {
			t.Errorf("mount %d: %d bytes, %v", i, len(got), err)
		}
		if r := dgenfs(t, "umount", dir); r.status != 0 {
			t.Fatalf("umount %d: %s", i, r.stderr)
		}
	}
	awaitNoServer(t, dir, 5*time.Second)
}

// A mount that nobody reads takes no time of a CPU.
func TestIdle(t *testing.T) {
	dir := mount(t)
	pid := theServer(t, dir)
	output(t, "dd", "if="+dir+"/64M", "of=/dev/null", "bs=4K", "status=none")
	time.Sleep(300 * time.Millisecond)
	before := ticks(t, pid)
	time.Sleep(1500 * time.Millisecond)
	if used := ticks(t, pid) - before; used > 2 {
		t.Errorf("idle, the server used %d ticks of 10 ms in 1.5 s", used)
	}
}

// ticks returns the time that a process has used, in hundredths of a second.
func ticks(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return user + system
}
