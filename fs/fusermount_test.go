package fs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// simulate is the variable that makes the test program a fusermount3, and says what it
// does.
const simulate = "DGENFS_TEST_FUSERMOUNT"

// simulatedFusermount is a program that does not do as it should.
func simulatedFusermount(what string) int {
	const socket = 3
	device := func() int {
		fd, err := unix.Open("/dev/fuse", unix.O_RDWR, 0)
		if err != nil {
			fmt.Println(err)
			os.Exit(3)
		}
		return fd
	}
	send := func(data []byte, fds ...int) {
		if err := unix.Sendmsg(socket, data, unix.UnixRights(fds...), nil, 0); err != nil {
			fmt.Println(err)
			os.Exit(3)
		}
	}
	switch what {
	case "nothing":
	case "closes":
		unix.Close(socket)
	case "data":
		unix.Sendmsg(socket, []byte("garbage, and more of it"), nil, nil, 0)
	case "no data":
		unix.Sendmsg(socket, nil, nil, nil, 0)
	case "two descriptors":
		send([]byte{0}, device(), device())
	case "three descriptors":
		send([]byte{0}, device(), 0, device())
	case "many descriptors":
		send([]byte{0}, slices.Repeat([]int{0}, 253)...) // SCM_MAX_FD
	case "another descriptor":
		send([]byte{0}, 0)
	case "the socket":
		send([]byte{0}, socket)
	case "two messages":
		send([]byte{0}, device())
		send([]byte{0}, device())
	case "device":
		send([]byte{0}, device())
	case "fails":
		return 1
	case "fails with device":
		send([]byte{0}, device())
		return 1
	case "fails with much":
		fmt.Fprintln(os.Stderr, "first line\n\x1b[2Jsecond")
		os.Stderr.Write(bytes.Repeat([]byte("much "), 1<<20))
		return 1
	case "killed":
		unix.Kill(os.Getpid(), unix.SIGKILL)
		time.Sleep(time.Hour)
	case "hangs":
		time.Sleep(time.Hour)
	case "leaves a child":
		// Until the mount point is removed.
		script := []string{"sh", "-c", `while [ -e "$0" ]; do sleep 0.05; done`, os.Args[len(os.Args)-1]}
		os.StartProcess("/bin/sh", script, &os.ProcAttr{Files: []*os.File{nil, os.Stdout, os.Stderr}})
	default:
		panic(what)
	}
	return 0
}

// Whatever is sent or printed, there is an error of one bounded line, and no descriptor
// is left.
func TestFusermountReplies(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/dev/fuse"); err != nil || os.Geteuid() != 0 {
		t.Skip("needs root and /dev/fuse")
	}
	descriptors := func() (all []string) {
		fds, _ := filepath.Glob("/proc/self/fd/*")
		for _, fd := range fds {
			target, _ := os.Readlink(fd)
			if target == "/dev/fuse" || target == os.DevNull || strings.HasPrefix(target, "socket:") {
				all = append(all, target)
			}
		}
		return all
	}
	for what, want := range map[string]string{
		"nothing":            "without sending",
		"closes":             "without sending",
		"data":               "0 descriptors",
		"no data":            "0 descriptors",
		"two descriptors":    "2 descriptors",
		"three descriptors":  "2 descriptors", // the kernel closes what there is no room for
		"many descriptors":   "2 descriptors",
		"another descriptor": ErrNotDevice.Error(),
		"the socket":         ErrNotDevice.Error(),
		"fails":              "exit status 1",
		"fails with device":  "exit status 1",
		"fails with much":    "first line \x1b[2Jsecond much", // to be quoted by what prints it
		"killed":             "killed",
		"hangs":              "did not end within",
		"leaves a child":     "without sending",
	} {
		t.Run(what, func(t *testing.T) {
			t.Setenv(simulate, what)
			helper := fusermount{path: program, timeout: time.Minute}
			if what == "hangs" {
				helper.timeout = 10 * time.Millisecond
			}
			before := descriptors()
			fd, err := helper.mount(t.TempDir(), []string{"ro"})
			if err == nil || fd != -1 || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 5000 {
				t.Errorf("descriptor %d, %v; want %q", fd, err, want)
			}
			if after := descriptors(); len(after) != len(before) {
				t.Errorf("%d descriptors, %d before: %q", len(after), len(before), after)
			}
		})
	}
	// The first of two messages is what counts, and what it carries is a device. That
	// nothing is mounted with it is found out by the next step.
	for _, what := range []string{"device", "two messages"} {
		t.Setenv(simulate, what)
		before := descriptors()
		fd, err := (fusermount{path: program, timeout: time.Minute}).mount(t.TempDir(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckDevice(fd); err != nil {
			t.Error(err)
		}
		unix.Close(fd)
		if after := descriptors(); len(after) != len(before) {
			t.Errorf("%s: %d descriptors, %d before: %q", what, len(after), len(before), after)
		}
	}
}

// Control messages of any bytes are parsed without a crash. The descriptors in them are
// numbers here, and not touched.
func FuzzFusermountControl(f *testing.F) {
	f.Add(unix.UnixRights(5))
	f.Add(unix.UnixRights(5, 6, 7))
	f.Add(append(unix.UnixRights(5), unix.UnixRights(6)...))
	f.Add(unix.UnixCredentials(&unix.Ucred{Pid: 1}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, control []byte) {
		fds, err := descriptorsIn(control)
		if len(fds)*4 > len(control) {
			t.Errorf("%d descriptors in %d bytes", len(fds), len(control))
		}
		if err != nil && errors.Unwrap(err) == nil {
			t.Errorf("%v has no reason", err)
		}
	})
}
