package gen

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// trap is memory whose pages exist, but are write-protected by userfaultfd(2). The
// first write to each stops its thread until the trap has recorded it and released
// the page: tests see which thread fills what, and in which order.
type trap struct {
	memory []byte
	fd     int
	stop   atomic.Bool
	done   chan struct{}

	lock   sync.Mutex
	seen   []bool // pages that were written to
	writes []write
	hold   func(write) bool
	held   []write // threads that are stopped
}

// write is the first write to a page, by the index of the page.
type write struct{ page, tid int }

// From linux/userfaultfd.h; the numbers of the requests are those of the amd64 and
// arm64 ABI.
const (
	uffdAPI          = 0xc018aa3f // struct uffdio_api: api, features, ioctls
	uffdRegister     = 0xc020aa00 // struct uffdio_register: start, len, mode, ioctls
	uffdWriteProtect = 0xc018aa06 // struct uffdio_writeprotect: start, len, mode

	uffdUserModeOnly     = 1 << 0 // since Linux 5.11; needs no privilege
	uffdVersion          = 0xaa
	uffdFeatureWP        = 1 << 0
	uffdFeatureThreadID  = 1 << 8
	uffdRegisterModeWP   = 1 << 1
	uffdWriteProtectMode = 1 << 0

	uffdEventPageFault = 0x12
	uffdMessage        = 32 // bytes of struct uffd_msg; the address at 16, the thread at 24
)

// setTrap returns a trap of n bytes, rounded up to whole pages, that stops threads at
// writes for which hold is true; nil stops none. It skips the test where the kernel or
// a sandbox does not support that.
func setTrap(t *testing.T, n int, hold func(write) bool) *trap {
	t.Helper()
	n = (n + pageSize - 1) / pageSize * pageSize
	memory, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !t.Failed() { // a fill may still be under way
			unix.Munmap(memory)
		}
	})
	unix.Madvise(memory, unix.MADV_NOHUGEPAGE) // unknown to kernels without them
	for i := 0; i < n; i += pageSize {
		memory[i] = canary
	}
	return trapMemory(t, memory, hold)
}

// trapMemory makes a trap of mapped memory whose pages exist.
func trapMemory(t *testing.T, memory []byte, hold func(write) bool) *trap {
	t.Helper()
	fd, _, errno := unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC|unix.O_NONBLOCK|uffdUserModeOnly, 0, 0)
	if errno == unix.EINVAL {
		fd, _, errno = unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC|unix.O_NONBLOCK, 0, 0)
	}
	if errno != 0 {
		t.Skipf("needs userfaultfd: %v", errno)
	}
	tr := &trap{memory: memory, fd: int(fd), seen: make([]bool, len(memory)/pageSize), hold: hold, done: make(chan struct{})}
	for _, call := range []struct {
		request uintptr
		arg     [4]uint64
	}{
		{uffdAPI, [4]uint64{uffdVersion, uffdFeatureWP | uffdFeatureThreadID}},
		{uffdRegister, [4]uint64{uint64(tr.start()), uint64(len(memory)), uffdRegisterModeWP}},
		{uffdWriteProtect, [4]uint64{uint64(tr.start()), uint64(len(memory)), uffdWriteProtectMode}},
	} {
		if errno := tr.ioctl(call.request, call.arg); errno != 0 {
			unix.Close(tr.fd)
			t.Skipf("needs userfaultfd: ioctl %#x: %v", call.request, errno)
		}
	}
	// A thread that is stopped keeps its processor of the Go runtime, and a
	// collection would wait for it.
	processors, percent := runtime.GOMAXPROCS(0), debug.SetGCPercent(-1)
	runtime.GOMAXPROCS(processors + 20)
	go tr.watch()
	t.Cleanup(func() {
		tr.release(func(write) bool { return true })
		tr.stop.Store(true)
		<-tr.done
		unix.Close(tr.fd)
		runtime.GOMAXPROCS(processors)
		debug.SetGCPercent(percent)
	})
	return tr
}

func (tr *trap) start() uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(tr.memory))) }

