//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/fs"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen"
)

// The end-to-end tests mount with the real program and read through the kernel.
// They, and the tools that they start, are the clients; the server is always a
// process of its own.

// patience is how long anything may take: a command, or a reader of a mount.
const patience = 60 * time.Second

// program is the path of the program under test.
var program string

func TestMain(m *testing.M) {
	if os.Getenv("DGENFS_SERVER") != "" {
		fmt.Fprintln(os.Stderr, "the test program was started as a server")
		os.Exit(1)
	}
	os.Exit(withProgram(m.Run))
}

// withProgram builds the program for the time of a run.
func withProgram(run func() int) int {
	// Without symbolic links, so that paths are those of the mount table.
	tmp, err := filepath.EvalSymlinks(os.TempDir())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Setenv("TMPDIR", tmp)
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

// command returns a command that is killed after patience.
func command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	if cpu := os.Getenv("E2E_SERVER_CPU"); cpu != "" && name == program {
		name, args = "taskset", append([]string{"-c", cpu, program}, args...)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = time.Second
	return cmd
}

// result is what a command has left.
type result struct {
	status         int // exit status, or -1
	stdout, stderr string
}

// try runs a command to its end.
func try(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &stdout
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &stderr
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%q: %v\n%s", cmd.Args, err, &stderr)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// output runs a command that must succeed and returns its standard output.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	r := try(t, command(t, name, args...))
	if r.status != 0 {
		t.Fatalf("%q: exit status %d\n%s%s", append([]string{name}, args...), r.status, r.stdout, r.stderr)
	}
	return r.stdout
}

// dgenfs runs the program under test.
func dgenfs(t *testing.T, args ...string) result {
	t.Helper()
	return try(t, command(t, program, args...))
}

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

// await waits until something is so.
func await(t *testing.T, limit time.Duration, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
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

// generator returns the generator of a file by its spec; one that names no seed
// is a file at path in a mount of a seed.
func generator(t *testing.T, text string, seed uint64, path string, threads int) *gen.Generator {
	t.Helper()
	s, err := spec.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if !s.HasSeed {
		s.Seed = gen.DeriveSeed(seed, path)
	}
	cfg := s.Config()
	cfg.Threads = threads
	g, err := gen.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

// piece returns n bytes of a generator, fewer at its end.
func piece(t *testing.T, g *gen.Generator, off int64, n int) []byte {
	t.Helper()
	p := make([]byte, n)
	n, err := g.ReadAt(p, off)
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return p[:n]
}

// same fails if two pieces differ, and says where.
func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Errorf("%s: %d bytes, want %d; the first difference is at %d", what, len(got), len(want), i)
			return
		}
	}
	t.Errorf("%s: %d bytes, want %d; equal as far as both go", what, len(got), len(want))
}

func openFile(t *testing.T, path string, flags int) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, flags, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
