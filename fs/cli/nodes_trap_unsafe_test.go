//go:build nodes

package cli

import (
	"encoding/binary"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// trap is memory whose pages are there, but write-protected by userfaultfd(2): the
// first write to each stops its thread until the trap has noted who that was.
type trap struct {
	fd      int
	start   uintptr
	written []write
	seen    []bool // pages that were written to
	stop    atomic.Bool
	done    chan struct{}
}

// write is the first write to a page, by its place.
type write struct{ page, tid int }

// From linux/userfaultfd.h.
const (
	uffdAPI          = 0xc018aa3f // struct uffdio_api: api, features, ioctls
	uffdRegister     = 0xc020aa00 // struct uffdio_register: start, len, mode, ioctls
	uffdWriteProtect = 0xc018aa06 // struct uffdio_writeprotect: start, len, mode

	uffdVersion          = 0xaa
	uffdFeatureWP        = 1 << 0
	uffdFeatureThreadID  = 1 << 8
	uffdRegisterModeWP   = 1 << 1
	uffdWriteProtectMode = 1 << 0

	uffdEventPageFault = 0x12
	uffdMessage        = 32 // bytes; the address at 16, the thread at 24
)

func setTrap(t *testing.T, p []byte) *trap {
	t.Helper()
	fd, _, errno := unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC|unix.O_NONBLOCK, 0, 0)
	if errno != 0 {
		t.Fatalf("userfaultfd: %v", errno)
	}
	start, size := uintptr(unsafe.Pointer(&p[0])), uintptr(len(p))
	pages := len(p) / os.Getpagesize()
	tr := &trap{fd: int(fd), start: start, written: make([]write, 0, pages), seen: make([]bool, pages), done: make(chan struct{})}
	for _, call := range []struct {
		name    string
		request uintptr
		arg     [4]uint64
	}{
		{"UFFDIO_API", uffdAPI, [4]uint64{uffdVersion, uffdFeatureWP | uffdFeatureThreadID}},
		{"UFFDIO_REGISTER", uffdRegister, [4]uint64{uint64(start), uint64(size), uffdRegisterModeWP}},
		{"UFFDIO_WRITEPROTECT", uffdWriteProtect, [4]uint64{uint64(start), uint64(size), uffdWriteProtectMode}},
	} {
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, call.request, uintptr(unsafe.Pointer(&call.arg))); errno != 0 {
			t.Fatalf("%s: %v", call.name, errno)
		}
	}
	// Threads that wait for the trap hold on to what others need to run.
	before := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(2*before + 2)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	go tr.watch()
	return tr
}

// watch lets each page go after its first write. It must not allocate: whoever
// waits for it cannot be stopped for a collection.
func (tr *trap) watch() {
	defer close(tr.done)
	page := uintptr(os.Getpagesize())
	poll := []unix.PollFd{{Fd: int32(tr.fd), Events: unix.POLLIN}}
	var message [uffdMessage]byte
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(tr.fd), uintptr(unsafe.Pointer(&message)), uffdMessage)
		if errno == unix.EAGAIN {
			if tr.stop.Load() {
				return
			}
			unix.Poll(poll, 10)
			continue
		}
		if errno != 0 || n != uffdMessage || message[0] != uffdEventPageFault {
			continue
		}
		at := uintptr(binary.NativeEndian.Uint64(message[16:])) &^ (page - 1)
		// A thread that a signal has called away comes back with the same one.
		if n := int((at - tr.start) / page); !tr.seen[n] {
			tr.seen[n] = true
			tr.written = append(tr.written, write{n, int(binary.NativeEndian.Uint32(message[24:]))})
		}
		arg := [4]uint64{uint64(at), uint64(page)} // no mode: protected no more
		unix.RawSyscall(unix.SYS_IOCTL, uintptr(tr.fd), uffdWriteProtect, uintptr(unsafe.Pointer(&arg)))
	}
}

// end takes the trap away and returns the writes in their order.
func (tr *trap) end() []write {
	tr.stop.Store(true)
	<-tr.done
	unix.Close(tr.fd)
	return tr.written
}
