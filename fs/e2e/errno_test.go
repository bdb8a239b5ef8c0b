//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// posixTree is the tree in which the calls of posixCalls are made.
var posixTree = map[string]int{"d/x": 100001, "d/sub/y": 1, "empty": 0}

// posixDiffers has the calls that a read-only tmpfs answers otherwise, and what the
// mount answers.
var posixDiffers = map[string]string{
	// FUSE offers poll(2) for every file, so the kernel lets epoll(7) watch one.
	// A program that asks for EPERM to tell files apart, as Go does, finds it
	// always ready.
	"epoll_ctl add": "ok",
	// The mount has attributes of its own, but no list of them, so that tools copy none.
	"listxattr":                 "ENOTSUP",
	"listxattr too short":       "ENOTSUP",
	"listxattr of a dir":        "ENOTSUP",
	"listxattr of the root":     "ENOTSUP",
	"flistxattr":                "ENOTSUP",
	"getxattr user.dgenfs.seed": "4",
	// FUSE passes on names of all kinds, so this one is just missing.
	"getxattr other.none": "ENODATA",
}

// The mount answers every call as a read-only file system of the kernel does, to
// root and to others.
func TestErrorsAsOfTmpfs(t *testing.T) {
	needRoot(t)
	base, err := os.MkdirTemp("", "dgenfs-posix-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(base) })
	os.Chmod(base, 0o755) // for calls as another user
	var dirs []string
	for _, name := range []string{"tmpfs", "dgenfs"} {
		dir := filepath.Join(base, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Remove(dir) })
		dirs = append(dirs, dir)
	}
	tmpfsTree(t, dirs[0])
	args := []string{"--allow-other"}
	for path, size := range posixTree {
		args = append(args, "--file", fmt.Sprintf("%s:%d,seed=1234", path, size))
	}
	mountAt(t, dirs[1], args...)

	if got := asThread(65534, func() string { return answer(unix.Access(filepath.Join(dirs[0], "d/x"), unix.R_OK)) }); got != "ok" {
		t.Fatalf("other users cannot get to %s: %s", dirs[0], got)
	}

	seen := make(map[string]bool)
	for _, uid := range []int{0, 65534} {
		for _, call := range posixCalls {
			if seen[call.name] && uid == 0 {
				t.Errorf("two calls are named %q", call.name)
			}
			seen[call.name] = true
			answers := make([]string, len(dirs))
			for i, dir := range dirs {
				answers[i] = asThread(uid, func() string { return call.make(dir) })
			}
			tmpfs, got := answers[0], answers[1]
			want, differs := posixDiffers[call.name]
			if !differs {
				want = tmpfs
			} else if want == tmpfs {
				t.Errorf("user %d, %s: %s from both, listed as a difference", uid, call.name, tmpfs)
			}
			if got != want {
				t.Errorf("user %d, %s: %s, from tmpfs %s", uid, call.name, got, tmpfs)
			}
		}
	}
	for name := range posixDiffers {
		if !seen[name] {
			t.Errorf("%q is listed as a difference, but is not a call", name)
		}
	}
}

// tmpfsTree mounts a tmpfs with posixTree on dir, and then read-only. It is
// unmounted when the test ends.
func tmpfsTree(t *testing.T, dir string) {
	t.Helper()
	const flags = unix.MS_NOSUID | unix.MS_NODEV
	if err := unix.Mount("tmpfs", dir, "tmpfs", flags, "mode=0755"); err != nil {
		skipNeeds(t, "tmpfs: %v", err) // in a container, perhaps
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	for path, size := range posixTree {
		path = filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, make([]byte, size), 0o444)); err != nil {
			t.Fatal(err)
		}
	}
	output(t, "chmod", "555", dir, dir+"/d", dir+"/d/sub")
	output(t, "chmod", "444", dir+"/d/x", dir+"/d/sub/y", dir+"/empty")
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY|flags, ""); err != nil {
		t.Fatal(err)
	}
}

