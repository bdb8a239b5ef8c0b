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

	"golang.org/x/sys/unix"
)

// From the kernel's include/uapi/linux/auto_fs.h.
const (
	autofsReady     = 0x9360
	autofsFail      = 0x9361
	autofsCatatonic = 0x9362
	autofsPacket    = 304 // bytes of a struct autofs_v5_packet
	autofsToken     = 8   // its offset in it
)

// With x-systemd.automount, systemd runs mount(8) while somebody waits for the
// mount. The kernel lets only systemd's process group through.
func TestMount8Automount(t *testing.T) {
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
	if err == unix.ENODEV || err == unix.EPERM {
		skipNeeds(t, "autofs: %v", err)
	} else if err != nil {
		t.Fatalf("mounting autofs: %v", err)
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
		awaitNoServer(t, dir)
	}()

	for range 2 {
		reader := command(t, "cat", filepath.Join(dir, "1M"))
		reader.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		waiting := start(t, reader)
		packet := make([]byte, autofsPacket)
		requests.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(requests, packet); err != nil {
			t.Fatalf("the kernel has not asked to mount: %v", err)
		}
		token := int(binary.NativeEndian.Uint32(packet[autofsToken:]))
		if r := mount8(t, "-t", "dgenfs", "-o", "nofail,x-systemd.automount", "dgenfs", dir); r != (result{}) {
			control(autofsFail, token)
			waiting.wait(t)
			t.Fatalf("mounting: %+v", r)
		}
		if err := control(autofsReady, token); err != nil {
			t.Error(err)
		}
		waiting.wait(t)
		same(t, "who waited", waiting.stdout.Bytes(), piece(t, generator(t, "1M", 0, "1M", 1), 0, 1<<20))
		pid := theServer(t, dir)
		if session, err := unix.Getsid(pid); err != nil || session != pid {
			t.Errorf("the server is of session %d, %v; want its own, %d", session, err, pid)
		}
		if r := mount8(t, "-t", "dgenfs", "dgenfs", dir); r.status != 32 {
			t.Errorf("mounting twice: %+v", r)
		}
		syscall.Kill(pid, syscall.SIGTERM)
		awaitNoServer(t, dir)
		if m, ok := mountedAt(t, dir); !ok || m.kind != "autofs" {
			t.Fatalf("then, the mount table says %+v, %v", m, ok)
		}
	}
}