func (tr *trap) ioctl(request uintptr, arg [4]uint64) unix.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(tr.fd), request, uintptr(unsafe.Pointer(&arg)))
	return errno
}

// watch records writes until the trap is stopped.
func (tr *trap) watch() {
	defer close(tr.done)
	poll := []unix.PollFd{{Fd: int32(tr.fd), Events: unix.POLLIN}}
	var message [uffdMessage]byte
	for {
		n, err := unix.Read(tr.fd, message[:])
		if err == unix.EAGAIN {
			if tr.stop.Load() {
				return
			}
			unix.Poll(poll, 10)
			continue
		}
		if err != nil || n != uffdMessage || message[0] != uffdEventPageFault {
			continue
		}
		at := uintptr(binary.NativeEndian.Uint64(message[16:]))
		tr.record(write{int(at-tr.start()) / pageSize, int(binary.NativeEndian.Uint32(message[24:]))})
	}
}

func (tr *trap) record(w write) {
	tr.lock.Lock()
	defer tr.lock.Unlock()
	// A thread that a signal interrupts reports the same write again.
	if !tr.seen[w.page] {
		tr.seen[w.page] = true
		tr.writes = append(tr.writes, w)
		if tr.hold != nil && tr.hold(w) {
			tr.held = append(tr.held, w)
		}
	}
	if !slices.ContainsFunc(tr.held, func(h write) bool { return h.page == w.page }) {
		tr.unprotect(w.page)
	}
}

// unprotect lets whoever waits for a page go on.
func (tr *trap) unprotect(page int) {
	tr.ioctl(uffdWriteProtect, [4]uint64{uint64(tr.start()) + uint64(page*pageSize), uint64(pageSize)})
}

// release stops holding, and lets those of the threads go on that which selects.
func (tr *trap) release(which func(write) bool) {
	tr.lock.Lock()
	defer tr.lock.Unlock()
	tr.hold = nil
	tr.held = slices.DeleteFunc(tr.held, func(w write) bool {
		if !which(w) {
			return false
		}
		tr.unprotect(w.page)
		return true
	})
}

// patience is how long tests wait for what must happen: far longer than it takes.
const patience = 2 * time.Minute

// await returns when so many pages were written to and so many threads are stopped.
func (tr *trap) await(t *testing.T, writes, held int) (all, stopped []write) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		tr.lock.Lock()
		all, stopped = slices.Clone(tr.writes), slices.Clone(tr.held)
		tr.lock.Unlock()
		if len(all) >= writes && len(stopped) >= held {
			return all, stopped
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d pages were written to and %d threads are stopped, want %d and %d", len(all), len(stopped), writes, held)
		}
	}
}

// filling is a fill on a thread of its own.
type filling struct {
	caller int
	done   chan error
}

// startFill fills p from offset off on.
func startFill(g *Generator, p []byte, off int64) *filling {
	caller, done := make(chan int), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		caller <- unix.Gettid()
		n, err := g.ReadAt(p, off)
		if err == nil && n != len(p) {
			err = fmt.Errorf("ReadAt(%d bytes) = %d", len(p), n)
		}
		done <- err
	}()
	return &filling{<-caller, done}
}

// wait returns when the fill has ended, which must be soon.
func (f *filling) wait(t *testing.T) {
	t.Helper()
	select {
	case err := <-f.done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("a fill does not end")
	}
}

// goesOn fails the test if the fill has ended.
func (f *filling) goesOn(t *testing.T) {
	t.Helper()
	select {
	case err := <-f.done:
		t.Fatalf("a fill ended while a thread that takes part in it was stopped: %v", err)
	default:
	}
}

// by selects the writes of a thread.
func by(tid int) func(write) bool { return func(w write) bool { return w.tid == tid } }

// not selects all others.
func not(which func(write) bool) func(write) bool { return func(w write) bool { return !which(w) } }

func always(write) bool { return true }

// pagesOfBlock is how many pages one thread fills at a time.
var pagesOfBlock = block / os.Getpagesize()
