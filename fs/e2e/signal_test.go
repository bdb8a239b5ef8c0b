//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/fs"
)

// How mounts end when something goes wrong, or is told to end.

// readForever starts a process that reads a file that has no end in sight.
func readForever(t *testing.T, dir string, args ...string) *spawned {
	t.Helper()
	return spawn(t, "dd", append([]string{"if=" + filepath.Join(dir, "7E"), "of=/dev/null", "bs=1M", "status=none"}, args...)...)
}

// After kill -9 of the server, whoever reads gets an error at once; umount
// clears away what is left, and a new mount works there.
func TestKilledServer(t *testing.T) {
	dir := mount(t)
	pid := theServer(t, dir)
	looping, direct := readForever(t, dir), readForever(t, dir, "iflag=direct")
	open := openFile(t, filepath.Join(dir, "1G"), os.O_RDONLY)
	await(t, 5*time.Second, "readers read", func() bool { return hasOpen(looping.pid, dir) && hasOpen(direct.pid, dir) })

	// One that waits for a reply that never comes.
	syscall.Kill(pid, syscall.SIGSTOP)
	waiting := readForever(t, dir)
	time.Sleep(200 * time.Millisecond)
	select {
	case <-waiting.ended:
		t.Error("a reader of a stopped server has ended")
	default:
	}

	start := time.Now()
	syscall.Kill(pid, syscall.SIGKILL)
	for _, reader := range []*spawned{looping, direct, waiting} {
		reader.wait(t, 5*time.Second)
		if reader.status.ExitStatus() == 0 || reader.stderr.Len() == 0 {
			t.Errorf("a reader ended with exit status %d, %q", reader.status.ExitStatus(), &reader.stderr)
		}
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("the readers' errors took %v", took)
	}
	if _, err := open.ReadAt(make([]byte, 10), 0); err == nil {
		t.Error("an open file can be read without a server")
	}
	if _, err := os.Stat(filepath.Join(dir, "2G")); !errors.Is(err, syscall.ENOTCONN) {
		t.Errorf("a file of a dead mount: %v", err)
	}
	if r := dgenfs(t, dir); r.status != 2 || !strings.Contains(r.stderr, "umount") {
		t.Errorf("mounting on a dead mount: %+v", r)
	}
	open.Close()
	if r := dgenfs(t, "umount", dir); r != (result{}) {
		t.Errorf("umount of a dead mount: %+v", r)
	}
	if mounted(t, dir) {
		t.Fatal("still mounted")
	}
	mountAt(t, dir)
	same(t, "1M", []byte(output(t, "cat", dir+"/1M")), piece(t, generator(t, "1M", 0, "1M", 1), 0, 1<<20))
}

// hasOpen reports whether a process has a file below dir open.
func hasOpen(pid int, dir string) bool {
	fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, fd := range fds {
		if to, _ := os.Readlink(fd); strings.HasPrefix(to, dir+"/") {
			return true
		}
	}
	return false
}

// A dead mount can be busy, and named by a link.
func TestUmountOfADeadMount(t *testing.T) {
	dir := mount(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	// Nobody has looked into it, so the kernel knows nothing of it, either.
	syscall.Kill(theServer(t, dir), syscall.SIGKILL)
	awaitNoServer(t, dir, 5*time.Second)
	if r := dgenfs(t, "umount", link); r != (result{}) {
		t.Errorf("umount of a dead mount by a link to it: %+v", r)
		dgenfs(t, "umount", dir)
	}
	mountAt(t, dir)
	open := openFile(t, filepath.Join(dir, "1G"), os.O_RDONLY)
	syscall.Kill(theServer(t, dir), syscall.SIGKILL)
	awaitNoServer(t, dir, 5*time.Second)
	if r := dgenfs(t, "umount", dir); r.status != 1 || !strings.Contains(r.stderr, "--lazy") {
		t.Errorf("umount of a mount that is dead and busy: %+v", r)
	}
	open.Close()
	if r := dgenfs(t, "umount", link+"/"); r != (result{}) {
		t.Errorf("umount of a dead mount by a link to it: %+v", r)
	}
}

// serverLog mounts with a log and returns the mount point, the server and a
// function that tells what is in the log.
func serverLog(t *testing.T) (dir string, pid int, text func() string) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	dir = mount(t, "--log", log)
	return dir, theServer(t, dir), func() string {
		data, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
}

func TestSignalsWhenIdle(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		dir, pid, log := serverLog(t)
		output(t, "cat", dir+"/1M")
		syscall.Kill(pid, signal)
		awaitNoServer(t, dir, 5*time.Second)
		if mounted(t, dir) {
			t.Errorf("%v: the server ended, the mount is still there", signal)
		}
		if text := log(); !strings.Contains(text, "serving "+dir+": transport: ") || strings.Count(text, "\n") != 1 {
			t.Errorf("%v: the log has %q", signal, text)
		}
	}
	// The terminal is gone; a background server goes on, or ends cleanly.
	dir, pid, _ := serverLog(t)
	syscall.Kill(pid, syscall.SIGHUP)
	time.Sleep(200 * time.Millisecond)
	if mounted(t, dir) && len(servers(dir)) == 0 {
		t.Error("SIGHUP: the server has died and left its mount behind")
	}
}

