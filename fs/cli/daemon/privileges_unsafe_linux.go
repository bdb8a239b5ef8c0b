package daemon

import (
	"fmt"
	"math/bits"
	"os"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A capability that a server of root needs, and for what.
type capability struct {
	number int
	name   string
	always bool // not only until the mount answers
}

// needed are the capabilities of a server. Numbers are from linux/capability.h.
var needed = []capability{
	{unix.CAP_SYS_ADMIN, "sys_admin", true},              // mount(2), umount(2), io_uring where root alone may use it
	{unix.CAP_SYS_RESOURCE, "sys_resource", false},       // pipes beyond /proc/sys/fs/pipe-user-pages-soft
	{unix.CAP_DAC_OVERRIDE, "dac_override", false},       // a log in a directory of another user
	{unix.CAP_DAC_READ_SEARCH, "dac_read_search", false}, // a mount point below such a directory
}

// Confine takes from this process, if it is one of root, the capabilities that no
// server needs, and all ways to gain privileges by executing programs. It has to be
// called before anything else is done: capabilities belong to threads, so it ends by
// executing the program again with args, unless there is nothing left to take away.
// Where the system does not allow it, the process stays as it is. name is what ps
// shows.
func Confine(name string, args []string) error {
	os.WriteFile("/proc/self/comm", []byte(name), 0) // not "exe", as it is executed
	if os.Geteuid() != 0 {
		return nil // fusermount3 is a set-user-id program, and has to stay one
	}
	// For good: this thread becomes the program.
	runtime.LockOSThread()
	dropped := false
	for number := 0; ; number++ {
		set, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(number), 0, 0, 0)
		if err != nil {
			break // the kernel has no more
		}
		if set == 1 && !isNeeded(number, false) && unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(number), 0, 0, 0) == nil {
			dropped = true
		}
	}
	if !dropped {
		runtime.UnlockOSThread()
		return nil
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("starting the server: %w", os.NewSyscallError("prctl", err))
	}
	err := unix.Exec("/proc/self/exe", append([]string{name}, args...), os.Environ())
	return fmt.Errorf("starting the server: %w", os.NewSyscallError("execve", err))
}

func isNeeded(number int, mounted bool) bool {
	for _, c := range needed {
		if c.number == number {
			return c.always || !mounted
		}
	}
	return false
}

// capHeader and capSets are struct __user_cap_header_struct and, two of them,
// __user_cap_data_struct of linux/capability.h, version 3.
type (
	capHeader struct {
		version uint32
		pid     int32
	}
	capSets [2]struct{ effective, permitted, inheritable uint32 }
)

// capabilities returns those of the calling thread.
func capabilities() (sets capSets, err error) {
	header := capHeader{version: unix.LINUX_CAPABILITY_VERSION_3}
	_, _, errno := unix.RawSyscall(unix.SYS_CAPGET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&sets)), 0)
	if errno != 0 {
		return sets, os.NewSyscallError("capget", errno)
	}
	return sets, nil
}

// ConfineMounted takes away what a server of root no longer needs once it has
// mounted. In a program that uses cgo, Go cannot reach all threads, and the process
// keeps what it has.
func ConfineMounted() {
	sets, err := capabilities()
	if err != nil || os.Geteuid() != 0 {
		return
	}
	for i := range sets {
		var keep uint32
		for bit := range 32 {
			if isNeeded(32*i+bit, true) {
				keep |= 1 << bit
			}
		}
		sets[i].effective &= keep
		sets[i].permitted &= keep
		sets[i].inheritable = 0
	}
	header := capHeader{version: unix.LINUX_CAPABILITY_VERSION_3}
	syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&sets)), 0)
}

// Privileges says in one line what the calling thread may do.
func Privileges() string {
	var b strings.Builder
	fmt.Fprintf(&b, "user %d", os.Geteuid())
	sets, err := capabilities()
	switch all := bits.OnesCount32(sets[0].permitted) + bits.OnesCount32(sets[1].permitted); {
	case err != nil:
		fmt.Fprintf(&b, "; %v", err)
	case all == 0:
		b.WriteString("; no capabilities")
	case all > len(needed):
		fmt.Fprintf(&b, "; %d capabilities", all)
	default:
		separator := "; "
		for _, c := range needed {
			if sets[c.number/32].permitted>>(c.number%32)&1 == 1 {
				b.WriteString(separator + "cap_" + c.name)
				separator = " "
			}
		}
	}
	if on, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); err == nil && on == 1 {
		b.WriteString("; no_new_privs")
	}
	return b.String()
}
