package cli

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/dgenfs/dgenfs/fs"
	"github.com/dgenfs/dgenfs/fs/cli/daemon"
	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/dgenfs/dgenfs/fs/cli/printable"
	"github.com/spf13/pflag"
)

func mountCommand() help.Command {
	m := newMountCall()
	return help.Command{
		Name:    "mount",
		Usage:   "dgenfs [mount] [flags] [SOURCE] MOUNTPOINT",
		Summary: "mount, and return when the mount answers",
		Text: `Mounts on the empty directory MOUNTPOINT and returns when the mount answers. It
may also be /dev/fd/N, a descriptor of /dev/fuse that the caller has mounted.
SOURCE is shown as the device in the mount table (default: dgenfs). With no
--size, --file, --tree or --preset, the root lists a handful of sizes from 1M to
1T; any other name that is a SPEC exists there, too. A SPEC is
SIZE[,KEY=VALUE]...; dgenfs --help lists the keys. The file .dgenfs/config in the
mount says what it is served with, and why.
`,
		Flags:   m.set,
		Operand: help.Directory,
		Run:     m.run,
	}
}

// mountCall is a call of the command mount, whose arguments are being parsed.
type mountCall struct {
	set        *pflag.FlagSet
	flags      mountFlags
	foreground bool
	verbose    bool
	fromMount8 bool // its SOURCE is what /etc/fstab says, or mount(8) was told
}

func newMountCall() *mountCall {
	m := &mountCall{set: newFlags("mount")}
	m.flags.add(m.set)
	m.set.BoolVarP(&m.verbose, "verbose", "v", false, "print on standard error what was mounted, and how it is served")
	m.set.BoolVarP(&m.foreground, "foreground", "f", false, "stay in the foreground, with errors on standard error")
	return m
}

func (m *mountCall) run(args []string, stdout, stderr io.Writer) error {
	if m.foreground {
		if err := daemon.Confine(programName, m.arguments(args)); err != nil {
			return err
		}
	}
	r, err := m.request(args)
	if err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	r.printRounded(stderr)
	if r.foreground {
		if err := r.clear(stderr); err != nil {
			return err
		}
		return r.serveForeground(stdout, stderr)
	}
	p, err := r.start(stderr)
	if err != nil {
		return err
	}
	status, err := r.await(p, stdout)
	if err != nil {
		return err
	}
	switch {
	case m.verbose:
		fmt.Fprintln(stderr, printable.Line("dgenfs: "+status))
		fallthrough
	case isTerminal(stderr):
		r.welcome(stderr)
	}
	return nil
}

// welcome prints what there is now, and where to look for more.
func (r *mountRequest) welcome(w io.Writer) {
	log := r.config.log
	if log == "" {
		log = daemon.SyslogPlace()
	}
	fmt.Fprintln(w, printable.Line(fmt.Sprintf("dgenfs: %s on %s", &r.namespace, r.mountpoint)))
	fmt.Fprintln(w, printable.Line(fmt.Sprintf("dgenfs: how it is served: %s/.dgenfs/config; log: %s; to unmount: dgenfs umount %s", r.mountpoint, log, r.mountpoint)))
}

// arguments returns the arguments of the program for this very call.
func (m *mountCall) arguments(args []string) []string {
	flags := m.flags.arguments(m.set)
	for i, flag := range flags {
		if m.flags.seed.drawn && strings.HasPrefix(flag, "--seed=") {
			flags[i] = "--seed=random" // to be drawn, and printed, by the one that mounts
		}
	}
	return slices.Concat([]string{"mount", "--foreground"}, flags, []string{"--"}, args)
}

// mountRequest is a mount that was asked for.
type mountRequest struct {
	server
	foreground bool
	args       []string // of a server that does the same
	dead       bool     // a mount whose server has died is in the way
}

// request returns what the flags and args, the arguments after them, ask for.
func (m *mountCall) request(args []string) (*mountRequest, error) {
	r := &mountRequest{foreground: m.foreground}
	switch len(args) {
	case 1:
		r.mountpoint = args[0]
	case 2:
		r.source, r.mountpoint = args[0], args[1]
		if !m.fromMount8 {
			if err := checkSource(r.source); err != nil {
				return nil, err
			}
		}
	default:
		for _, arg := range args {
			if hint := patternHint(arg); hint != "" {
				return nil, usagef("argument %q: %s", arg, hint)
			}
		}
		return nil, usagef("mount takes a MOUNTPOINT, with at most a SOURCE before it, got %d arguments; see dgenfs --help", len(args))
	}
	if m.flags.extra.source != "" {
		if r.source != "" && r.source != m.flags.extra.source && !m.fromMount8 {
			return nil, usagef("option \"fsname=%s\": the SOURCE is %s; leave one of them out", m.flags.extra.source, r.source)
		}
		r.source = m.flags.extra.source
	}
	var err error
	r.config, err = m.flags.config()
	r.args = append(m.flags.arguments(m.set), append([]string{"--"}, args...)...)
	return r, err
}

