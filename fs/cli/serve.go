package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/syslog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"time"

	"github.com/dgenfs/dgenfs/fs"
	"github.com/dgenfs/dgenfs/fs/transport"
	"golang.org/x/sys/unix"
)

// How long the server of `dgenfs run` waits for the last users of its mount to
// go away before it detaches it from under them.
const busyPatience = 2 * time.Second

// server serves one mount, in this process.
type server struct {
	config
	source, mountpoint string
	device             *os.File // of /dev/fuse, if somebody else has mounted it

	fs    *fs.FS
	mount *fs.Mount
	log   *log.Logger
	file  *logFile      // that log writes to, if it is one
	done  chan struct{} // closed when the last user of the mount is gone

	signals chan os.Signal // that ask to unmount
	reloads chan os.Signal // SIGHUP, if it asks to reload

	// tell notifies whoever supervises this process, systemd for one.
	tell func(state ...string)
}

// start mounts and begins to serve.
func (s *server) start(fallback io.Writer) error {
	s.log = log.New(fallback, "dgenfs: ", 0)
	if s.config.log != "" {
		var err error
		if s.file, err = openLog(s.config.log); err != nil {
			return err
		}
		s.log = log.New(s.file, fmt.Sprintf("dgenfs[%d]: ", os.Getpid()), log.LstdFlags|log.Lmsgprefix)
	}
	s.fs = fs.New(fs.Options{Tree: s.tree, Seed: s.seed, UID: s.uid, GID: s.gid, Mode: s.mode, Trouble: s.trouble, Log: s.log})
	// Before there is a mount that a signal could leave behind.
	s.signals, s.reloads = make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(s.signals, unix.SIGINT, unix.SIGTERM)
	if s.reloadable() {
		signal.Notify(s.reloads, unix.SIGHUP)
	} else {
		signal.Notify(s.signals, unix.SIGHUP)
	}
	// Nor must a line of the log that nobody reads any more.
	signal.Ignore(unix.SIGPIPE)
	var err error
	s.mount, err = s.newMount(fs.MountOptions{
		Source:     s.source,
		AllowOther: s.allowOther,
		NoExec:     s.noexec,
		Transport:  s.transport,
		MaxRead:    s.config.maxRead,
		Placement:  s.placement.transport(),
		NUMA:       s.placement.String(),
		Version:    versionText(),
		TreeFile:   s.text(s.config.arguments()),
		Files:      s.namespace.String() + "; " + strings.Join(s.config.arguments(), " "),
		Log:        s.log,
	})
	if err != nil {
		return fmt.Errorf("mounting on %s: %w", s.mountpoint, err)
	}
	if s.treeText != nil {
		s.treeText = nil
		debug.FreeOSMemory() // reading a large tree file takes far more than keeping the tree
	}
	s.log.Print(s.status())
	s.done = make(chan struct{})
	go func() {
		s.mount.Serve()
		close(s.done)
	}()
	return nil
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
		return err
	}
	m := s.message()
	m.tellSeed(stdout)
	s.tell = notify
	s.tell(fmt.Sprintf("MAINPID=%d", os.Getpid()), "READY=1", "STATUS="+m.Status)
	s.untilSignalled()
	return nil
}

// untilSignalled returns when the mount is gone. The first signal asks for
// that, the second insists, the third gives up on those who still read.
func (s *server) untilSignalled() {
	defer s.tell("STOPPING=1", "STATUS=has ended serving "+s.mountpoint)
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
			s.log.Printf("%s: ended by a signal; who mounted it has to unmount it", s.mountpoint)
			return
		}
		err := s.mount.Unmount(lazy)
		switch {
		case err == nil && !lazy:
			<-s.done
			return
		case err == nil, err == fs.ErrNotMounted:
			s.log.Printf("%s: detached; open files are served until they are closed, a third signal ends them", s.mountpoint)
			s.tell("STOPPING=1", "STATUS=detached from "+s.mountpoint+", and serving files that are open")
			select {
			case <-s.done:
			case <-s.signals:
			}
			return
		case err == fs.ErrBusy:
			lazy = true
			s.log.Printf("unmounting %s: %v; a second signal detaches it all the same", s.mountpoint, err)
			s.tell("STATUS=not unmounted, " + err.Error())
		default:
			lazy = true
			s.log.Printf("unmounting %s: %v", s.mountpoint, err)
		}
	}
}

