//go:build e2e

package e2e

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// descriptorCalls are about locks, leases, flags and events of open files.
var descriptorCalls = func() []posixCall {
	var calls []posixCall
	add := func(name string, call func(dir string) string) { calls = append(calls, posixCall{name, call}) }
	// The file, open twice.
	twice := func(call func(a, b int) string) func(string) string {
		return func(dir string) string {
			return file(func(a int) string { return file(func(b int) string { return call(a, b) })(dir) })(dir)
		}
	}

	// flock(2), which is the open file's: of two, each may have its own.
	for first, a := range map[string]int{"SH": unix.LOCK_SH, "EX": unix.LOCK_EX} {
		for second, b := range map[string]int{"SH": unix.LOCK_SH, "EX": unix.LOCK_EX, "UN": unix.LOCK_UN} {
			add("flock "+first+", of another "+second, twice(func(x, y int) string {
				return answer(unix.Flock(x, a|unix.LOCK_NB)) + " " + answer(unix.Flock(y, b|unix.LOCK_NB))
			}))
			add("flock "+first+", then "+second, file(func(fd int) string {
				return answer(unix.Flock(fd, a|unix.LOCK_NB)) + " " + answer(unix.Flock(fd, b|unix.LOCK_NB))
			}))
		}
	}
	add("flock that a duplicate lets go", twice(func(x, y int) string {
		unix.Flock(x, unix.LOCK_EX)
		other, err := unix.Dup(x)
		if err != nil {
			return answer(err)
		}
		defer unix.Close(other)
		before := answer(unix.Flock(y, unix.LOCK_EX|unix.LOCK_NB))
		unix.Flock(other, unix.LOCK_UN)
		return before + " " + answer(unix.Flock(y, unix.LOCK_EX|unix.LOCK_NB))
	}))

	// Locks of ranges.
	lock := func(fd, cmd int, kind int16, start, n int64) string {
		l := unix.Flock_t{Type: kind, Start: start, Len: n}
		err := unix.FcntlFlock(uintptr(fd), cmd, &l)
		return fmt.Sprint(answer(err), l.Type, l.Start, l.Len)
	}
	for _, r := range [][2]int64{{0, 0}, {10, 5}, {10, -5}, {10, -11}, {-1, 5}, {1 << 40, 1}, {1<<63 - 1, 2}} {
		add(fmt.Sprintf("lock of range %d", r), twice(func(a, b int) string {
			return lock(a, unix.F_OFD_SETLK, unix.F_RDLCK, r[0], r[1]) + ", " + lock(b, unix.F_OFD_GETLK, unix.F_WRLCK, 0, 0)
		}))
	}
	add("locks of two to read", twice(func(a, b int) string {
		return lock(a, unix.F_OFD_SETLK, unix.F_RDLCK, 0, 0) + ", " + lock(b, unix.F_OFD_SETLK, unix.F_RDLCK, 0, 0)
	}))
	add("lock of a dir", open("/d", unix.O_RDONLY, func(fd int) string { return lock(fd, unix.F_SETLK, unix.F_RDLCK, 0, 0) }))
	add("lock of a path", open("/d/x", unix.O_PATH, func(fd int) string { return lock(fd, unix.F_SETLK, unix.F_RDLCK, 0, 0) }))

	// fcntl(2).
	fcntl := func(cmd, arg int) func(string) string {
		return file(func(fd int) string { return number(unix.FcntlInt(uintptr(fd), cmd, arg)) })
	}
	for name, c := range map[string][2]int{
		"GETLEASE": {unix.F_GETLEASE, 0}, "SETLEASE RDLCK": {unix.F_SETLEASE, unix.F_RDLCK}, "SETLEASE UNLCK": {unix.F_SETLEASE, unix.F_UNLCK}, "SETLEASE 99": {unix.F_SETLEASE, 99},
		"SETFL NONBLOCK": {unix.F_SETFL, unix.O_NONBLOCK}, "SETFL APPEND": {unix.F_SETFL, unix.O_APPEND}, "SETFL NOATIME": {unix.F_SETFL, unix.O_NOATIME}, "SETFL ASYNC": {unix.F_SETFL, unix.O_ASYNC},
		"GETPIPE_SZ": {unix.F_GETPIPE_SZ, 0}, "NOTIFY": {unix.F_NOTIFY, dnCreate}, "DUPFD -1": {unix.F_DUPFD, -1}, "99": {99, 0},
	} {
		add("fcntl "+name, fcntl(c[0], c[1]))
	}
	add("fcntl NOTIFY of a dir", open("/d", unix.O_RDONLY, func(fd int) string {
		return number(unix.FcntlInt(uintptr(fd), unix.F_NOTIFY, dnCreate))
	}))
	add("fcntl GETFL of a path", open("/d/x", unix.O_PATH, func(fd int) string { return number(unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)) }))
	add("flags that SETFL has set", file(func(fd int) string {
		unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_NONBLOCK|unix.O_APPEND|unix.O_WRONLY)
		return number(unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0))
	}))

	// ioctl(2).
	for name, request := range map[string]uint{"FIGETBSZ": 2, "FIONREAD": unix.TIOCINQ, "unknown": 0x12345678} {
		add("ioctl "+name+" of a dir", open("/d", unix.O_RDONLY, func(fd int) string {
			_, err := unix.IoctlGetInt(fd, request)
			return answer(err)
		}))
	}
	add("ioctl unknown", fileErr(func(fd int) error { _, err := unix.IoctlGetInt(fd, 0x12345678); return err }))
	add("ioctl of a path", open("/d/x", unix.O_PATH, func(fd int) string { return number(unix.IoctlGetInt(fd, unix.TIOCINQ)) }))

	add("events of inotify", inotifyEvents)
	add("inotify of no events", func(dir string) string { return watch(dir+"/d/x", 0) })
	add("inotify of a dir only", func(dir string) string { return watch(dir+"/d/x", unix.IN_ONLYDIR|unix.IN_OPEN) })
	add("inotify of a dir only, of a dir", func(dir string) string { return watch(dir+"/d", unix.IN_ONLYDIR|unix.IN_OPEN) })

	return calls
}()

