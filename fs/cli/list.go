package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/dgenfs/dgenfs/fs"
	"github.com/dgenfs/dgenfs/fs/cli/daemon"
	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/dgenfs/dgenfs/fs/cli/printable"
	"golang.org/x/sys/unix"
)

func listCommand() help.Command {
	f := newFlags("list")
	asJSON := f.Bool("json", false, "print JSON")
	return help.Command{
		Name:    "list",
		Usage:   "dgenfs list [flags]",
		Summary: "list the mounts of dgenfs",
		Text: `Prints a line for each mount of dgenfs: where it is, the process that serves it,
what it has served, and the flags that it was mounted with. The state is "ok",
"dead" if the process has ended, "no answer" if it is stopped or hangs, and "private"
if it belongs to another user. dgenfs umount unmounts each of them.
`,
		Flags: f,
		Run: func(args []string, stdout, _ io.Writer) error {
			if err := noArguments("list", args); err != nil {
				return err
			}
			mounts, err := fs.Mounts()
			if err != nil {
				return err
			}
			r := mountList{} // not null as JSON
			for _, m := range mounts {
				r = append(r, inspect(m))
			}
			return printReport(stdout, r, *asJSON)
		},
	}
}

// mountList is what list prints.
type mountList []mountState

type mountState struct {
	Mountpoint string   `json:"mountpoint"`
	Source     string   `json:"source"`
	State      string   `json:"state"`
	PID        int      `json:"pid,omitempty"`
	Flags      []string `json:"flags,omitempty"`
	Start      float64  `json:"start_time,omitempty"` // seconds since 1970-01-01 UTC
	Reads      uint64   `json:"reads"`
	Bytes      uint64   `json:"read_bytes"`
	Errors     uint64   `json:"read_errors"`
}

// inspect finds out what the server of a mount says about it, and what is known
// without it.
func inspect(m fs.MountEntry) mountState {
	s := mountState{Mountpoint: m.Path, Source: m.Source, State: "ok"}
	text, err := probe(m.Path)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	switch {
	case err == nil:
	case errors.Is(err, unix.ENOTCONN), errors.Is(err, unix.ECONNABORTED):
		s.State = "dead"
	case errors.Is(err, os.ErrPermission):
		s.State = "private"
	default:
		s.State = err.Error()
	}
	if s.PID == 0 && s.State != "dead" {
		s.PID = findServer(m.Path)
	}
	if s.PID != 0 {
		s.Flags = serverFlags(s.PID)
	}
	return s
}

// findServer returns the process that serves a mount, by its arguments; 0 if there
// is none that says so.
func findServer(mountpoint string) int {
	processes, _ := filepath.Glob("/proc/[0-9]*") // the pattern is valid
	for _, process := range processes {
		pid, err := strconv.Atoi(filepath.Base(process))
		if err != nil {
			continue
		}
		if words := commandLine(pid); len(words) > 1 && words[len(words)-1] == mountpoint && serverFlags(pid) != nil {
			return pid
		}
	}
	return 0
}

// serverFlags returns the flags of a server, nil if the process is not one.
func serverFlags(pid int) []string {
	words := commandLine(pid)
	switch {
	case len(words) > 3 && words[1] == daemon.Command:
		words = words[4:]
	case len(words) > 1 && filepath.Base(words[0]) == programName:
		words = words[1:] // in the foreground
		words = slices.DeleteFunc(words, func(word string) bool { return word == "mount" || word == "-f" || word == "--foreground" })
	default:
		return nil
	}
	if end := slices.Index(words, "--"); end >= 0 {
		words = words[:end]
	}
	return words
}

func commandLine(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}

// Print writes a table for people.
func (l mountList) Print(w io.Writer) error {
	if len(l) == 0 {
		_, err := fmt.Fprintln(w, "dgenfs is not mounted anywhere.")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "mount point\tstate\tpid\treads\tserved\tflags")
	for _, m := range l {
		pid, flags := "-", printable.Line(quoteWords(m.Flags))
		if m.PID != 0 {
			pid = strconv.Itoa(m.PID)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t%s\n", printable.Line(m.Mountpoint), printable.Line(m.State), pid, m.Reads, bytesText(float64(m.Bytes)), flags)
	}
	return t.Flush()
}

// quoteWords writes words as a shell would take them.
func quoteWords(words []string) string {
	var quoted []string
	for _, word := range words {
		if word == "" || strings.ContainsAny(word, " \t\n'\"\\$`*?[]{}()<>|&;#~!") {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		quoted = append(quoted, word)
	}
	return strings.Join(quoted, " ")
}
