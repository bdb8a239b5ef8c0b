//go:build e2e

package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// After kill -9 of the server, whoever reads gets an error. umount clears away what
// is left, and a new mount works there.
func TestKilledServer(t *testing.T) {
	dir := mount(t)
	pid := theServer(t, dir)
	looping, direct := readForever(t, dir), readForever(t, dir, "iflag=direct")
	open := openFile(t, filepath.Join(dir, "1G"), os.O_RDONLY)
	awaitReading(t, dir, looping, direct)
	// Before Linux 5.16, the first close of any file asks the server. Starting a process
	// closes what is open here, which would wait for the server that is stopped below.
	output(t, "head", "-c", "1", filepath.Join(dir, "1K"))

	// A reader that waits for a reply that never comes.
	syscall.Kill(pid, syscall.SIGSTOP)
	waiting := readForever(t, dir)
	await(t, "a reader waits for the stopped server", func() bool { return waitsForServer(waiting.pid) })

	killServer(t, dir)
	for _, reader := range []*spawned{looping, direct, waiting} {
		reader.wait(t)
		if reader.status.ExitStatus() == 0 || reader.stderr.Len() == 0 {
			t.Errorf("a reader ended with exit status %d, %q", reader.status.ExitStatus(), &reader.stderr)
		}
	}
	if _, err := open.ReadAt(make([]byte, 10), 0); err == nil {
		t.Error("an open file can be read without a server")
	}
	if _, err := os.Stat(filepath.Join(dir, "2G")); !errors.Is(err, syscall.ENOTCONN) {
		t.Errorf("a file of a dead mount: %v", err)
	}
	open.Close()
	if r := dgenfs(t, "umount", dir); r != (result{}) {
		t.Errorf("umount of a dead mount: %+v", r)
	}
	if mounted(t, dir) {
		t.Fatal("still mounted")
	}
	mountAt(t, dir)
	same(t, "1M", []byte(output(t, "cat", dir+"/1M")), piece(t, generator(t, "1M", 0, "1M", 1), 0, 1<<20))
}

// A dead mount can be busy, and named by a link.
func TestUmountOfADeadMount(t *testing.T) {
	dir := mount(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	killServer(t, dir) // before anybody has looked into the mount
	if r := dgenfs(t, "umount", link); r != (result{}) {
		t.Errorf("umount of a dead mount by a link to it: %+v", r)
		dgenfs(t, "umount", dir)
	}
	mountAt(t, dir)
	open := openFile(t, filepath.Join(dir, "1G"), os.O_RDONLY)
	killServer(t, dir)
	if r := dgenfs(t, "umount", dir); r.status != 1 || !strings.Contains(r.stderr, "--lazy") {
		t.Errorf("umount of a mount that is dead and busy: %+v", r)
	}
	open.Close()
	if r := dgenfs(t, "umount", link+"/"); r != (result{}) {
		t.Errorf("umount of a dead mount by a link to it: %+v", r)
	}
}

// Aborting the connection ends the server, and gives every reader an error.
func TestAbort(t *testing.T) {
	needRoot(t)
	const control = "/sys/fs/fuse/connections"
	if entries, _ := os.ReadDir(control); len(entries) == 0 {
		// It is mounted already where it is empty because nothing else of FUSE is.
		if err := unix.Mount("fusectl", control, "fusectl", 0, ""); err == nil {
			t.Cleanup(func() { unix.Unmount(control, 0) })
		} else if err != unix.EBUSY {
			t.Fatalf("mounting fusectl on %s: %v", control, err)
		}
	}
	dir := mount(t)
	m, _ := mountedAt(t, dir)
	_, minor, _ := strings.Cut(m.device, ":")
	readers := []*spawned{readForever(t, dir), readForever(t, dir, "iflag=direct", "bs=64M"), readForever(t, dir, "bs=4K")}
	awaitReading(t, dir, readers...)
	if err := os.WriteFile(filepath.Join(control, minor, "abort"), []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	for _, reader := range readers {
		reader.wait(t)
		if reader.status.ExitStatus() == 0 {
			t.Error("a reader ended without an error")
		}
	}
	awaitNoServer(t, dir)
	if r := dgenfs(t, "umount", dir); r.status != 0 || mounted(t, dir) {
		t.Errorf("umount afterwards: %+v", r)
	}
}

// Mounting where the server of a mount of dgenfs was killed takes the dead mount away,
// and says so.
func TestMountOnADeadMount(t *testing.T) {
	dir := mount(t, "--size", "1M")
	killServer(t, dir)
	r := dgenfs(t, "--size", "2M", dir)
	if r.status != 0 || r.stdout != "" || !strings.HasPrefix(r.stderr, "dgenfs: ") || !strings.Contains(r.stderr, dir) || strings.Count(r.stderr, "\n") != 1 {
		t.Fatalf("mounting on a dead mount: %+v", r)
	}
	same(t, "data", []byte(output(t, "cat", dir+"/data")), piece(t, generator(t, "2M", 0, "data", 1), 0, 2<<20))
	theServer(t, dir)
	if r := dgenfs(t, "umount", dir); r != (result{}) {
		t.Fatalf("umount: %+v", r)
	}
	if mounted(t, dir) {
		t.Error("the dead mount is still there, below the new one")
	}
	// A mount that is alive stays, also one whose server is stopped.
	mountAt(t, dir, "--size", "3M")
	pid := theServer(t, dir)
	syscall.Kill(pid, syscall.SIGSTOP)
	r = dgenfs(t, "--size", "4M", dir)
	syscall.Kill(pid, syscall.SIGCONT)
	if r.status != 1 || !strings.Contains(r.stderr, "busy") {
		t.Errorf("mounting where a server is stopped: %+v", r)
	}
	same(t, "data", []byte(output(t, "cat", dir+"/data")), piece(t, generator(t, "3M", 0, "data", 1), 0, 3<<20))
}

// Others than root have fusermount3 take it away.
func TestMountOnADeadMountOfAUser(t *testing.T) {
	as, home := asUser(t)
	dir := filepath.Join(home, "mnt")
	if r := try(t, as("mkdir", dir)); r.status != 0 {
		t.Fatal(r.stderr)
	}
	if r := try(t, as(program, dir)); r.status != 0 {
		t.Fatal(r.stderr)
	}
	unmountAtEnd(t, dir)
	killServer(t, dir)
	if r := try(t, as(program, dir)); r.status != 0 || strings.Count(r.stderr, "\n") != 1 || !strings.Contains(r.stderr, dir) {
		t.Fatalf("mounting on a dead mount: %+v", r)
	}
	if r := try(t, as("head", "-c", "5", dir+"/1M")); len(r.stdout) != 5 {
		t.Errorf("%+v", r)
	}
}
