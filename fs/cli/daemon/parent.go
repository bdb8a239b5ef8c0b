package daemon

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Parent is the process that started a server, seen by the server.
type Parent struct {
	mode     Mode
	status   *os.File
	lifeline *os.File // nil unless supervised
}

// Inherit takes over what [Start] has given to this process. It returns an error,
// and touches no descriptor, if this process was not started in that way.
func Inherit(mode Mode) (*Parent, error) {
	p := &Parent{mode: mode}
	pipes := []int{statusFD}
	switch mode {
	case Background, Automounted:
	case Supervised:
		pipes = append(pipes, lifelineFD)
	default:
		return nil, fmt.Errorf("mode %q: must be %s, %s or %s", mode, Background, Automounted, Supervised)
	}
	for _, fd := range pipes {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFIFO {
			return nil, fmt.Errorf("descriptor %d is not a pipe: the program starts its servers itself, with dgenfs mount", fd)
		}
	}
	for _, fd := range pipes {
		unix.CloseOnExec(fd)
	}
	p.status = os.NewFile(statusFD, "status pipe")
	if mode == Supervised {
		p.lifeline = os.NewFile(lifelineFD, "lifeline")
	}
	return p, nil
}

// DeviceFD returns the descriptor of /dev/fuse that [Options] named.
func (p *Parent) DeviceFD() int { return deviceFD }

// Supervised reports whether the server ends when the parent does.
func (p *Parent) Supervised() bool { return p.lifeline != nil }

// Tell sends a message. Nothing depends on whether it arrives.
func (p *Parent) Tell(m Message) { json.NewEncoder(p.status).Encode(m) }

// Release sends the message that the server is ready, and lets go of all that it
// has from its parent: the working directory, the standard error, the process
// group.
func (p *Parent) Release(ready Message) {
	os.Chdir("/") // so that its file system can be unmounted
	// From here on nobody reads what is printed.
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		unix.Dup3(int(null.Fd()), 2, 0)
		null.Close()
	}
	p.Tell(ready)
	if p.mode == Automounted {
		unix.Setsid() // as the others are from the start
	}
	if !p.Supervised() {
		p.status.Close()
	}
}

// Gone returns a channel that is closed when the parent of a supervised server
// has ended, or asks the server to end. It must be called once.
func (p *Parent) Gone() <-chan struct{} {
	gone := make(chan struct{})
	go func() {
		io.Copy(io.Discard, p.lifeline)
		close(gone)
	}()
	return gone
}
