//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// posixCall is a system call in a directory that has posixTree. It returns the outcome
// as text, which is the same for every file system that behaves alike.
type posixCall struct {
	name string
	make func(dir string) string
}

// answer returns the name of an error.
func answer(err error) string {
	if err == nil {
		return "ok"
	}
	if errno, ok := err.(syscall.Errno); ok {
		return unix.ErrnoName(errno)
	}
	return err.Error()
}

// number returns a number that a call returned, or the name of its error.
func number[N int | int64 | uint32](n N, err error) string {
	if err != nil {
		return answer(err)
	}
	return fmt.Sprint(n)
}

// at makes a call with a path.
func at(path string, call func(path string) error) func(string) string {
	return func(dir string) string { return answer(call(dir + path)) }
}

// open makes a call with an open file or directory.
func open(path string, flags int, call func(fd int) string) func(string) string {
	return func(dir string) string {
		fd, err := unix.Open(dir+path, flags|unix.O_CLOEXEC, 0o644)
		if err != nil {
			return "open: " + answer(err)
		}
		defer unix.Close(fd)
		return call(fd)
	}
}

// file makes a call with a file that is open for reading.
func file(call func(fd int) string) func(string) string {
	return open("/d/x", unix.O_RDONLY, call)
}

// fileErr is file for a call that returns only an error.
func fileErr(call func(fd int) error) func(string) string {
	return file(func(fd int) string { return answer(call(fd)) })
}

// opening opens a path with flags.
func opening(path string, flags int) func(string) string {
	return open(path, flags, func(int) string { return "ok" })
}

