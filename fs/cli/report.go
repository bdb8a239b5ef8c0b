package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// report is the result of a command that measures.
type report interface{ Print(io.Writer) error }

// printReport prints a table, or JSON.
func printReport(w io.Writer, r report, asJSON bool) error {
	if !asJSON {
		return r.Print(w)
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

// bytesText writes a number of bytes for people: 16 GiB, 1.5 MiB.
func bytesText(n float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	i := 0
	for ; n >= 1024 && i < len(units)-1; i++ {
		n /= 1024
	}
	return fmt.Sprintf("%.4g %s", n, units[i])
}
