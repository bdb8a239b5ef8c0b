//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// umount(8), or fusermount3 for other users, ends the server as well.
func TestUnmountedFromOutside(t *testing.T) {
	dir := mount(t)
	if os.Geteuid() == 0 {
		output(t, "umount", dir)
	} else {
		output(t, "fusermount3", "-u", dir)
	}
	awaitNoServer(t, dir)
}

func TestUmountWhenBusy(t *testing.T) {
	dir := mount(t)
	const name = "3000017,seed=1"
	f := openFile(t, filepath.Join(dir, name), os.O_RDONLY)
	r := dgenfs(t, "umount", dir)
	if r.status != 1 || !strings.HasPrefix(r.stderr, "dgenfs: ") || !strings.Contains(r.stderr, "busy") || !strings.Contains(r.stderr, "--lazy") || strings.Count(r.stderr, "\n") != 1 {
		t.Errorf("umount of a busy mount: %+v", r)
	}
	if !mounted(t, dir) {
		t.Fatal("unmounted nevertheless")
	}
	if r := dgenfs(t, "umount", "--lazy", dir); r != (result{}) {
		t.Fatalf("umount --lazy: %+v", r)
	}
	if mounted(t, dir) {
		t.Error("still mounted after umount --lazy")
	}
	buf := make([]byte, 3000018)
	n, err := f.ReadAt(buf, 0)
	if n != 3000017 {
		t.Errorf("reading on: %d, %v", n, err)
	}
	same(t, "a detached file", buf[:n], piece(t, generator(t, name, 0, "", 1), 0, n))
	pid := theServer(t, dir) // which waits for the file to be closed
	mountAt(t, dir)          // a new one in the same place
	f.Close()
	await(t, "the first server ends", func() bool { return gone(pid) })
}
