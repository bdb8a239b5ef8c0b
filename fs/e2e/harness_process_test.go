//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// openFiles returns what the descriptors of a process refer to.
func openFiles(pid int) (files []string) {
	fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, fd := range fds {
		if file, err := os.Readlink(fd); err == nil {
			files = append(files, file)
		}
	}
	return files
}

// hasOpen reports whether a process has a file below dir open.
func hasOpen(pid int, dir string) bool {
	return slices.ContainsFunc(openFiles(pid), func(file string) bool { return strings.HasPrefix(file, dir+"/") })
}

// awaitReading waits until processes have files below dir open.
func awaitReading(t *testing.T, dir string, processes ...*spawned) {
	t.Helper()
	await(t, "the readers have files open", func() bool {
		return !slices.ContainsFunc(processes, func(p *spawned) bool { return !hasOpen(p.pid, dir) })
	})
}

// readForever starts a process that reads a file whose end it never reaches.
func readForever(t *testing.T, dir string, args ...string) *spawned {
	t.Helper()
	return spawn(t, "dd", append([]string{"if=" + filepath.Join(dir, "7E"), "of=/dev/null", "bs=1M", "status=none"}, args...)...)
}

// statFields returns the fields of /proc/PID/stat from the third on, the state: those
// after the name, which may have anything in it.
func statFields(pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])), nil
}

// gone reports whether all threads of a process have ended, and thus its files are
// closed. Its parent need not know yet.
func gone(pid int) bool {
	stat, err := statFields(pid)
	if err != nil {
		return true
	}
	threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	return len(threads) <= 1 && (stat[0] == "Z" || stat[0] == "X")
}

// waitsForServer reports whether a process is in a system call that waits for a
// server of FUSE.
func waitsForServer(pid int) bool {
	where, _ := os.ReadFile(fmt.Sprintf("/proc/%d/wchan", pid))
	if len(where) > 1 {
		return strings.Contains(string(where), "request_wait")
	}
	// The kernel does not say where to all users.
	stat, err := statFields(pid)
	return err == nil && (stat[0] == "D" || stat[0] == "S")
}

// theThreads returns the threads of a process.
func theThreads(t *testing.T, pid int) []os.DirEntry {
	t.Helper()
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	return threads
}

// mostThreads is how many threads a server may have, whatever is asked of it: those
// of Go's runtime and of the transport, which has two for each CPU at most.
var mostThreads = 40 + 2*runtime.NumCPU()

// mostMemory is what a server may take, whatever it serves, in KiB: some 20 MB,
// and for each CPU what the README says under Transport.
var mostMemory = 56<<10 + runtime.NumCPU()*2<<10

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

// ticks returns the CPU time that a process has used, in hundredths of a second.
func ticks(t *testing.T, pid int) int {
	t.Helper()
	stat, err := statFields(pid)
	if err != nil {
		t.Fatal(err)
	}
	user, err1 := strconv.Atoi(stat[14-3])
	system, err2 := strconv.Atoi(stat[15-3])
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return user + system
}
