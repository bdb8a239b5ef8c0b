package verify

import (
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// copied is a file of the copy, open for reading. It is used by one goroutine.
type copied interface {
	// ReadAt reads as pread(2) does: it may return fewer bytes than asked for without an
	// error, and returns 0 and no error at the end of the file.
	ReadAt(p []byte, off int64) (int, error)
	Stat() (state, error)
	Close() error
}

// state is what changes if somebody writes to a file.
type state struct {
	size  int64
	mtime time.Time
}

// errNotRegular is the error about what is not a regular file.
var errNotRegular = errors.New("not a regular file")

// osFile is a file that is read past the cache, as far as that is possible.
type osFile struct {
	*os.File
	path   string
	direct bool
	device int64 // bytes of a block device that are looked at; 0 if it is a regular file
}

// openFile opens a file of the copy. It does not follow symbolic links, and never waits
// for a pipe.
func openFile(path string, cached bool) (copied, error) {
	f, err := openAny(path, cached)
	if err != nil {
		return nil, err
	}
	return checkRegular(f)
}

// openDevice opens a block device, of which the first bytes are a copy.
func openDevice(path string, size int64, cached bool) (copied, error) {
	f, err := openAny(path, cached)
	if err != nil {
		return nil, err
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		f.Close()
		return nil, reason(err)
	}
	f.device = min(size, end)
	return f, nil
}

// openAny opens what is at a path.
func openAny(path string, cached bool) (*osFile, error) {
	const flags = os.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK
	if !cached {
		f, err := os.OpenFile(path, flags|unix.O_DIRECT, 0)
		if err == nil {
			return &osFile{File: f, path: path, direct: true}, nil
		} else if !errors.Is(err, unix.EINVAL) {
			return nil, openError(err)
		}
	}
	f, err := os.OpenFile(path, flags, 0)
	if err != nil {
		return nil, openError(err)
	}
	o := &osFile{File: f, path: path}
	if !cached {
		o.forget()
	}
	return o, nil
}

func openError(err error) error {
	switch {
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV):
		return errNotRegular
	case errors.Is(err, iofs.ErrNotExist):
		return iofs.ErrNotExist
	}
	return reason(err)
}

// reason returns an error without the path, which the report has anyway.
func reason(err error) error {
	var of *os.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

func checkRegular(f *osFile) (copied, error) {
	info, err := f.File.Stat()
	switch {
	case err != nil:
		err = reason(err)
	case !info.Mode().IsRegular():
		err = errNotRegular
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// forget drops what the cache has of the file, so that it is read from the storage, where
// O_DIRECT is not supported.
func (f *osFile) forget() {
	unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) // as far as it can
}

// ReadAt reads once. Where a file system refuses the length, offset or address of a direct
// read, or all of them, the file is read through the cache from there on.
func (f *osFile) ReadAt(p []byte, off int64) (int, error) {
	for {
		n, err := unix.Pread(int(f.Fd()), p, off)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EINVAL && f.direct:
			if err := f.reopen(); err != nil {
				return 0, err
			}
			continue
		case err != nil:
			return 0, err
		}
		return n, nil
	}
}

// reopen opens the same file without O_DIRECT.
func (f *osFile) reopen() error {
	f.direct = false
	other, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), os.O_RDONLY, 0)
	if err != nil {
		return reason(err)
	}
	f.File.Close()
	f.File = other
	f.forget()
	return nil
}

func (f *osFile) Stat() (state, error) {
	if f.device != 0 {
		return state{size: f.device}, nil
	}
	info, err := f.File.Stat()
	if err != nil {
		return state{}, reason(err)
	}
	return state{info.Size(), info.ModTime()}, nil
}

// readFull fills p from offset off on, as far as the file goes. p may be longer than what is
// there. The error is not io.EOF.
func readFull(f io.ReaderAt, p []byte, off int64) (n int, err error) {
	for n < len(p) {
		m, err := f.ReadAt(p[n:], off+int64(n))
		if err != nil && err != io.EOF || m == 0 {
			if err == io.EOF {
				err = nil
			}
			return n, err
		}
		n += m
	}
	return n, nil
}
