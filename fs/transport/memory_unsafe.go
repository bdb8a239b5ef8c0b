package transport

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size of one on amd64, and on arm64 with pages of 4 KiB, in
// bytes. Elsewhere, buffers take a little more address space than they need.
const hugePage = 2 << 20

// mappedSize returns the bytes that a buffer takes at most.
func mappedSize(size int) int { return (size + hugePage - 1) &^ (hugePage - 1) }

// mapBuffer returns size bytes of zeroed memory outside Go's heap. They begin with
// a huge page, if the kernel gives those, and their capacity is a multiple of one.
// A page takes memory when it is first written, on the memory node of the thread
// that writes. The memory is never unmapped: a process serves one connection.
func mapBuffer(size int) ([]byte, error) {
	whole := mappedSize(size)
	p, err := unix.Mmap(-1, 0, whole+hugePage, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("mapping %d bytes of buffers: %w", whole+hugePage, err)
	}
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(p))) & (hugePage - 1))
	p = p[skip : skip+whole]
	unix.Madvise(p, unix.MADV_HUGEPAGE) // not supported by all kernels
	unix.Madvise(p, unix.MADV_DONTDUMP)
	return p[:size], nil
}
