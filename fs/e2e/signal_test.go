//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Signals that ask a server to unmount: the first one asks, the second one detaches
// a mount that is busy, the third one gives up on those who still read.

func TestSignalsWhenIdle(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		dir, pid, log := serverLog(t)
		output(t, "cat", dir+"/1M")
		syscall.Kill(pid, signal)
		awaitNoServer(t, dir)
		if mounted(t, dir) {
			t.Errorf("%v: the server ended, the mount is still there", signal)
		}
		if text := log(); !strings.Contains(text, "serving "+dir+": transport: ") || strings.Count(text, "\n") != 1 {
			t.Errorf("%v: the log has %q", signal, text)
		}
	}
}

func TestSignalsWhenBusy(t *testing.T) {
	dir, pid, log := serverLog(t)
	const name = "3000017,seed=1"
	f := openFile(t, filepath.Join(dir, name), os.O_RDONLY)
	syscall.Kill(pid, syscall.SIGTERM)
	awaitLog(t, log, "busy")
	output(t, "cat", dir+"/1M")
	if !mounted(t, dir) || len(servers(dir)) != 1 {
		t.Fatal("the first signal ended a busy mount")
	}
	syscall.Kill(pid, syscall.SIGTERM)
	await(t, "the mount is detached", func() bool { return !mounted(t, dir) })
	buf := make([]byte, 3000017)
	if n, err := f.ReadAt(buf, 0); n != len(buf) || err != nil {
		t.Errorf("reading on: %d, %v", n, err)
	}
	same(t, "a detached file", buf, piece(t, generator(t, name, 0, "", 1), 0, len(buf)))
	f.Close()
	awaitNoServer(t, dir)
	if !strings.Contains(log(), "dgenfs[") || !strings.Contains(log(), dir) {
		t.Errorf("the log does not name program and mount point:\n%s", log())
	}
}

func TestThreeSignals(t *testing.T) {
	dir, pid, log := serverLog(t)
	reader := readForever(t, dir)
	awaitReading(t, dir, reader)
	syscall.Kill(pid, syscall.SIGTERM)
	awaitLog(t, log, "busy")
	syscall.Kill(pid, syscall.SIGTERM)
	await(t, "the mount is detached", func() bool { return !mounted(t, dir) })
	awaitLog(t, log, "detached")
	if reader.hasEnded() {
		t.Error("the second signal ended a reader")
	}
	syscall.Kill(pid, syscall.SIGTERM)
	reader.wait(t)
	if reader.status.ExitStatus() == 0 {
		t.Error("the reader got no error")
	}
	awaitNoServer(t, dir)
}

// A mount that was busy and is not any more goes at the next signal.
func TestSignalAfterBusy(t *testing.T) {
	dir, pid, log := serverLog(t)
	f := openFile(t, filepath.Join(dir, "1G"), os.O_RDONLY)
	syscall.Kill(pid, syscall.SIGINT)
	awaitLog(t, log, "busy")
	f.Close()
	syscall.Kill(pid, syscall.SIGINT)
	awaitNoServer(t, dir)
	if mounted(t, dir) {
		t.Error("still mounted")
	}
}

// Somebody else may unmount before the server is asked to.
func TestSignalAfterUmount(t *testing.T) {
	dir, pid, log := serverLog(t)
	f := openFile(t, filepath.Join(dir, "1G"), os.O_RDONLY)
	if r := dgenfs(t, "umount", "--lazy", dir); r.status != 0 {
		t.Fatal(r.stderr)
	}
	other := mount(t)
	syscall.Kill(pid, syscall.SIGTERM)
	awaitLog(t, log, "detached")
	if _, err := f.ReadAt(make([]byte, 10), 0); err != nil {
		t.Errorf("reading on after one signal: %v", err)
	}
	syscall.Kill(pid, syscall.SIGTERM)
	awaitNoServer(t, dir)
	if _, err := f.ReadAt(make([]byte, 10), 1<<20); err == nil {
		t.Error("a file can be read without a server")
	}
	if !mounted(t, other) {
		t.Error("another mount has gone")
	}
}

// A server that is told to end does not unmount what was mounted in its place
// since.
func TestSignalDoesNotUnmountAnother(t *testing.T) {
	dir, pid, log := serverLog(t)
	f := openFile(t, filepath.Join(dir, "1G"), os.O_RDONLY)
	if r := dgenfs(t, "umount", "--lazy", dir); r.status != 0 {
		t.Fatal(r.stderr)
	}
	mountAt(t, dir)
	syscall.Kill(pid, syscall.SIGTERM)
	awaitLog(t, log, "detached")
	if !mounted(t, dir) {
		t.Error("the signal to a detached server unmounted its successor")
	}
	f.Close()
	await(t, "the detached server ends", func() bool { return gone(pid) })
	if !mounted(t, dir) {
		t.Error("the end of a detached server unmounted its successor")
	}
}
