//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// extents returns where the data of a file are, as lseek(2) says.
func extents(t *testing.T, path string) (all [][2]int64) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for end := int64(0); ; {
		begin, err := unix.Seek(int(f.Fd()), end, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			return all
		}
		if err == nil {
			end, err = unix.Seek(int(f.Fd()), begin, unix.SEEK_HOLE)
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, [2]int64{begin, end})
	}
}

// blocks returns st_blocks.
func blocks(t *testing.T, path string) int64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		t.Fatal(err)
	}
	return st.Blocks
}

// The kernel and tools that copy see the holes of a sparse file, and fill none of them.
func TestHoles(t *testing.T) {
	flags := []string{"--seed", "3", "--file", "sparse{0..2}:10M,holes=30%,hole=64K", "--file", "hole:1M,holes=100%", "--file", "small:64K,holes=50%,hole=4K", "--file", "plain:1M"}
	mnt := mount(t, flags...)
	names := []string{"sparse0", "sparse1", "sparse2", "hole", "small", "plain", "1T,holes=99.9%,hole=1G"}
	for name, want := range map[string]int64{"sparse1": 10<<20 - 48*64<<10, "hole": 0, "small": 32 << 10, "plain": 1 << 20, "1T,holes=99.9%,hole=1G": 1 << 30} {
		var data int64
		for _, e := range extents(t, mnt+"/"+name) {
			data += e[1] - e[0]
		}
		if got := blocks(t, mnt+"/"+name); data != want || got != want/512 {
			t.Errorf("%s: %d bytes of data, %d blocks; want %d", name, data, got, want)
		}
	}
	names = names[:len(names)-1] // which would take long
	for tool, script := range map[string]string{
		"tar":   `tar -C "$0" -S -cf - . | tar -C "$1" -xf -`,
		"cp":    `cp -r "$0"/. "$1"`,
		"rsync": `rsync -rS "$0"/ "$1"/`,
	} {
		if tool == "rsync" {
			need(t, "rsync")
		}
		to := t.TempDir()
		// What the file system below makes of the same holes by itself.
		reference := to + "/reference"
		output(t, "bash", "-o", "pipefail", "-c", script, mnt, to)
		for _, name := range names {
			output(t, "cmp", mnt+"/"+name, to+"/"+name)
			want := extents(t, mnt+"/"+name)
			writeExtents(t, reference, mnt+"/"+name, want)
			if got := blocks(t, to+"/"+name); got > blocks(t, reference) {
				t.Errorf("%s: %s has %d blocks, and %d are enough", tool, name, got, blocks(t, reference))
			}
			if got := extents(t, to+"/"+name); tool != "rsync" && !slices.Equal(got, extents(t, reference)) {
				t.Errorf("%s: %s has data at %v, want %v", tool, name, got, want)
			}
		}
		if r := dgenfs(t, slices.Concat([]string{"verify"}, flags, []string{to})...); r.status != 1 {
			t.Errorf("%s: verify: exit status %d, want 1 for the additional file\n%s%s", tool, r.status, r.stdout, r.stderr)
		}
		if err := os.Remove(reference); err != nil {
			t.Fatal(err)
		}
		// A copy without its holes has the same contents.
		output(t, "cp", "--sparse=never", mnt+"/sparse0", to+"/filled")
		if err := os.Rename(to+"/filled", to+"/sparse0"); err != nil {
			t.Fatal(err)
		}
		if r := dgenfs(t, slices.Concat([]string{"verify"}, flags, []string{to})...); r.status != 0 {
			t.Errorf("%s: verify: exit status %d\n%s%s", tool, r.status, r.stdout, r.stderr)
		}
	}
}

// writeExtents writes a file with the data of some extents of another one.
func writeExtents(t *testing.T, path, from string, extents [][2]int64) {
	t.Helper()
	in := openFile(t, from, os.O_RDONLY)
	info, err := in.Stat()
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(path)
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := out.Truncate(info.Size()); err != nil {
		t.Fatal(err)
	}
	for _, e := range extents {
		p := make([]byte, e[1]-e[0])
		if _, err := in.ReadAt(p, e[0]); err != nil {
			t.Fatal(fmt.Errorf("%s: %w", from, err))
		}
		if _, err := out.WriteAt(p, e[0]); err != nil {
			t.Fatal(err)
		}
	}
}
