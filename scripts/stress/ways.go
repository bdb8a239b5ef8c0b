package main

import (
	"errors"
	"io"
	"slices"

	"golang.org/x/sys/unix"
)

// way is one of the ways to read. read returns up to n bytes from an offset, fewer
// at the end of the file, and where they begin: at that offset, or the multiple of
// a page before it. They stay valid until the next read.
type way struct {
	name    string
	read    func(r *reader, off int64, n int) (at int64, got []byte, err error)
	without []unix.Errno // errors that say that the kernel does not have this way
}

// ways are all of them. Several lengths and addresses meet in each.
var ways = []way{
	{"pread", (*reader).pread, nil},
	{"preadv2 RWF_NOWAIT", (*reader).preadNoWait, []unix.Errno{unix.ENOSYS, unix.EOPNOTSUPP}},
	{"O_DIRECT aligned", (*reader).directAligned, nil},
	{"O_DIRECT unaligned", (*reader).directUnaligned, []unix.Errno{unix.EINVAL}},
	{"mmap private", mapped(unix.MAP_PRIVATE), nil},
	{"mmap shared", mapped(unix.MAP_SHARED), []unix.Errno{unix.ENODEV}}, // before Linux 6.6
	{"sendfile", (*reader).sendfile, nil},
	{"splice", (*reader).splice, nil},
	{"copy_file_range", (*reader).copyFileRange, []unix.Errno{unix.EXDEV, unix.ENOSYS, unix.EOPNOTSUPP}},
	{"io_uring", (*reader).uring, []unix.Errno{unix.ENOSYS, unix.EPERM, unix.ENOMEM}},
	{"libaio", (*reader).aio, []unix.Errno{unix.ENOSYS, unix.EAGAIN}},
	{"fadvise and pread", (*reader).advised, nil},
}

// wayName returns the name of a counter: ways, and then the listings.
func wayName(i int) string {
	if i == len(ways) {
		return "listings"
	}
	return ways[i].name
}

// absent reports whether an error says that the kernel does not have the way.
func (w *way) absent(err error) bool {
	return slices.ContainsFunc(w.without, func(e unix.Errno) bool { return errors.Is(err, e) })
}

// upTo reads n bytes by calls that may return fewer, as all may.
func upTo(p []byte, off int64, read func(p []byte, off int64) (int, error)) ([]byte, error) {
	for n := 0; ; {
		m, err := read(p[n:], off+int64(n))
		switch {
		case err == unix.EINTR:
		case err != nil:
			return nil, err
		default:
			if n += m; m == 0 || n == len(p) {
				return p[:n], nil
			}
		}
	}
}

func (r *reader) preadFrom(fd int, p []byte, off int64) ([]byte, error) {
	return upTo(p, off, func(p []byte, off int64) (int, error) { return unix.Pread(fd, p, off) })
}

func (r *reader) pread(off int64, n int) (int64, []byte, error) {
	got, err := r.preadFrom(r.fd, r.buf[:n], off)
	return off, got, err
}

func (r *reader) preadNoWait(off int64, n int) (int64, []byte, error) {
	got, err := upTo(r.buf[:n], off, func(p []byte, off int64) (int, error) {
		m, err := unix.Preadv2(r.fd, [][]byte{p}, off, unix.RWF_NOWAIT)
		if err == unix.EAGAIN { // it is not in the page cache
			return unix.Pread(r.fd, p, off)
		}
		return m, err
	})
	return off, got, err
}

func (r *reader) directAligned(off int64, n int) (int64, []byte, error) {
	off &^= pageSize - 1
	got, err := r.preadFrom(r.direct, r.buf[:roundUp(n)], off)
	return off, got[:min(n, len(got))], err
}

func (r *reader) directUnaligned(off int64, n int) (int64, []byte, error) {
	skip := r.rand.IntN(pageSize)
	got, err := r.preadFrom(r.direct, r.buf[skip:skip+n], off)
	return off, got, err
}

func (r *reader) advised(off int64, n int) (int64, []byte, error) {
	advice := []int{unix.FADV_NORMAL, unix.FADV_SEQUENTIAL, unix.FADV_RANDOM, unix.FADV_WILLNEED, unix.FADV_DONTNEED, unix.FADV_NOREUSE}
	if err := unix.Fadvise(r.fd, off&^(pageSize-1), int64(n), advice[r.rand.IntN(len(advice))]); err != nil {
		return 0, nil, err
	}
	return r.pread(off, n)
}

// target returns an empty memfd, of which what was copied is read.
func (r *reader) target() (int, error) {
	if r.memory < 0 {
		fd, err := unix.MemfdCreate("stress", unix.MFD_CLOEXEC)
		if err != nil {
			return -1, err
		}
		r.memory = fd
	}
	if err := unix.Ftruncate(r.memory, 0); err != nil {
		return -1, err
	}
	_, err := unix.Seek(r.memory, 0, io.SeekStart)
	return r.memory, err
}

// copied copies by calls that take an offset in the file and advance it, and returns
// what has come into the memfd.
func (r *reader) copied(off int64, n int, copy func(target int, off *int64, n int) (int, error)) (int64, []byte, error) {
	target, err := r.target()
	if err != nil {
		return 0, nil, err
	}
	next, left := off, n
	for left > 0 {
		m, err := copy(target, &next, left)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return 0, nil, err
		}
		if m == 0 {
			break
		}
		left -= m
	}
	got, err := r.preadFrom(target, r.buf[:n], 0)
	return off, got, err
}

func (r *reader) sendfile(off int64, n int) (int64, []byte, error) {
	return r.copied(off, n, func(target int, off *int64, n int) (int, error) { return unix.Sendfile(target, r.fd, off, n) })
}

func (r *reader) copyFileRange(off int64, n int) (int64, []byte, error) {
	return r.copied(off, n, func(target int, off *int64, n int) (int, error) {
		return unix.CopyFileRange(r.fd, off, target, nil, n, 0)
	})
}

func (r *reader) splice(off int64, n int) (int64, []byte, error) {
	if r.pipe[0] < 0 {
		if err := unix.Pipe2(r.pipe[:], unix.O_CLOEXEC); err != nil {
			return 0, nil, err
		}
	}
	got, err := upTo(r.buf[:n], off, func(p []byte, off int64) (int, error) {
		m, err := unix.Splice(r.fd, &off, r.pipe[1], nil, min(len(p), 64<<10), 0)
		if err != nil || m == 0 {
			return 0, err
		}
		return io.ReadFull(descriptor(r.pipe[0]), p[:m])
	})
	return off, got, err
}

// descriptor is a descriptor as an io.Reader.
type descriptor int

func (d descriptor) Read(p []byte) (int, error) {
	for {
		n, err := unix.Read(int(d), p)
		if err == unix.EINTR {
			continue
		}
		return n, err
	}
}

const pageSize = 4096 // O_DIRECT requires no more

func roundUp(n int) int { return (n + pageSize - 1) &^ (pageSize - 1) }
