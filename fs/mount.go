package fs

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// maxBackground is how many requests of read-ahead and asynchronous I/O the
// kernel keeps in flight: more than the depths that people test with.
const maxBackground = 64

// MountOptions says how to mount. The zero value is useful.
type MountOptions struct {
	Source     string      // shown as the device in the mount table; "" means dgenfs
	AllowOther bool        // let users other than the mounting one in
	Log        *log.Logger // for errors of the connection; nil means the standard logger
}

// Mount is a mounted file system.
type Mount struct {
	mountpoint string
	device     string // of the mount table, which tells it from later ones there
	server     *fuse.Server
}

// NewMount mounts f on mountpoint, an absolute path of an empty folder. Readers
// wait until Serve runs.
func NewMount(f *FS, mountpoint string, o MountOptions) (*Mount, error) {
	if o.Source == "" {
		o.Source = "dgenfs"
	}
	size := maxRequest()
	fd, err := openDevice(mountpoint, o.Source, o.AllowOther, size)
	if err != nil {
		return nil, err
	}
	entry, _, err := MountedAt(mountpoint)
	if err != nil {
		unix.Close(fd)
		Unmount(mountpoint, true)
		return nil, err
	}
	server, err := fuse.NewServer(f, fmt.Sprintf("/dev/fd/%d", fd), &fuse.MountOptions{
		Name:     subtype,
		Logger:   o.Log,
		MaxWrite: size, // bounds what is read, too
		// Reading past the page cache, the kernel splits large and
		// asynchronous reads into requests that run side by side.
		ExtraCapabilities: fuse.CAP_ASYNC_DIO | fuse.CAP_DIRECT_IO_ALLOW_MMAP | fuse.CAP_READDIRPLUS_AUTO,
		MaxBackground:     maxBackground,
		DisableSplice:     true, // there is no file to splice from
	})
	if err != nil {
		Unmount(mountpoint, true)
		return nil, fmt.Errorf("starting to serve: %w", err)
	}
	return &Mount{mountpoint: mountpoint, device: entry.Device, server: server}, nil
}

// Serve answers requests until the file system is unmounted and its last user
// is gone. It must be called once.
func (m *Mount) Serve() { m.server.Serve() }

// Unmount detaches the mount; see the function [Unmount]. Serve returns when
// the last user is gone. It returns ErrNotMounted, and leaves alone what may be
// mounted there instead, if the mount is no longer in the mount table.
func (m *Mount) Unmount(lazy bool) error {
	entry, ok, err := MountedAt(m.mountpoint)
	if err != nil {
		return err
	}
	if !ok || entry.Device != m.device {
		return ErrNotMounted
	}
	return Unmount(m.mountpoint, lazy)
}

// maxRequest is the size of the largest read request in bytes: 1 MiB, or less
// where the kernel allows less.
func maxRequest() int {
	const size = 1 << 20
	if text, err := os.ReadFile("/proc/sys/fs/fuse/max_pages_limit"); err == nil {
		if pages, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			return min(size, pages*os.Getpagesize())
		}
	}
	return size
}
