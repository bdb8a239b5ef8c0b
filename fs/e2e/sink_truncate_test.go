//go:build e2e

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A file that is truncated has its new length for those who opened it before, too, with
// what the kernel has cached of it.
func TestSinkTruncationIsSeen(t *testing.T) {
	path := filepath.Join(mount(t, "--accept-writes", "--file", "f:40K"), "f")
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	mapping, err := unix.Mmap(fd, 0, len(want), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(mapping)
	if !bytes.Equal(mapping, want) {
		t.Error("the mapping has other bytes")
	}
	read := func(what string, size int) {
		t.Helper()
		p := make([]byte, len(want))
		if n, err := unix.Pread(fd, p, 0); err != nil || !bytes.Equal(p[:n], want[:size]) {
			t.Errorf("%s: %d bytes, error %v", what, n, err)
		}
		if !bytes.Equal(mapping[:size], want[:size]) {
			t.Errorf("%s: the mapping has other bytes", what)
		}
	}
	read("at first", len(want))
	if err := os.Truncate(path, 5000); err != nil {
		t.Fatal(err)
	}
	read("truncated", 5000)
	if err := os.WriteFile(path, want, 0); err != nil {
		t.Fatal(err)
	}
	read("written again", len(want))
}
