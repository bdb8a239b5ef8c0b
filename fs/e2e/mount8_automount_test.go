//go:build e2e

package e2e

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/fs"
	"golang.org/x/sys/unix"
)

// From the kernel's include/uapi/linux/auto_fs.h.
const (
	autofsReady     = 0x9360
	autofsFail      = 0x9361
	autofsCatatonic = 0x9362
	autofsPacket    = 304 // bytes of a struct autofs_v5_packet
	autofsToken     = 8   // where the token lies in it
)

// With x-systemd.automount, systemd calls mount(8) while somebody waits for what
// shall be mounted. The kernel lets only systemd's process group through.
func TestHelperAutomount(t *testing.T) {
	linkInSbin(t, "mount.dgenfs")
	dir := t.TempDir()
	requests, kernel, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer requests.Close()
	options := fmt.Sprintf("fd=%d,pgrp=%d,minproto=5,maxproto=5,direct", kernel.Fd(), unix.Getpgrp())
	err = unix.Mount("systemd-1", dir, "autofs", 0, options)
	kernel.Close()
	if err != nil {
		t.Skipf("mounting autofs: %v", err)
	}
	root, err := os.Open(dir)
	if err != nil {
		unix.Unmount(dir, unix.MNT_DETACH)
		t.Fatal(err)
	}
	control := func(request uint, arg int) error { return unix.IoctlSetInt(int(root.Fd()), request, arg) }
	defer func() {
		control(autofsCatatonic, 0) // whoever waits gets an error
		root.Close()
		for range 2 {
			unix.Unmount(dir, unix.MNT_DETACH)
		}
		awaitNoServer(t, dir, 5*time.Second)
	}()

	for range 2 {
		reader := command(t, "cat", filepath.Join(dir, "1M"))
		reader.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		reads := make(chan result)
		go func() { reads <- try(t, reader) }()
		packet := make([]byte, autofsPacket)
		requests.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.ReadFull(requests, packet); err != nil {
			t.Fatalf("nobody has asked to mount: %v", err)
		}
		token := int(binary.NativeEndian.Uint32(packet[autofsToken:]))
		if r := mount8(t, "-t", "dgenfs", "-o", "nofail,x-systemd.automount", "dgenfs", dir); r != (result{}) {
			control(autofsFail, token)
			<-reads
			t.Fatalf("mounting: %+v", r)
		}
		if err := control(autofsReady, token); err != nil {
			t.Error(err)
		}
		r := <-reads
		same(t, "who waited", []byte(r.stdout), piece(t, generator(t, "1M", 0, "1M", 1), 0, 1<<20))
		pid := theServer(t, dir)
		if session, err := unix.Getsid(pid); err != nil || session != pid {
			t.Errorf("the server is of session %d, %v; want its own, %d", session, err, pid)
		}
		if r := mount8(t, "-t", "dgenfs", "dgenfs", dir); r.status != 32 {
			t.Errorf("mounting twice: %+v", r)
		}
		syscall.Kill(pid, syscall.SIGTERM)
		awaitNoServer(t, dir, 5*time.Second)
		if m, ok, err := fs.MountedAt(dir); !ok || err != nil || m.Type != "autofs" {
			t.Fatalf("then, the mount table says %+v, %v, %v", m, ok, err)
		}
	}
}
