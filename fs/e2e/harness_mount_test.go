//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// fsType is the type of a mount in the mount table.
const fsType = "fuse.dgenfs"

// mount mounts on a new directory and returns its path. It is unmounted when the
// test ends.
func mount(t *testing.T, args ...string) string {
	t.Helper()
	return mountAt(t, t.TempDir(), args...)
}

// mountAt mounts on a directory.
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
// if the server does not end. A server that hangs is killed in the end, so that
// whoever reads, this process included, gets an error.
func unmountAtEnd(t *testing.T, dir string) {
	t.Helper()
	watchdog := time.AfterFunc(2*patience, func() {
		for _, pid := range servers(dir) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	t.Cleanup(func() {
		defer watchdog.Stop()
		if mounted(t, dir) {
			if r := dgenfs(t, "umount", dir); r.status != 0 {
				t.Errorf("unmounting at the end of the test: exit status %d\n%s", r.status, r.stderr)
				detach(dir)
			}
		}
		awaitNoServer(t, dir)
	})
}

// detach unmounts what a failed test leaves behind, busy or not, without the
// program under test.
func detach(dir string) {
	if os.Geteuid() == 0 {
		unix.Unmount(dir, unix.MNT_DETACH)
	} else {
		syscall.ForkExec("/usr/bin/fusermount3", []string{"fusermount3", "-u", "-z", dir}, nil)
	}
}

// servers returns the processes that serve a mount on dir, "" for any: those of the
// program that have /dev/fuse open and dir among their arguments, where ps shows
// it. A zombie is not among them.
func servers(dir string) []int {
	var pids []int
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range processes {
		exe, err := os.Readlink(process + "/exe")
		if err != nil || strings.TrimSuffix(exe, " (deleted)") != program {
			continue
		}
		args, err := os.ReadFile(process + "/cmdline")
		if err != nil || dir != "" && !slices.Contains(strings.Split(string(args), "\x00"), dir) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(process))
		if err == nil && slices.Contains(openFiles(pid), "/dev/fuse") {
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

// awaitNoServer waits until nobody serves dir. A server that does not end is killed,
// and fails the test.
func awaitNoServer(t *testing.T, dir string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		pids := servers(dir)
		if len(pids) == 0 {
			return
		}
		if time.Now().After(end) {
			for _, pid := range pids {
				syscall.Kill(pid, syscall.SIGKILL)
			}
			t.Errorf("processes %v still serve %s after %v", pids, dir, patience)
			return
		}
	}
}

// killServer kills the server of a mount and waits until it has gone, and the
// kernel has noticed.
func killServer(t *testing.T, dir string) {
	t.Helper()
	pid := theServer(t, dir)
	syscall.Kill(pid, syscall.SIGKILL)
	await(t, "the killed server has gone", func() bool { return gone(pid) })
}

// serverLog mounts with a log and returns the mount point, the server's process
// and a function that returns what the log has.
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

// awaitLog waits until a log has a word.
func awaitLog(t *testing.T, log func() string, word string) {
	t.Helper()
	await(t, "the log has "+strconv.Quote(word), func() bool { return strings.Contains(log(), word) })
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

// mountEntry is a line of the mount table.
type mountEntry struct {
	kind, source string
	device       string   // MAJOR:MINOR
	options      []string // of the mount and of the file system
}

// mountedAt returns what is mounted on a path without symbolic links, and false if
// nothing is. It reads the mount table, so it cannot hang. See proc(5).
func mountedAt(t *testing.T, path string) (m mountEntry, ok bool) {
	t.Helper()
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	escapes := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`, `\043`, "#")
	for line := range strings.Lines(string(table)) {
		// 36 35 98:0 /root /mount/point options tags... - type source options
		about, system, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
		a, s := strings.Split(about, " "), strings.Split(system, " ")
		if escapes.Replace(a[4]) == path { // the last one covers the others
			m = mountEntry{s[0], escapes.Replace(s[1]), a[2], slices.Concat(strings.Split(a[5], ","), strings.Split(s[2], ","))}
			ok = true
		}
	}
	return m, ok
}

func mounted(t *testing.T, dir string) bool {
	t.Helper()
	_, ok := mountedAt(t, dir)
	return ok
}
