package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
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
	p, err := startProber(mountpoint)
	if err != nil {
		return nil, err
	}
	text, err := p.read(probeTimeout)
	p.close()
	return text, err
}

// prober is a process that reads .dgenfs/stats of a mount when it is asked to.
type prober struct {
	cmd      *exec.Cmd
	ask      *os.File
	answers  *os.File
	buffered *bufio.Reader // of answers
}

func startProber(mountpoint string) (*prober, error) {
	theirAsk, ask, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirAsk.Close()
	answers, theirAnswers, err := os.Pipe()
	if err != nil {
		ask.Close()
		return nil, err
	}
	defer theirAnswers.Close()
	p := &prober{exec.Command("/proc/self/exe", probeCommand().Name, "--", mountpoint), ask, answers, bufio.NewReader(answers)}
	p.cmd.Stdin, p.cmd.Stdout = theirAsk, theirAnswers
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // signals of the terminal are for this process
	if err := p.cmd.Start(); err != nil {
		ask.Close()
		answers.Close()
		return nil, err
	}
	return p, nil
}

// read returns what .dgenfs/stats has. If that takes longer than patience, the process is
// killed, and the error is errNoAnswer.
func (p *prober) read(patience time.Duration) ([]byte, error) {
	if _, err := p.ask.WriteString("\n"); err != nil {
		return nil, fmt.Errorf("asking the server: %w", err)
	}
	// In two parts: this process may be stopped so long that the first is over before
	// it looks.
	var line string
	var err error
	for range 2 {
		p.answers.SetReadDeadline(time.Now().Add(patience / 2))
		var part string
		part, err = p.buffered.ReadString('\n')
		if line += part; !errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
	}
	var errno, size int
	if err == nil {
		_, err = fmt.Sscanf(line, "%d %d\n", &errno, &size)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		p.cmd.Process.Kill() // it ends when it can
		return nil, errNoAnswer
	case err != nil:
		return nil, fmt.Errorf("asking the server: %w", err)
	case errno != 0:
		return nil, syscall.Errno(errno)
	}
	text := make([]byte, size)
	p.answers.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadFull(p.buffered, text); err != nil {
		return nil, fmt.Errorf("asking the server: %w", err)
	}
	return text, nil
}

// close has the process end, and does not wait for it: it may hang.
func (p *prober) close() {
	p.ask.Close()
	p.answers.Close()
	go p.cmd.Wait()
}

// probeCommand is what a prober runs. For each line of its input it prints the number of
// an error, 0 for none, and the length of what it has read, in a line, and then that.
func probeCommand() help.Command {
	return help.Command{
		Name:   "__probe",
		Hidden: true,
		Flags:  newFlags("__probe"),
		Run: func(args []string, stdout, _ io.Writer) error {
			if len(args) != 1 {
				return usagef("__probe takes one MOUNTPOINT; use dgenfs list")
			}
			for asked := bufio.NewScanner(os.Stdin); asked.Scan(); {
				var errno syscall.Errno
				text, err := os.ReadFile(filepath.Join(args[0], ".dgenfs", "stats"))
				if err != nil && !errors.As(err, &errno) {
					return err
				}
				if _, err = fmt.Fprintf(stdout, "%d %d\n%s", int(errno), len(text), text); err != nil {
					return err
				}
			}
			return nil
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
