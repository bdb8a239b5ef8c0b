package fs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// fusermount is the set-user-id program fusermount3, which mounts and unmounts for users
// other than root. What it sends and prints is not trusted: whoever sets PATH chooses
// the program.
type fusermount struct {
	path    string
	timeout time.Duration // for one call, which waits for nobody
}

// findFusermount returns ErrNoHelper if the program is not in PATH.
func findFusermount() (fusermount, error) {
	name := "fusermount3"
	if os.Getenv("PATH") == "" { // mount(8) starts its helpers without one
		name = "/usr/bin/" + name
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return fusermount{}, ErrNoHelper
	}
	// Less than whoever started this server waits for it.
	return fusermount{path, 30 * time.Second}, nil
}

// mount mounts and returns the descriptor of /dev/fuse, which the program sends back
// over a socket. If there is an error, no descriptor is left.
func (f fusermount) mount(mountpoint string, options []string) (int, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socketpair", err)
	}
	defer unix.Close(pair[0])
	theirs := os.NewFile(uintptr(pair[1]), "socket to fusermount3")
	defer theirs.Close()

	err = f.run([]string{"_FUSE_COMMFD=3"}, []*os.File{theirs}, "-o", strings.Join(options, ","), "--", mountpoint)
	if err != nil {
		return -1, err
	}
	control := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(pair[0], make([]byte, 1), control, unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
	if err == unix.EAGAIN {
		return -1, errors.New("fusermount3 ended without sending a descriptor of /dev/fuse")
	} else if err != nil {
		return -1, fmt.Errorf("receiving a descriptor from fusermount3: %w", err)
	}
	fds, err := descriptorsIn(control[:n])
	if err == nil && len(fds) != 1 {
		err = fmt.Errorf("fusermount3 sent %d descriptors instead of one of /dev/fuse", len(fds))
	} else if err == nil {
		err = CheckDevice(fds[0])
		if err != nil {
			err = fmt.Errorf("fusermount3 sent a descriptor: %w", err)
		}
	}
	if err != nil {
		for _, fd := range fds {
			unix.Close(fd)
		}
		return -1, err
	}
	return fds[0], nil
}

// descriptorsIn returns the descriptors that control messages carry, also those before
// an error.
func descriptorsIn(control []byte) (fds []int, err error) {
	messages, err := unix.ParseSocketControlMessage(control)
	for _, m := range messages {
		var more []int
		wrong := error(unix.EINVAL)
		if len(m.Data)%4 == 0 { // or ParseUnixRights reads beyond the end
			more, wrong = unix.ParseUnixRights(&m)
		}
		fds = append(fds, more...)
		if err == nil {
			err = wrong
		}
	}
	if err != nil {
		err = fmt.Errorf("fusermount3 sent something else than a descriptor: %w", err)
	}
	return fds, err
}

// run runs the program to its end; what it prints becomes the error, on one line.
func (f fusermount) run(env []string, files []*os.File, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), f.timeout)
	defer cancel()
	var out beginning
	cmd := exec.CommandContext(ctx, f.path, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.ExtraFiles = files
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second // for what a child of the program may hold open
	err := cmd.Run()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("fusermount3 did not end within %v and was killed", f.timeout)
	}
	text := strings.Join(strings.Fields(string(out)), " ")
	switch {
	case text == "":
		return fmt.Errorf("fusermount3: %w", err)
	case strings.Contains(text, "Device or resource busy"):
		return ErrBusy
	case strings.Contains(text, "user_allow_other"):
		return ErrAllowOther
	}
	return errors.New(text)
}

// beginning keeps the first 4 KiB of what is written to it.
type beginning []byte

func (b *beginning) Write(p []byte) (int, error) {
	*b = append(*b, p[:min(len(p), 4<<10-len(*b))]...)
	return len(p), nil
}
