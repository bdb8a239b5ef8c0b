//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/fs"
)

// How mounts end when something goes wrong, or is told to end.

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
