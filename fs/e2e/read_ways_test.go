//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// readers are the ways to read a whole file of a mount. size is that of the
// file.
var readers = []struct {
	name  string
	limit int64 // larger files are left out: it would take too long
	read  func(t *testing.T, path string, size int64) []byte
}{
	{"dd bs=512", 2 << 20, dd("bs=512")},
	{"dd bs=4k", 8 << 20, dd("bs=4k")},
	{"dd bs=7777", 8 << 20, dd("bs=7777")},
	{"dd bs=1M", 1 << 30, dd("bs=1M")},
	{"dd bs=1M direct", 1 << 30, dd("bs=1M", "iflag=direct")},
	{"dd bs=64M direct", 1 << 30, dd("bs=64M", "iflag=direct,fullblock")},
	{"cat", 1 << 30, tool("cat")},
	{"head -c", 1 << 30, func(t *testing.T, path string, size int64) []byte {
		return tool("head", "-c", strconv.FormatInt(size, 10))(t, path, size)
	}},
	{"cp", 1 << 30, func(t *testing.T, path string, size int64) []byte {
		copied := filepath.Join(t.TempDir(), "copy")
		output(t, "cp", path, copied)
		output(t, "cmp", path, copied)
		data, err := os.ReadFile(copied)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}},
	{"read", 1 << 30, func(t *testing.T, path string, size int64) []byte {
		data, err := io.ReadAll(openFile(t, path, os.O_RDONLY))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}},
	{"pread at once", 1 << 30, preadAll(os.O_RDONLY)},
	{"pread at once direct", 1 << 30, preadAll(os.O_RDONLY | syscall.O_DIRECT)},
	{"mmap private", 1 << 30, mapped(unix.MAP_PRIVATE)},
	{"mmap shared", 1 << 30, mapped(unix.MAP_SHARED)},
	{"io_uring direct", 1 << 30, uring(syscall.O_DIRECT, 128<<10)},
	{"io_uring", 1 << 30, uring(0, 100001)},
	{"sendfile", 1 << 30, sendfile},
}

func tool(name string, args ...string) func(*testing.T, string, int64) []byte {
	return func(t *testing.T, path string, _ int64) []byte {
		return []byte(output(t, name, append(args[:len(args):len(args)], path)...))
	}
}

func dd(args ...string) func(*testing.T, string, int64) []byte {
	return func(t *testing.T, path string, _ int64) []byte {
		return []byte(output(t, "dd", append([]string{"if=" + path, "status=none"}, args...)...))
	}
}

func preadAll(flags int) func(*testing.T, string, int64) []byte {
	return func(t *testing.T, path string, size int64) []byte {
		f := openFile(t, path, flags)
		// A whole number of pages, more than there is to read.
		buf := aligned(t, int(size)&^4095+4096)
		n, err := unix.Pread(int(f.Fd()), buf, 0)
		if err != nil {
			t.Fatal(err)
		}
		return buf[:n]
	}
}

func mapped(kind int) func(*testing.T, string, int64) []byte {
	return func(t *testing.T, path string, size int64) []byte {
		if size == 0 {
			return nil // mmap(2) maps no empty range
		}
		f := openFile(t, path, os.O_RDONLY)
		p, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, kind)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Munmap(p)
		return bytes.Clone(p)
	}
}

func uring(flags, size int) func(*testing.T, string, int64) []byte {
	return func(t *testing.T, path string, fileSize int64) []byte {
		f := openFile(t, path, os.O_RDONLY|flags)
		buf := aligned(t, int(fileSize)&^4095+4096)
		n, err := uringRead(int(f.Fd()), buf, 0, size, 8)
		if errors.Is(err, errNoUring) {
			t.Skip(err)
		} else if err != nil {
			t.Fatal(err)
		}
		return buf[:n]
	}
}

