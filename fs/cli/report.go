package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

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
	if !isTerminal(stderr) {
		return io.Discard
	}
	return stderr
}

// isTerminal reports whether somebody is looking at what is written to w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// progress prints a line that overwrites itself while something takes long. The zero
// value prints nothing.
type progress struct {
	w           io.Writer
	start, last time.Time
}

// Work is announced when it has taken progressAfter, and then every progressEvery.
const (
	progressAfter = 2 * time.Second
	progressEvery = 200 * time.Millisecond
)

func newProgress(w io.Writer) *progress { return &progress{w: w, start: time.Now()} }

// report prints how far something is, of total bytes, if it is time to. A negative total
// is not known.
func (p *progress) report(what string, done, total int64) {
	now := time.Now()
	if p.w == nil || now.Sub(p.start) < progressAfter || now.Sub(p.last) < progressEvery {
		return
	}
	p.last = now
	rate := float64(done) / now.Sub(p.start).Seconds()
	if total < 0 {
		fmt.Fprintf(p.w, "\r\x1b[K%s: %s, %s/s", what, bytesText(float64(done)), bytesText(rate))
		return
	}
	left := time.Duration(float64(total-done) / max(rate, 1) * float64(time.Second)).Round(time.Second)
	fmt.Fprintf(p.w, "\r\x1b[K%s: %s of %s, %s/s, %v left", what, bytesText(float64(done)), bytesText(float64(total)), bytesText(rate), left)
}

// end takes the line away.
func (p *progress) end() {
	if !p.last.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
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
