package bench

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// mapMemory returns size bytes that no thread has touched yet, and a function that
// unmaps them.
func mapMemory(size int) (memory []byte, free func(), err error) {
	memory, err = unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, nil, fmt.Errorf("mapping %d bytes: %w", size, err)
	}
	unix.Madvise(memory, unix.MADV_HUGEPAGE) // as Go's own memory has them
	return memory, func() { unix.Munmap(memory) }, nil
}
