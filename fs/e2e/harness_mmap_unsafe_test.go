//go:build e2e

package e2e

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// aligned returns a buffer on a page boundary, as O_DIRECT may ask for. It lasts
// as long as the test.
func aligned(t *testing.T, n int) []byte {
	t.Helper()
	p, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(p) })
	return p
}

// mapFile maps the first n bytes of a file for as long as the test lasts.
func mapFile(t *testing.T, f *os.File, n, prot, flags int) []byte {
	t.Helper()
	p, err := unix.Mmap(int(f.Fd()), 0, n, prot, flags)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(p) })
	return p
}

// mapAndUnmap maps a page of a file and returns the error.
func mapAndUnmap(fd, prot, flags int) error {
	p, err := unix.Mmap(fd, 0, 4096, prot, flags)
	if err == nil {
		unix.Munmap(p)
	}
	return err
}
