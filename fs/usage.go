package fs

import (
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what this process takes of the machine.
type usage struct {
	resident, peak uint64 // bytes of memory
	user, system   time.Duration
}

// currentUsage returns what the process takes. What cannot be found out is 0.
func currentUsage() (u usage) {
	text, _ := os.ReadFile("/proc/self/status")
	u.resident, u.peak = statusBytes(string(text), "VmRSS:"), statusBytes(string(text), "VmHWM:")
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) == nil {
		u.user, u.system = time.Duration(r.Utime.Nano()), time.Duration(r.Stime.Nano())
	}
	return u
}

// statusBytes returns a number of proc_pid_status(5) that has the unit kB, which is KiB.
func statusBytes(status, name string) uint64 {
	_, line, _ := strings.Cut(status, "\n"+name)
	line, _, _ = strings.Cut(line, "kB")
	n, _ := strconv.ParseUint(strings.TrimSpace(line), 10, 64)
	return n << 10
}
