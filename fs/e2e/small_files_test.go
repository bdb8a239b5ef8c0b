//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Small files are put into the page cache when they are opened. Many that open, read and
// map the same few ones, while their pages and nodes are dropped, get the right bytes, and
// all of them do: whoever stores a page must not wait for a read that it has to answer.
func TestSmallFiles(t *testing.T) {
	overTransports(t, func(t *testing.T, transport string) {
		mnt := mount(t, "--transport", transport)
		specs := []string{"1,seed=1", "4095,seed=2", "4K,seed=3", "16K,seed=4", "20000,seed=5,texture=text", "64K,seed=6", "65537,seed=7", "32K,seed=8,format=png", "9000,seed=9,corrupt=bit:1%"}
		want := make(map[string][]byte)
		for _, s := range specs {
			r := dgenfs(t, "cat", s)
			if r.status != 0 {
				t.Fatalf("%s: %+v", s, r)
			}
			want[s] = []byte(r.stdout)
		}
		var all sync.WaitGroup
		for reader := range uint64(16) {
			all.Go(func() {
				random := rand.New(rand.NewPCG(18, reader))
				for range 500 {
					s := specs[random.IntN(len(specs))]
					if err := readSmall(filepath.Join(mnt, s), want[s], random); err != nil {
						t.Errorf("%s: %v", s, err)
						return
					}
					if random.IntN(100) == 0 && os.Geteuid() == 0 {
						os.WriteFile("/proc/sys/vm/drop_caches", fmt.Append(nil, 1+random.IntN(3)), 0)
					}
				}
			})
		}
		all.Wait()
	})
}

// readSmall reads a file in one of several ways, and drops some of its pages.
func readSmall(path string, want []byte, random *rand.Rand) error {
	flags := os.O_RDONLY
	if random.IntN(5) == 0 {
		flags |= syscall.O_DIRECT
	}
	f, err := os.OpenFile(path, flags, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	fd := int(f.Fd())
	if random.IntN(3) == 0 {
		off := int64(random.IntN(len(want)))
		unix.Fadvise(fd, off, int64(random.IntN(len(want))), unix.FADV_DONTNEED)
	}
	got := make([]byte, len(want)+1)
	switch random.IntN(4) {
	case 0:
		p, err := unix.Mmap(fd, 0, (len(want)+4095)&^4095, unix.PROT_READ, unix.MAP_SHARED)
		if err != nil {
			return err
		}
		defer unix.Munmap(p)
		// Behind the end there are zeros, not what the memory held before.
		if rest := p[len(want):]; len(bytes.Trim(rest, "\x00")) != 0 {
			return fmt.Errorf("behind the end: %x", rest)
		}
		got = got[:copy(got, p[:len(want)])]
	case 1:
		unix.Fadvise(fd, 0, 0, unix.FADV_WILLNEED)
		return nil // others wait for these pages
	case 2:
		off := random.IntN(len(want))
		n, err := f.ReadAt(got, int64(off))
		if err != io.EOF || !bytes.Equal(got[:n], want[off:]) {
			return fmt.Errorf("%d bytes from %d on: %v, or wrong", n, off, err)
		}
		return nil
	default:
		if got, err = io.ReadAll(f); err != nil {
			return err
		}
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%d bytes of %d, or wrong", len(got), len(want))
	}
	return nil
}