// reloadable reports whether SIGHUP asks to reload, as it does where somebody
// listens to what that comes to. Of a process with a terminal, it says that the
// terminal has gone.
func (s *server) reloadable() bool {
	if os.Getenv(notifySocket) == "" {
		return false
	}
	if os.Getenv(serverEnv) != "" {
		return true // it has none, or will have none
	}
	tty, err := os.Open("/dev/tty")
	if err == nil {
		tty.Close()
	}
	return err != nil
}

// reload opens the log anew, for what was moved away. Nothing else can change
// while it is mounted.
func (s *server) reload() {
	s.tell("RELOADING=1", fmt.Sprintf("MONOTONIC_USEC=%d", monotonic().Microseconds()))
	if s.file != nil {
		if err := s.file.reopen(); err != nil {
			s.log.Printf("opening the log anew: %v", err)
		}
	}
	s.tell("READY=1", "STATUS="+s.status())
}

// untilAbandoned returns when the mount is gone, which the other end of
// lifeline asks for by closing it, or by dying. Then nothing may be left.
func (s *server) untilAbandoned(lifeline io.Reader) (busy bool) {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP) // they are for the other end
	abandoned := make(chan struct{})
	go func() {
		io.Copy(io.Discard, lifeline)
		close(abandoned)
	}()
	select {
	case <-s.done:
		return false
	case <-abandoned:
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

// A server in the background is a process of its own: whoever reads a mount
// must be another process than the one that serves it. It is this program with
// the same arguments, a variable in its environment that tells its mode, and
// these descriptors:
const (
	serverEnv = "DGENFS_SERVER"

	background  = "background"  // serves until it is signalled
	automounted = "automounted" // the same, and mounts in the process group of who started it
	supervised  = "supervised"  // serves until the process that started it closes the lifeline

	statusFD   = 3 // it writes messages here
	lifelineFD = 4 // supervised: it reads here
	deviceFD   = 4 // background: /dev/fuse, if the mount point is a descriptor
)

// message is what a server in the background tells who started it.
type message struct {
	Ready  bool              `json:"ready,omitempty"`
	Error  string            `json:"error,omitempty"`
	Usage  bool              `json:"usage,omitempty"`  // the error is the user's
	Status string            `json:"status,omitempty"` // what is served, in a line
	Seed   *uint64           `json:"seed,omitempty"`   // it was drawn by chance
	Busy   bool              `json:"busy,omitempty"`   // the mount was detached while in use
	Served *transport.Served `json:"served,omitempty"`
}

func (s *server) message() message {
	m := message{Ready: true, Status: s.status()}
	if s.seedDrawn {
		m.Seed = &s.seed
	}
	return m
}

// status says what is served, in a line.
func (s *server) status() string {
	return "serving " + s.mountpoint + ": " + s.mount.Summary()
}

// tellSeed prints a seed that was drawn.
func (m message) tellSeed(w io.Writer) {
	if m.Seed != nil {
		fmt.Fprintf(w, "seed %d\n", *m.Seed)
	}
}

// serveFor is the life of a server in the background.
func (s *server) serveFor(mode string) error {
	unix.CloseOnExec(statusFD)
	pipe := os.NewFile(statusFD, "status pipe")
	status := json.NewEncoder(pipe)
	if err := s.start(&lazySyslog{}); err != nil {
		var wrong usageError
		status.Encode(message{Error: err.Error(), Usage: errors.As(err, &wrong)})
		return exitCode(exitFailed)
	}
	os.WriteFile("/proc/self/comm", []byte("dgenfs"), 0) // not "exe", as it was started
	os.Chdir("/")                                        // not to keep the file system busy that this started in
	// From here on nobody reads what is printed.
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		unix.Dup3(int(null.Fd()), 2, 0)
		null.Close()
	}
	status.Encode(s.message())
	if mode == automounted {
		unix.Setsid() // as the others are from the start
	}
	if mode != supervised {
		pipe.Close()
		s.tell = notify
		s.untilSignalled()
		return nil
	}
	unix.CloseOnExec(lifelineFD)
	busy := s.untilAbandoned(os.NewFile(lifelineFD, "lifeline"))
	os.Remove(s.mountpoint) // who made it may be dead
	served := s.mount.Served()
	status.Encode(message{Busy: busy, Served: &served})
	return nil
}

// lazySyslog connects when there is something to write. Where there is no
// syslog, it writes nowhere: a daemon has no other place.
type lazySyslog struct{ w *syslog.Writer }

func (l *lazySyslog) Write(p []byte) (int, error) {
	if l.w == nil {
		w, err := syslog.New(syslog.LOG_DAEMON|syslog.LOG_NOTICE, "dgenfs")
		if err != nil {
			return len(p), nil
		}
		l.w = w
	}
	return l.w.Write(p)
}