// The same of the root, where any spec is a file.
func TestErrorsOfSpecNames(t *testing.T) {
	mnt := mount(t, "--file", "d/x:1M")
	for name, want := range map[string]error{
		"1M":          nil,
		"1M/":         syscall.ENOTDIR,
		"1M/x":        syscall.ENOTDIR,
		"1M/..":       syscall.ENOTDIR,
		"d/1M":        syscall.ENOENT,
		"d/../1M":     nil,
		"1M,seed=1/.": syscall.ENOTDIR,
		".dgenfs/1M":  syscall.ENOENT,
		"./1M":        nil,
		"d//x":        nil,
		"1m x":        syscall.ENOENT,
		"-1":          syscall.ENOENT,
		"1M\n":        syscall.ENOENT,
		"1M,":         syscall.ENOENT,
	} {
		f, err := os.Open(mnt + "/" + name)
		if err == nil {
			f.Close()
		}
		if !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", name, err, want)
		}
	}
	for _, name := range []string{"1M", "d/x"} {
		if err := unix.Mkdir(filepath.Join(mnt, name), 0o755); err != unix.EEXIST {
			t.Errorf("making a directory %s: %v", name, err)
		}
	}
	if !slices.Equal(names(t, mnt), []string{"d"}) {
		t.Errorf("the root lists %q", names(t, mnt))
	}
}

// names returns what a directory lists.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// The kernel lets root remount a file system writable without asking the server.
// Nothing can be written to it nevertheless.
func TestRemountedWritable(t *testing.T) {
	needRoot(t)
	var args []string
	for path, size := range posixTree {
		args = append(args, "--file", fmt.Sprintf("%s:%d,seed=1234", path, size))
	}
	mnt := mount(t, args...)
	before := listAttributes(t, mnt)
	if err := unix.Mount("", mnt, "", unix.MS_REMOUNT|unix.MS_NOSUID|unix.MS_NODEV, ""); err != nil {
		t.Fatal(err)
	}
	for _, call := range posixCalls {
		call.make(mnt)
	}
	for _, flags := range []int{unix.O_WRONLY, unix.O_RDWR, unix.O_TRUNC, unix.O_CREAT | unix.O_RDWR, unix.O_APPEND | unix.O_WRONLY} {
		if got := opening("/d/x", flags)(mnt); got != "open: EROFS" {
			t.Errorf("opening with flags %#x: %s", flags, got)
		}
	}
	for what, call := range map[string]func() error{
		"mkdir":    func() error { return unix.Mkdir(mnt+"/new", 0o755) },
		"create":   func() error { _, err := unix.Open(mnt+"/new", unix.O_CREAT|unix.O_RDWR, 0o644); return err },
		"tmpfile":  func() error { _, err := unix.Open(mnt+"/d", unix.O_TMPFILE|unix.O_RDWR, 0o644); return err },
		"mknod":    func() error { return unix.Mknod(mnt+"/new", unix.S_IFIFO, 0) },
		"symlink":  func() error { return unix.Symlink("x", mnt+"/new") },
		"link":     func() error { return unix.Link(mnt+"/d/x", mnt+"/new") },
		"unlink":   func() error { return unix.Unlink(mnt + "/d/x") },
		"rmdir":    func() error { return unix.Rmdir(mnt + "/d/sub") },
		"rename":   func() error { return unix.Rename(mnt+"/d/x", mnt+"/new") },
		"exchange": func() error { return unix.Renameat2(-1, mnt+"/d/x", -1, mnt+"/empty", unix.RENAME_EXCHANGE) },
		"chmod":    func() error { return unix.Chmod(mnt+"/d/x", 0o600) },
		"chown":    func() error { return unix.Chown(mnt+"/d/x", 1, 1) },
		"truncate": func() error { return unix.Truncate(mnt+"/d/x", 0) },
		"utimes":   func() error { return unix.UtimesNanoAt(unix.AT_FDCWD, mnt+"/d/x", nil, 0) },
		"setxattr": func() error { return unix.Setxattr(mnt+"/d/x", "user.x", nil, 0) },
		"removexattr": func() error {
			return unix.Removexattr(mnt+"/d/x", "user.dgenfs.seed")
		},
	} {
		if err := call(); err != unix.EROFS {
			t.Errorf("%s: %v, want %v", what, err, unix.EROFS)
		}
	}
	if after := listAttributes(t, mnt); !maps.Equal(before, after) {
		t.Errorf("the mount has changed: %v, before %v", after, before)
	}
}