// check finds out whether it is possible to mount there.
func (r *mountRequest) check() (err error) {
	if number, ok := strings.CutPrefix(r.mountpoint, descriptors); ok {
		r.device, err = checkDevice(number)
		return err
	}
	given := r.mountpoint
	r.mountpoint, r.dead, err = checkMountpoint(given, r.extra.nonEmpty)
	if command := commandMeant(given); err != nil && command != "" {
		err = usagef("%w; or did you mean the command %s?", err, command)
	}
	return err
}

// clear unmounts what a server that has died left on the mount point.
func (r *mountRequest) clear(stderr io.Writer) error {
	if !r.dead {
		return nil
	}
	if err := fs.Unmount(r.mountpoint, true); err != nil && err != fs.ErrNotMounted {
		return fmt.Errorf("unmounting %s, whose server has died: %w", r.mountpoint, err)
	}
	fmt.Fprintln(stderr, printable.Line(fmt.Sprintf("dgenfs: unmounted %s, whose server had died", r.mountpoint)))
	return nil
}

// start starts the server in the background.
func (r *mountRequest) start(stderr io.Writer) (*daemon.Process, error) {
	if err := r.clear(stderr); err != nil {
		return nil, err
	}
	r.args[len(r.args)-1] = r.mountpoint // ps and list show where it really is
	o := daemon.Options{Name: programName, Args: r.args, Mode: daemon.Background, Stdin: r.treeText, Device: r.device}
	if r.device == nil {
		if mounted, _, err := fs.MountedAt(r.mountpoint); err == nil && mounted.Type == automount {
			o.Mode = daemon.Automounted
		}
	}
	return daemon.Start(o)
}

// await waits until the mount answers, and returns what is served, in a line. If it
// does not answer, nothing is left of it.
func (r *mountRequest) await(p *daemon.Process, stdout io.Writer) (status string, err error) {
	defer p.Close()
	m, err := r.ready(p)
	if err != nil {
		return "", err
	}
	// Not by the server: systemd listens to the process that it has started.
	daemon.Notify(fmt.Sprintf("MAINPID=%d", p.PID), "READY=1", "STATUS="+m.Status)
	r.printSeed(stdout)
	return m.Status, nil
}

// ready waits for the server, and unmounts if that has died.
func (r *server) ready(p *daemon.Process) (daemon.Message, error) {
	var check func() error
	if r.device == nil { // a mount point that is a descriptor is known to its owner only
		check = func() error {
			if err := answers(r.mountpoint, answerTimeout); err != nil {
				return fmt.Errorf("mounting on %s: %w", r.mountpoint, err)
			}
			return nil
		}
	}
	m, err := p.Ready(check)
	if err == nil {
		return m, nil
	}
	var refused *daemon.RefusedError
	if errors.As(err, &refused) && refused.Usage {
		return m, usageError{err}
	}
	if r.device == nil && (isDead(r.mountpoint) || isDeadHere(r.mountpoint)) {
		fs.Unmount(r.mountpoint, true)
	}
	return m, err
}

// printSeed prints the seed if it was drawn.
func (c *config) printSeed(w io.Writer) {
	if c.seed.drawn {
		fmt.Fprintf(w, "seed %d\n", c.seed.value)
	}
}

// descriptors is what a mount point begins with that is the number of an open
// descriptor of /dev/fuse. A parent with privileges has mounted it, as mount.fuse
// does with the option drop_privileges, and unmounts it.
const descriptors = "/dev/fd/"

// checkDevice returns the descriptor of /dev/fuse with a number.
func checkDevice(number string) (*os.File, error) {
	fd, err := strconv.Atoi(number)
	if err != nil || fd < 0 || fd > math.MaxInt32 || strconv.Itoa(fd) != number {
		return nil, usagef("mount point %s%s: must be %sN, with N the number of an open descriptor of /dev/fuse", descriptors, number, descriptors)
	}
	return openDevice(fd)
}

// openDevice returns an inherited descriptor, if it is one of /dev/fuse.
func openDevice(fd int) (*os.File, error) {
	if err := fs.CheckDevice(fd); err != nil {
		return nil, usagef("mount point %s%d: %w", descriptors, fd, err)
	}
	return os.NewFile(uintptr(fd), "/dev/fuse"), nil
}
