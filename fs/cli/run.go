package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/dgenfs/dgenfs/fs"
	"golang.org/x/sys/unix"
)

const runSynopsis = `dgenfs run [flags] -- CMD ARG...

Mounts somewhere temporary, runs CMD with every {} in its arguments replaced by
the mount point (also in the variable DGENFS_MOUNT), unmounts, and says on
standard error what was served. The exit status is that of CMD; 128 and the
signal's number if a signal ended it, 127 if it was not found, 126 if it cannot
be run.

  dgenfs run -- dd if={}/16G of=/dev/null bs=1M
`

// Exit statuses of commands that could not be run, as shells have them.
const (
	exitCannotRun = 126
	exitNotFound  = 127
	exitSignal    = 128 // and the number of the signal
)

func runCommand(args []string, stdout, stderr io.Writer) (err error) {
	f := newFlags("run", runSynopsis, stdout)
	f.SetInterspersed(false) // what follows CMD is for CMD
	var flags mountFlags
	flags.add(f)
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() == 0 {
		return usagef("run takes a command, as in: dgenfs run -- dd if={}/16G of=/dev/null bs=1M")
	}
	c, err := flags.config()
	if err != nil {
		return err
	}
	bin, err := exec.LookPath(f.Arg(0))
	if err != nil {
		fmt.Fprintf(stderr, "dgenfs: running %s: %v\n", f.Arg(0), errors.Unwrap(err))
		if errors.Is(err, os.ErrPermission) {
			return exitCode(exitCannotRun)
		}
		return exitCode(exitNotFound)
	}

	// From now on a signal must not end this process before it has cleaned up.
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
	mountpoint, err := os.MkdirTemp("", "dgenfs-")
	if err != nil {
		return fmt.Errorf("making a mount point: %w", err)
	}
	defer os.Remove(mountpoint)
	own := args[:len(args)-f.NArg()]
	if f.ArgsLenAtDash() < 0 {
		own = append(slices.Clone(own), "--")
	}
	p, err := startServer(append(slices.Clone(own), mountpoint), c.treeText, supervised)
	if err != nil {
		return err
	}
	defer p.close()
	m, err := p.ready(mountpoint)
	if err != nil {
		return err
	}
	m.tellSeed(stderr)

	start := time.Now()
	status := runClient(bin, f.Args(), mountpoint, signals, stderr)
	took := time.Since(start)
	m, err = p.end()
	if err != nil {
		fs.Unmount(mountpoint, true) // a server that died has left it
		return fmt.Errorf("ending the server: %w", err)
	}
	if m.Busy {
		fmt.Fprintf(stderr, "dgenfs: unmounting %s: was still in use, and was detached\n", mountpoint)
	}
	if m.Served != nil {
		fmt.Fprintf(stderr, "dgenfs: served %s in %d reads, %.3g s, %s/s\n", bytesText(float64(m.Served.Bytes)),
			m.Served.Reads, took.Seconds(), bytesText(float64(m.Served.Bytes)/took.Seconds()))
	}
	return exitCode(status)
}

// runClient runs a command, passes signals on to it, and returns its exit
// status.
func runClient(bin string, args []string, mountpoint string, signals <-chan os.Signal, stderr io.Writer) int {
	cmd := exec.Command(bin)
	for _, arg := range args {
		cmd.Args = append(cmd.Args, strings.ReplaceAll(arg, "{}", mountpoint))
	}
	cmd.Args = cmd.Args[1:]
	cmd.Env = append(os.Environ(), "DGENFS_MOUNT="+mountpoint)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		fmt.Fprintf(stderr, "dgenfs: running %s: %v\n", args[0], err)
		return exitCannotRun
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	for {
		select {
		case s := <-signals:
			// What the terminal sends, it sends to the command as well.
			if !fromTerminal(s) {
				cmd.Process.Signal(s)
			}
			continue
		case <-ended:
		}
		break
	}
	ws := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ws.Signaled() {
		return exitSignal + int(ws.Signal())
	}
	return ws.ExitStatus()
}

// fromTerminal reports whether a signal that this process got is one that a
// terminal sends to all processes in its foreground, this one among them.
func fromTerminal(s os.Signal) bool {
	if s != unix.SIGINT && s != unix.SIGQUIT {
		return false
	}
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// bytesText writes a number of bytes for people: 16 GiB, 1.5 MiB.
func bytesText(n float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	i := 0
	for ; n >= 1024 && i < len(units)-1; i++ {
		n /= 1024
	}
	return fmt.Sprintf("%.4g %s", n, units[i])
}
