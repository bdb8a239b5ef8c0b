package cli

import (
	"encoding/json"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// report is what a command that measures has found.
type report interface{ print(io.Writer) error }

// printReport prints a table, or JSON.
func printReport(w io.Writer, r report, asJSON bool) error {
	if !asJSON {
		return r.print(w)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// progressTo returns stderr if it is a terminal, where a line that overwrites
// itself can be read.
func progressTo(stderr io.Writer) io.Writer {
	if _, err := unix.IoctlGetTermios(int(os.Stderr.Fd()), unix.TCGETS); err != nil {
		return io.Discard
	}
	return stderr
}
