package fs

import (
	"errors"
	"fmt"

	"github.com/dgenfs/dgenfs/fs/transport"
	"golang.org/x/sys/unix"
)

// fuseDevice is the number of /dev/fuse: 10, for what is miscellaneous, and 229,
// from the kernel's Documentation/admin-guide/devices.txt.
var fuseDevice = unix.Mkdev(10, 229)

// CheckDevice says what is wrong with a descriptor that should be one of
// /dev/fuse.
func CheckDevice(fd int) error {
	var st unix.Stat_t
	switch err := unix.Fstat(fd, &st); {
	case err == unix.EBADF:
		return errors.New("no such descriptor is open; whoever starts this has to leave one of /dev/fuse open")
	case err != nil:
		return err
	case st.Mode&unix.S_IFMT != unix.S_IFCHR || uint64(st.Rdev) != fuseDevice:
		return errors.New("the descriptor is not one of /dev/fuse")
	}
	return nil
}

// NewMountOn serves f to those who read what somebody else has mounted with the
// descriptor fd of /dev/fuse. It belongs to the mount from then on, also if
// there is an error. Of o, what says how to mount is of no use here, MaxRead
// included: whoever has mounted it has decided. Unmount returns ErrNotMounted,
// as only they know where that is.
func NewMountOn(f *FS, fd int, o MountOptions) (*Mount, error) {
	unix.CloseOnExec(fd)
	// Without max_read the kernel makes requests as large as it can have, and
	// no server can choose that without leaving bytes unread.
	t := transport.Options{Kind: o.Transport, Request: MaxRequest(), Log: o.Log, Waits: f.waits(), Placement: o.Placement}
	server, err := transport.New(fd, f, t)
	if errors.Is(err, unix.EPERM) {
		return nil, fmt.Errorf("%w; it has to be mounted first", err)
	}
	if err != nil {
		return nil, err
	}
	m := newMount(server, o)
	f.control = m.controlFiles(f)
	return m, nil
}
