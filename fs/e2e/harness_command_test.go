//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything may take: a command, or a reader of a mount.
const patience = 60 * time.Second

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

// spawn starts a command that is killed at the end of the test if it still
// runs.
func spawn(t *testing.T, name string, args ...string) *spawned {
	t.Helper()
	cmd := command(t, name, args...)
	s := &spawned{pid: 0, ended: make(chan struct{})}
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

// spawned is a process in the background.
type spawned struct {
	pid            int
	ended          chan struct{}
	status         syscall.WaitStatus // and these too, once it has ended
	stdout, stderr bytes.Buffer
}

// wait waits for the end of the process.
func (s *spawned) wait(t *testing.T, limit time.Duration) {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(limit):
		t.Fatalf("process %d has not ended within %v", s.pid, limit)
	}
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

// hasAll checks that a message has lines that begin like this.
func hasAll(t *testing.T, message []string, beginnings ...string) {
	t.Helper()
	for _, want := range beginnings {
		if !slices.ContainsFunc(message, func(line string) bool { return strings.HasPrefix(line, want) }) {
			t.Errorf("the message %q has no line %s", message, want)
		}
	}
}
