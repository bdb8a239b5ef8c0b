package fs

import (
	"errors"
	"fmt"
	"os"

	"github.com/dgenfs/dgenfs/fs/transport"
	"golang.org/x/sys/unix"
)

// fuseDevice is the number of /dev/fuse: major 10, misc devices, and minor 229, from
// the kernel's Documentation/admin-guide/devices.txt.
var fuseDevice = unix.Mkdev(10, 229)

// Errors of CheckDevice and NewMountOn.
var (
	ErrNotOpen   = errors.New("no such descriptor is open")
	ErrNotDevice = errors.New("the descriptor is not one of /dev/fuse")
	ErrNoMount   = errors.New("nothing is mounted with the descriptor yet")
)

// CheckDevice returns nil for a descriptor of /dev/fuse, and otherwise ErrNotOpen,
// ErrNotDevice or what fstat(2) says.
func CheckDevice(fd int) error {
	var st unix.Stat_t
	switch err := unix.Fstat(fd, &st); {
	case err == unix.EBADF:
		return ErrNotOpen
	case err != nil:
		return os.NewSyscallError("fstat", err)
	case st.Mode&unix.S_IFMT != unix.S_IFCHR || uint64(st.Rdev) != fuseDevice:
		return ErrNotDevice
	}
	return nil
}

// NewMountOn serves f on what another process has mounted with the descriptor fd of
// /dev/fuse. The descriptor belongs to the mount from then on, also if there is an
// error, which is ErrNoMount if nothing is mounted with it. The fields of o that say
// how to mount, including MaxRead and ReadAhead, have no effect: the other process has decided that.
// Unmount returns ErrNotMounted, because only that process knows the mount point.
func NewMountOn(f *FS, fd int, o MountOptions) (*Mount, error) {
	unix.CloseOnExec(fd)
	// Without max_read the kernel makes requests as large as it can, and a server
	// that takes less would leave bytes unread.
	t := transport.Options{Kind: o.Transport, Request: MaxRequest(), Why: "as large as the kernel allows, as another process has mounted", Log: o.Log, SlowFiles: f.hasSlowFiles(), MaybeSlow: !f.noTroubleNames, MaxWrite: f.maxWrite(0), Placement: o.Placement}
	server, err := transport.New(fd, f, t)
	if errors.Is(err, unix.EPERM) {
		return nil, fmt.Errorf("%w: %w", ErrNoMount, err)
	}
	if err != nil {
		return nil, err
	}
	m := newMount(server, o)
	m.readAhead = "unknown; another process has mounted"
	m.fs = f
	f.control = m.controlFiles(f)
	return m, nil
}
