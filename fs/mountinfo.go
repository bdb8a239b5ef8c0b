package fs

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// MountEntry is an entry of the mount table.
type MountEntry struct {
	Type   string // ext4, fuse.dgenfs
	Source string // device or name
	Device string // major:minor, unique among mounted file systems
}

// MountedAt returns what is mounted at path, an absolute path without symbolic
// links, and false if nothing is. It only reads the mount table, and so does not hang
// on a server that does not answer.
func MountedAt(path string) (MountEntry, bool, error) {
	table, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return MountEntry{}, false, fmt.Errorf("reading the mount table: %w", err)
	}
	defer table.Close()
	return findMount(table, path)
}

// findMount reads a table as proc(5) describes it. Of several mounts on one
// path, the last covers the others.
func findMount(table io.Reader, path string) (entry MountEntry, found bool, err error) {
	lines := bufio.NewScanner(table)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		// 36 35 98:0 /root /mount/point options tags... - type source options
		fields := strings.Split(lines.Text(), " ")
		for i := 6; i+2 < len(fields); i++ {
			if fields[i] == "-" {
				if unescape(fields[4]) == path {
					entry, found = MountEntry{fields[i+1], unescape(fields[i+2]), fields[2]}, true
				}
				break
			}
		}
	}
	if err := lines.Err(); err != nil {
		return entry, found, fmt.Errorf("reading the mount table: %w", err)
	}
	return entry, found, nil
}

// unescape replaces the octal escapes, such as \040, that the kernel writes for white
// space and backslashes.
func unescape(s string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 || i+4 > len(s) {
			break
		}
		c, err := strconv.ParseUint(s[i+1:i+4], 8, 8)
		if err != nil {
			break
		}
		b.WriteString(s[:i])
		b.WriteByte(byte(c))
		s = s[i+4:]
	}
	b.WriteString(s)
	return b.String()
}