var posixCalls = func() []posixCall {
	var calls []posixCall
	add := func(name string, call func(dir string) string) { calls = append(calls, posixCall{name, call}) }
	each := func(name string, call func(path string) error, paths ...string) {
		for _, path := range paths {
			add(fmt.Sprintf("%s %.20q", name, path), at(path, call))
		}
	}
	long, deep := "/"+strings.Repeat("n", 256), strings.Repeat("/d/..", 900)
	paths := []string{"/d/x", "/d", "/d/sub", "", "/", "/.", "/d/.", "/d/..", "/d/sub/..", "/new", "/d/new", "/new/new", "/d/x/", "/d/x/.", "/d/x/..", "/d/x/y", "/new/", "/d/new/", "/empty", long, "/d" + long, deep}

	// Opening.
	for name, flags := range map[string]int{
		"RDONLY": unix.O_RDONLY, "WRONLY": unix.O_WRONLY, "RDWR": unix.O_RDWR, "3": 3, "TRUNC": unix.O_TRUNC, "RDWR|TRUNC": unix.O_RDWR | unix.O_TRUNC,
		"CREAT": unix.O_CREAT, "CREAT|WRONLY": unix.O_CREAT | unix.O_WRONLY, "CREAT|EXCL": unix.O_CREAT | unix.O_EXCL, "CREAT|EXCL|RDWR": unix.O_CREAT | unix.O_EXCL | unix.O_RDWR,
		"CREAT|TRUNC": unix.O_CREAT | unix.O_TRUNC, "CREAT|DIRECTORY": unix.O_CREAT | unix.O_DIRECTORY, "EXCL": unix.O_EXCL,
		"DIRECTORY": unix.O_DIRECTORY, "DIRECTORY|RDWR": unix.O_DIRECTORY | unix.O_RDWR, "PATH": unix.O_PATH, "PATH|DIRECTORY": unix.O_PATH | unix.O_DIRECTORY, "NOFOLLOW": unix.O_NOFOLLOW,
		"TMPFILE": unix.O_TMPFILE, "TMPFILE|RDWR": unix.O_TMPFILE | unix.O_RDWR, "APPEND": unix.O_APPEND, "APPEND|WRONLY": unix.O_APPEND | unix.O_WRONLY,
		"DIRECT": unix.O_DIRECT, "SYNC": unix.O_SYNC, "NONBLOCK": unix.O_NONBLOCK, "NOATIME": unix.O_NOATIME, "NOCTTY": unix.O_NOCTTY, "ASYNC": unix.O_ASYNC,
	} {
		for _, path := range paths {
			add(fmt.Sprintf("open %s %.20q", name, path), opening(path, flags))
		}
	}
	add("openat of a file", file(func(fd int) string { _, err := unix.Openat(fd, "y", unix.O_RDONLY, 0); return answer(err) }))
	add("openat of nothing", file(func(fd int) string { _, err := unix.Openat(fd, "", unix.O_RDONLY, 0); return answer(err) }))
	add("openat of -1", func(string) string { _, err := unix.Openat(-1, "x", unix.O_RDONLY, 0); return answer(err) })
	add("openat2 without leaving", open("/d", unix.O_PATH, func(fd int) string {
		_, err := unix.Openat2(fd, "../d/x", &unix.OpenHow{Resolve: unix.RESOLVE_BENEATH})
		return answer(err)
	}))
	add("open an empty path", func(string) string { _, err := unix.Open("", unix.O_RDONLY, 0); return answer(err) })
	add("read what is only a path", open("/d/x", unix.O_PATH, func(fd int) string { return number(unix.Read(fd, make([]byte, 1))) }))

	// Asking.
	each("stat", func(p string) error { return unix.Stat(p, new(unix.Stat_t)) }, paths...)
	each("lstat", func(p string) error { return unix.Lstat(p, new(unix.Stat_t)) }, paths...)
	each("statfs", func(p string) error { return unix.Statfs(p, new(unix.Statfs_t)) }, paths...)
	each("readlink", func(p string) error { _, err := unix.Readlink(p, make([]byte, 10)); return err }, paths...)
	each("chdir", func(p string) error { // without a change of the directory
		if unix.Stat(p, new(unix.Stat_t)) == nil && isDirectory(p) {
			return nil
		}
		return unix.Chdir(p)
	}, paths...)
	for name, mode := range map[string]uint32{"F": unix.F_OK, "R": unix.R_OK, "W": unix.W_OK, "X": unix.X_OK, "RWX": 7, "8": 8} {
		each("access "+name, func(p string) error { return unix.Access(p, mode) }, paths...)
	}
	add("fstatat of nothing", file(func(fd int) string { return answer(unix.Fstatat(fd, "", new(unix.Stat_t), unix.AT_EMPTY_PATH)) }))
	add("statx with unknown flags", at("/d/x", func(p string) error { return unix.Statx(unix.AT_FDCWD, p, 1<<20, 0, new(unix.Statx_t)) }))
	add("statx, kinds of attributes", func(dir string) string {
		var st unix.Statx_t
		err := unix.Statx(unix.AT_FDCWD, dir+"/d/x", 0, unix.STATX_BASIC_STATS, &st)
		return fmt.Sprintf("%s %#x %o %d", answer(err), st.Mask&unix.STATX_BASIC_STATS, st.Mode, st.Size)
	})

	// Changing.
	each("mkdir", func(p string) error { return unix.Mkdir(p, 0o755) }, paths...)
	each("rmdir", unix.Rmdir, paths...)
	each("unlink", unix.Unlink, paths...)
	each("mknod file", func(p string) error { return unix.Mknod(p, unix.S_IFREG|0o644, 0) }, paths...)
	each("mknod fifo", func(p string) error { return unix.Mknod(p, unix.S_IFIFO|0o644, 0) }, paths...)
	each("mknod device", func(p string) error { return unix.Mknod(p, unix.S_IFCHR|0o644, 0) }, paths...)
	each("mknod directory", func(p string) error { return unix.Mknod(p, unix.S_IFDIR|0o644, 0) }, "/new", "/d")
	each("chmod", func(p string) error { return unix.Chmod(p, 0o600) }, paths...)
	each("chown", func(p string) error { return unix.Chown(p, 1, 1) }, paths...)
	each("lchown", func(p string) error { return unix.Lchown(p, 1, 1) }, paths...)
	each("chown to the same", func(p string) error { return unix.Chown(p, -1, -1) }, paths...)
	each("truncate", func(p string) error { return unix.Truncate(p, 0) }, paths...)
	each("truncate to -1", func(p string) error { return unix.Truncate(p, -1) }, "/d/x", "/d", "/new")
	each("utimensat now", func(p string) error { return unix.UtimesNanoAt(unix.AT_FDCWD, p, nil, 0) }, paths...)
	each("utimensat omit", func(p string) error {
		return unix.UtimesNanoAt(unix.AT_FDCWD, p, []unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Nsec: unix.UTIME_OMIT}}, 0)
	}, paths...)
	each("utimensat", func(p string) error {
		return unix.UtimesNanoAt(unix.AT_FDCWD, p, []unix.Timespec{{Sec: 1}, {Sec: 1}}, unix.AT_SYMLINK_NOFOLLOW)
	}, paths...)
	each("symlink", func(p string) error { return unix.Symlink("x", p) }, paths...)
	each("symlink to nothing", func(p string) error { return unix.Symlink("", p) }, "/new", "/d/x")
	for _, from := range []string{"/d/x", "/d", "/new", "/d/x/", "", "/empty"} {
		for _, to := range []string{"/d/x", "/d", "/d/sub", "/new", "/d/new", "/d/x/", "/new/new", "/d/sub/z", long} {
			add(fmt.Sprintf("link %s %.20s", from, to), func(dir string) string { return answer(unix.Link(dir+from, dir+to)) })
			for _, flags := range []uint{0, unix.RENAME_NOREPLACE, unix.RENAME_EXCHANGE, unix.RENAME_WHITEOUT, unix.RENAME_NOREPLACE | unix.RENAME_EXCHANGE, 8} {
				add(fmt.Sprintf("renameat2 %s %.20s %#x", from, to, flags), func(dir string) string {
					return answer(unix.Renameat2(unix.AT_FDCWD, dir+from, unix.AT_FDCWD, dir+to, flags))
				})
			}
		}
	}
	add("link to elsewhere", at("/d/x", func(p string) error { return unix.Link(p, "/dgenfs-none") }))
	add("rename to elsewhere", at("/d/x", func(p string) error { return unix.Rename(p, "/dgenfs-none") }))

	return slices.Concat(calls, attributeCalls, openFileCalls, readCalls, mapCalls, descriptorCalls, aboutCalls)
}()

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// attributeCalls are about extended attributes.
var attributeCalls = func() []posixCall {
	get := func(path, attr string, n int) func(string) string {
		return func(dir string) string { return number(unix.Getxattr(dir+path, attr, make([]byte, n))) }
	}
	set := func(path, attr string, flags int) func(string) string {
		return at(path, func(p string) error { return unix.Setxattr(p, attr, []byte("v"), flags) })
	}
	remove := func(path, attr string) func(string) string {
		return at(path, func(p string) error { return unix.Removexattr(p, attr) })
	}
	return []posixCall{
		{"getxattr user.dgenfs.seed", get("/d/x", "user.dgenfs.seed", 100)},
		{"getxattr user.none", get("/d/x", "user.none", 100)},
		{"getxattr user.none of a dir", get("/d", "user.none", 100)},
		{"getxattr trusted.none", get("/d/x", "trusted.none", 100)},
		{"getxattr security.capability", get("/d/x", "security.capability", 100)},
		{"getxattr posix_acl", get("/d/x", "system.posix_acl_access", 100)},
		{"getxattr posix_acl of a dir", get("/d", "system.posix_acl_default", 100)},
		{"getxattr other.none", get("/d/x", "other.none", 100)},
		{"getxattr without a name", get("/d/x", "", 100)},
		{"getxattr with a name too long", get("/d/x", "user."+strings.Repeat("n", 251), 100)},
		{"getxattr of what is missing", get("/new", "user.none", 100)},
		{"getxattr through a file", get("/d/x/y", "user.none", 100)},
		{"listxattr", func(dir string) string { return number(unix.Listxattr(dir+"/d/x", make([]byte, 100))) }},
		{"listxattr too short", func(dir string) string { return number(unix.Listxattr(dir+"/d/x", make([]byte, 1))) }},
		{"listxattr of a dir", func(dir string) string { return number(unix.Listxattr(dir+"/d", make([]byte, 100))) }},
		{"listxattr of the root", func(dir string) string { return number(unix.Listxattr(dir, nil)) }},
		{"listxattr of what is missing", func(dir string) string { return number(unix.Listxattr(dir+"/new", nil)) }},
		{"flistxattr", file(func(fd int) string { return number(unix.Flistxattr(fd, make([]byte, 100))) })},
		{"setxattr", set("/d/x", "user.x", 0)},
		{"setxattr create", set("/d/x", "user.x", unix.XATTR_CREATE)},
		{"setxattr replace", set("/d/x", "user.x", unix.XATTR_REPLACE)},
		{"setxattr wrong flags", set("/d/x", "user.x", 8)},
		{"setxattr of a dir", set("/d", "user.x", 0)},
		{"setxattr trusted", set("/d/x", "trusted.x", 0)},
		{"setxattr security", set("/d/x", "security.x", 0)},
		{"setxattr without a name", set("/d/x", "", 0)},
		{"setxattr of what is missing", set("/new", "user.x", 0)},
		{"fsetxattr", fileErr(func(fd int) error { return unix.Fsetxattr(fd, "user.x", []byte("v"), 0) })},
		{"removexattr", remove("/d/x", "user.x")},
		{"removexattr trusted", remove("/d/x", "trusted.x")},
		{"removexattr of a dir", remove("/d", "user.x")},
		{"removexattr of what is missing", remove("/new", "user.x")},
	}
}()

