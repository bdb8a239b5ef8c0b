package fs

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// MountEntry is an entry of the mount table.
type MountEntry struct {
	Path   string // the mount point, absolute and without symbolic links
	Type   string // ext4, fuse.dgenfs
	Source string // device or name
	Device string // major:minor, unique among all mounted file systems
	UserID int    // who has mounted it, of a FUSE file system; -1 of others
}

// MountedAt returns what is mounted at path, an absolute path without symbolic
// links, and false if nothing is. It only reads the mount table, and so cannot hang
// on a server that does not answer.
func MountedAt(path string) (MountEntry, bool, error) {
	entries, err := mountTable()
	if err != nil {
		return MountEntry{}, false, err
	}
	entry, found := mountedAt(entries, path)
	return entry, found, nil
}

// Mounts returns the mounts of this file system in the caller's mount namespace
// that no other mount covers, in the order in which they were made. Like MountedAt,
// it touches none of them.
func Mounts() ([]MountEntry, error) {
	entries, err := mountTable()
	if err != nil {
		return nil, err
	}
	var mounts []MountEntry
	for _, e := range entries {
		if e.Type != FSType {
			continue
		}
		if last, _ := mountedAt(entries, e.Path); last == e {
			mounts = append(mounts, e)
		}
	}
	return mounts, nil
}

// mountedAt returns the last of the entries at a path, which covers the others.
func mountedAt(entries []MountEntry, path string) (MountEntry, bool) {
	for _, e := range slices.Backward(entries) {
		if e.Path == path {
			return e, true
		}
	}
	return MountEntry{}, false
}

func mountTable() ([]MountEntry, error) {
	table, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("reading the mount table: %w", err)
	}
	defer table.Close()
	return readMounts(table)
}

// readMounts reads a table as proc_pid_mountinfo(5) describes it.
func readMounts(table io.Reader) (entries []MountEntry, err error) {
	lines := bufio.NewScanner(table)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		// 36 35 98:0 /root /mount/point options tags... - type source options
		fields := strings.Split(lines.Text(), " ")
		for i := 6; i+2 < len(fields); i++ {
			if fields[i] == "-" {
				entries = append(entries, MountEntry{unescape(fields[4]), fields[i+1], unescape(fields[i+2]), fields[2], userID(fields[len(fields)-1])})
				break
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the mount table: %w", err)
	}
	return entries, nil
}

// userID returns the value of user_id= in the options of a file system.
func userID(options string) int {
	for option := range strings.SplitSeq(options, ",") {
		if value, ok := strings.CutPrefix(option, "user_id="); ok {
			if id, err := strconv.Atoi(value); err == nil {
				return id
			}
		}
	}
	return -1
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
