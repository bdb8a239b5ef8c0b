//go:build e2e

package e2e

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// A handle opens its file after the kernel has forgotten it, and in another mount of the
// same tree, as clients of an NFS server expect it after either has been restarted. In
// one of another tree it is stale.
func TestHandles(t *testing.T) {
	needRoot(t)
	args := []string{"--seed", "9", "--file", "a/b{0..9}/c{00..99}:4K", "--file", "d:1M"}
	names := []string{"a/b3/c77", "d", "a/b9", "5000", "7K,seed=1,dedup=2,unit=8K,compress=1.23456789", ".dgenfs/version"}
	mnt := mount(t, args...)
	handles := make(map[string]unix.FileHandle)
	want := make(map[string]string)
	for _, name := range names {
		handle, _, err := unix.NameToHandleAt(unix.AT_FDCWD, filepath.Join(mnt, name), 0)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		handles[name] = handle
		want[name] = readOrList(t, name, func() (*os.File, error) { return os.Open(filepath.Join(mnt, name)) })
	}
	check := func(mnt string, names []string) {
		t.Helper()
		root, err := os.Open(mnt)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		for _, name := range names {
			if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("2"), 0); err != nil {
				t.Fatal(err)
			}
			got := readOrList(t, name, func() (*os.File, error) {
				fd, err := unix.OpenByHandleAt(int(root.Fd()), handles[name], unix.O_RDONLY)
				return os.NewFile(uintptr(fd), name), err
			})
			if got != want[name] {
				t.Errorf("%s: the handle opens something else", name)
			}
		}
	}
	check(mnt, names)
	dgenfs(t, "umount", mnt)
	// Of the long names of specs, a mount knows those that have been looked up.
	names = slices.DeleteFunc(names, func(name string) bool { return len(name) > 20 })
	check(mount(t, args...), names)
	check(mount(t, slices.Concat(args[2:], args[:2], []string{"--latency", "1us"})...), names)

	// In a later generation, or in part of the tree, files remain the same ones.
	dir := names[slices.Index(names, "a/b9"):][:1]
	check(mount(t, append(args, "--generation", "3", "--change", "50%")...), dir)
	check(mount(t, append(args, "--shard", "2/3")...), []string{"5000"})

	// In another tree, the same positions are those of other files.
	for _, other := range [][]string{{"--seed", "8", args[2], args[3], args[4], args[5]}, {"--seed", "9", args[2], args[3]}, {"--seed", "9", args[2], args[3], "--file", "e:1M"}, append(args, "--file", "e:1")} {
		root, err := os.Open(mount(t, other...))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if fd, err := unix.OpenByHandleAt(int(root.Fd()), handles[name], unix.O_RDONLY); err != unix.ESTALE {
				t.Errorf("%s in %q: handle %d, error %v, want ESTALE", name, other, fd, err)
				unix.Close(fd)
			}
		}
		root.Close()
	}
}

// readOrList returns the contents of a file, or the names in a directory.
func readOrList(t *testing.T, name string, open func() (*os.File, error)) string {
	t.Helper()
	f, err := open()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer f.Close()
	var text []byte
	if info, err := f.Stat(); err != nil {
		t.Fatal(err)
	} else if info.IsDir() {
		names, err := f.Readdirnames(-1)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text = append(append(text, name...), 0)
		}
	} else if text, err = io.ReadAll(f); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(text)
}
