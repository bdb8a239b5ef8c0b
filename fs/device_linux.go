package fs

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// FSType is the type that a mount has in /proc/self/mountinfo.
const FSType = "fuse." + subtype

const subtype = "dgenfs"

// Errors of mounting and unmounting.
var (
	// ErrBusy is returned for unmounting what is still in use.
	ErrBusy = errors.New("busy: files in it are open, or it is a process's working directory")

	// ErrNotMounted is returned for unmounting what is not mounted any more.
	ErrNotMounted = errors.New("it is not mounted any more")

	// ErrNoDevice is returned if /dev/fuse cannot be opened, with the reason.
	ErrNoDevice = errors.New("/dev/fuse is not available")

	// ErrNoHelper is returned to users other than root if fusermount3, with
	// which they mount, is not installed.
	ErrNoHelper = errors.New("users other than root need the program fusermount3: install the package fuse3")

	// ErrAllowOther is returned to users other than root who want to let others
	// in, if root has not permitted that.
	ErrAllowOther = errors.New("users other than root may let others in only if /etc/fuse.conf has the line user_allow_other")
)

// openDevice mounts on mountpoint, by mount(2) as root and through fusermount3
// otherwise, and returns the descriptor of /dev/fuse that serves the mount.
func openDevice(mountpoint string, o MountOptions, maxRead int) (int, error) {
	options := []string{"default_permissions", fmt.Sprintf("max_read=%d", maxRead)}
	if o.AllowOther {
		options = append(options, "allow_other")
	}
	if os.Geteuid() == 0 {
		for _, label := range o.Labels {
			key, value, _ := strings.Cut(label, "=")
			options = append(options, key+`="`+value+`"`) // it may have commas
		}
		flags := unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NODEV
		if o.NoExec {
			flags |= unix.MS_NOEXEC
		}
		fd, err := mountDirect(mountpoint, o.Source, uintptr(flags), options)
		if errors.Is(err, unix.EINVAL) && len(o.Labels) > 0 {
			err = fmt.Errorf("%w; the labels %s need a kernel with SELinux", err, strings.Join(o.Labels, ", "))
		}
		return fd, err
	}
	escape := strings.NewReplacer(`\`, `\\`, `,`, `\,`)
	options = append(options, "ro", "nosuid", "nodev", "subtype="+subtype, "fsname="+escape.Replace(o.Source))
	if o.NoExec {
		options = append(options, "noexec")
	}
	for _, label := range o.Labels {
		options = append(options, escape.Replace(label))
	}
	helper, err := findFusermount()
	if err != nil {
		return -1, err
	}
	return helper.mount(mountpoint, options)
}

func mountDirect(mountpoint, source string, flags uintptr, options []string) (int, error) {
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("%w: %w", ErrNoDevice, err)
	}
	options = append(options,
		"fd="+strconv.Itoa(fd),
		"rootmode=40000", // a directory, in octal
		"user_id="+strconv.Itoa(os.Geteuid()),
		"group_id="+strconv.Itoa(os.Getegid()))
	err = unix.Mount(source, mountpoint, FSType, flags, strings.Join(options, ","))
	if err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("mount", err)
	}
	return fd, nil
}

// Unmount detaches the file system from mountpoint. It returns ErrBusy if it is
// in use; with lazy it is detached all the same, and served until the last user is
// gone. It does not access the mount, and so works if its server is dead.
func Unmount(mountpoint string, lazy bool) error {
	flags, arg := unix.UMOUNT_NOFOLLOW, "-u"
	if lazy {
		flags, arg = flags|unix.MNT_DETACH, "-uz"
	}
	err := unix.Unmount(mountpoint, flags)
	switch {
	case err == unix.EBUSY:
		return ErrBusy
	case err == unix.EPERM && os.Geteuid() != 0:
		helper, err := findFusermount()
		if err != nil {
			return err
		}
		return helper.run(nil, nil, arg, "--", mountpoint)
	}
	return os.NewSyscallError("umount", err)
}