func TestSignalsWhenBusy(t *testing.T) {
	dir, pid, log := serverLog(t)
	const name = "3000017,seed=1"
	f := openFile(t, filepath.Join(dir, name), os.O_RDONLY)
	syscall.Kill(pid, syscall.SIGTERM)
	await(t, 5*time.Second, "busy is logged", func() bool { return strings.Contains(log(), "busy") })
	time.Sleep(100 * time.Millisecond)
	if !mounted(t, dir) || len(servers(dir)) != 1 {
		t.Fatal("the first signal ended a busy mount")
	}
	output(t, "cat", dir+"/1M")
	syscall.Kill(pid, syscall.SIGTERM)
	await(t, 5*time.Second, "the mount is detached", func() bool { return !mounted(t, dir) })
	buf := make([]byte, 3000017)
	if n, err := f.ReadAt(buf, 0); n != len(buf) || err != nil {
		t.Errorf("reading on: %d, %v", n, err)
	}
	same(t, "a detached file", buf, piece(t, generator(t, name, 0, "", 1), 0, len(buf)))
	f.Close()
	awaitNoServer(t, dir, 5*time.Second)
	if !strings.Contains(log(), "dgenfs[") || !strings.Contains(log(), dir) {
		t.Errorf("the log does not name program and mount point:\n%s", log())
	}
}

// A third signal gives up on those who read.
func TestThreeSignals(t *testing.T) {
	dir, pid, log := serverLog(t)
	reader := readForever(t, dir)
	await(t, 5*time.Second, "the reader reads", func() bool { return hasOpen(reader.pid, dir) })
	syscall.Kill(pid, syscall.SIGTERM)
	await(t, 5*time.Second, "busy is logged", func() bool { return strings.Contains(log(), "busy") })
	syscall.Kill(pid, syscall.SIGTERM)
	await(t, 5*time.Second, "the mount is detached", func() bool { return !mounted(t, dir) })
	await(t, 5*time.Second, "that is logged", func() bool { return strings.Contains(log(), "detached") })
	syscall.Kill(pid, syscall.SIGTERM)
	reader.wait(t, 5*time.Second)
	if reader.status.ExitStatus() == 0 {
		t.Error("the reader got no error")
	}
	awaitNoServer(t, dir, 5*time.Second)
}

// A busy mount that became idle goes at the next signal.
func TestSignalAfterBusy(t *testing.T) {
	dir, pid, log := serverLog(t)
	f := openFile(t, filepath.Join(dir, "1G"), os.O_RDONLY)
	syscall.Kill(pid, syscall.SIGINT)
	await(t, 5*time.Second, "busy is logged", func() bool { return strings.Contains(log(), "busy") })
	f.Close()
	syscall.Kill(pid, syscall.SIGINT)
	awaitNoServer(t, dir, 5*time.Second)
	if mounted(t, dir) {
		t.Error("still mounted")
		fs.Unmount(dir, true)
	}
}

// Others may take the mount away before the server is told to.
func TestSignalAfterUmount(t *testing.T) {
	dir, pid, _ := serverLog(t)
	f := openFile(t, filepath.Join(dir, "1G"), os.O_RDONLY)
	if r := dgenfs(t, "umount", "--lazy", dir); r.status != 0 {
		t.Fatal(r.stderr)
	}
	other := t.TempDir()
	mountAt(t, other)
	for range 3 {
		syscall.Kill(pid, syscall.SIGTERM)
		time.Sleep(100 * time.Millisecond)
	}
	f.Close()
	awaitNoServer(t, dir, 5*time.Second)
	if !mounted(t, other) {
		t.Error("another mount has gone")
	}
}

// A server that is told to end must not take away what was mounted on its
// place since.
func TestSignalDoesNotUnmountAnother(t *testing.T) {
	dir, pid, _ := serverLog(t)
	f := openFile(t, filepath.Join(dir, "1G"), os.O_RDONLY)
	if r := dgenfs(t, "umount", "--lazy", dir); r.status != 0 {
		t.Fatal(r.stderr)
	}
	mountAt(t, dir)
	syscall.Kill(pid, syscall.SIGTERM)
	time.Sleep(300 * time.Millisecond)
	if !mounted(t, dir) {
		t.Error("the signal to a detached server unmounted its successor")
	}
	f.Close()
}
