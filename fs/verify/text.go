package verify

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Print writes the report for people. Every line goes through printable first, as names may
// have any bytes.
func (r *Report) Print(w io.Writer, printable func(string) string) error {
	b := bufio.NewWriter(w)
	line := func(format string, args ...any) {
		fmt.Fprintln(b, printable(fmt.Sprintf(format, args...)))
	}
	more := func(n int64, listed int, what string) {
		if n > int64(listed) {
			line("... and %d more %s", n-int64(listed), what)
		}
	}
	for _, d := range r.Damaged {
		if d.Runs > 0 {
			r.printDamaged(d, line)
		}
	}
	more(r.Different, len(r.Damaged), "files that differ")
	for _, name := range r.Missings {
		line("missing: %s", name)
	}
	more(r.Missing, len(r.Missings), "missing files")
	for _, h := range r.Renames {
		if h.Copied {
			line("additional: %s, a copy of %s", h.Path, h.Holds)
		} else {
			line("renamed: %s is %s", h.Path, h.Holds)
		}
	}
	for _, path := range r.Additionals {
		line("additional: %s", path)
	}
	if n := r.Additional + r.Renamed; len(r.Additionals) == maxListed || len(r.Renames) == maxListed {
		more(n, len(r.Additionals)+len(r.Renames), "additional files")
	}
	for _, p := range r.Problems {
		line("problem: %s", p)
	}
	if len(r.Problems) == maxListed {
		line("... and perhaps more problems; --log has all of them")
	}
	if r.Runs > 0 {
		var kinds []string
		for _, k := range kindsOf(r.Kinds) {
			kinds = append(kinds, fmt.Sprintf("%s %d", k, r.Kinds[k].Runs))
		}
		line("%s of damage, by kind: %s", plural(r.Runs, "run"), strings.Join(kinds, ", "))
	}
	for _, l := range r.summary() {
		line("%s", l)
	}
	return b.Flush()
}

// printDamaged writes what is known of a damaged file.
func (r *Report) printDamaged(d *Damaged, line func(string, ...any)) {
	length := ""
	if d.Length != d.Size {
		length = fmt.Sprintf(", but %d are there", d.Length)
	}
	line("differs: %s, of %s%s: %s, %s", d.Path, plural(d.Size, "byte"), length, plural(d.Runs, "run"), plural(d.Bytes, "byte"))
	line("  [%s]", d.Picture)
	listed := 0
	for i := range r.Damage {
		if run := &r.Damage[i]; run.File == d.File {
			line("  offset %d, %s (%s): %s", run.Offset, plural(run.Length, "byte"), differing(run), named(run))
			listed++
		}
	}
	if rest := d.Runs - int64(listed); rest > 0 {
		var kinds []string
		for _, k := range kindsOf(d.Kinds) {
			kinds = append(kinds, fmt.Sprintf("%s %d", k, d.Kinds[k].Runs))
		}
		line("  ... and %d more; of all, by kind: %s", rest, strings.Join(kinds, ", "))
	}
}

// named says what the run is, beginning with the name of its kind.
func named(r *Run) string {
	if strings.HasPrefix(r.Text, string(r.Kind)) {
		return r.Text
	}
	return fmt.Sprintf("%s: %s", r.Kind, r.Text)
}

// differing says how much of a run differs.
func differing(r *Run) string {
	switch {
	case r.Bits == 0:
		return plural(r.Bytes, "byte")
	case r.Bytes == r.Length:
		return plural(r.Bits, "bit")
	}
	return fmt.Sprintf("%s in %s", plural(r.Bits, "bit"), plural(r.Bytes, "byte"))
}

// summary returns lines that say how it came out.
func (r *Report) summary() (lines []string) {
	var wrong []string
	count := func(n int64, one, many string) {
		if n == 1 {
			wrong = append(wrong, "1 "+one)
		} else if n > 1 {
			wrong = append(wrong, fmt.Sprintf("%d %s", n, many))
		}
	}
	count(r.Different, "file differs", "files differ")
	count(r.Short, "of them is too short", "of them are too short")
	count(r.Long, "of them is too long", "of them are too long")
	count(r.Missing, "is missing", "are missing")
	count(r.Renamed, "is renamed", "are renamed")
	count(r.Additional, "is additional", "are additional")
	count(r.Irregular, "is of the wrong type", "are of the wrong type")
	count(r.Retargeted, "symbolic link points elsewhere", "symbolic links point elsewhere")
	count(r.Unreadable, "could not be read, or not all of it", "could not be read, or not all of them")
	count(r.Changed, "changed meanwhile", "changed meanwhile")
	result := "all equal"
	switch {
	case wrong != nil:
		result = strings.Join(wrong, ", ")
	case r.QuickSeed != nil && r.Bytes == 0:
		result = "names and lengths are equal; the share is too small for any data"
	}
	rate := float64(r.Bytes) / max(r.Seconds, 1e-3)
	what := plural(r.Files, "file")
	if r.Links > 0 {
		what += " and " + plural(r.Links, "symbolic link")
	}
	lines = append(lines, fmt.Sprintf("%s compared, %s (%s/s): %s", what, about(r.Bytes), about(int64(rate)), result))
	if r.Separate > 0 {
		lines = append(lines, fmt.Sprintf("%d of %s are files of their own in the copy, which is no difference", r.Separate, plural(r.HardLinks, "hard link")))
	}
	if r.QuickSeed != nil {
		lines = append(lines, fmt.Sprintf("only a share was compared; --quick-seed %d compares the same one again", *r.QuickSeed))
	}
	switch {
	case r.Stopped:
		lines = append(lines, "stopped after --max-errors; the rest was not compared")
	case r.Interrupted:
		lines = append(lines, "interrupted; the rest was not compared")
	}
	return lines
}

// about returns a number of bytes for people.
func about(n int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	x, i := float64(n), 0
	for ; x >= 1024 && i < len(units)-1; i++ {
		x /= 1024
	}
	return fmt.Sprintf("%.4g %s", x, units[i])
}
