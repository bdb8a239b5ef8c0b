//go:build e2e

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/fs"
)

// mount mounts on a new folder and returns its path. It is unmounted when the
// test ends.
func mount(t *testing.T, args ...string) string {
	t.Helper()
	return mountAt(t, t.TempDir(), args...)
}

// mountAt mounts on a folder.
func mountAt(t *testing.T, dir string, args ...string) string {
	t.Helper()
	r := dgenfs(t, append(slices.Clone(args), "--", dir)...)
	if r.status != 0 {
		t.Fatalf("mounting with %q: exit status %d\n%s%s", args, r.status, r.stdout, r.stderr)
	}
	unmountAtEnd(t, dir)
	return dir
}

// unmountAtEnd unmounts when the test ends, and fails the test if that fails or
// if the server stays. Until then, a server that hangs is killed in the end, so
// that whoever reads, this process included, gets an error.
func unmountAtEnd(t *testing.T, dir string) {
	t.Helper()
	watchdog := time.AfterFunc(3*patience, func() {
		for _, pid := range servers(dir) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	t.Cleanup(func() {
		defer watchdog.Stop()
		if _, mounted, _ := fs.MountedAt(dir); mounted {
			if r := dgenfs(t, "umount", dir); r.status != 0 {
				t.Errorf("unmounting at the end of the test: exit status %d\n%s", r.status, r.stderr)
				fs.Unmount(dir, true)
			}
		}
		awaitNoServer(t, dir, 10*time.Second)
	})
}

// servers returns the processes that serve a mount on dir, "" for any. One that
// has ended and waits for its parent is none.
func servers(dir string) []int {
	var pids []int
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range processes {
		exe, err := os.Readlink(process + "/exe")
		if err != nil || strings.TrimSuffix(exe, " (deleted)") != program {
			continue // a zombie has no exe either
		}
		args, err := os.ReadFile(process + "/cmdline")
		if err != nil || dir != "" && !slices.Contains(strings.Split(string(args), "\x00"), dir) {
			continue
		}
		if env, _ := os.ReadFile(process + "/environ"); !bytes.Contains(env, []byte("DGENFS_SERVER=")) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(process)); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// theServer returns the process that serves a mount.
func theServer(t *testing.T, dir string) int {
	t.Helper()
	pids := servers(dir)
	if len(pids) != 1 {
		t.Fatalf("%d processes serve %s, want 1: %v", len(pids), dir, pids)
	}
	return pids[0]
}

// awaitNoServer waits until nobody serves dir. If somebody goes on, it is
// killed and the test fails.
func awaitNoServer(t *testing.T, dir string, limit time.Duration) {
	t.Helper()
	for end := time.Now().Add(limit); ; time.Sleep(10 * time.Millisecond) {
		pids := servers(dir)
		if len(pids) == 0 {
			return
		}
		if time.Now().After(end) {
			for _, pid := range pids {
				syscall.Kill(pid, syscall.SIGKILL)
			}
			t.Errorf("processes %v still serve %s after %v", pids, dir, limit)
			return
		}
	}
}

func mounted(t *testing.T, dir string) bool {
	t.Helper()
	_, ok, err := fs.MountedAt(dir)
	if err != nil {
		t.Fatal(err)
	}
	return ok
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

// controlConfig returns what the mount says of itself.
func controlConfig(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, ".dgenfs", "config"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
