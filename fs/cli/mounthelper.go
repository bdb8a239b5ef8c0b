package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/dgenfs/dgenfs/fs"
	"github.com/dgenfs/dgenfs/fs/cli/exit"
	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"
)

// Started as mount.dgenfs, by a link in /sbin, this program is what mount(8)
// calls for `mount -t dgenfs` and lines of /etc/fstab. As is expected of a helper, it
// accepts options that are for others, and has exit statuses of its own.

// isMountHelper reports whether a program of this name is a helper of mount(8).
func isMountHelper(name string) bool {
	name = filepath.Base(name)
	return name == "mount.dgenfs" || name == "mount.fuse.dgenfs"
}

// mountHelperHelp is what mount.dgenfs --help prints.
func mountHelperHelp() help.Command {
	return help.Command{
		Name:  "mount.dgenfs",
		Usage: "mount.dgenfs SOURCE MOUNTPOINT [-sfnv] [-N NAMESPACE] [-o OPTIONS] [-t TYPE]",
		Text: `What mount -t dgenfs and /etc/fstab call. SOURCE is shown as the device in the
mount table, dgenfs by convention. OPTIONS are the flags of dgenfs mount, as in
size=64G,allow_other, and those of mount(8); see dgenfs mount --help. A comma in a
value is written \, or the value is put in double quotes.
`,
		Flags: new(helperCall).flags(),
	}
}

// helperCall is how mount(8) calls a helper.
type helperCall struct {
	source, mountpoint string
	options            []string
	fsType             string
	namespace          string // to mount in: the number of a process, or a path
	sloppy             bool   // ignore unknown options
	fake               bool   // check, but do not mount
	verbose            bool
}

// runMountHelper does what mount(8) calls for and returns the exit status.
func runMountHelper(args []string, stdout, stderr io.Writer) int {
	status, err := mountAsHelper(args, stdout, stderr)
	if exitStatus(err, stderr) == exit.Done {
		return exit.Done
	}
	return status
}

// mountAsHelper mounts. If there is an error, failed is the exit status.
func mountAsHelper(args []string, stdout, stderr io.Writer) (failed int, err error) {
	call, err := parseHelper(args)
	if errors.Is(err, pflag.ErrHelp) {
		return exit.Done, mountHelperHelp().Print(stdout)
	}
	if err != nil {
		return exit.MountUsage, err
	}
	if call.namespace != "" {
		return inNamespace(call.namespace, call.helperArgs(), stdout, stderr)
	}
	m := newMountCall()
	m.fromMount8 = true
	if err := parse(m.set, call.mountArgs()); err != nil {
		return exit.MountUsage, err
	}
	r, err := m.request(m.set.Args())
	if err != nil {
		return exit.MountUsage, err
	}
	if err := r.check(); err != nil {
		return exit.MountFailed, err
	}
	r.printRounded(stderr)
	if !call.fake {
		p, err := r.start(stderr)
		if err != nil {
			return exit.MountSystem, err
		}
		if _, err := r.await(p, stdout); err != nil {
			if errors.As(err, new(usageError)) {
				return exit.MountUsage, err
			}
			return exit.MountFailed, err
		}
	}
	if call.verbose {
		access := "read-only"
		if r.sink != (fs.Sink{}) {
			access = "writable"
		}
		fmt.Fprintf(stdout, "dgenfs: %s mounted on %s, %s\n", call.source, r.mountpoint, access)
	}
	return 0, nil
}

// flags returns the flags that a helper may be called with.
func (c *helperCall) flags() *pflag.FlagSet {
	f := newFlags("mount.dgenfs")
	f.VarP(helperOptions{&c.options}, "options", "o", "`OPTIONS` of the mount")
	f.BoolVarP(&c.sloppy, "sloppy", "s", false, "ignore unknown options")
	f.BoolVarP(&c.fake, "fake", "f", false, "check everything, but do not mount")
	f.BoolP("no-mtab", "n", false, "has no effect; mount(8) passes it")
	f.BoolVarP(&c.verbose, "verbose", "v", false, "print what was done")
	f.StringVarP(&c.namespace, "namespace", "N", "", "mount in the mount namespace of a process, or of a file: `NAMESPACE`")
	f.VarP(choice[string]{&c.fsType, []string{"dgenfs", "fuse.dgenfs"}}, "types", "t", "`TYPE` of the file system")
	return f
}

// parseHelper parses a helper's arguments.
func parseHelper(args []string) (helperCall, error) {
	var c helperCall
	f := c.flags()
	if err := parse(f, args); err != nil {
		return c, err
	}
	if f.NArg() != 2 {
		return c, usagef("mount.dgenfs takes a SOURCE and a MOUNTPOINT, got %d arguments; see mount.dgenfs --help", f.NArg())
	}
	c.source, c.mountpoint = f.Arg(0), f.Arg(1)
	return c, nil
}

// helperOptions is the value of a helper's -o, which may be repeated.
type helperOptions struct{ to *[]string }

func (o helperOptions) String() string { return "" }
func (o helperOptions) Type() string   { return string(help.Options) }
func (o helperOptions) Set(list string) error {
	*o.to = append(*o.to, splitOptions(list)...)
	return nil
}

// mountArgs returns arguments of the command mount that ask for the same.
func (c *helperCall) mountArgs() []string {
	known := optionList{newMountCall().set, new(extraOptions)}
	var options []string
	for _, option := range c.options {
		key, _, _ := strings.Cut(option, "=")
		switch {
		case isIgnored(key) || notHonoured[key] || option == "":
		case c.sloppy && known.isUnknown(option):
		default:
			options = append(options, option)
		}
	}
	args := []string{"--", c.source, c.mountpoint}
	if len(options) > 0 {
		args = append([]string{"-o", joinOptions(options)}, args...)
	}
	return args
}

// helperArgs returns the arguments of the helper in the other namespace.
func (c *helperCall) helperArgs() []string {
	var args []string
	for _, flag := range []struct {
		name  string
		given bool
	}{{"-s", c.sloppy}, {"-f", c.fake}, {"-v", c.verbose}} {
		if flag.given {
			args = append(args, flag.name)
		}
	}
	if len(c.options) > 0 {
		args = append(args, "-o", joinOptions(c.options))
	}
	return append(args, "--", c.source, c.mountpoint)
}

// inNamespace runs this helper in another mount namespace, which a process with
// several threads cannot enter as a whole.
func inNamespace(namespace string, args []string, stdout, stderr io.Writer) (failed int, err error) {
	path := namespace
	if _, err := strconv.ParseUint(namespace, 10, 31); err == nil {
		path = "/proc/" + namespace + "/ns/mnt"
	}
	file, err := os.Open(path)
	if err != nil {
		return exit.MountUsage, usagef("-N %s: must be the number of a process or the path of a mount namespace: %w", namespace, errors.Unwrap(err))
	}
	defer file.Close()
	// For good: this thread must not run anything else after that.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return exit.MountSystem, fmt.Errorf("-N %s: %w", namespace, os.NewSyscallError("unshare", err))
	}
	if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNS); err != nil {
		return exit.MountUsage, fmt.Errorf("-N %s: entering the mount namespace: %w", namespace, err)
	}
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = "mount.dgenfs"
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err = cmd.Run()
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &ended):
		return ended.ExitCode(), exitCode(exit.MountFailed) // it has printed why
	}
	return exit.MountSystem, fmt.Errorf("-N %s: %w", namespace, err)
}
