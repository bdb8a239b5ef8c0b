//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// Of a million names in one directory, each one is listed once, in the same order for
// everybody, and from any offset on.
func TestMillionNames(t *testing.T) {
	const million = 1000000
	mnt := mount(t, "--file", "{000000..999999}:1K")
	check := func(entries []dirent, first int) error {
		for i, e := range entries {
			want := [...]string{".", ".."}
			if n := first + i; n < len(want) {
				if e.name != want[n] || e.kind != unix.DT_DIR {
					return fmt.Errorf("entry %d is %+v", n, e)
				}
			} else if e.name != fmt.Sprintf("%06d", n-2) || e.kind != unix.DT_REG || e.ino == 0 {
				return fmt.Errorf("entry %d is %+v", n, e)
			}
		}
		return nil
	}
	// Several readers at once, each of its own buffer size, two of them on
	// parts of the directory only, each with the offsets that it was given.
	var wg sync.WaitGroup
	offsets := make([]int64, million+2) // where an entry begins
	for reader, size := range []int{64 << 10, 1 << 20, 4096} {
		fd := int(openFile(t, mnt, os.O_RDONLY).Fd())
		wg.Go(func() {
			buf, n := make([]byte, size), 0
			limit := million + 2
			if reader > 1 {
				limit = million / 10
			}
			for n < limit {
				entries, err := getdents(fd, buf)
				if err == nil {
					err = check(entries, n)
				}
				if err != nil || len(entries) == 0 {
					t.Errorf("reader %d, after %d entries: %v", reader, n, err)
					return
				}
				if reader == 0 {
					for i, e := range entries {
						if next := n + i + 1; next < len(offsets) {
							offsets[next] = e.off
						}
					}
				}
				n += len(entries)
			}
			if reader < 2 {
				if entries, err := getdents(fd, buf); n != limit || len(entries) != 0 || err != nil {
					t.Errorf("reader %d: %d entries, and %d after the end, %v", reader, n, len(entries), err)
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	// Seek to entries by another descriptor, in any order, and back to the start.
	fd := int(openFile(t, mnt, os.O_RDONLY).Fd())
	for i := range 400 {
		at := (i * 618033) % (million + 2) // no neighbours
		entries, err := from(fd, offsets[at], 3)
		if err == nil {
			err = check(entries, at)
		}
		if err != nil || len(entries) < min(3, million+2-at) {
			t.Fatalf("at the offset of entry %d: %d entries, %v", at, len(entries), err)
		}
		if i%10 == 0 {
			entries, err := from(fd, 0, 3)
			if err == nil {
				err = check(entries, 0)
			}
			if err != nil {
				t.Fatalf("rewound: %v", err)
			}
		}
	}
	if got := output(t, "bash", "-o", "pipefail", "-c", `ls -f "$0" | wc -l`, mnt); got != "1000002\n" {
		t.Errorf("ls -f lists %s names", got)
	}
}

// Of several that read one open descriptor of a directory, exactly one gets each
// entry.
func TestSharedDirectoryDescriptor(t *testing.T) {
	mnt := mount(t, "--file", "{00000..19999}:1K")
	fd := int(openFile(t, mnt, os.O_RDONLY).Fd())
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := make(map[string]int)
	for range 4 {
		wg.Go(func() {
			buf := make([]byte, 2000)
			for {
				entries, err := getdents(fd, buf)
				if err != nil {
					t.Error(err)
				}
				if len(entries) == 0 {
					return
				}
				mu.Lock()
				for _, e := range entries {
					seen[e.name]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for name, times := range seen {
		if times != 1 {
			t.Errorf("%s is listed %d times", name, times)
		}
	}
	if len(seen) != 20002 {
		t.Errorf("%d names, want 20002", len(seen))
	}
}

// The memory of the server does not grow with the number of files that somebody has
// walked. E2E_LONG=1 walks ten million.
func TestWalkManyFiles(t *testing.T) {
	dirs, limit := 30, 5*patience // 2 minutes at load 20
	if os.Getenv("E2E_LONG") != "" {
		dirs, limit = 1000, 100*patience
	}
	mnt := mount(t, "--file", fmt.Sprintf("d{0000..%04d}/f{0000..9999}:24K", dirs-1))
	server := theServer(t, mnt)
	walk := func(args string) {
		t.Helper()
		cmd := commandFor(t, limit, "bash", "-o", "pipefail", "-c", `find "$0" `+args+` | wc -l`, mnt)
		if r := try(t, cmd); r.status != 0 || r.stdout != fmt.Sprintln(1+dirs+dirs*10000) {
			t.Errorf("find %s: exit status %d, %s names, %s", args, r.status, r.stdout, r.stderr)
		}
	}
	walk("")
	before := memory(t, server, "VmHWM")
	walk("-size -100k") // asks for the attributes of every file
	most := memory(t, server, "VmHWM")
	t.Logf("the server took %d KiB for the first walk, and %d KiB for both", before, most)
	if most > mostMemory || most > before+16<<10 {
		t.Error("the server's memory grows")
	}
}

// A directory of a billion files takes no memory to mount, and its last entries are
// found like its first ones.
func TestBillionFiles(t *testing.T) {
	const billion = 1000000000
	mnt := mount(t, "--file", "all/{000000000..999999999}.bin:4K", "--file", "some/{000..999}/{000..999}/{000..999}:150K")
	for path, size := range map[string]int64{"all/999999999.bin": 4 << 10, "all/000000000.bin": 4 << 10, "some/999/999/999": 150 << 10} {
		info, err := os.Stat(filepath.Join(mnt, path))
		if err != nil || info.Size() != size {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	for _, path := range []string{"all/1000000000.bin", "all/99999999.bin", "all/999999999", "some/999/999/1000"} {
		if _, err := os.Stat(filepath.Join(mnt, path)); !os.IsNotExist(err) {
			t.Errorf("%s: %v", path, err)
		}
	}
	const last = "all/999999999.bin"
	same(t, last, []byte(output(t, "cat", filepath.Join(mnt, last))), piece(t, generator(t, "4K", 0, last, 1), 0, 4096))

	fd := int(openFile(t, filepath.Join(mnt, "all"), os.O_RDONLY).Fd())
	for _, first := range []int64{0, 1, billion / 2, billion - 5, billion - 1} {
		// "." and ".." are before the first one.
		entries, err := from(fd, first+2, 5)
		if want := min(5, billion-int(first)); err != nil || len(entries) < want {
			t.Fatalf("from entry %d on: %d entries, want %d, %v", first, len(entries), want, err)
		}
		for i, e := range entries {
			if want := fmt.Sprintf("%09d.bin", int(first)+i); e.name != want || e.off != first+2+int64(i)+1 {
				t.Errorf("from entry %d on: %+v, want %s", first, e, want)
			}
		}
	}
	for _, off := range []int64{billion + 2, billion + 3, 1<<63 - 1} {
		if entries, err := from(fd, off, 1); len(entries) != 0 || err != nil {
			t.Errorf("after the end, at %d: %+v, %v", off, entries, err)
		}
	}
	var st unix.Statfs_t
	if err := unix.Statfs(mnt, &st); err != nil || st.Files != 2*billion+3+1000+1000*1000 {
		t.Errorf("statfs: %d files, %v", st.Files, err)
	}
	if most := memory(t, theServer(t, mnt), "VmHWM"); most > mostMemory {
		t.Errorf("the server took %d KiB", most)
	}
	if names := strings.Fields(output(t, "bash", "-c", `ls -f "$0" | head -n 4`, filepath.Join(mnt, "all"))); len(names) != 4 || names[3] != "000000001.bin" {
		t.Errorf("the first names are %q", names)
	}
}
