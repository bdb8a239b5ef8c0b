//go:build e2e

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// posixTree is the tree that the calls of posixCalls are made in.
var posixTree = map[string]int{"d/x": 100001, "d/sub/y": 1, "empty": 0}

// posixDiffers lists the calls that a read-only tmpfs answers otherwise, by what
// the mount answers.
var posixDiffers = map[string]string{
	// FUSE offers poll(2) for every file, so the kernel lets epoll(7) watch one.
	// A program that asks for EPERM to tell files apart, as Go does, finds it
	// always ready.
	"epoll_ctl add": "ok",
	// The mount has attributes of its own.
	"listxattr":                 "34",
	"listxattr too short":       "ERANGE",
	"flistxattr":                "34",
	"getxattr user.dgenfs.seed": "4",
	// FUSE passes names of all kinds on, so this one is just missing.
	"getxattr other.none": "ENODATA",
}

// Whatever is asked of the mount, it answers as a file system of the kernel
// that is mounted read-only, to root and to others.
func TestErrorsAsOfTmpfs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a tmpfs")
	}
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
			t.Errorf("%q is listed as a difference, and is no call", name)
		}
	}
}

// tmpfsTree mounts a tmpfs with posixTree on dir, and then read-only. It is
// unmounted when the test ends.
func tmpfsTree(t *testing.T, dir string) {
	t.Helper()
	const flags = unix.MS_NOSUID | unix.MS_NODEV
	if err := unix.Mount("tmpfs", dir, "tmpfs", flags, "mode=0755"); err != nil {
		t.Skipf("mounting a tmpfs: %v", err) // in a container, perhaps
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

// asThread makes calls on a thread of a user. Credentials are those of a thread
// in Linux, and this one ends afterwards, as its goroutine does not unlock it.
func asThread(uid int, calls func() string) string {
	if uid == 0 {
		return calls()
	}
	answer := make(chan string)
	go func() {
		runtime.LockOSThread()
		for _, call := range []uintptr{unix.SYS_SETGROUPS, unix.SYS_SETRESGID, unix.SYS_SETRESUID} {
			id := uintptr(uid)
			if call == unix.SYS_SETGROUPS {
				id = 0 // none
			}
			if _, _, errno := unix.RawSyscall(call, id, id, id); errno != 0 {
				answer <- fmt.Sprintf("becoming user %d: %v", uid, errno)
				return
			}
		}
		answer <- calls()
	}()
	return <-answer
}

// The names are also those of the root, where any spec is a file.
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
			t.Errorf("making a folder %s: %v", name, err)
		}
	}
	if !slices.Equal(names(t, mnt), []string{"d"}) {
		t.Errorf("the root lists %q", names(t, mnt))
	}
}

// names returns what a folder lists.
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
