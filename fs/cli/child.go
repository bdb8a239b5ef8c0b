package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/dgenfs/dgenfs/fs"
)

// startTimeout is how long a server may take to answer.
const startTimeout = 30 * time.Second

// serverProcess is a server in the background, seen from who started it.
type serverProcess struct {
	cmd      *exec.Cmd
	status   *os.File
	messages *json.Decoder
	lifeline *os.File // nil if it lives on its own
}

// startServer starts this program once more as a server: args are the mount
// command's, and treeText is what --tree was found to name, nil if it was not given.
// device, if any, is where the kernel's requests come from.
func startServer(args []string, treeText []byte, mode string, device ...*os.File) (*serverProcess, error) {
	status, theirStatus, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	defer theirStatus.Close()
	p := &serverProcess{status: status, messages: json.NewDecoder(status)}
	// Not os.Args[0], which may be relative, or nowhere in the path.
	p.cmd = exec.Command("/proc/self/exe", append([]string{"mount"}, args...)...)
	p.cmd.Args[0] = os.Args[0]
	if isHelper(os.Args[0]) {
		p.cmd.Args[0] = "dgenfs" // its arguments are not those of a helper
	}
	p.cmd.Env = append(os.Environ(), serverEnv+"="+mode)
	if treeText != nil {
		p.cmd.Stdin = bytes.NewReader(treeText)
	}
	p.cmd.Stderr = os.Stderr // until it is ready
	p.cmd.ExtraFiles = append([]*os.File{theirStatus}, device...)
	// Out of the terminal's reach, whose signals are for the foreground.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: mode != automounted}
	if mode == supervised {
		theirs, lifeline, err := os.Pipe()
		if err != nil {
			status.Close()
			return nil, fmt.Errorf("starting the server: %w", err)
		}
		defer theirs.Close()
		p.lifeline = lifeline
		p.cmd.ExtraFiles = append(p.cmd.ExtraFiles, theirs)
	}
	if err := p.cmd.Start(); err != nil {
		p.close()
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	return p, nil
}

// ready waits until the mount answers, or the server has said why it does not.
// Without a mountpoint, which only somebody else may know, it waits until the
// server says that it serves.
func (p *serverProcess) ready(mountpoint string) (message, error) {
	p.status.SetReadDeadline(time.Now().Add(startTimeout))
	var m message
	switch err := p.messages.Decode(&m); {
	case errors.Is(err, io.EOF):
		p.cmd.Wait()
		return m, fmt.Errorf("starting the server: it ended before the mount answered: %v", p.cmd.ProcessState)
	case err != nil:
		p.cmd.Process.Kill()
		p.cmd.Wait()
		if mountpoint != "" {
			fs.Unmount(mountpoint, true)
		}
		return m, fmt.Errorf("starting the server: %w", err)
	case m.Usage:
		return m, usageError{errors.New(m.Error)}
	case m.Error != "":
		return m, errors.New(m.Error)
	}
	p.status.SetReadDeadline(time.Time{})
	if mountpoint == "" {
		return m, nil
	}
	if err := answers(mountpoint, startTimeout); err != nil {
		p.cmd.Process.Kill()
		fs.Unmount(mountpoint, true)
		return m, fmt.Errorf("mounting on %s: %w", mountpoint, err)
	}
	return m, nil
}

// end asks a supervised server to unmount and waits until it has ended.
func (p *serverProcess) end() (message, error) {
	p.lifeline.Close()
	var m message
	err := p.messages.Decode(&m)
	if waitErr := p.cmd.Wait(); err == nil {
		err = waitErr
	}
	return m, err
}

// close lets go of the server.
func (p *serverProcess) close() {
	p.status.Close()
	if p.lifeline != nil {
		p.lifeline.Close()
	}
}
