//go:build e2e

package e2e

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// asThread makes calls on a thread of a user. Credentials are those of a thread
// in Linux, and this one ends afterwards, as its goroutine does not unlock it.
func asThread(uid int, calls func() string) string {
	if uid == 0 {
		return calls()
	}
	answer := make(chan string)
	go func() {
		runtime.LockOSThread()
		for _, call := range []uintptr{unix.SYS_SETGROUPS, unix.SYS_SETRESGID, unix.SYS_SETRESUID} {
			id := uintptr(uid)
			if call == unix.SYS_SETGROUPS {
				id = 0 // none
			}
			if _, _, errno := unix.RawSyscall(call, id, id, id); errno != 0 {
				answer <- fmt.Sprintf("becoming user %d: %v", uid, errno)
				return
			}
		}
		answer <- calls()
	}()
	return <-answer
}
