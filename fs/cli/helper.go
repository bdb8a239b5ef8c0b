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

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"
)

// Started as mount.dgenfs, by a link in /sbin, this program is what mount(8)
// calls for `mount -t dgenfs` and lines of /etc/fstab, and does what a helper is
// expected to do: it takes options that are for others, and has exit statuses of
// its own.

// isHelper reports whether a program of this name is a helper of mount(8).
func isHelper(name string) bool {
	name = filepath.Base(name)
	return name == "mount.dgenfs" || name == "mount.fuse.dgenfs"
}

// Exit statuses of mount(8), as far as a helper has use for them.
const (
	helperUsage  = 1  // wrong invocation, or no permission
	helperSystem = 2  // no process, no memory
	helperFailed = 32 // not mounted
)

const helperSynopsis = `mount.dgenfs SOURCE MOUNTPOINT [-sfnv] [-N NAMESPACE] [-o OPTIONS] [-t TYPE]

What mount -t dgenfs and /etc/fstab call. SOURCE is shown as the device in the
mount table, dgenfs by convention. OPTIONS are the flags of dgenfs mount, as in
size=64G,allow_other, and those of mount(8), see dgenfs mount --help. A comma in a
value is written \, or the value is put into double quotes.
`

// helperCall is how mount(8) calls a helper.
type helperCall struct {
	source, mountpoint string
	options            []string
	namespace          string // whose mount table to mount in: a process, or a path
	sloppy             bool   // leave out options that are unknown
	fake               bool   // check, but do not mount
	verbose            bool
}

// runHelper does what mount(8) calls for and returns the exit status.
func runHelper(args []string, stdout, stderr io.Writer) int {
	status, err := mountAsHelper(args, stdout, stderr)
	if exitStatus(err, stderr) == exitDone {
		return exitDone
	}
	return status
}

// mountAsHelper mounts. If there is an error, failed is the exit status.
func mountAsHelper(args []string, stdout, stderr io.Writer) (failed int, err error) {
	call, err := parseHelper(args, stdout)
	if err != nil {
		return helperUsage, err
	}
	if call.namespace != "" {
		return inNamespace(call.namespace, call.helperArgs(), stdout, stderr)
	}
	r, err := parseMount(call.mountArgs(), stdout)
	if err != nil {
		return helperUsage, err
	}
	if err := r.check(); err != nil {
		return helperFailed, err
	}
	if !call.fake {
		p, err := r.start()
		if err != nil {
			return helperSystem, err
		}
		if err := r.await(p, stdout); err != nil {
			if errors.As(err, new(usageError)) {
				return helperUsage, err
			}
			return helperFailed, err
		}
	}
	if call.verbose {
		fmt.Fprintf(stdout, "dgenfs: %s mounted on %s, read-only\n", call.source, r.mountpoint)
	}
	return 0, nil
}

// parseHelper parses a helper's arguments.
func parseHelper(args []string, stdout io.Writer) (helperCall, error) {
	var c helperCall
	var lists []string
	var fsType string
	f := newFlags("mount.dgenfs", helperSynopsis, stdout)
	f.StringArrayVarP(&lists, "options", "o", nil, "`OPTIONS`")
	f.BoolVarP(&c.sloppy, "sloppy", "s", false, "leave out options that are unknown")
	f.BoolVarP(&c.fake, "fake", "f", false, "check everything, but do not mount")
	f.BoolP("no-mtab", "n", false, "for mount(8); changes nothing")
	f.BoolVarP(&c.verbose, "verbose", "v", false, "say what was done")
	f.StringVarP(&c.namespace, "namespace", "N", "", "mount in the name space of a process, or of a file: `NAMESPACE`")
	f.StringVarP(&fsType, "types", "t", "", "`TYPE` of the file system, dgenfs or fuse.dgenfs")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return c, err
		}
		return c, usagef("%w; see mount.dgenfs --help", err)
	}
	if f.NArg() != 2 {
		return c, usagef("mount.dgenfs takes a SOURCE and a MOUNTPOINT, got %d arguments; see mount.dgenfs --help", f.NArg())
	}
	c.source, c.mountpoint = f.Arg(0), f.Arg(1)
	if fsType != "" && fsType != "dgenfs" && fsType != "fuse.dgenfs" {
		return c, usagef("-t %s: must be dgenfs or fuse.dgenfs", fsType)
	}
	for _, list := range lists {
		c.options = append(c.options, splitOptions(list)...)
	}
	return c, nil
}

// mountArgs returns the arguments of the command mount that do the same.
func (c *helperCall) mountArgs() []string {
	f := newFlags("mount", "", io.Discard)
	var m mountFlags
	m.add(f)
	known := optionList{set: f}
	var options []string
	for _, option := range c.options {
		key, _, _ := strings.Cut(option, "=")
		switch {
		case isIgnored(key) || notHonoured[key] || option == "":
		case c.sloppy && !known.knows(key) && key != "exec" && key != "noexec" && key != "remount":
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

// helperArgs returns the arguments of a helper in the name space itself.
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

// inNamespace runs this helper in another mount name space, which a process of
// several threads cannot enter as a whole.
func inNamespace(namespace string, args []string, stdout, stderr io.Writer) (failed int, err error) {
	path := namespace
	if _, err := strconv.ParseUint(namespace, 10, 31); err == nil {
		path = "/proc/" + namespace + "/ns/mnt"
	}
	file, err := os.Open(path)
	if err != nil {
		return helperUsage, usagef("-N %s: must be the number of a process or the path of a mount name space: %w", namespace, errors.Unwrap(err))
	}
	defer file.Close()
	// For good: this thread must not run anything else any more.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return helperSystem, fmt.Errorf("-N %s: %w", namespace, os.NewSyscallError("unshare", err))
	}
	if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNS); err != nil {
		return helperUsage, fmt.Errorf("-N %s: entering the mount name space: %w", namespace, err)
	}
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit):
		return exit.ExitCode(), exitCode(helperFailed) // it has said why
	}
	return helperSystem, fmt.Errorf("-N %s: %w", namespace, err)
}
