//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/dgenfs/dgenfs/fs/transport/iouring"
	"golang.org/x/sys/unix"
)

// Reads at random offsets and of random lengths, buffered and not, at depth one
// and eight.
func TestRandomOffsets(t *testing.T) {
	mnt := mount(t)
	ways := []struct {
		name   string
		direct bool
		read   func(fd int, buf []byte, off int64) (int, error)
	}{
		{"buffered", false, unix.Pread},
		{"direct", true, unix.Pread},
		{"io_uring", true, func(fd int, buf []byte, off int64) (int, error) { return iouring.Read(fd, buf, off, 4096, 8) }},
	}
	for _, text := range []string{"3000017,seed=1", "1G,dedup=3,seed=2", "1T,compress=2,seed=3", "7E,dedup=2.5,compress=3,unit=12K,seed=4"} {
		for _, way := range ways {
			t.Run(text+" "+way.name, func(t *testing.T) {
				random := rand.New(rand.NewPCG(1, 2))
				g := generator(t, text, 0, text, 1)
				flags := os.O_RDONLY
				if way.direct {
					flags |= syscall.O_DIRECT
				}
				f := openFile(t, filepath.Join(mnt, text), flags)
				for range 150 {
					off, n := random.Int64N(g.Size()), 1+random.IntN(300<<10)
					if way.direct {
						off, n = off&^4095, 64<<random.IntN(14)&^4095+4096
					}
					buf := aligned(t, n)
					got, err := way.read(int(f.Fd()), buf, off)
					if errors.Is(err, iouring.ErrUnsupported) {
						skipNeeds(t, "%v", err)
					} else if err != nil {
						t.Fatal(err)
					}
					same(t, fmt.Sprintf("%d bytes at %d", n, off), buf[:got], piece(t, g, off, n))
				}
			})
		}
	}
}

// A file ends exactly where its size says.
func TestEndOfFile(t *testing.T) {
	mnt := mount(t)
	for _, size := range []int64{1, 4095, 4096, 1000003, 1<<40 + 1, 1<<62 + 4097} {
		text := strconv.FormatInt(size, 10) + ",compress=2,seed=5"
		g := generator(t, text, 0, "", 1)
		for _, flags := range []int{os.O_RDONLY, os.O_RDONLY | syscall.O_DIRECT} {
			f := openFile(t, filepath.Join(mnt, text), flags)
			buf := aligned(t, 2<<20)
			for _, test := range []struct{ off, n int64 }{
				{size - 1, 1}, {size - 1, 4096}, {max(size-5000, 0), 1 << 20}, {max(size-1<<20, 0), 2 << 20},
				{size, 1}, {size, 4096}, {size + 1, 1}, {size + 1<<20, 2 << 20}, {size + 1<<40, 1},
			} {
				n, err := unix.Pread(int(f.Fd()), buf[:test.n], test.off)
				if err != nil {
					t.Errorf("size %d, flags %#x: pread of %d at %d: %v", size, flags, test.n, test.off, err)
					continue
				}
				same(t, fmt.Sprintf("size %d, flags %#x: pread of %d at %d", size, flags, test.n, test.off), buf[:n], piece(t, g, test.off, int(test.n)))
			}
			if end, err := f.Seek(0, io.SeekEnd); end != size || err != nil {
				t.Errorf("size %d: the end is at %d, %v", size, end, err)
			}
		}
	}
}

// The largest files can be read up to the last byte that a file can have.
func TestLargestFiles(t *testing.T) {
	mnt := mount(t)
	for _, text := range []string{"9223372036854775807,dedup=3,compress=2,seed=1", "9223372036854771711,seed=2"} {
		g := generator(t, text, 0, "", 1)
		size := g.Size()
		for _, flags := range []int{os.O_RDONLY, os.O_RDONLY | syscall.O_DIRECT} {
			f := openFile(t, filepath.Join(mnt, text), flags)
			buf := aligned(t, 1<<20)
			for _, off := range []int64{size - 1<<20, size/2&^4095 + 1, 1 << 62, 1<<62 - 77, 0} {
				if n, err := unix.Pread(int(f.Fd()), buf, off); n != len(buf) || err != nil {
					t.Errorf("%s: pread at %d: %d, %v", text, off, n, err)
				}
				same(t, fmt.Sprintf("%s at %d", text, off), buf, piece(t, g, off, len(buf)))
			}
			// Across the end. The kernel refuses reads that would end beyond 2^63-1.
			n, err := unix.Pread(int(f.Fd()), buf[:4000], size-10)
			if size < 1<<63-1 {
				if n != 10 || err != nil {
					t.Errorf("%s: across the end: %d, %v; want 10 bytes", text, n, err)
				}
				same(t, text+" across the end", buf[:10], piece(t, g, size-10, 10))
			} else if err != unix.EINVAL {
				t.Errorf("%s: across the end: %d, %v; want the kernel's EINVAL", text, n, err)
			}
			if end, err := f.Seek(0, io.SeekEnd); end != size || err != nil {
				t.Errorf("%s: the end is at %d, %v", text, end, err)
			}
		}
		r := dgenfs(t, "cat", "--offset", strconv.FormatInt(size-1000, 10), text)
		same(t, "dgenfs cat of the end of "+text, []byte(r.stdout), piece(t, g, size-1000, 1000))
	}
}

// Reads of all sizes are right, over each transport and through requests of
// each kind: written, spliced, of one page.
func TestSizesOfRequests(t *testing.T) {
	for _, args := range [][]string{{"--transport", "dev"}, {"--transport", "auto"}, {"--max-read", "4K"}, {"--max-read", "60K"}, {"--max-read", "1M"}} {
		mnt := mount(t, args...)
		text := "4G,dedup=2,compress=3,seed=5"
		g := generator(t, text, 0, "", 1)
		// As large as any attribute can be, larger than some requests.
		if n, err := unix.Getxattr(filepath.Join(mnt, text), "user.dgenfs.spec", make([]byte, 64<<10)); n <= 0 || err != nil {
			t.Errorf("%q: an attribute: %d, %v", args, n, err)
		}
		buf := aligned(t, 4<<20)
		for _, flags := range []int{os.O_RDONLY, os.O_RDONLY | syscall.O_DIRECT} {
			f := openFile(t, filepath.Join(mnt, text), flags)
			for _, n := range []int{1, 512, 4095, 4096, 4097, 61440, 61441, 65535, 65536, 65537, 131072, 524288, 528384, 1 << 20, 1<<20 + 4096, 4 << 20} {
				off := rand.Int64N(g.Size() - int64(n))
				if got, err := unix.Pread(int(f.Fd()), buf[:n], off); got != n || err != nil {
					t.Fatalf("%q, flags %#x: pread of %d at %d: %d, %v", args, flags, n, off, got, err)
				}
				same(t, fmt.Sprintf("%q, flags %#x: pread of %d at %d", args, flags, n, off), buf[:n], piece(t, g, off, n))
			}
		}
	}
}

// What is written to a private mapping stays there.
func TestPrivateMappingIsWritable(t *testing.T) {
	path := filepath.Join(mount(t), "100001,seed=1")
	f := openFile(t, path, os.O_RDONLY)
	p := mapFile(t, f, 100001, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE)
	want := piece(t, generator(t, "100001,seed=1", 0, "", 1), 0, 100001)
	p[50000] ^= 0xff
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the file", data, want)
	want[50000] ^= 0xff
	same(t, "the mapping", p, want)
	if err := mapAndUnmap(int(f.Fd()), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != unix.EACCES {
		t.Errorf("a writable shared mapping: %v, want %v", err, unix.EACCES)
	}
}
