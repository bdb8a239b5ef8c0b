//go:build e2e

package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// dirent is an entry of a directory, from getdents64(2).
type dirent struct {
	ino  uint64
	off  int64 // of the next entry
	kind byte  // DT_REG, DT_DIR
	name string
}

// getdents reads more entries of an open directory; at the end, it returns none.
func getdents(fd int, buf []byte) ([]dirent, error) {
	n, err := unix.Getdents(fd, buf)
	var entries []dirent
	for p := buf[:max(n, 0)]; len(p) > 0; {
		// struct linux_dirent64: d_ino, d_off, d_reclen, d_type, d_name.
		size := binary.NativeEndian.Uint16(p[16:])
		name, _, _ := bytes.Cut(p[19:size], []byte{0})
		entries = append(entries, dirent{binary.NativeEndian.Uint64(p), int64(binary.NativeEndian.Uint64(p[8:])), p[18], string(name)})
		p = p[size:]
	}
	return entries, err
}

// from reads a directory from an offset on, at least n entries if there are as
// many, and not many more.
func from(fd int, off int64, n int) ([]dirent, error) {
	if _, err := unix.Seek(fd, off, 0); err != nil {
		return nil, err
	}
	var all []dirent
	buf := make([]byte, min(n, 1000)*40+320)
	for len(all) < n {
		entries, err := getdents(fd, buf)
		if err != nil || len(entries) == 0 {
			return all, err
		}
		all = append(all, entries...)
	}
	return all, nil
}

func TestListing(t *testing.T) {
	find := func(mnt string) []string {
		return strings.Fields(output(t, "bash", "-c", `cd "$0" && find . | LC_ALL=C sort`, mnt))
	}
	expected := func(paths ...string) []string {
		slices.Sort(paths)
		return paths
	}
	many := []string{"."}
	for i := range 1000 {
		many = append(many, fmt.Sprintf("./data-%03d", i))
	}
	if got := find(mount(t, "--size", "1M", "--files", "1000")); !slices.Equal(got, expected(many...)) {
		t.Errorf("--files 1000 lists %d names: %q ...", len(got), got[:min(5, len(got))])
	}
	want := []string{".", "./home", "./big.bin"}
	for user := 8; user <= 12; user++ {
		want = append(want, fmt.Sprintf("./home/u%d", user), fmt.Sprintf("./home/u%d/mail", user))
		for i := range 20 {
			want = append(want, fmt.Sprintf("./home/u%d/mail/%02d.eml", user, i))
		}
	}
	mnt := mount(t, "--file", "home/u{8..12}/mail/{00..19}.eml:150K", "--file", "big.bin:1T")
	if got := find(mnt); !slices.Equal(got, expected(want...)) {
		t.Errorf("find lists %q, want %q", got, want)
	}
	var roots []string
	for _, size := range []string{"1M", "16M", "256M", "1G", "16G", "64G", "1T"} {
		roots = append(roots, "./"+size)
	}
	if got := find(mount(t)); !slices.Equal(got, expected(append(roots, ".")...)) {
		t.Errorf("with no options, find lists %q", got)
	}
	// A large directory, listed from every tenth of it on: seekdir(3), in effect.
	big := mount(t, "--file", "{00000..49999}:1K")
	dir := openFile(t, big, os.O_RDONLY|syscall.O_DIRECTORY)
	names := make(map[string]bool)
	var offsets []int64
	for {
		batch, err := dir.Readdirnames(5000)
		for _, name := range batch {
			if names[name] {
				t.Fatalf("%s is listed twice", name)
			}
			names[name] = true
		}
		if len(batch) == 0 || err != nil {
			break
		}
	}
	if len(names) != 50000 {
		t.Errorf("%d names are listed, want 50000", len(names))
	}
	for off := int64(2); off < 50000; off += 5000 {
		offsets = append(offsets, off)
	}
	slices.Reverse(offsets)
	for _, off := range offsets {
		if _, err := unix.Seek(int(dir.Fd()), off, 0); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 4096)
		n, err := unix.Getdents(int(dir.Fd()), buf)
		if err != nil {
			t.Fatal(err)
		}
		_, _, got := unix.ParseDirent(buf[:n], 1, nil)
		if want := fmt.Sprintf("%05d", off-2); len(got) != 1 || got[0] != want {
			t.Errorf("at offset %d: %q, want %q", off, got, want)
		}
	}
}
