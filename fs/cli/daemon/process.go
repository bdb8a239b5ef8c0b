package daemon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// readyTimeout is how long a server may take to become ready. A tree file of
// millions of lines takes seconds.
const readyTimeout = 60 * time.Second

// Options say what to start.
type Options struct {
	Name   string   // argv[0], which ps shows
	Args   []string // of the server, after its mode
	Mode   Mode
	Stdin  []byte   // what it reads from its standard input; nil for nothing
	Device *os.File // /dev/fuse, if it is open already; not with Supervised
}

// Process is a server, seen by the process that started it. Its methods must not
// be called concurrently.
type Process struct {
	PID int

	cmd      *exec.Cmd
	status   *os.File
	messages *json.Decoder
	lifeline *os.File // nil unless it is supervised
	stderr   head
}

// Start starts a server. [Process.Ready] has to follow.
func Start(o Options) (*Process, error) {
	status, theirStatus, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	defer theirStatus.Close()
	p := &Process{status: status, messages: json.NewDecoder(status)}
	// Not os.Args[0], which may be relative, or not in the path.
	p.cmd = exec.Command("/proc/self/exe", append([]string{Command, string(o.Mode), "--"}, o.Args...)...)
	p.cmd.Args[0] = o.Name
	if o.Stdin != nil {
		p.cmd.Stdin = bytes.NewReader(o.Stdin)
	}
	p.cmd.Stderr = &p.stderr
	p.cmd.WaitDelay = time.Second // for what a child of the server may hold open
	p.cmd.ExtraFiles = []*os.File{theirStatus}
	// Out of reach of the terminal, whose signals are for the foreground.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: o.Mode != Automounted}
	switch {
	case o.Mode == Supervised:
		theirs, lifeline, err := os.Pipe()
		if err != nil {
			status.Close()
			return nil, fmt.Errorf("starting the server: %w", err)
		}
		defer theirs.Close()
		p.lifeline = lifeline
		p.cmd.ExtraFiles = append(p.cmd.ExtraFiles, theirs)
	case o.Device != nil:
		p.cmd.ExtraFiles = append(p.cmd.ExtraFiles, o.Device)
	}
	if err := p.cmd.Start(); err != nil {
		p.Close()
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	p.PID = p.cmd.Process.Pid
	return p, nil
}

// Ready waits until the server is ready, and until answers, which may be nil, has
// returned as well. If there is an error, the server has ended; it is a
// *RefusedError if the server itself said why.
func (p *Process) Ready(answers func() error) (Message, error) {
	p.status.SetReadDeadline(time.Now().Add(readyTimeout))
	var m Message
	if err := p.messages.Decode(&m); err != nil {
		if !errors.Is(err, io.EOF) {
			p.cmd.Process.Kill()
		}
		p.cmd.Wait()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = fmt.Errorf("not ready after %v", readyTimeout)
		} else {
			err = fmt.Errorf("it ended before the mount answered, %v%s", p.cmd.ProcessState, p.stderr.reason())
		}
		return m, fmt.Errorf("starting the server: %w", err)
	}
	if m.Error != "" {
		p.cmd.Wait()
		return m, &RefusedError{m.Error, m.Usage}
	}
	p.status.SetReadDeadline(time.Time{})
	if answers != nil {
		if err := answers(); err != nil {
			p.cmd.Process.Kill()
			p.cmd.Wait()
			return m, err
		}
	}
	return m, nil
}

// End asks a supervised server to end, waits until it has, and returns its last
// message.
func (p *Process) End() (Message, error) {
	p.lifeline.Close()
	var m Message
	err := p.messages.Decode(&m)
	if waitErr := p.cmd.Wait(); err == nil {
		err = waitErr
	}
	return m, err
}

// Close lets go of the server, which goes on unless it is supervised.
func (p *Process) Close() {
	p.status.Close()
	if p.lifeline != nil {
		p.lifeline.Close()
	}
}

// head keeps the beginning of what is written to it.
type head struct{ text []byte }

// headSize is enough for the message of a Go program that crashes, in bytes; its
// goroutines follow.
const headSize = 64 << 10

func (h *head) Write(p []byte) (int, error) {
	h.text = append(h.text, p[:min(len(p), headSize-len(h.text))]...)
	return len(p), nil
}

// reason returns the line that says why a program crashed, after a colon and a
// blank; "" if nothing was written.
func (h *head) reason() string {
	first := ""
	for line := range strings.Lines(string(h.text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "panic: ") {
			return ": " + line
		}
		if first == "" && line != "" {
			first = ": " + line
		}
	}
	return first
}
