//go:build e2e

package e2e

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// attributes are those that every way to ask for them reports.
type attributes struct {
	ino                  uint64
	size, blocks, mtime  int64
	mode, nlink, blksize uint32
}

// listAttributes walks a mount and returns the attributes of everything in it, by path.
// It fails the test if they depend on how one asks.
func listAttributes(t *testing.T, mnt string) map[string]attributes {
	t.Helper()
	all := make(map[string]attributes)
	var walk func(path string)
	walk = func(path string) {
		dir := filepath.Join(mnt, path)
		d, err := os.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		entries, err := from(int(d.Fd()), 0, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.name == ".." && path == "" {
				continue // outside of the mount
			}
			child := filepath.Join(path, e.name)
			a := ask(t, filepath.Join(mnt, child))
			kind := byte(unix.DT_REG)
			if a.mode&unix.S_IFMT == unix.S_IFDIR {
				kind = unix.DT_DIR
			}
			if e.ino != a.ino || e.kind != kind {
				t.Errorf("%s in %q: listed as inode %d, type %d; stat says %+v", e.name, path, e.ino, e.kind, a)
			}
			if before, ok := all[child]; ok && before != a {
				t.Errorf("%s: %+v, before %+v", child, a, before)
			}
			all[child] = a
			if kind == unix.DT_DIR && !strings.HasPrefix(e.name, ".") {
				walk(child)
			}
		}
	}
	walk("")
	return all
}

// ask asks for attributes in every way.
func ask(t *testing.T, path string) attributes {
	t.Helper()
	var answers []attributes
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	for _, call := range []func() error{
		func() error { return unix.Stat(path, &st) },
		func() error { return unix.Lstat(path, &st) },
		func() error { return unix.Fstat(fd, &st) },
		func() error { return unix.Fstatat(fd, "", &st, unix.AT_EMPTY_PATH) },
	} {
		if err := call(); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		answers = append(answers, attributes{st.Ino, st.Size, st.Blocks, st.Mtim.Nano(), st.Mode, uint32(st.Nlink), uint32(st.Blksize)})
	}
	for _, flags := range []int{unix.AT_STATX_SYNC_AS_STAT, unix.AT_STATX_FORCE_SYNC, unix.AT_STATX_DONT_SYNC} {
		var st unix.Statx_t
		if err := unix.Statx(unix.AT_FDCWD, path, flags, unix.STATX_BASIC_STATS, &st); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		answers = append(answers, attributes{st.Ino, int64(st.Size), int64(st.Blocks), st.Mtime.Sec*1e9 + int64(st.Mtime.Nsec), uint32(st.Mode), st.Nlink, st.Blksize})
	}
	for _, a := range answers[1:] {
		if a != answers[0] {
			t.Errorf("%s: %+v in one way, %+v in another", path, a, answers[0])
		}
	}
	return answers[0]
}

var described = []string{"--file", "a/{0..9}/x{00..19}:1000003", "--file", "a/b/c/d:9223372036854775807", "--file", "e:0", "--file", "z{0..9}:511,dedup=2", "--file", "1G:77"}

