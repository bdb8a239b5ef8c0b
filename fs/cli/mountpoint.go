package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dgenfs/dgenfs/fs"
	"golang.org/x/sys/unix"
)

// automount is the type of what systemd, for x-systemd.automount, and automount(8)
// mount below another mount, to notice the first access. Until there is that other
// mount, it lets nobody through but processes of their own process group.
const automount = "autofs"

// answerTimeout is how long a server that is ready may take to answer.
const answerTimeout = 30 * time.Second

// checkMountpoint returns path as an absolute path without symbolic links, if it
// is possible to mount there. dead is whether a mount has to be unmounted first
// whose server has died. If nonEmpty, the directory may hold something.
func checkMountpoint(path string, nonEmpty bool) (resolved string, dead bool, err error) {
	resolved, err = resolve(path)
	if err != nil {
		return "", false, usagef("mount point %s: %w", path, err)
	}
	// First: a mount whose server does not answer must not be touched.
	mounted, ok, err := fs.MountedAt(resolved)
	switch {
	case err != nil:
		return "", false, err
	case ok && mounted.Type == fs.FSType && isDead(resolved):
		return resolved, true, nil
	case ok && mounted.Type == fs.FSType:
		return "", false, fmt.Errorf("mount point %s: busy, %s (%s) is mounted there; dgenfs umount unmounts it", path, mounted.Source, mounted.Type)
	case ok && mounted.Type != automount:
		return "", false, fmt.Errorf("mount point %s: busy, %s (%s) is mounted there", path, mounted.Source, mounted.Type)
	}
	if err := checkDirectory(resolved, nonEmpty); err != nil {
		return "", false, usagef("mount point %s: %w", path, err)
	}
	return resolved, false, nil
}

// checkDirectory returns an error unless path is a directory that is empty, or may
// be nonEmpty.
func checkDirectory(path string, nonEmpty bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return errNoDirectory
	case err != nil:
		return errors.Unwrap(err)
	case !info.IsDir():
		return errors.New("not a directory; give an empty directory")
	}
	dir, err := os.Open(path)
	if err != nil {
		return errors.Unwrap(err)
	}
	defer dir.Close()
	if names, err := dir.Readdirnames(1); !nonEmpty && err == nil && len(names) > 0 {
		return fmt.Errorf("not empty, it holds %q; give an empty directory", names[0])
	}
	return nil
}

var errNoDirectory = errors.New("does not exist; make the directory first")

// resolve returns path as an absolute path without symbolic links. What is mounted
// there is not touched: its server may have died.
func resolve(path string) (string, error) { return resolveLinks(path, 0) }

// maxLinks is how many symbolic links a path may follow, as in the kernel.
const maxLinks = 40

func resolveLinks(path string, links int) (string, error) {
	if path == "" {
		return "", errors.New("the name is empty")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return "", errNoDirectory
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
	// Link by link: what the last one leads to may be such a mount, too.
	if target, err := os.Readlink(abs); err == nil {
		if links == maxLinks {
			return "", errors.New("too many symbolic links")
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(parent, target)
		}
		return resolveLinks(target, links+1)
	}
	return abs, nil // if it does not exist, the caller finds out
}

// answers waits until the file system on mountpoint answers. It must not be called
// by the process that serves it.
func answers(mountpoint string, timeout time.Duration) error {
	answered := make(chan error, 1)
	go func() {
		var st unix.Statfs_t
		err := unix.Statfs(mountpoint, &st)
		if err == nil && int64(st.Type) != unix.FUSE_SUPER_MAGIC {
			err = errors.New("something else is mounted there")
		}
		answered <- err
	}()
	select {
	case err := <-answered:
		return err
	case <-time.After(timeout):
		return fmt.Errorf("no answer within %v", timeout)
	}
}
