package cli

import "golang.org/x/sys/unix"

// mapPage returns a page of memory of its own, whose node can be set, and a function
// that unmaps it.
func mapPage() (page []byte, unmap func() error, err error) {
	page, err = unix.Mmap(-1, 0, unix.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	return page, func() error { return unix.Munmap(page) }, err
}
