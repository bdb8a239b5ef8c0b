package fs

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// MaxReadAhead is the largest value of MountOptions.ReadAhead, in bytes: more is only
// memory that a reader at random places waits for.
const MaxReadAhead = 1 << 30

// NoReadAhead is the value of MountOptions.ReadAhead for reading nothing ahead.
const NoReadAhead = -1

// ErrReadAhead is returned, with the reason, if MountOptions.ReadAhead was given and the
// kernel cannot be told.
var ErrReadAhead = errors.New("how much is read ahead cannot be set")

// bdiDirectory has a directory for each mounted file system, named major:minor, with what
// its user may say of its devices: Documentation/ABI/testing/sysfs-class-bdi of Linux.
const bdiDirectory = "/sys/class/bdi/"

// CheckReadAhead returns ErrReadAhead if nobody can set it here, as far as that is known
// before there is a mount.
func CheckReadAhead() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: only root may write to %s", ErrReadAhead, bdiDirectory)
	}
	var st unix.Statfs_t
	if err := unix.Statfs(bdiDirectory, &st); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrReadAhead, bdiDirectory, err)
	}
	if st.Flags&unix.ST_RDONLY != 0 {
		return fmt.Errorf("%w: /sys is read-only, as in most containers", ErrReadAhead)
	}
	return nil
}

// readAhead is how much the kernel reads ahead of a mount.
type readAhead struct {
	file string // below bdiDirectory
}

func readAheadOf(device string) readAhead {
	return readAhead{bdiDirectory + device + "/read_ahead_kb"}
}

// set sets it to asked bytes, as in MountOptions, and says what is in force, and why.
func (r readAhead) set(asked int) (text string, err error) {
	if asked == 0 {
		return r.text() + "; the kernel's default, best for pieces up to 1M", nil
	}
	if err := os.WriteFile(r.file, []byte(strconv.Itoa(max(asked, 0)>>10)+"\n"), 0); err != nil {
		return "", fmt.Errorf("%w: %w", ErrReadAhead, err)
	}
	return r.text(), nil
}

// text returns what is in force.
func (r readAhead) text() string {
	text, err := os.ReadFile(r.file)
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text)) + "K"
}
