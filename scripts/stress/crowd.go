package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// crowd is a process of readers.
type crowd struct {
	*exec.Cmd
	stdin  io.WriteCloser
	done   chan struct{}
	mu     sync.Mutex
	last   progress
	killed bool
}

// crowd starts a process of so many readers of a mount.
func (l *lane) crowd(s *server, readers int) *crowd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	c := &crowd{done: make(chan struct{})}
	c.Cmd = exec.Command(self, "reader", "--mount", s.dir, "--readers", strconv.Itoa(readers),
		"--mount-seed", strconv.FormatUint(s.seed, 10), "--seed", strconv.FormatUint(l.draw(), 10))
	c.Stderr = os.Stderr
	if c.stdin, err = c.StdinPipe(); err != nil {
		panic(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		panic(err)
	}
	if err := c.Start(); err != nil {
		panic(err)
	}
	go func() {
		defer close(c.done)
		for in := bufio.NewReader(out); ; {
			line, err := in.ReadBytes('\n')
			if err != nil {
				break
			}
			var p progress
			if json.Unmarshal(line, &p) == nil {
				c.mu.Lock()
				c.last = p
				c.mu.Unlock()
			}
		}
		c.Wait()
	}()
	return c
}

func (c *crowd) progress() progress {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// expectFault says that reads may fail from now on, and waits until the readers know.
func (l *lane) expectFault(c *crowd) {
	io.WriteString(c.stdin, "fault\n")
	if !l.await(func() bool { return c.progress().Faulty || c.ended() }) {
		l.hang("a process of readers does not answer: %s", stacks(c.Process.Pid))
	}
}

// ended reports whether the process has ended.
func (c *crowd) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// kill kills the readers in the middle of what they do.
func (c *crowd) kill() {
	c.killed = true
	c.Process.Signal(unix.SIGKILL)
}

// gather has the readers end, and adds what they have found. Those that do not end
// hang: on a mount that works, or on a dead one.
func (l *lane) gather(s *server, c *crowd) {
	c.stdin.Close()
	if !l.await(c.ended) {
		l.hang("readers of %s do not end: %s", s.dir, stacks(c.Process.Pid))
		s.abort()
		c.kill()
		if !l.await(c.ended) {
			return
		}
	}
	l.add(c.progress())
	if state := c.ProcessState; state != nil && !c.killed && !state.Success() {
		l.unexpected("a process of readers ended: %v", state)
	}
}