// dnCreate is DN_CREATE of <linux/fcntl.h>.
const dnCreate = 4

// watch returns what inotify_add_watch(2) says.
func watch(path string, events uint32) string {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		return answer(err)
	}
	defer unix.Close(fd)
	_, err = unix.InotifyAddWatch(fd, path, events)
	return answer(err)
}

// inotifyEvents returns the events of opening, reading, mapping, listing and closing.
func inotifyEvents(dir string) string {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return answer(err)
	}
	defer unix.Close(fd)
	for _, path := range []string{"/d", "/d/x"} {
		if _, err := unix.InotifyAddWatch(fd, dir+path, unix.IN_ALL_EVENTS); err != nil {
			return answer(err)
		}
	}
	made := file(func(fd int) string {
		return number(unix.Pread(fd, make([]byte, 10), 0)) + answer(mapAndUnmap(fd, unix.PROT_READ, unix.MAP_PRIVATE))
	})(dir) + open("/d", unix.O_RDONLY, func(fd int) string { return number(unix.Getdents(fd, make([]byte, 20))) })(dir)
	buf := make([]byte, 8192)
	n, err := unix.Read(fd, buf)
	if err != nil {
		return answer(err)
	}
	// struct inotify_event: wd, mask, cookie, len, name.
	for p := buf[:n]; len(p) >= unix.SizeofInotifyEvent; {
		made += fmt.Sprintf(" %d:%#x", binary.NativeEndian.Uint32(p), binary.NativeEndian.Uint32(p[4:]))
		p = p[unix.SizeofInotifyEvent+binary.NativeEndian.Uint32(p[12:]):]
	}
	return made
}

