package cli

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/dgenfs/dgenfs/fs"
	"golang.org/x/sys/unix"
)

const mountSynopsis = `dgenfs [mount] [flags] [SOURCE] MOUNTPOINT

Mounts on the empty folder MOUNTPOINT and returns when the mount answers. It may
also be /dev/fd/N, a descriptor of /dev/fuse that the caller has mounted.
SOURCE is shown as the device in the mount table (default: dgenfs). With no
--size, --file, --tree or --preset, the root lists a handful of sizes from 1M to
1T; any other name that is a SPEC exists there, too. A SPEC is
SIZE[,KEY=VALUE]..., with the keys seed, dedup, unit, skew, scope, compress,
generation, change, rate, latency and fail; see dgenfs --help. What the mount is
served with, and why, is in its file .dgenfs/config.
`

func mountCommand(args []string, stdout, stderr io.Writer) error {
	r, err := parseMount(args, stdout)
	if err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	switch mode := os.Getenv(serverEnv); {
	case mode != "":
		return r.serveFor(mode)
	case r.foreground:
		return r.serveForeground(stdout, stderr)
	}
	p, err := r.start()
	if err != nil {
		return err
	}
	return r.await(p, stdout)
}

// mountRequest is a mount that was asked for.
type mountRequest struct {
	server
	args       []string
	foreground bool
}

// parseMount parses the arguments of the command mount.
func parseMount(args []string, stdout io.Writer) (*mountRequest, error) {
	f := newFlags("mount", mountSynopsis, stdout)
	var flags mountFlags
	flags.add(f)
	f.BoolVarP(&flags.foreground, "foreground", "f", false, "stay in the foreground, with errors on standard error")
	if err := parse(f, args); err != nil {
		return nil, err
	}
	r := &mountRequest{args: args, foreground: flags.foreground}
	switch f.NArg() {
	case 1:
		r.mountpoint = f.Arg(0)
	case 2:
		r.source, r.mountpoint = f.Arg(0), f.Arg(1)
	default:
		return nil, usagef("mount takes a MOUNTPOINT, and a SOURCE before it at most, got %d arguments; see dgenfs --help", f.NArg())
	}
	var err error
	r.config, err = flags.config()
	return r, err
}

// check finds out whether something can be mounted where it shall be.
func (r *mountRequest) check() (err error) {
	number, isDescriptor := strings.CutPrefix(r.mountpoint, descriptors)
	if isDescriptor {
		r.device, err = checkDevice(number)
	} else {
		r.mountpoint, err = checkMountpoint(r.mountpoint)
	}
	return err
}

// start starts the server in the background.
func (r *mountRequest) start() (*serverProcess, error) {
	if r.device != nil {
		return startServer(r.args, r.treeText, background, r.device)
	}
	if mounted, _, err := fs.MountedAt(r.mountpoint); err == nil && mounted.Type == automount {
		return startServer(r.args, r.treeText, automounted)
	}
	return startServer(r.args, r.treeText, background)
}

// automount is the type of what systemd, for x-systemd.automount, and automount(8)
// mount below another mount, to hear of the first one who looks into it. It lets
// nobody through to mount, but those of their own process group.
const automount = "autofs"

// await waits until the mount answers.
func (r *mountRequest) await(p *serverProcess, stdout io.Writer) error {
	defer p.close()
	mountpoint := r.mountpoint
	if r.device != nil {
		mountpoint = ""
	}
	m, err := p.ready(mountpoint)
	if err != nil {
		return err
	}
	// Not by the server: systemd listens to the process that it has started.
	notify(fmt.Sprintf("MAINPID=%d", p.cmd.Process.Pid), "READY=1", "STATUS="+m.Status)
	m.tellSeed(stdout)
	return nil
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
	if os.Getenv(serverEnv) != "" {
		fd = deviceFD
	}
	if err := fs.CheckDevice(fd); err != nil {
		return nil, usagef("mount point %s%s: %w", descriptors, number, err)
	}
	return os.NewFile(uintptr(fd), "/dev/fuse"), nil
}

// checkMountpoint returns path as an absolute path without symbolic links, if
// something can be mounted there.
func checkMountpoint(path string) (string, error) {
	resolved, err := resolve(path)
	if err != nil {
		return "", usagef("mount point %s: %w", path, err)
	}
	// First: a mount whose server does not answer must not be touched.
	mounted, ok, err := fs.MountedAt(resolved)
	if err != nil {
		return "", err
	}
	if ok && mounted.Type != automount {
		hint := ""
		if mounted.Type == fs.FSType {
			hint = "; dgenfs umount takes it away"
		}
		return "", usagef("mount point %s: busy: %s (%s) is mounted there%s", path, mounted.Source, mounted.Type, hint)
	}
	info, err := os.Stat(resolved)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", usagef("mount point %s: does not exist; make the folder first", path)
	case err != nil:
		return "", usagef("mount point %s: %w", path, errors.Unwrap(err))
	case !info.IsDir():
		return "", usagef("mount point %s: is no folder; give an empty folder", path)
	}
	dir, err := os.Open(resolved)
	if err != nil {
		return "", usagef("mount point %s: %w", path, errors.Unwrap(err))
	}
	defer dir.Close()
	if names, err := dir.Readdirnames(1); err == nil && len(names) > 0 {
		return "", usagef("mount point %s: is not empty, it holds %q; give an empty folder", path, names[0])
	}
	return resolved, nil
}

// resolve returns path as an absolute path without symbolic links. If something
// is mounted there, it is not touched: its server may be dead.
func resolve(path string) (string, error) { return resolveLinks(path, 0) }

// maxLinks is how many symbolic links a path may follow, as in the kernel.
const maxLinks = 40

func resolveLinks(path string, links int) (string, error) {
	if path == "" {
		return "", errors.New("is an empty name")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return "", errors.New("does not exist; make the folder first")
		}
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return "", err
	}
	abs = filepath.Join(parent, filepath.Base(abs))
	if _, ok, err := fs.MountedAt(abs); ok || err != nil {
		return abs, err
	}
	// Link by link: what is behind the last one may be dead, too.
	if target, err := os.Readlink(abs); err == nil {
		if links == maxLinks {
			return "", errors.New("too many symbolic links")
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(parent, target)
		}
		return resolveLinks(target, links+1)
	}
	return abs, nil // what is wrong with it, the caller finds out
}

// answers returns when the file system on mountpoint has answered. It must not
// be called by the process that serves it.
func answers(mountpoint string, timeout time.Duration) error {
	result := make(chan error, 1)
	go func() {
		var st unix.Statfs_t
		err := unix.Statfs(mountpoint, &st)
		if err == nil && int64(st.Type) != unix.FUSE_SUPER_MAGIC {
			err = errors.New("something else is mounted there")
		}
		result <- err
	}()
	select {
	case err := <-result:
		return err
	case <-time.After(timeout):
		return fmt.Errorf("no answer within %v", timeout)
	}
}
