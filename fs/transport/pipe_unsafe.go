package transport

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// vmsplice puts the pages of header and data into a pipe. iov is scratch memory
// of the caller: on the stack it might move, and here it would be allocated.
func vmsplice(pipe int, header, data []byte, iov *[2]unix.Iovec) (int, syscall.Errno) {
	iov[0].Base = unsafe.SliceData(header)
	iov[0].SetLen(len(header))
	iov[1].Base = unsafe.SliceData(data)
	iov[1].SetLen(len(data))
	n, _, errno := unix.RawSyscall6(unix.SYS_VMSPLICE, uintptr(pipe), uintptr(unsafe.Pointer(iov)), uintptr(len(iov)), 0, 0, 0)
	return int(n), errno
}

// splice moves up to size bytes from a pipe to another descriptor.
func splice(pipe, fd, size int) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SPLICE, uintptr(pipe), 0, uintptr(fd), 0, uintptr(size), 0)
	return int(n), errno
}