func sendfile(t *testing.T, path string, size int64) []byte {
	in := openFile(t, path, os.O_RDONLY)
	out, err := os.Create(filepath.Join(t.TempDir(), "sent"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for {
		n, err := unix.Sendfile(int(out.Fd()), int(in.Fd()), nil, int(size)+1)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	data, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Every way to read a file gives the bytes of the generator, whatever its size
// and its shape.
func TestSameBytesByEveryPath(t *testing.T) {
	mnt := mount(t, "--seed", "7")
	for _, text := range []string{
		"0", "1", "511", "4095", "4096", "4097,seed=18446744073709551615", "131073,unit=4K,dedup=2",
		"1000003", "1000003,dedup=3", "1000003,compress=2", "1000003,dedup=3,compress=2,unit=8K,seed=3",
		"1M", "1048577,compress=1.5",
		"5000011,dedup=3,compress=2",
		"64M", "67113001,dedup=3,compress=2",
	} {
		t.Run(text, func(t *testing.T) {
			all := generator(t, text, 7, text, 0)
			want := piece(t, all, 0, int(all.Size()))
			same(t, "gen.ReadAt with 1 thread", piece(t, generator(t, text, 7, text, 1), 0, len(want)), want)
			path := filepath.Join(mnt, text)
			for _, r := range readers {
				if all.Size() <= r.limit {
					t.Run(r.name, func(t *testing.T) { same(t, r.name, r.read(t, path, all.Size()), want) })
				}
			}
			cat := dgenfs(t, "cat", "--seed", "7", text)
			same(t, "dgenfs cat", []byte(cat.stdout), want)
		})
	}
}

// Reads at random offsets and of random lengths, buffered and not, at depth one
// and eight.
func TestRandomOffsets(t *testing.T) {
	mnt := mount(t)
	for _, text := range []string{"3000017,seed=1", "1G,dedup=3,seed=2", "1T,compress=2,seed=3", "7E,dedup=2.5,compress=3,unit=12K,seed=4"} {
		t.Run(text, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			g := generator(t, text, 0, text, 1)
			buffered := openFile(t, filepath.Join(mnt, text), os.O_RDONLY)
			direct := openFile(t, filepath.Join(mnt, text), os.O_RDONLY|syscall.O_DIRECT)
			for range 150 {
				off, n := random.Int64N(g.Size()), 1+random.IntN(300<<10)
				want := piece(t, g, off, n)
				buf := make([]byte, n)
				n, err := unix.Pread(int(buffered.Fd()), buf, off)
				if err != nil {
					t.Fatal(err)
				}
				same(t, fmt.Sprintf("pread of %d at %d", len(buf), off), buf[:n], want)

				off, buf = off&^4095, aligned(t, 64<<random.IntN(14)&^4095+4096)
				want = piece(t, g, off, len(buf))
				if n, err = unix.Pread(int(direct.Fd()), buf, off); err != nil {
					t.Fatal(err)
				}
				same(t, fmt.Sprintf("direct pread of %d at %d", len(buf), off), buf[:n], want)

				clear(buf)
				n, err = uringRead(int(direct.Fd()), buf, off, 4096, 8)
				if errors.Is(err, errNoUring) {
					continue
				} else if err != nil {
					t.Fatal(err)
				}
				same(t, fmt.Sprintf("io_uring read of %d at %d", len(buf), off), buf[:n], want)
			}
		})
	}
}

// What a private mapping writes stays in the mapping.
func TestPrivateMappingIsWritable(t *testing.T) {
	path := filepath.Join(mount(t), "100001,seed=1")
	f := openFile(t, path, os.O_RDONLY)
	p, err := unix.Mmap(int(f.Fd()), 0, 100001, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(p)
	want := piece(t, generator(t, "100001,seed=1", 0, "", 1), 0, 100001)
	p[50000] ^= 0xff
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the file", data, want)
	want[50000] ^= 0xff
	same(t, "the mapping", p, want)
	if _, err := unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != unix.EACCES {
		t.Errorf("a writable shared mapping: %v, want %v", err, unix.EACCES)
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

// The largest files go to the last byte that a file can have.
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
			// Across the end. The kernel refuses what would end beyond 2^63-1.
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

func TestCat(t *testing.T) {
	const text = "5000011,dedup=3,compress=2"
	want := piece(t, generator(t, text, 9, text, 1), 0, 5000011)
	for _, test := range []struct {
		args     []string
		from, to int
	}{
		{nil, 0, 5000011},
		{[]string{"--offset", "1"}, 1, 5000011},
		{[]string{"--offset", "1M"}, 1 << 20, 5000011},
		{[]string{"--length", "100"}, 0, 100},
		{[]string{"--length", "0"}, 0, 0},
		{[]string{"--offset", "4095", "--length", "3MiB"}, 4095, 4095 + 3<<20},
		{[]string{"--offset", "5000010", "--length", "1"}, 5000010, 5000011},
		{[]string{"--offset", "5000011"}, 5000011, 5000011},
		{[]string{"--offset", "100"}, 100, 5000011},
	} {
		r := dgenfs(t, append(append([]string{"cat", "--seed", "0x9"}, test.args...), text)...)
		if r.status != 0 || r.stderr != "" {
			t.Errorf("cat %q: exit status %d, %s", test.args, r.status, r.stderr)
		}
		same(t, "cat "+strings.Join(test.args, " "), []byte(r.stdout), want[test.from:test.to])
	}
	// A pipe that is closed early ends it without a word.
	r := try(t, command(t, "bash", "-c", `"$0" cat 1E | head -c 100 | wc -c`, program))
	if strings.TrimSpace(r.stdout) != "100" || r.stderr != "" {
		t.Errorf("a closed pipe: %q, standard error %q", r.stdout, r.stderr)
	}
	if r := try(t, command(t, "bash", "-c", `"$0" cat 1M >/dev/full`, program)); r.status != 1 || !strings.HasPrefix(r.stderr, "dgenfs: ") || !strings.Contains(r.stderr, "no space left") {
		t.Errorf("a full device: exit status %d, %q", r.status, r.stderr)
	}
}