func TestErrors(t *testing.T) {
	mnt := mount(t, "--file", "d/x:1M")
	x := filepath.Join(mnt, "d/x")
	open := func(path string, flags int) error {
		f, err := os.OpenFile(path, flags, 0o644)
		if err == nil {
			f.Close()
		}
		return err
	}
	for what, test := range map[string]struct {
		err  error
		want syscall.Errno
	}{
		"open for write":           {open(x, os.O_WRONLY), syscall.EROFS},
		"open for read and write":  {open(x, os.O_RDWR), syscall.EROFS},
		"open and truncate":        {open(x, os.O_RDONLY|os.O_TRUNC), syscall.EROFS},
		"open a spec for write":    {open(filepath.Join(mnt, "1G"), os.O_WRONLY), syscall.EROFS},
		"create":                   {open(filepath.Join(mnt, "d/new"), os.O_WRONLY|os.O_CREATE), syscall.EROFS},
		"create in the root":       {open(filepath.Join(mnt, "new"), os.O_RDONLY|os.O_CREATE), syscall.EROFS},
		"unlink":                   {os.Remove(x), syscall.EROFS},
		"truncate":                 {os.Truncate(x, 0), syscall.EROFS},
		"mkdir":                    {os.Mkdir(filepath.Join(mnt, "new"), 0o755), syscall.EROFS},
		"rename":                   {os.Rename(x, filepath.Join(mnt, "new")), syscall.EROFS},
		"symlink":                  {os.Symlink("x", filepath.Join(mnt, "new")), syscall.EROFS},
		"link":                     {os.Link(x, filepath.Join(mnt, "new")), syscall.EROFS},
		"chmod":                    {os.Chmod(x, 0o600), syscall.EROFS},
		"chtimes":                  {os.Chtimes(x, time.Now(), time.Now()), syscall.EROFS},
		"setxattr":                 {unix.Setxattr(x, "user.x", []byte("1"), 0), syscall.EROFS},
		"a name that is missing":   {open(filepath.Join(mnt, "none"), os.O_RDONLY), syscall.ENOENT},
		"a spec below a directory": {open(filepath.Join(mnt, "d/1G"), os.O_RDONLY), syscall.ENOENT},
		"a spec that is wrong":     {open(filepath.Join(mnt, "1G,dedup=0"), os.O_RDONLY), syscall.ENOENT},
		"a size that is too large": {open(filepath.Join(mnt, "8E"), os.O_RDONLY), syscall.ENOENT},
		"below a file":             {open(filepath.Join(x, "y"), os.O_RDONLY), syscall.ENOTDIR},
		"a name that is too long":  {open(filepath.Join(mnt, strings.Repeat("n", 256)), os.O_RDONLY), syscall.ENAMETOOLONG},
	} {
		if !errors.Is(test.err, test.want) {
			t.Errorf("%s: %v, want %v", what, test.err, test.want)
		}
	}
	buf := make([]byte, 10)
	if _, err := unix.Read(int(openFile(t, mnt, os.O_RDONLY).Fd()), buf); err != unix.EISDIR {
		t.Errorf("reading a directory: %v", err)
	}
	f := openFile(t, x, os.O_RDONLY)
	if _, err := unix.Pread(int(f.Fd()), buf, -1); err != unix.EINVAL {
		t.Errorf("reading at -1: %v", err)
	}
	if _, err := unix.Write(int(f.Fd()), buf); err != unix.EBADF {
		t.Errorf("writing: %v", err)
	}
}

// A name that go-fuse answers by itself, unless told not to.
func TestErrorOfEpollHackName(t *testing.T) {
	overTransports(t, func(t *testing.T, transport string) {
		mnt := mount(t, "--transport", transport, "--file", "d/x:1M")
		for _, path := range []string{"/.go-fuse-epoll-hack", "/d/.go-fuse-epoll-hack"} {
			if err := unix.Stat(mnt+path, new(unix.Stat_t)); err != unix.ENOENT {
				t.Errorf("stat %s: %v, want %v", path, err, unix.ENOENT)
			}
			if got := opening(path, unix.O_RDONLY)(mnt); got != "open: ENOENT" {
				t.Errorf("open %s: %s", path, got)
			}
		}
	})
}
