//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The end-to-end tests mount with the built program and read through the kernel.
// They know the program by its exit statuses, by what it prints and by what the
// kernel shows of it. The tests, and the tools that they start, are the clients;
// the server is always a process of its own.

// program is the path of the program under test.
var program string

func TestMain(m *testing.M) {
	os.Exit(withProgram(m.Run))
}

// withProgram builds the program for the time of a run, unless E2E_PROGRAM is the path
// of one, as on machines without Go.
func withProgram(run func() int) int {
	// Without symbolic links, so that paths are those of the mount table.
	tmp, err := filepath.EvalSymlinks(os.TempDir())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Setenv("TMPDIR", tmp)
	if given := os.Getenv("E2E_PROGRAM"); given != "" {
		if program, err = filepath.EvalSymlinks(given); err == nil {
			program, err = filepath.Abs(program)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return run()
	}
	dir, err := os.MkdirTemp("", "dgenfs-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	os.Chmod(dir, 0o755) // for tests as another user
	program = filepath.Join(dir, "dgenfs")
	if out, err := exec.Command("go", "build", "-o", program, "../..").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building dgenfs: %v\n%s", err, out)
		return 1
	}
	return run()
}
