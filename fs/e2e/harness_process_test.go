//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

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

func theThreads(t *testing.T, pid int) []os.DirEntry {
	t.Helper()
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	return threads
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

// mostMemory is what a server may take, whatever it serves, in KiB: some 20 MB,
// and for each CPU what the README says under Transport.
var mostMemory = 56<<10 + runtime.NumCPU()*2<<10

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

// readForever starts a process that reads a file that has no end in sight.
func readForever(t *testing.T, dir string, args ...string) *spawned {
	t.Helper()
	return spawn(t, "dd", append([]string{"if=" + filepath.Join(dir, "7E"), "of=/dev/null", "bs=1M", "status=none"}, args...)...)
}
