package numa

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// System calls for which golang.org/x/sys/unix has no function, or one with room for
// 1024 CPUs only.

// memsAllowed is MPOL_F_MEMS_ALLOWED of linux/mempolicy.h: report the nodes that the
// thread may use, rather than its policy.
const memsAllowed = 1 << 2

func result(errno unix.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}

// getAffinity sets the first n bytes of m.
func getAffinity(m mask) (n int, err error) {
	r, _, errno := unix.RawSyscall(unix.SYS_SCHED_GETAFFINITY, 0, uintptr(len(m))*maskBits/8, uintptr(unsafe.Pointer(&m[0])))
	return int(r), result(errno)
}

// setAffinity may wait until the thread has moved.
func setAffinity(m mask) error {
	_, _, errno := unix.Syscall(unix.SYS_SCHED_SETAFFINITY, 0, uintptr(len(m))*maskBits/8, uintptr(unsafe.Pointer(&m[0])))
	return result(errno)
}

// maxNode is the maxnode of calls that take a mask: the number of its bits plus 1,
// which the kernel subtracts (get_nodes in mm/mempolicy.c).
func (m mask) maxNode() uintptr { return uintptr(len(m)*maskBits + 1) }

func mbind(p []byte, policy Policy, m mask) error {
	_, _, errno := unix.Syscall6(unix.SYS_MBIND, uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), uintptr(policy), uintptr(unsafe.Pointer(&m[0])), m.maxNode(), 0)
	return result(errno)
}

func getMemsAllowed(m mask) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_GET_MEMPOLICY, 0, uintptr(unsafe.Pointer(&m[0])), m.maxNode(), 0, memsAllowed, 0)
	return result(errno)
}

func address(p []byte, off int) uintptr { return uintptr(unsafe.Pointer(&p[off])) }

// queryPages sets status to the nodes of this process's pages at some addresses, or to
// negative errors.
func queryPages(addresses []uintptr, status []int32) error {
	_, _, errno := unix.Syscall6(unix.SYS_MOVE_PAGES, 0, uintptr(len(addresses)), uintptr(unsafe.Pointer(&addresses[0])), 0, uintptr(unsafe.Pointer(&status[0])), 0)
	return result(errno)
}
