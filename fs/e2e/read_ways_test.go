//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/dgenfs/dgenfs/fs/transport/iouring"
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
		// A whole number of pages, more than the file has.
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
			return nil // mmap(2) does not map empty ranges
		}
		// A copy, as the mapping ends before what it is compared with does.
		return bytes.Clone(mapFile(t, openFile(t, path, os.O_RDONLY), int(size), unix.PROT_READ, kind))
	}
}

func uring(flags, size int) func(*testing.T, string, int64) []byte {
	return func(t *testing.T, path string, fileSize int64) []byte {
		f := openFile(t, path, os.O_RDONLY|flags)
		buf := aligned(t, int(fileSize)&^4095+4096)
		n, err := iouring.Read(int(f.Fd()), buf, 0, size, 8)
		if errors.Is(err, iouring.ErrUnsupported) {
			skipNeeds(t, "%v", err)
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