// What a mount says about its files does not depend on how one asks, nor when, nor
// which of two mounts.
func TestAttributes(t *testing.T) {
	one, two := mount(t, described...), mount(t, described...)
	want := listAttributes(t, one)
	if len(want) != 1+1+10+200+2+1+1+10+1 {
		t.Errorf("%d files and directories: %q", len(want), slices.Sorted(maps.Keys(want)))
	}
	inodes := make(map[uint64]string)
	for path, a := range want {
		if other, ok := inodes[a.ino]; ok {
			t.Errorf("%s and %s have inode %d", path, other, a.ino)
		}
		inodes[a.ino] = path
	}
	differ := func(what string, got map[string]attributes) {
		t.Helper()
		for path, a := range got {
			if a != want[path] {
				t.Errorf("%s, %s: %+v, want %+v", what, path, a, want[path])
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d files and directories, want %d", what, len(got), len(want))
		}
	}
	differ("once more", listAttributes(t, one))
	differ("another mount", listAttributes(t, two))
	if r := dgenfs(t, "umount", one); r.status != 0 {
		t.Fatal(r.stderr)
	}
	mountAt(t, one, described...)
	differ("mounted again", listAttributes(t, one))
	// The order of flags makes no difference, either.
	reversed := slices.Clone(described)
	slices.Reverse(reversed)
	for i := 0; i < len(reversed); i += 2 {
		reversed[i], reversed[i+1] = reversed[i+1], reversed[i]
	}
	differ("in another order", listAttributes(t, mount(t, reversed...)))
	differ("with another seed", listAttributes(t, mount(t, append([]string{"--seed", "9"}, described...)...)))

	// Names that are not listed can be looked up in any order.
	for _, name := range []string{"1M", "3E", "5,compress=2"} {
		a := ask(t, filepath.Join(two, name))
		ask(t, filepath.Join(one, name+",seed=1"))
		if b := ask(t, filepath.Join(one, name)); a != b {
			t.Errorf("%s: %+v and %+v", name, a, b)
		}
	}
}

// Tools that add up sizes get what was asked for.
func TestSizesOfTools(t *testing.T) {
	mnt := mount(t, described...)
	const files = 1 + 1 + 10 + 200
	bytes := int64(200*1000003 + 10*511 + 77)
	blocks := int64(200*1954 + 10 + 1) // of 512 bytes
	for _, test := range []struct {
		command string
		want    any
	}{
		{`find . -type f ! -name d | wc -l`, files},
		{`find . -type f ! -name d -ls | awk '{n += $7} END {print n}'`, bytes},
		{`find . -type f ! -name d -ls | awk '{n += $2} END {print n}'`, 200*977 + 10*1 + 1}, // KiB, rounded up
		{`find . -type f ! -name d -printf '%s\n' | awk '{n += $1} END {print n}'`, bytes},
		{`find . -type f ! -name d -printf '%b\n' | awk '{n += $1} END {print n}'`, blocks},
		{`find . -type d -printf '%n\n' | sort -u`, 1},
		{`du -ab --exclude=d --apparent-size . | tail -n 1 | cut -f1`, bytes},
		{`du -s -B512 --exclude=d . | cut -f1`, blocks},
		{`du -a -B512 --exclude=d . | grep -c /`, files + 13}, // directories below the root
		{`du -b a/b/c/d | cut -f1`, int64(1<<63 - 1)},
		{`stat -c %s e a/b/c/d | paste -sd ,`, "0,9223372036854775807"},
		{`ls -lR a/3 | awk '/x/ {n += $5} END {print n}'`, 20 * 1000003},
		{`find . -newermt 1999-12-31 ! -newermt 2000-01-01T00:00:00Z | wc -l`, len(listAttributes(t, mnt))},
	} {
		if got := strings.TrimSpace(output(t, "bash", "-o", "pipefail", "-c", `cd "$0" && `+test.command, mnt)); got != fmt.Sprint(test.want) {
			t.Errorf("%s: %s, want %v", test.command, got, test.want)
		}
	}
	// The same from Go, which takes types from the listing.
	var n int64
	err := filepath.WalkDir(mnt, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "d" {
			return err
		}
		info, err := d.Info()
		n += info.Size()
		return err
	})
	if n != bytes || err != nil {
		t.Errorf("%d bytes, %v; want %d", n, err, bytes)
	}
}

func TestStat(t *testing.T) {
	args := []string{"--file", "d/x{0..9}:1000003", "--file", "y:8T", "--uid", "1234", "--gid", "5678"}
	mnt := mount(t, args...)
	inodes := make(map[string]uint64)
	inspect := func() {
		for path, size := range map[string]int64{"": -1, "d": -1, "d/x3": 1000003, "y": 8 << 40, "64G,dedup=3": 64 << 30, "9223372036854775807": 1<<63 - 1, "0": 0} {
			var st unix.Stat_t
			if err := unix.Stat(filepath.Join(mnt, path), &st); err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			mode := uint32(unix.S_IFREG | 0o444)
			if size < 0 {
				mode, size = unix.S_IFDIR|0o555, 0
			}
			block := int64(1 << 20) // of small files, what holds them
			if path == "0" {
				block = 4096
			}
			if st.Mode != mode || st.Size != size || st.Blocks != int64((uint64(size)+511)/512) || int64(st.Blksize) != block || st.Uid != 1234 || st.Gid != 5678 || st.Nlink < 1 {
				t.Errorf("%s: %+v", path, st)
			}
			for _, at := range []unix.Timespec{st.Mtim, st.Ctim, st.Atim} {
				if when := time.Unix(at.Unix()).UTC(); !of(0, when) || st.Mode&unix.S_IFMT == unix.S_IFDIR && !when.Equal(dayOf(0)) {
					t.Errorf("%s: a time is %v", path, time.Unix(at.Unix()))
				}
			}
			if before, ok := inodes[path]; ok && before != st.Ino {
				t.Errorf("%s: inode %d, before %d", path, st.Ino, before)
			}
			inodes[path] = st.Ino
		}
	}
	inspect()
	inspect()
	if r := dgenfs(t, "umount", mnt); r.status != 0 {
		t.Fatal(r.stderr)
	}
	mountAt(t, mnt, args...)
	inspect()
	// A listing has the same inodes.
	compared := 0
	for line := range strings.Lines(output(t, "ls", "-iA", mnt, filepath.Join(mnt, "d"))) {
		var ino uint64
		var name string
		if n, _ := fmt.Sscan(line, &ino, &name); n != 2 {
			continue
		}
		for _, path := range []string{name, "d/" + name} {
			want, ok := inodes[path]
			if !ok {
				continue
			}
			if compared++; want != ino {
				t.Errorf("%s: inode %d in the listing, %d by stat", path, ino, want)
			}
		}
	}
	if compared != 3 { // d, y and d/x3
		t.Errorf("%d inodes were compared with the listing, want 3", compared)
	}
}
