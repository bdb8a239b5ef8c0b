package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/dgenfs/dgenfs/fs/cli/help"
	"golang.org/x/sys/unix"
)

// A process that touches a mount whose server is stopped may wait until that goes
// on, and no signal ends it: over rings, a request is with the server as soon as it
// is made. Whoever wants to know what a mount is doing therefore sends another
// process.

// probeTimeout is how long a server may take to answer.
const probeTimeout = 2 * time.Second

// errNoAnswer is returned for a mount whose server does not answer in time.
var errNoAnswer = errors.New("no answer")

// probe returns what .dgenfs/stats has of a mount, or why it cannot be read.
func probe(mountpoint string) ([]byte, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd := exec.Command("/proc/self/exe", probeCommand().Name, "--", mountpoint)
	cmd.Stdout = w
	err = cmd.Start()
	w.Close()
	if err != nil {
		return nil, err
	}
	r.SetReadDeadline(time.Now().Add(probeTimeout))
	text, err := io.ReadAll(r)
	if err != nil {
		cmd.Process.Kill() // it ends when it can
		return nil, errNoAnswer
	}
	cmd.Wait()
	first, rest, _ := strings.Cut(string(text), "\n")
	errno, err := strconv.Atoi(first)
	switch {
	case err != nil:
		return nil, fmt.Errorf("asking the server: %v", cmd.ProcessState)
	case errno != 0:
		return nil, syscall.Errno(errno)
	}
	return []byte(rest), nil
}

// probeCommand is what probe runs. It prints the number of an error, 0 for none, in
// a line of its own, and then what it has read.
func probeCommand() help.Command {
	return help.Command{
		Name:   "__probe",
		Hidden: true,
		Flags:  newFlags("__probe"),
		Run: func(args []string, stdout, _ io.Writer) error {
			if len(args) != 1 {
				return usagef("__probe takes one MOUNTPOINT; use dgenfs list")
			}
			var errno syscall.Errno
			text, err := os.ReadFile(filepath.Join(args[0], ".dgenfs", "stats"))
			if err != nil && !errors.As(err, &errno) {
				return err
			}
			_, err = fmt.Fprintf(stdout, "%d\n%s", int(errno), text)
			return err
		},
	}
}

// isDead reports whether the file system on mountpoint has lost its server.
func isDead(mountpoint string) bool {
	_, err := probe(mountpoint)
	return errors.Is(err, syscall.ENOTCONN) || errors.Is(err, syscall.ECONNABORTED)
}

// isDeadHere does the same where a limit does not let another process start. It may
// block as long as a server does not answer.
func isDeadHere(mountpoint string) bool {
	var st unix.Statfs_t
	err := unix.Statfs(mountpoint, &st)
	return err == syscall.ENOTCONN || err == syscall.ECONNABORTED
}