// aboutCalls ask what a file is, in rarer ways.
var aboutCalls = func() []posixCall {
	statx := func(path string, flags, mask int) posixCall {
		return posixCall{fmt.Sprintf("statx %q %#x %#x", path, flags, mask), func(dir string) string {
			fd, err := unix.Open(dir+"/d", unix.O_PATH|unix.O_CLOEXEC, 0)
			if err != nil {
				return answer(err)
			}
			defer unix.Close(fd)
			var st unix.Statx_t
			err = unix.Statx(fd, path, flags, mask, &st)
			return fmt.Sprintf("%s %o", answer(err), st.Mode)
		}}
	}
	access := func(path string, mode uint32, flags int) posixCall {
		return posixCall{fmt.Sprintf("faccessat2 %q %d %#x", path, mode, flags), func(dir string) string {
			return answer(unix.Faccessat(unix.AT_FDCWD, dir+path, mode, flags))
		}}
	}
	openHow := func(name, path string, how unix.OpenHow) posixCall {
		return posixCall{"openat2 " + name, open("/d", unix.O_PATH, func(fd int) string {
			how.Flags |= unix.O_CLOEXEC
			opened, err := unix.Openat2(fd, path, &how)
			if err == nil {
				unix.Close(opened)
			}
			return answer(err)
		})}
	}
	return []posixCall{
		statx("x", 0, 0), statx("x", 0, unix.STATX_SIZE), statx("x", 0, unix.STATX_ALL), statx("x", unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BASIC_STATS),
		statx("", 0, unix.STATX_BASIC_STATS), statx("", unix.AT_EMPTY_PATH, unix.STATX_BASIC_STATS), statx("x", 0, 1<<31), statx("x", unix.AT_NO_AUTOMOUNT, unix.STATX_MODE),
		statx("x", unix.AT_STATX_FORCE_SYNC|unix.AT_STATX_DONT_SYNC, unix.STATX_MODE), statx("x/y", 0, 0), statx("new", 0, 0),
		access("/d/x", unix.R_OK, unix.AT_EACCESS), access("/d/x", unix.W_OK, unix.AT_EACCESS), access("/d/x", unix.X_OK, unix.AT_EACCESS),
		access("/d/x", unix.R_OK, unix.AT_SYMLINK_NOFOLLOW), access("/d/x", 8, unix.AT_EACCESS), access("/d/x", unix.R_OK, 1<<20),
		openHow("on this mount", "x", unix.OpenHow{Resolve: unix.RESOLVE_NO_XDEV}),
		openHow("beyond this mount", "../..", unix.OpenHow{Flags: unix.O_PATH, Resolve: unix.RESOLVE_NO_XDEV}),
		openHow("without links", "sub/../x", unix.OpenHow{Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS}),
		openHow("as if in the root", "/x", unix.OpenHow{Resolve: unix.RESOLVE_IN_ROOT}),
		openHow("for writing", "x", unix.OpenHow{Flags: unix.O_RDWR, Resolve: unix.RESOLVE_BENEATH}),
		openHow("with a mode for nothing", "x", unix.OpenHow{Mode: 0o600}),
		openHow("with unknown flags", "x", unix.OpenHow{Resolve: 1 << 40}),
		{"fstatfs of a path", open("/d/x", unix.O_PATH, func(fd int) string {
			var st unix.Statfs_t
			err := unix.Fstatfs(fd, &st)
			return fmt.Sprint(answer(err), st.Namelen, st.Flags&unix.ST_RDONLY)
		})},
		{"readlinkat of an open file", open("/d/x", unix.O_PATH, func(fd int) string { return number(unix.Readlinkat(fd, "", make([]byte, 10))) })},
		{"fchmod of a path", open("/d/x", unix.O_PATH, func(fd int) string { return answer(unix.Fchmod(fd, 0o600)) })},
		{"fchdir of a file's path", open("/d/x", unix.O_PATH, func(fd int) string { return answer(unix.Fchdir(fd)) })},
		{"sync_file_range", fileErr(func(fd int) error { return unix.SyncFileRange(fd, 0, 4096, unix.SYNC_FILE_RANGE_WAIT_BEFORE) })},
		{"sync_file_range unknown", fileErr(func(fd int) error { return unix.SyncFileRange(fd, 0, 4096, 1<<20) })},
		{"sync_file_range below 0", fileErr(func(fd int) error { return unix.SyncFileRange(fd, -1, 4096, 0) })},
		{"fallocate with unknown flags", fileErr(func(fd int) error { return unix.Fallocate(fd, 1<<20, 0, 1) })},
		{"fallocate of nothing", fileErr(func(fd int) error { return unix.Fallocate(fd, 0, 0, 0) })},
		{"memory of another process that is a mapping", file(func(fd int) string {
			p, err := unix.Mmap(fd, 0, 8192, unix.PROT_READ, unix.MAP_PRIVATE)
			if err != nil {
				return "mmap: " + answer(err)
			}
			defer unix.Munmap(p)
			got := make([]byte, 8192)
			n, err := unix.ProcessVMReadv(unix.Getpid(), []unix.Iovec{iovec(got)}, []unix.RemoteIovec{{Base: addressOf(p), Len: 8192}}, 0)
			return number(n, err)
		})},
	}
}()