// openFileCalls are about an open file or directory.
var openFileCalls = func() []posixCall {
	pread := func(n int, off int64) func(string) string {
		return file(func(fd int) string { return number(unix.Pread(fd, make([]byte, n), off)) })
	}
	seek := func(path string, off int64, whence int) func(string) string {
		return open(path, unix.O_RDONLY, func(fd int) string { return number(unix.Seek(fd, off, whence)) })
	}
	lock := func(cmd int, kind int16) func(string) string {
		return fileErr(func(fd int) error { return unix.FcntlFlock(uintptr(fd), cmd, &unix.Flock_t{Type: kind}) })
	}
	directory := func(call func(fd int) string) func(string) string { return open("/d", unix.O_RDONLY, call) }
	calls := []posixCall{
		{"pread", pread(100, 100000)},
		{"pread at the end", pread(100, 100001)},
		{"pread beyond the end", pread(100, 1<<40)},
		{"pread at the largest offset", pread(1, 1<<63-1)},
		{"pread over the largest offset", pread(100, 1<<63-1)},
		{"pread at -1", pread(100, -1)},
		{"pread of nothing", pread(0, 0)},
		{"pread of nothing at -1", pread(0, -1)},
		{"pread of a dir", directory(func(fd int) string { return number(unix.Pread(fd, make([]byte, 10), 0)) })},
		{"write", fileErr(func(fd int) error { _, err := unix.Write(fd, []byte("v")); return err })},
		{"write to a dir", directory(func(fd int) string { return number(unix.Write(fd, []byte("v"))) })},
		{"read of an empty file", open("/empty", unix.O_RDONLY, func(fd int) string { return number(unix.Read(fd, make([]byte, 10))) })},
		{"getdents of a file", file(func(fd int) string { return number(unix.Getdents(fd, make([]byte, 1000))) })},
		{"getdents too short", directory(func(fd int) string { return number(unix.Getdents(fd, make([]byte, 20))) })},
		{"ftruncate", fileErr(func(fd int) error { return unix.Ftruncate(fd, 0) })},
		{"fallocate", fileErr(func(fd int) error { return unix.Fallocate(fd, 0, 0, 1) })},
		{"fallocate a hole", fileErr(func(fd int) error { return unix.Fallocate(fd, 3, 0, 1) })},
		{"fchmod", fileErr(func(fd int) error { return unix.Fchmod(fd, 0o600) })},
		{"fchown", fileErr(func(fd int) error { return unix.Fchown(fd, 1, 1) })},
		{"fsync", fileErr(unix.Fsync)},
		{"fdatasync", fileErr(unix.Fdatasync)},
		{"syncfs", fileErr(unix.Syncfs)},
		{"fsync of a dir", directory(func(fd int) string { return answer(unix.Fsync(fd)) })},
		{"fchdir to a file", fileErr(unix.Fchdir)},
		{"fadvise", fileErr(func(fd int) error { return unix.Fadvise(fd, 0, 0, unix.FADV_SEQUENTIAL) })},
		{"fadvise wrong", fileErr(func(fd int) error { return unix.Fadvise(fd, 0, 0, 99) })},
		{"ioctl of terminals", fileErr(func(fd int) error { _, err := unix.IoctlGetTermios(fd, unix.TCGETS); return err })},
		{"ioctl of terminals of a dir", directory(func(fd int) string { _, err := unix.IoctlGetTermios(fd, unix.TCGETS); return answer(err) })},
		{"ioctl of block devices", fileErr(func(fd int) error { _, err := unix.IoctlGetInt(fd, unix.BLKSSZGET); return err })},
		{"ioctl of what is left", file(func(fd int) string { return number(unix.IoctlGetInt(fd, unix.TIOCINQ)) })},
		{"ioctl to clone", fileErr(func(fd int) error { return unix.IoctlFileClone(fd, fd) })},
		{"flock", fileErr(func(fd int) error { return unix.Flock(fd, unix.LOCK_EX) })},
		{"flock wrong", fileErr(func(fd int) error { return unix.Flock(fd, 99) })},
		{"flock of a dir", directory(func(fd int) string { return answer(unix.Flock(fd, unix.LOCK_SH)) })},
		{"lock to read", lock(unix.F_SETLK, unix.F_RDLCK)},
		{"lock to write", lock(unix.F_SETLK, unix.F_WRLCK)},
		{"lock of an open file", lock(unix.F_OFD_SETLK, unix.F_RDLCK)},
		{"unlock", lock(unix.F_SETLK, unix.F_UNLCK)},
		{"lock, asked for", lock(unix.F_GETLK, unix.F_WRLCK)},
		{"lock of no kind", lock(unix.F_SETLK, 99)},
		{"poll", file(func(fd int) string {
			fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLOUT | unix.POLLPRI}}
			n, err := unix.Poll(fds, 0)
			return fmt.Sprint(n, answer(err), fds[0].Revents)
		})},
		{"epoll_ctl add", fileErr(func(fd int) error {
			epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
			if err != nil {
				return err
			}
			defer unix.Close(epoll)
			return unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN})
		})},
		{"copy_file_range to itself", file(func(fd int) string {
			var in, out int64 = 0, 50000
			return number(unix.CopyFileRange(fd, &in, fd, &out, 10, 0))
		})},
		{"sendfile to itself", file(func(fd int) string { return number(unix.Sendfile(fd, fd, nil, 10)) })},
		{"mmap shared for writing", fileErr(func(fd int) error { return mapAndUnmap(fd, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED) })},
		{"mmap private for writing", fileErr(func(fd int) error { return mapAndUnmap(fd, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE) })},
		{"mmap for executing", fileErr(func(fd int) error { return mapAndUnmap(fd, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE) })},
		{"mmap of a dir", directory(func(fd int) string { return answer(mapAndUnmap(fd, unix.PROT_READ, unix.MAP_SHARED)) })},
		{"fcntl of flags", file(func(fd int) string {
			flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
			return fmt.Sprintf("%#x %s", flags, answer(err))
		})},
		{"fcntl O_DIRECT", fileErr(func(fd int) error {
			_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_DIRECT)
			return err
		})},
		{"readv", file(func(fd int) string { return number(unix.Preadv(fd, [][]byte{make([]byte, 3), make([]byte, 5)}, 99998)) })},
		{"inotify", func(dir string) string {
			var all bytes.Buffer
			for _, path := range []string{"/d/x", "/d", "/new", "/d/x/y"} {
				fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
				if err != nil {
					return err.Error()
				}
				_, err = unix.InotifyAddWatch(fd, dir+path, unix.IN_ALL_EVENTS)
				fmt.Fprintf(&all, "%s %s, ", path, answer(err))
				unix.Close(fd)
			}
			return all.String()
		}},
		{"name_to_handle_at", func(dir string) string {
			handle, _, err := unix.NameToHandleAt(unix.AT_FDCWD, dir+"/d/x", 0)
			if err != nil || handle.Size() == 0 {
				return answer(err) + " without a handle"
			}
			return "ok"
		}},
		{"open_by_handle_at", directory(func(fd int) string {
			handle, _, err := unix.NameToHandleAt(fd, "x", 0)
			if err != nil {
				return answer(err)
			}
			found, err := unix.OpenByHandleAt(fd, handle, unix.O_RDONLY)
			if err == nil {
				unix.Close(found)
			}
			return answer(err)
		})},
		{"execve", func(dir string) string { return execAnswer(dir + "/d/x") }},
		{"execve of a dir", func(dir string) string { return execAnswer(dir + "/d") }},
	}
	for name, whence := range map[string]int{"SET": 0, "CUR": 1, "END": 2, "DATA": unix.SEEK_DATA, "HOLE": unix.SEEK_HOLE, "5": 5} {
		for _, off := range []int64{-100002, -100001, -1, 0, 1, 4096, 100000, 100001, 100002, 1 << 40, 1<<63 - 1} {
			calls = append(calls, posixCall{fmt.Sprintf("lseek %s %d", name, off), seek("/d/x", off, whence)},
				posixCall{fmt.Sprintf("lseek %s %d of an empty file", name, off), seek("/empty", off, whence)})
		}
	}
	return calls
}()

// execAnswer returns the error of execve(2), in a process of its own.
func execAnswer(path string) string {
	pid, err := syscall.ForkExec(path, []string{path}, nil)
	if err == nil {
		syscall.Wait4(pid, nil, 0, nil)
	}
	return answer(err)
}
