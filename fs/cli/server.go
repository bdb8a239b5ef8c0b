package cli

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"time"

	"github.com/dgenfs/dgenfs/fs"
	"github.com/dgenfs/dgenfs/fs/cli/daemon"
	"github.com/dgenfs/dgenfs/fs/cli/exit"
	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/dgenfs/dgenfs/fs/cli/printable"
	"golang.org/x/sys/unix"
)

// busyPatience is how long the server of dgenfs run waits for the last users of its
// mount before it detaches the mount.
const busyPatience = 2 * time.Second

// server serves one mount, in this process.
type server struct {
	config
	source, mountpoint string
	device             *os.File // of /dev/fuse, if somebody else has mounted it

	fs    *fs.FS
	mount *fs.Mount
	log   *log.Logger
	file  *daemon.Log   // which log writes to; nil if it is not a file
	done  chan struct{} // closed when the last user of the mount is gone

	signals chan os.Signal // that ask to unmount
	reloads chan os.Signal // SIGHUP, if it asks to reload

	parent *daemon.Parent // nil in the foreground
}

// start mounts and begins to serve.
func (s *server) start(fallback io.Writer) error {
	s.log = log.New(printable.Writer(fallback), "dgenfs: ", 0)
	if s.config.log != "" {
		var err error
		if s.file, err = daemon.OpenLog(s.config.log); err != nil {
			return usagef("--log %s: %w", s.config.log, errors.Unwrap(err))
		}
		s.log = log.New(printable.Writer(s.file), fmt.Sprintf("dgenfs[%d]: ", os.Getpid()), log.LstdFlags|log.Lmsgprefix)
	}
	s.fs = fs.New(fs.Options{Tree: s.tree, Seed: s.seed.value, UID: s.uid, GID: s.gid, Mode: s.mode, Trouble: s.trouble, NoTroubleNames: !s.troubleNames, Sink: s.sink, Log: s.log})
	// Before there is a mount that a signal could leave behind.
	s.signals, s.reloads = make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(s.signals, unix.SIGINT, unix.SIGTERM)
	if s.reloadable() {
		signal.Notify(s.reloads, unix.SIGHUP)
	} else {
		signal.Notify(s.signals, unix.SIGHUP)
	}
	// Nor must a log that is a pipe, once its reader has gone.
	signal.Ignore(unix.SIGPIPE)
	var err error
	s.mount, err = s.newMount(fs.MountOptions{
		Source:     s.source,
		AllowOther: s.allowOther,
		NoExec:     s.extra.noExec,
		Labels:     s.extra.labels,
		Transport:  s.transport,
		MaxRead:    s.config.maxRead,
		ReadAhead:  s.config.readAhead,
		Placement:  s.placement.transport(),
		NUMA:       s.placement.String(),
		Version:    versionText(),
		TreeFile:   s.text(s.config.arguments()),
		About:      s.about,
		Log:        s.log,
	})
	if err != nil {
		return fmt.Errorf("mounting on %s: %w%s", printable.Line(s.mountpoint), err, mountHint(err))
	}
	if s.treeText != nil {
		s.treeText = nil
		debug.FreeOSMemory() // reading a large tree file takes far more than keeping the tree
	}
	daemon.ConfineMounted()
	s.log.Print(s.status())
	s.done = make(chan struct{})
	go func() {
		s.mount.Serve()
		close(s.done)
	}()
	return nil
}

// mountHint says what is missing where mounting is not possible, and how to give it.
func mountHint(err error) string {
	switch {
	case errors.Is(err, fs.ErrNoDevice) && errors.Is(err, unix.ENOENT):
		return "; run modprobe fuse as root, and give a container --device /dev/fuse"
	case errors.Is(err, fs.ErrNoDevice):
		return "; a container needs --device /dev/fuse, and other users need permission to open it"
	case errors.Is(err, unix.EPERM) && os.Geteuid() == 0:
		return "; mounting needs CAP_SYS_ADMIN: a container needs --cap-add SYS_ADMIN, and often --security-opt apparmor=unconfined"
	case errors.Is(err, fs.ErrAllowOther):
		return "; leave --allow-other out, or have root add that line"
	}
	return ""
}

func (s *server) newMount(o fs.MountOptions) (*fs.Mount, error) {
	if s.device != nil {
		return fs.NewMountOn(s.fs, int(s.device.Fd()), o)
	}
	return fs.NewMount(s.fs, s.mountpoint, o)
}

// serveForeground serves until somebody unmounts, or a signal asks to.
func (s *server) serveForeground(stdout, stderr io.Writer) error {
	if err := s.start(stderr); err != nil {
		// fusermount3 may have mounted and failed then. No server holds it any more.
		if s.device == nil && isDead(s.mountpoint) {
			fs.Unmount(s.mountpoint, true)
		}
		return err
	}
	s.printSeed(stdout)
	daemon.Notify(fmt.Sprintf("MAINPID=%d", os.Getpid()), "READY=1", "STATUS="+s.status())
	s.untilSignalled()
	return nil
}

