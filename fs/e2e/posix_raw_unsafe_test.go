//go:build e2e

package e2e

import (
	"runtime/debug"
	"unsafe"

	"golang.org/x/sys/unix"
)

// System calls that golang.org/x/sys does not have, or not with the arguments that a
// test wants to pass.

// answerOf returns the result of a system call, or the name of its error.
func answerOf(n, _ uintptr, errno unix.Errno) string {
	if errno != 0 {
		return answer(errno)
	}
	return number(int64(n), nil)
}

// readAhead is readahead(2).
func readAhead(fd int, off int64, n int) string {
	return answerOf(unix.Syscall(unix.SYS_READAHEAD, uintptr(fd), uintptr(off), uintptr(n)))
}

// readTo is pread(2) from the beginning of a file to an address that may be wrong.
func readTo(fd int, address uintptr, n int) string {
	return answerOf(unix.Syscall6(unix.SYS_PREAD64, uintptr(fd), address, uintptr(n), 0, 0, 0))
}

// addressOf returns where a mapping begins.
func addressOf(p []byte) uintptr { return uintptr(unsafe.Pointer(&p[0])) }

// iovec is a buffer as a struct iovec.
func iovec(p []byte) (v unix.Iovec) {
	v.Base = &p[0]
	v.SetLen(len(p))
	return v
}

// readVector is preadv2(2) with pieces of any length, all in p, which none may exceed
// where there is something to read.
func readVector(fd int, p []byte, lengths []uint64, off int64, flags int) string {
	vector := make([]unix.Iovec, len(lengths)+1) // not empty, to have an address
	for i, n := range lengths {
		vector[i].Base, vector[i].Len = &p[0], n
	}
	return answerOf(unix.Syscall6(unix.SYS_PREADV2, uintptr(fd), uintptr(unsafe.Pointer(&vector[0])), uintptr(len(lengths)), uintptr(off), 0, uintptr(flags)))
}

// mapAt is mmap(2) with any length and offset. What was mapped is unmapped.
func mapAt(fd int, off int64, n, prot, flags int) string {
	address, _, errno := unix.Syscall6(unix.SYS_MMAP, 0, uintptr(n), uintptr(prot), uintptr(flags), uintptr(fd), uintptr(off))
	if errno == 0 {
		unix.Syscall(unix.SYS_MUNMAP, address, uintptr(n), 0)
	}
	return answer(errnoOrNil(errno))
}

func errnoOrNil(errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}

// inCore returns how many pages of a mapping are in memory, by mincore(2).
func inCore(p []byte) string {
	pages := make([]byte, (len(p)+4095)/4096)
	if _, _, errno := unix.Syscall(unix.SYS_MINCORE, addressOf(p), uintptr(len(p)), uintptr(unsafe.Pointer(&pages[0]))); errno != 0 {
		return answer(errno)
	}
	n := 0
	for _, page := range pages {
		n += int(page & 1)
	}
	return number(n, nil)
}

// touch reads a byte, and reports whether that is a fault: SIGBUS or SIGSEGV.
func touch(p []byte, at int) (answer string) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			answer = "fault"
		}
	}()
	touched += p[at]
	return "read"
}

var touched byte // so that reads have a use
