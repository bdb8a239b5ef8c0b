package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/dgenfs/dgenfs/fs"
	"github.com/dgenfs/dgenfs/fs/cli/daemon"
	"github.com/dgenfs/dgenfs/fs/cli/exit"
	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/dgenfs/dgenfs/fs/cli/printable"
	"github.com/dgenfs/dgenfs/fs/cli/top"
	"golang.org/x/sys/unix"
)

func runCommand() help.Command {
	f := newFlags("run")
	f.SetInterspersed(false) // what follows CMD is for CMD
	var flags mountFlags
	flags.add(f)
	var quiet bool
	f.BoolVarP(&quiet, "quiet", "q", false, "do not print what was served")
	return help.Command{
		Name:    "run",
		Usage:   "dgenfs run [flags] -- CMD ARG...",
		Summary: "mount somewhere temporary, run CMD, unmount",
		Text: `Mounts somewhere temporary, runs CMD with every {} in its arguments replaced by
the mount point (which is also in the variable DGENFS_MOUNT), unmounts, and prints
on standard error what was served, as dgenfs top shows it, unless --quiet is given.
The exit status is that of CMD; 128 plus the
number of the signal if a signal ended it, 127 if it was not found, 126 if it
could not be run.

  dgenfs run -- dd if={}/16G of=/dev/null bs=1M
`,
		Flags:   f,
		Operand: help.Program,
		Run: func(args []string, _, stderr io.Writer) error {
			if len(args) == 0 {
				return usagef("run takes a command, as in: dgenfs run -- dd if={}/16G of=/dev/null bs=1M")
			}
			c, err := flags.config()
			if err != nil {
				return err
			}
			return runOnMount(c, flags.arguments(f), args, quiet, stderr)
		},
	}
}

// runOnMount runs a command on a mount for which a server of the given flags is
// started.
func runOnMount(c config, flags, args []string, quiet bool, stderr io.Writer) (err error) {
	bin, err := exec.LookPath(args[0])
	if err != nil {
		printError(fmt.Errorf("running %s: %w", args[0], errors.Unwrap(err)), stderr)
		if errors.Is(err, os.ErrPermission) {
			return exitCode(exit.CannotRun)
		}
		return exitCode(exit.NotFound)
	}

	c.printRounded(stderr)
	// From now on a signal must not end this process before it has cleaned up.
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
	mountpoint, err := os.MkdirTemp("", "dgenfs-")
	if err != nil {
		return fmt.Errorf("making a mount point: %w", err)
	}
	defer os.Remove(mountpoint)
	p, err := daemon.Start(daemon.Options{Name: programName, Args: append(flags, "--", mountpoint), Mode: daemon.Supervised, Stdin: c.treeText})
	if err != nil {
		return err
	}
	defer p.Close()
	s := server{config: c, mountpoint: mountpoint}
	if _, err := s.ready(p); err != nil {
		return err
	}
	c.printSeed(stderr)

	start := time.Now()
	status := runClient(bin, args, mountpoint, signals, stderr)
	took := time.Since(start)
	m, err := p.End()
	if err != nil {
		fs.Unmount(mountpoint, true) // a server that died has left it
		return fmt.Errorf("ending the server: %w", err)
	}
	if m.Busy {
		fmt.Fprintln(stderr, printable.Line(fmt.Sprintf("dgenfs: unmounting %s: still in use, detached", mountpoint)))
	}
	if !quiet {
		printServed(m, took, stderr)
	}
	return exitCode(status)
}

// printServed prints what a mount has done until its end.
func printServed(m daemon.Message, took time.Duration, stderr io.Writer) {
	s, err := top.ParseStats(m.Stats)
	if err != nil {
		printError(err, stderr)
		return
	}
	line := fmt.Sprintf("served %s in %d reads, %.3g s, %s/s", bytesText(float64(s.ReadBytes)),
		s.Reads, took.Seconds(), bytesText(float64(s.ReadBytes)/took.Seconds()))
	if s.Writes != nil && *s.Writes > 0 {
		line += fmt.Sprintf("; accepted %s in %d writes, %s/s", bytesText(float64(s.WriteBytes)), *s.Writes, bytesText(float64(s.WriteBytes)/took.Seconds()))
	}
	if m.Peak > float64(s.ReadBytes+s.WriteBytes)/took.Seconds() {
		line += fmt.Sprintf("; at most %s/s", bytesText(m.Peak))
	}
	for _, line := range append([]string{line}, top.Summary(s)...) {
		fmt.Fprintln(stderr, printable.Line("dgenfs: "+line))
	}
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
		printError(fmt.Errorf("running %s: %w", args[0], err), stderr)
		return exit.CannotRun
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
		return exit.Signal + int(ws.Signal())
	}
	return ws.ExitStatus()
}

// fromTerminal reports whether a signal that this process received is one that a
// terminal sends to all processes in its foreground, including this one.
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
