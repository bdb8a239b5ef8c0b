package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/dgenfs/dgenfs/fs"
	"golang.org/x/sys/unix"
)

const mountSynopsis = `dgenfs [mount] [flags] [SOURCE] MOUNTPOINT

Mounts on the empty folder MOUNTPOINT and returns when the mount answers.
SOURCE is shown as the device in the mount table (default: dgenfs). With no
--size and no --file, the root lists a handful of sizes from 1M to 1T; any other
name that is a SPEC exists there, too. A SPEC is SIZE[,KEY=VALUE]..., with the
keys seed, dedup, unit, skew, scope and compress; see dgenfs --help. What the
mount is served with, and why, is in its file .dgenfs/config.
`

func mountCommand(args []string, stdout, stderr io.Writer) error {
	f := newFlags("mount", mountSynopsis, stdout)
	var flags mountFlags
	flags.add(f)
	f.BoolVarP(&flags.foreground, "foreground", "f", false, "stay in the foreground, with errors on standard error")
	if err := parse(f, args); err != nil {
		return err
	}
	var source, mountpoint string
	switch f.NArg() {
	case 1:
		mountpoint = f.Arg(0)
	case 2:
		source, mountpoint = f.Arg(0), f.Arg(1)
	default:
		return usagef("mount takes a MOUNTPOINT, and a SOURCE before it at most, got %d arguments; see dgenfs --help", f.NArg())
	}
	cfg, err := flags.config()
	if err != nil {
		return err
	}
	if mountpoint, err = checkMountpoint(mountpoint); err != nil {
		return err
	}
	s := server{config: cfg, source: source, mountpoint: mountpoint}
	switch mode := os.Getenv(serverEnv); {
	case mode != "":
		return s.serveFor(mode)
	case flags.foreground:
		return s.serveForeground(stdout, stderr)
	}
	p, err := startServer(args, background)
	if err != nil {
		return err
	}
	defer p.close()
	m, err := p.ready(mountpoint)
	if err != nil {
		return err
	}
	m.tellSeed(stdout)
	return nil
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
	if ok {
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
