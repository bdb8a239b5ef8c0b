package transport

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// ring is what a thread needs of an io_uring. Tests have one without a kernel.
type ring interface {
	// queue takes a submission, which the kernel sees at the next enter. It
	// returns false if the ring is full.
	queue(submission) bool

	// enter has the kernel take all submissions.
	enter(enterMode) syscall.Errno

	// next takes a completion, if there is one.
	next() (completion, bool)

	// empty reports whether there is no completion.
	empty() bool

	descriptor() int
	close()
}

// enterMode is what enter does once the kernel has taken all submissions.
type enterMode int

const (
	enterSubmit enterMode = iota // no more
	enterNow                     // let the kernel write what completions there are
	enterWait                    // the same, and wait for one
)

// uringHint says what may be behind an error of io_uring_setup.
func uringHint(errno syscall.Errno) string {
	switch errno {
	case unix.EPERM:
		if text, err := os.ReadFile("/proc/sys/kernel/io_uring_disabled"); err == nil && text[0] != '0' {
			return "; the sysctl kernel.io_uring_disabled is " + string(text[:1])
		}
		return "; a seccomp profile may forbid it"
	case unix.ENOSYS:
		return "; the kernel has no io_uring, or a seccomp profile forbids it"
	case unix.EINVAL:
		return "; the kernel is too old"
	}
	return ""
}
