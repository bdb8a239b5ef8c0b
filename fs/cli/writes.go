package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dgenfs/dgenfs/fs"
)

// setAccess checks what m says of writing, and sets the permissions that follow.
func (c *config) setAccess(m *mountFlags) error {
	writable := c.sink != fs.Sink{}
	access := c.extra.access
	c.extra.access = "" // says no more than the flags
	switch {
	case access == "rw" && !writable:
		return usageError{&optionError{errors.New(`option "rw": not supported: mounts are read-only; accept_writes compares what is written with what the files contain, and discard drops it`)}}
	case access == "ro" && writable:
		return usageError{&optionError{fmt.Errorf("option \"ro\": with %s, the mount can be written; leave one of them out", c.sinkFlags()[0])}}
	case c.mode&0o222 != 0 && !writable:
		return usageError{flagError("mode", fmt.Sprintf("%04o", c.mode), fmt.Errorf("%w; write permission needs --accept-writes or --discard", errWritable))}
	case writable && !m.set.Changed("mode"):
		c.mode |= 0o200
	}
	return nil
}

// sinkFlags returns the flags that say what becomes of writes.
func (c *config) sinkFlags() (flags []string) {
	if c.sink.Check {
		flags = append(flags, "--accept-writes")
	}
	if c.sink.Discard {
		flags = append(flags, "--discard")
	}
	return flags
}

// writesText says in a line what becomes of writes, and by which flags. These include the
// mode, as the flags that make the files again leave write permission out.
func (c *config) writesText() string {
	var text string
	switch c.sink {
	case fs.Sink{Check: true}:
		text = "compared with what the files contain, and not stored; other files cannot be made"
	case fs.Sink{Discard: true}:
		text = "dropped"
	case fs.Sink{Check: true, Discard: true}:
		text = "to files that the mount has, compared with what they contain; others dropped"
	default:
		return "refused; --accept-writes compares them with what the files contain, --discard drops them"
	}
	flags := append(c.sinkFlags(), fmt.Sprintf("--mode %04o", c.mode))
	return text + " (" + strings.Join(flags, " ") + ")"
}
