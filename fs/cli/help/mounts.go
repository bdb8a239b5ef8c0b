package help

import (
	"os"
	"strconv"
	"strings"
)

// Mounts returns the mount points of this program in the caller's mount namespace,
// none if they cannot be found out. It reads a table of the kernel and touches no
// mount: its server may hang.
func Mounts() []string {
	table, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil
	}
	return mountsIn(string(table))
}

// mountsIn finds the mount points of this program in a table like /proc/self/mounts,
// see proc_pid_mounts(5).
func mountsIn(table string) []string {
	var mounts []string
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) > 2 && fields[2] == "fuse.dgenfs" {
			mounts = append(mounts, unescapeOctal(fields[1]))
		}
	}
	return mounts
}

// unescapeOctal replaces \040 and its kind by the bytes that they stand for.
func unescapeOctal(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