// untilSignalled returns when the mount is gone. The first signal asks for
// that, the second insists, the third gives up on those who still read.
func (s *server) untilSignalled() {
	defer daemon.Notify("STOPPING=1", "STATUS=no longer serving "+printable.Line(s.mountpoint))
	for lazy := false; ; {
		select {
		case <-s.done:
			return
		case <-s.reloads:
			s.reload()
			continue
		case <-s.signals:
		}
		if s.device != nil {
			s.log.Printf("%s: ended by a signal; the process that mounted it has to unmount it", printable.Line(s.mountpoint))
			return
		}
		err := s.mount.Unmount(lazy)
		switch {
		case err == nil && !lazy:
			<-s.done
			return
		case err == nil, err == fs.ErrNotMounted:
			s.log.Printf("%s: detached; open files are served until they are closed, a third signal ends them", printable.Line(s.mountpoint))
			daemon.Notify("STOPPING=1", "STATUS=detached from "+printable.Line(s.mountpoint)+", and serving files that are open")
			select {
			case <-s.done:
			case <-s.signals:
			}
			return
		case err == fs.ErrBusy:
			lazy = true
			s.log.Printf("unmounting %s: %v; a second signal detaches it", printable.Line(s.mountpoint), err)
			daemon.Notify("STATUS=not unmounted, " + err.Error())
		default:
			lazy = true
			s.log.Printf("unmounting %s: %v", printable.Line(s.mountpoint), err)
		}
	}
}

// reloadable reports whether SIGHUP asks to reload, as it does under a service
// manager. To a process with a terminal, it says that the terminal has gone.
func (s *server) reloadable() bool {
	if !daemon.Managed() {
		return false
	}
	if s.parent != nil {
		return true // it has no terminal
	}
	tty, err := os.Open("/dev/tty")
	if err == nil {
		tty.Close()
	}
	return err != nil
}

// reload opens the log again, which may have been moved away. Nothing else can
// change while it is mounted.
func (s *server) reload() {
	daemon.Notify("RELOADING=1", fmt.Sprintf("MONOTONIC_USEC=%d", daemon.Monotonic().Microseconds()))
	if s.file != nil {
		if err := s.file.Reopen(); err != nil {
			s.log.Printf("opening the log again: %v", err)
		}
	}
	daemon.Notify("READY=1", "STATUS="+s.status())
}

// untilAbandoned serves until the mount is gone, or the parent; then it unmounts.
// busy is whether the mount was in use, and had to be detached.
func (s *server) untilAbandoned() (busy bool) {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP) // they are for the parent
	select {
	case <-s.done:
		return false
	case <-s.parent.Gone():
	}
	// The command may have left children behind that are about to end.
	err := s.mount.Unmount(false)
	for end := time.Now().Add(busyPatience); err == fs.ErrBusy && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
		err = s.mount.Unmount(false)
	}
	if err == nil {
		<-s.done
		return false
	}
	s.mount.Unmount(true)
	return err == fs.ErrBusy
}

// about returns lines for .dgenfs/config.
func (s *server) about() string {
	where := "standard error"
	switch {
	case s.config.log != "":
		where = s.config.log
	case s.parent != nil:
		where = daemon.SyslogPlace()
	}
	var b strings.Builder
	for _, line := range [][2]string{
		{"files", s.namespace.String() + "; " + strings.Join(s.config.arguments(), " ")},
		{"writes", s.writesText()},
		{"log", where},
		{"privileges", daemon.Privileges()},
	} {
		fmt.Fprintf(&b, "%s: %s\n", line[0], printable.Line(line[1]))
	}
	return b.String()
}

// status says what is served, in a line.
func (s *server) status() string {
	return "serving " + printable.Line(s.mountpoint) + ": " + s.mount.Summary()
}

// serveCommand is what the program starts in the background: package daemon
// describes it. Its arguments are those of mount, after the mode.
func serveCommand() help.Command {
	return help.Command{
		Name:   daemon.Command,
		Hidden: true,
		Flags:  newFlags(daemon.Command),
		Run: func(args []string, _, _ io.Writer) error {
			if len(args) == 0 {
				return usagef("%s is how the program starts its servers; use dgenfs mount", daemon.Command)
			}
			if err := daemon.Confine(programName, append([]string{daemon.Command, args[0], "--"}, args[1:]...)); err != nil {
				return err
			}
			parent, err := daemon.Inherit(daemon.Mode(args[0]))
			if err != nil {
				return usagef("%s: %w", daemon.Command, err)
			}
			if err := serveInBackground(parent, args[1:]); err != nil {
				var wrong usageError
				parent.Tell(daemon.Message{Error: err.Error(), Usage: errors.As(err, &wrong)})
				return exitCode(exit.Failed) // it was reported
			}
			return nil
		},
	}
}

// serveInBackground is the life of a server in the background.
func serveInBackground(parent *daemon.Parent, args []string) error {
	m := newMountCall()
	m.flags.files.treeAtStdin, m.fromMount8 = true, true
	if err := parse(m.set, args); err != nil {
		return err
	}
	s, err := m.request(m.set.Args())
	if err != nil {
		return err
	}
	if strings.HasPrefix(s.mountpoint, descriptors) {
		s.device, err = openDevice(parent.DeviceFD())
	} else {
		s.mountpoint, _, err = checkMountpoint(s.mountpoint, s.extra.nonEmpty)
	}
	if err != nil {
		return err
	}
	s.parent = parent
	if err := s.server.start(&daemon.Syslog{}); err != nil {
		return err
	}
	parent.Release(daemon.Message{Status: s.status()})
	if s.file != nil {
		s.file.TakeStderr()
	}
	if !parent.Supervised() {
		s.untilSignalled()
		return nil
	}
	busy := s.untilAbandoned()
	os.Remove(s.mountpoint) // the parent, which made it, may have been killed
	served := s.mount.Served()
	parent.Tell(daemon.Message{Busy: busy, Bytes: served.Bytes, Reads: served.Reads})
	return nil
}
