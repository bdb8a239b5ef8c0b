//go:build e2e

package e2e

import (
	"bytes"
	"fmt"

	"golang.org/x/sys/unix"
)

// mapCalls are about mappings of a file of 100001 bytes, 25 pages.
var mapCalls = func() []posixCall {
	const size, pages = 100001, 25
	var calls []posixCall
	add := func(name string, call func(dir string) string) { calls = append(calls, posixCall{name, call}) }
	mapping := func(n, prot, flags int, call func(fd int, p []byte) string) func(string) string {
		return file(func(fd int) string {
			p, err := unix.Mmap(fd, 0, n, prot, flags)
			if err != nil {
				return "mmap: " + answer(err)
			}
			defer unix.Munmap(p)
			return call(fd, p)
		})
	}
	const readable, writable = unix.PROT_READ, unix.PROT_READ | unix.PROT_WRITE

	for _, m := range []struct {
		name           string
		off            int64
		n, prot, flags int
	}{
		{"of nothing", 0, 0, readable, unix.MAP_SHARED},
		{"at an offset within a page", 100, 4096, readable, unix.MAP_SHARED},
		{"at an offset below 0", -4096, 4096, readable, unix.MAP_SHARED},
		{"beyond the end", 1 << 30, 4096, readable, unix.MAP_SHARED},
		{"at the largest offset", 1<<63 - 4096, 4096, readable, unix.MAP_PRIVATE},
		{"of more than there are addresses", 0, 1<<62 - 1, readable, unix.MAP_PRIVATE},
		{"neither shared nor private", 0, 4096, readable, 0},
		{"of no access", 0, 4096, unix.PROT_NONE, unix.MAP_SHARED},
		{"populated", 0, size, readable, unix.MAP_PRIVATE | unix.MAP_POPULATE},
		{"shared and populated", 0, size, readable, unix.MAP_SHARED | unix.MAP_POPULATE},
		{"locked", 0, 4096, readable, unix.MAP_SHARED | unix.MAP_LOCKED},
		{"validated", 0, 4096, readable, unix.MAP_SHARED_VALIDATE},
		{"synchronous", 0, 4096, readable, unix.MAP_SHARED_VALIDATE | unix.MAP_SYNC},
		{"with an unknown flag", 0, 4096, readable, unix.MAP_SHARED_VALIDATE | 1<<30},
		{"of huge pages", 0, 2 << 20, readable, unix.MAP_PRIVATE | unix.MAP_HUGETLB},
		{"for executing alone", 0, 4096, unix.PROT_EXEC, unix.MAP_SHARED},
	} {
		add("mmap "+m.name, file(func(fd int) string { return mapAt(fd, m.off, m.n, m.prot, m.flags) }))
	}
	add("mmap of what is only a path", open("/d/x", unix.O_PATH, func(fd int) string { return mapAt(fd, 0, 4096, readable, unix.MAP_SHARED) }))

	for name, flags := range map[string]int{"shared": unix.MAP_SHARED, "private": unix.MAP_PRIVATE} {
		whole := func(what string, prot int, call func(fd int, p []byte) string) {
			add(name+" mapping: "+what, mapping((pages+2)*4096, prot, flags, call))
		}
		whole("the end of the last page is zero", readable, func(_ int, p []byte) string {
			return fmt.Sprint(bytes.Equal(p[size:pages*4096], make([]byte, pages*4096-size)))
		})
		whole("the last byte", readable, func(_ int, p []byte) string { return touch(p, size-1) })
		whole("a page beyond the end", readable, func(_ int, p []byte) string { return touch(p, pages*4096) })
		whole("mprotect to write", readable, func(_ int, p []byte) string { return answer(unix.Mprotect(p, writable)) })
		whole("mprotect to execute", readable, func(_ int, p []byte) string { return answer(unix.Mprotect(p, unix.PROT_EXEC)) })
		whole("mprotect to nothing", readable, func(_ int, p []byte) string {
			return answer(unix.Mprotect(p[:4096], unix.PROT_NONE)) + touch(p, 0)
		})
		whole("mincore of what was read", readable, func(_ int, p []byte) string {
			for i := range pages {
				touch(p, i*4096)
			}
			return inCore(p[:pages*4096])
		})
		whole("mincore at an offset within a page", readable, func(_ int, p []byte) string { return inCore(p[1:4096]) })
		whole("mlock", readable, func(_ int, p []byte) string { return answer(unix.Mlock(p[:4096])) + answer(unix.Munlock(p[:4096])) })
		whole("mlock beyond the end", readable, func(_ int, p []byte) string { return answer(unix.Mlock(p[pages*4096:])) })
		for what, flags := range map[string]int{"SYNC": unix.MS_SYNC, "ASYNC": unix.MS_ASYNC, "INVALIDATE": unix.MS_INVALIDATE, "both": unix.MS_SYNC | unix.MS_ASYNC, "unknown": 1 << 10} {
			whole("msync "+what, readable, func(_ int, p []byte) string { return answer(unix.Msync(p, flags)) })
		}
		for what, advice := range map[string]int{
			"NORMAL": unix.MADV_NORMAL, "RANDOM": unix.MADV_RANDOM, "SEQUENTIAL": unix.MADV_SEQUENTIAL, "WILLNEED": unix.MADV_WILLNEED,
			"DONTNEED": unix.MADV_DONTNEED, "FREE": unix.MADV_FREE, "REMOVE": unix.MADV_REMOVE, "DONTFORK": unix.MADV_DONTFORK,
			"DOFORK": unix.MADV_DOFORK, "MERGEABLE": unix.MADV_MERGEABLE, "DONTDUMP": unix.MADV_DONTDUMP, "COLD": unix.MADV_COLD,
			"PAGEOUT": unix.MADV_PAGEOUT, "POPULATE_READ": unix.MADV_POPULATE_READ, "POPULATE_WRITE": unix.MADV_POPULATE_WRITE, "99": 99,
		} {
			add(name+" mapping: madvise "+what, mapping(size, readable, flags, func(_ int, p []byte) string {
				return answer(unix.Madvise(p, advice)) + touch(p, 0)
			}))
		}
		whole("madvise POPULATE_READ beyond the end", readable, func(_ int, p []byte) string {
			return answer(unix.Madvise(p[pages*4096:], unix.MADV_POPULATE_READ))
		})
		add(name+" mapping: mremap to more", file(func(fd int) string {
			p, err := unix.Mmap(fd, 0, 4096, readable, flags)
			if err != nil {
				return "mmap: " + answer(err)
			}
			more, err := unix.Mremap(p, 8192, unix.MREMAP_MAYMOVE)
			if err != nil {
				unix.Munmap(p)
				return answer(err)
			}
			defer unix.Munmap(more)
			return touch(more, 8191)
		}))
		// What a system call reads from a mapping, or writes to it, it faults in itself.
		whole("read by a system call", readable, func(_ int, p []byte) string {
			target, err := unix.MemfdCreate("e2e", unix.MFD_CLOEXEC)
			if err != nil {
				return answer(err)
			}
			defer unix.Close(target)
			n, err := unix.Write(target, p[:size])
			got := make([]byte, size)
			unix.Pread(target, got, 0)
			return number(n, err) + fmt.Sprint(bytes.Equal(got, p[:size]))
		})
		whole("read by a system call beyond the end", readable, func(_ int, p []byte) string {
			var pipe [2]int
			if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
				return answer(err)
			}
			defer unix.Close(pipe[0])
			defer unix.Close(pipe[1])
			return number(unix.Write(pipe[1], p[pages*4096:]))
		})
	}
	// A read of a file into a mapping of the same file, buffered and not: the fault in
	// the middle of a read asks the same server.
	for name, flags := range map[string]int{"": 0, ", O_DIRECT": unix.O_DIRECT} {
		add("read into a private mapping of the same file"+name, open("/d/x", flags, func(fd int) string {
			p, err := unix.Mmap(fd, 0, pages*4096, writable, unix.MAP_PRIVATE)
			if err != nil {
				return "mmap: " + answer(err)
			}
			defer unix.Munmap(p)
			n, err := unix.Pread(fd, p[4096:], 0)
			return number(n, err) + fmt.Sprint(bytes.Equal(p[4096:5000], p[:904]))
		}))
		add("read into a shared mapping of the same file"+name, open("/d/x", flags, func(fd int) string {
			p, err := unix.Mmap(fd, 0, 8192, readable, unix.MAP_SHARED)
			if err != nil {
				return "mmap: " + answer(err)
			}
			defer unix.Munmap(p)
			return number(unix.Pread(fd, p[4096:], 0))
		}))
	}
	add("mapping after its file is closed", func(dir string) string {
		fd, err := unix.Open(dir+"/d/x", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return answer(err)
		}
		p, err := unix.Mmap(fd, 0, size, readable, unix.MAP_SHARED)
		unix.Close(fd)
		if err != nil {
			return "mmap: " + answer(err)
		}
		defer unix.Munmap(p)
		return touch(p, size-1)
	})
	return calls
}()
