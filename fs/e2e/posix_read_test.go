//go:build e2e

package e2e

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// readCalls are about reads of an open file: in pieces, to wrong addresses, ahead, and
// into other files.
var readCalls = func() []posixCall {
	var calls []posixCall
	add := func(name string, call func(dir string) string) { calls = append(calls, posixCall{name, call}) }
	direct := func(call func(fd int) string) func(string) string {
		return open("/d/x", unix.O_RDONLY|unix.O_DIRECT, call)
	}

	// In pieces.
	vector := func(lengths []uint64, off int64, flags int) func(string) string {
		return file(func(fd int) string {
			unix.Seek(fd, 99_900, 0)
			return readVector(fd, make([]byte, 4096), lengths, off, flags)
		})
	}
	two := []uint64{3, 5}
	add("preadv2", vector(two, 10, 0))
	add("preadv2 at the position", vector([]uint64{100, 100}, -1, 0))
	add("preadv2 at -2", vector(two, -2, 0))
	add("preadv2 HIPRI", vector(two, 10, unix.RWF_HIPRI))
	add("preadv2 DSYNC", vector(two, 10, unix.RWF_DSYNC))
	add("preadv2 SYNC", vector(two, 10, unix.RWF_SYNC))
	add("preadv2 APPEND", vector(two, 10, unix.RWF_APPEND))
	add("preadv2 unknown", vector(two, 10, 1<<20))
	add("preadv2 of no pieces", vector(nil, 10, 0))
	add("preadv2 of empty pieces", vector([]uint64{0, 0, 1, 0}, 10, 0))
	add("preadv2 of 1024 pieces", vector(slices.Repeat([]uint64{1}, 1024), 10, 0))
	add("preadv2 of 1025 pieces", vector(slices.Repeat([]uint64{1}, 1025), 10, 0))
	add("preadv2 of a piece below 0", vector([]uint64{1, 1 << 63}, 10, 0))
	add("preadv2 beyond the end", vector(two, 200_000, 0))

	// To wrong addresses. Of a buffer that ends early, some or nothing may be read.
	add("pread to address 1", file(func(fd int) string { return readTo(fd, 1, 100) }))
	add("pread to the kernel", file(func(fd int) string { return readTo(fd, 1<<64-8192, 100) }))
	add("pread direct to address 4096", direct(func(fd int) string { return readTo(fd, 4096, 4096) }))
	protected := func(prot int) func(fd int) string {
		return func(fd int) string {
			p, err := unix.Mmap(-1, 0, 4096, prot, unix.MAP_PRIVATE|unix.MAP_ANON)
			if err != nil {
				return answer(err)
			}
			defer unix.Munmap(p)
			return readTo(fd, addressOf(p), 4096)
		}
	}
	for name, prot := range map[string]int{"nothing": unix.PROT_NONE, "reading": unix.PROT_READ} {
		add("pread to memory for "+name, file(protected(prot)))
		add("pread direct to memory for "+name, direct(protected(prot)))
	}

	// The position.
	add("position after pread and read", file(func(fd int) string {
		unix.Pread(fd, make([]byte, 10), 500)
		unix.Read(fd, make([]byte, 7))
		return number(unix.Seek(fd, 0, unix.SEEK_CUR))
	}))
	add("position that a duplicate shares", file(func(fd int) string {
		other, err := unix.Dup(fd)
		if err != nil {
			return answer(err)
		}
		defer unix.Close(other)
		unix.Read(other, make([]byte, 7))
		return number(unix.Seek(fd, 0, unix.SEEK_CUR))
	}))
	add("position after reads at the end", file(func(fd int) string {
		unix.Seek(fd, 100_000, 0)
		first, _ := unix.Read(fd, make([]byte, 10))
		second, _ := unix.Read(fd, make([]byte, 10))
		at, err := unix.Seek(fd, 0, unix.SEEK_CUR)
		return fmt.Sprint(first, second, at, answer(err))
	}))

	// Ahead.
	for _, r := range []struct {
		off int64
		n   int
	}{{0, 4096}, {0, 1 << 30}, {99_999, 10}, {1 << 40, 4096}, {-1, 10}, {0, 0}, {0, -1}, {1<<63 - 1, 10}} {
		add(fmt.Sprintf("readahead %d %d", r.off, r.n), file(func(fd int) string { return readAhead(fd, r.off, r.n) }))
	}
	add("readahead direct", direct(func(fd int) string { return readAhead(fd, 0, 4096) }))
	add("readahead of a dir", open("/d", unix.O_RDONLY, func(fd int) string { return readAhead(fd, 0, 4096) }))
	add("readahead of a path", open("/d/x", unix.O_PATH, func(fd int) string { return readAhead(fd, 0, 4096) }))
	for name, advice := range map[string]int{
		"NORMAL": unix.FADV_NORMAL, "RANDOM": unix.FADV_RANDOM, "WILLNEED": unix.FADV_WILLNEED, "DONTNEED": unix.FADV_DONTNEED, "NOREUSE": unix.FADV_NOREUSE,
	} {
		add("fadvise "+name, fileErr(func(fd int) error { return unix.Fadvise(fd, 0, 0, advice) }))
		add("fadvise beyond the end "+name, fileErr(func(fd int) error { return unix.Fadvise(fd, 1<<40, 4096, advice) }))
	}
	add("fadvise below 0", fileErr(func(fd int) error { return unix.Fadvise(fd, 0, -1, unix.FADV_NORMAL) }))
	add("fadvise of a path", open("/d/x", unix.O_PATH, func(fd int) string { return answer(unix.Fadvise(fd, 0, 0, unix.FADV_NORMAL)) }))

	// Into other files.
	into := func(call func(fd, target int) string) func(string) string {
		return file(func(fd int) string {
			target, err := unix.MemfdCreate("e2e", unix.MFD_CLOEXEC)
			if err != nil {
				return answer(err)
			}
			defer unix.Close(target)
			return call(fd, target)
		})
	}
	for _, off := range []int64{0, 99_999, 100_001, 1 << 40, -1} {
		add(fmt.Sprintf("sendfile from %d", off), into(func(fd, target int) string {
			at := off
			n, err := unix.Sendfile(target, fd, &at, 10)
			return number(n, err) + fmt.Sprint(" ", at)
		}))
		add(fmt.Sprintf("splice from %d", off), file(func(fd int) string {
			var pipe [2]int
			if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
				return answer(err)
			}
			defer unix.Close(pipe[0])
			defer unix.Close(pipe[1])
			at := off
			n, err := unix.Splice(fd, &at, pipe[1], nil, 10, unix.SPLICE_F_NONBLOCK)
			return number(n, err) + fmt.Sprint(" ", at)
		}))
	}
	add("splice to a file", into(func(fd, target int) string { return number(unix.Splice(fd, nil, target, nil, 10, 0)) }))
	add("sendfile of a dir", open("/d", unix.O_RDONLY, func(fd int) string { return number(unix.Sendfile(fd, fd, nil, 10)) }))
	add("copy_file_range with flags", into(func(fd, target int) string { return number(unix.CopyFileRange(fd, nil, target, nil, 10, 1)) }))
	add("copy_file_range from a dir", func(dir string) string {
		return open("/d", unix.O_RDONLY, func(from int) string {
			return into(func(_, target int) string { return number(unix.CopyFileRange(from, nil, target, nil, 10, 0)) })(dir)
		})(dir)
	})
	return calls
}()
