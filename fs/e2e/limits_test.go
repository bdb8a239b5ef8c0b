//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Where a limit of the process does not let the server start, nothing is left behind,
// and the message is one line, not a crash of Go.

// mountsOrFails checks that a mount with a limit either succeeds, or fails with one line
// on standard error and leaves neither a mount nor a server behind. run makes the
// commands.
func mountsOrFails(t *testing.T, limit string, run func(name string, args ...string) *exec.Cmd, dir string) {
	t.Helper()
	if try(t, run("prlimit", limit, program, "version")).status != 0 {
		return // the program does not even start
	}
	switch r := try(t, run("prlimit", limit, program, dir)); {
	case r.status == 0:
		if r != (result{}) {
			t.Errorf("%s: %+v", limit, r)
		}
		// A server whose limit is too small for what it is asked later may have died.
		if r := try(t, run(program, "umount", dir)); r.status != 0 {
			t.Fatalf("%s: umount: %+v", limit, r)
		}
	case r.status == 2 && strings.Contains(r.stderr, "\ngoroutine "):
		// Go has ended the command itself, as it could not start a thread, and nobody
		// is left who could unmount.
		detach(dir)
	default:
		oneShortLine(t, limit, r, 1)
	}
	if mounted(t, dir) {
		t.Errorf("%s: a mount is left behind", limit)
		detach(dir)
	}
	awaitNoServer(t, dir)
}

func TestResourceLimits(t *testing.T) {
	need(t, "prlimit")
	dir := t.TempDir()
	unmountAtEnd(t, dir)
	limits := []string{
		"--as=1073741824", "--nofile=10:10", "--nofile=12:12", "--nofile=14:14", "--nofile=16:16", "--nofile=18:18", "--nofile=20:20", "--nofile=24:24",
		"--stack=65536", "--memlock=0", "--fsize=0", "--core=0",
	}
	// Which of these are too small depends on how threads get their memory.
	for as := 900_000_000; as <= 1_800_000_000; as += 100_000_000 {
		limits = append(limits, fmt.Sprintf("--as=%d", as))
	}
	for _, limit := range limits {
		mountsOrFails(t, limit, func(name string, args ...string) *exec.Cmd { return command(t, name, args...) }, dir)
	}
}

// RLIMIT_NPROC is about the processes and threads of a user, and does not limit root.
func TestProcessLimit(t *testing.T) {
	need(t, "prlimit")
	as, home := asUser(t)
	dir := filepath.Join(home, "mnt")
	if r := try(t, as("mkdir", dir)); r.status != 0 {
		t.Fatal(r.stderr)
	}
	os.Chmod(home, 0o755)
	unmountAtEnd(t, dir)
	limit := func(n int) string { return fmt.Sprintf("--nproc=%d:%d", n, n) }
	least := 2
	for ; try(t, as("prlimit", limit(least), program, "version")).status != 0; least++ {
		if least == 1000 {
			t.Fatal("the program does not start with 1000 threads")
		}
	}
	for n := least + 2; n <= least+14; n += 2 {
		mountsOrFails(t, limit(n), as, dir)
	}
}

func TestResourceLimitsOfRun(t *testing.T) {
	need(t, "prlimit")
	tempDir(t)
	for _, limit := range []string{"--nofile=10:10", "--nofile=12:12", "--nofile=14:14", "--nofile=16:16"} {
		r := try(t, command(t, "prlimit", limit, program, "run", "--", "true"))
		switch {
		case r.status == 0 && strings.Count(r.stderr, "\n") == 1: // what was served
		default:
			oneShortLine(t, limit, r, 1)
		}
	}
}
