//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// patience bounds everything that has to end: a command, or what a test waits for.
// It only keeps a test that hangs from hanging for good. No test is about time, so
// it is far longer than anything takes on a busy machine.
const patience = 3 * time.Minute

// command returns a command that is killed after patience.
func command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	return commandFor(t, patience, name, args...)
}

// commandFor returns a command that is killed after limit. E2E_SERVER_CPU binds the
// program under test to one CPU.
func commandFor(t *testing.T, limit time.Duration, name string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	if cpu := os.Getenv("E2E_SERVER_CPU"); cpu != "" && name == program {
		name, args = "taskset", append([]string{"-c", cpu, program}, args...)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	// A process that keeps the command's output open is an error, not a hang.
	cmd.WaitDelay = time.Minute
	return cmd
}

// result is what a command has left.
type result struct {
	status         int // exit status, or -1 if a signal ended it
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
	if errors.Is(err, exec.ErrWaitDelay) {
		t.Errorf("%q has ended, but a process that it has started keeps its output open\n%s", cmd.Args, &stderr)
	} else if err != nil && !errors.As(err, &exit) {
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

// spawned is a process in the background.
type spawned struct {
	pid            int
	ended          chan struct{}      // closed when it has ended
	status         syscall.WaitStatus // valid once it has ended, and so are these
	stdout, stderr bytes.Buffer
}

// spawn starts a command that is killed at the end of the test if it still runs.
func spawn(t *testing.T, name string, args ...string) *spawned {
	t.Helper()
	return start(t, command(t, name, args...))
}

// start is spawn for a command that has been prepared.
func start(t *testing.T, cmd *exec.Cmd) *spawned {
	t.Helper()
	s := &spawned{ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &s.stdout, &s.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.pid = cmd.Process.Pid
	go func() {
		cmd.Wait()
		s.status = cmd.ProcessState.Sys().(syscall.WaitStatus)
		close(s.ended)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-s.ended
	})
	return s
}

// wait waits for the end of the process.
func (s *spawned) wait(t *testing.T) {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(patience):
		t.Fatalf("process %d has not ended within %v", s.pid, patience)
	}
}

// hasEnded reports whether the process has ended.
func (s *spawned) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// await waits until a condition holds.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
