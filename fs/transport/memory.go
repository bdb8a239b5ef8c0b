package transport

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size of one on the CPUs that matter. On others, buffers take
// a little more address space than they need.
const hugePage = 2 << 20

// mappedSize returns what a buffer takes at most, in bytes.
func mappedSize(size int) int { return (size + hugePage - 1) &^ (hugePage - 1) }

// mapBuffer returns size bytes of memory of their own, in huge pages if the
// kernel gives them, beginning with one; the capacity is a number of them. Pages are not there before they are
// written, and then on the memory node of the thread that does. It is never
// unmapped: a process serves one connection.
func mapBuffer(size int) ([]byte, error) {
	whole := mappedSize(size)
	p, err := unix.Mmap(-1, 0, whole+hugePage, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("mapping %d bytes of buffers: %w", whole+hugePage, err)
	}
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(p))) & (hugePage - 1))
	p = p[skip : skip+whole]
	unix.Madvise(p, unix.MADV_HUGEPAGE) // not all kernels can
	unix.Madvise(p, unix.MADV_DONTDUMP)
	return p[:size], nil
}
