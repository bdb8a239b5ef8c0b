package top

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dgenfs/dgenfs/fs/cli/printable"
)

// Screen lays a [View] out. The zero value is for a text without colours of 80 columns.
type Screen struct {
	Width, Height int  // columns and lines; 0 means 80, and as many as there are
	ASCII         bool // no other characters, but in names of files
	Colour        bool // escape sequences of a terminal

	Totals  bool // since the mount began, not in the last interval
	ByBytes bool // files by what was read since the mount began
	Paused  bool
	Help    bool
	Keys    bool // there is somebody to press them
	Clock   time.Time
}

// Minimal sizes, below which lines are cut and left out.
const (
	plainWidth = 80
	minWidth   = 20
)

// Colours, as in ECMA-48, SELECT GRAPHIC RENDITION.
const (
	bold    = "1"
	dim     = "2"
	reverse = "7"
	cyan    = "36"
	red     = "31"
)

func (s *Screen) style(code, text string) string {
	if !s.Colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Lines returns what is shown of a View, nil if there is none yet.
func (s *Screen) Lines(v *View) []string {
	w := max(minWidth, cmp.Or(s.Width, plainWidth))
	var lines []string
	switch {
	case s.Help:
		lines = s.help(w)
	case v == nil:
		lines = []string{left("dgenfs top: waiting for the first interval", w)}
	default:
		lines = s.layOut(v, w)
	}
	if s.Height > 0 {
		keys := []string{}
		if s.Keys {
			keys = []string{s.style(reverse, left(" q quit  p pause  s sort files  t totals  r reset  ? help", w))}
		}
		room := max(0, s.Height-len(keys))
		lines = lines[:min(len(lines), room)]
		for len(keys) > 0 && len(lines) < room {
			lines = append(lines, "")
		}
		lines = append(lines, keys...)
	}
	return lines
}

// layOut puts the parts of the screen together: what is above has precedence.
func (s *Screen) layOut(v *View, w int) []string {
	room := s.Height
	if s.Keys {
		room--
	}
	if s.Height == 0 {
		room = 1000
	}
	lines := s.head(v, w)
	middle := s.middle(v, w)
	files := s.files(v, w)
	// A curve of one row, with a blank line, and more of both where there is room.
	rows := 1
	free := room - len(lines) - rows - len(middle) - min(len(files), 6)
	gap := []string{}
	if free >= 3 {
		gap, free = []string{""}, free-3
	}
	if s.Height == 0 {
		free = 2
	}
	rows += min(max(free, 0), 5)
	lines = append(lines, gap...)
	lines = append(lines, s.traffic(v, w, rows)...)
	lines = append(lines, gap...)
	lines = append(lines, middle...)
	lines = append(lines, gap...)
	return append(lines, files...)
}

// head is what mount it is, and the table of rates.
func (s *Screen) head(v *View, w int) []string {
	about := fmt.Sprintf("%s, pid %d, up %s", v.Transport, v.PID, age(v.Uptime))
	if !s.Clock.IsZero() {
		about += ", " + s.Clock.Format("15:04:05")
	}
	if s.Paused {
		about = "PAUSED, " + about
	}
	name := "dgenfs top " + s.tail(printable.Line(v.Mountpoint), max(8, w-len("dgenfs top ")-len(about)-2))
	lines := []string{
		s.style(bold, left(name+right(" "+about, max(0, w-width(name))), w)),
		s.style(dim, left(fmt.Sprintf("%-8s%13s%13s%13s%13s%10s", "", "now", "last minute", "peak", "total", "errors"), w)),
	}
	for _, t := range []struct {
		name    string
		traffic *Traffic
	}{{"read", &v.Read}, {"write", v.Write}} {
		if t.traffic == nil {
			continue
		}
		b, r := t.traffic.BytesRate, t.traffic.RequestsRate
		speed := func(x float64) string { return right(bytes(x)+"/s", 13) }
		often := func(x float64) string { return right(count(x)+"/s", 13) }
		errors := right(count(float64(t.traffic.Errors)), 10)
		if t.traffic.Errors > 0 {
			errors = s.style(red, errors)
		}
		lines = append(lines,
			s.fit(left(t.name, 8)+speed(b.Now)+speed(b.Average)+speed(b.Peak)+right(bytes(float64(t.traffic.Bytes)), 13), w),
			s.fit(left(t.name+"s", 8)+often(r.Now)+often(r.Average)+often(r.Peak)+right(count(float64(t.traffic.Requests)), 13), w-10)+errors)
		if w < 70 {
			lines[len(lines)-1] = s.fit(left(t.name+"s", 8)+often(r.Now)+often(r.Average)+often(r.Peak), w)
		}
	}
	return lines
}

// fit cuts a line that has no style.
func (s *Screen) fit(line string, w int) string { return cut(line, w) }

// traffic is the curve of the last minute.
func (s *Screen) traffic(v *View, w, rows int) []string {
	const scale = 12 // columns
	n := min(w-scale, 2*int(minute.Seconds()))
	if n < 5 {
		return nil
	}
	values, most := v.curve(n)
	lines := s.curve(values, rows)
	for i := range lines {
		label := ""
		switch {
		case i == 0:
			label = " " + bytes(most) + "/s"
		case i == rows-1:
			label = " 0, 60 s"
		}
		lines[i] = s.style(cyan, lines[i]) + label
	}
	return lines
}

// curve returns the last minute in n steps, as parts of the largest rate, which it
// returns as well.
func (v *View) curve(n int) (values []float64, most float64) {
	values = make([]float64, n)
	step := minute.Seconds() / float64(n)
	for i := range values {
		from := v.Uptime - minute.Seconds() + float64(i)*step
		to := from + step
		for _, sample := range v.samples {
			if sample.from < to && sample.to > from {
				values[i] = max(values[i], sample.bytes)
			}
		}
		most = max(most, values[i])
	}
	for i := range values {
		if most > 0 {
			values[i] /= most
		}
	}
	return values, most
}

// middle is requests by kind, by size, and latencies, side by side as far as there is room.
func (s *Screen) middle(v *View, w int) []string {
	kinds, sizes, latency := s.kinds(v), s.sizes(v), s.latency(v)
	rows := max(len(latency), 7)
	var lines []string
	for i := range rows {
		line, used := "", 0
		for _, block := range []struct {
			lines []string
			width int
		}{{kinds, 19}, {sizes, 21}, {latency, 36}} {
			gap := min(used, 2)
			if used+gap+block.width > w {
				break
			}
			text := ""
			if i < len(block.lines) {
				text = block.lines[i]
			}
			text = left(text, block.width)
			if i == 0 {
				text = s.style(dim, text)
			}
			line += strings.Repeat(" ", gap) + text
			used += gap + block.width
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// kinds are the most frequent requests, in a column of 19.
func (s *Screen) kinds(v *View) []string {
	all := slices.Clone(v.Requests)
	value := func(k Kind) float64 {
		if s.Totals {
			return float64(k.Total)
		}
		return k.Rate
	}
	slices.SortStableFunc(all, func(a, b Kind) int { return cmp.Compare(value(b), value(a)) })
	lines := []string{left("requests", 11) + right("per s", 8)}
	if s.Totals {
		lines[0] = left("requests", 11) + right("total", 8)
	}
	for _, k := range all[:min(len(all), 6)] {
		if value(k) > 0 {
			lines = append(lines, left(k.Name, 11)+right(count(value(k)), 8))
		}
	}
	return lines
}

// sizes are the shares of the classes of reads, or of writes if there are more of these,
// in a column of 21.
func (s *Screen) sizes(v *View) []string {
	name, classes, all := "read sizes", v.ReadSizes, s.sum(v.ReadSizes)
	if n := s.sum(v.WriteSizes); n > all {
		name, classes, all = "write sizes", v.WriteSizes, n
	}
	lines := []string{left(name, 16) + right("share", 5)}
	if all == 0 {
		return lines
	}
	// The six largest classes, in their order.
	kept := slices.Clone(classes)
	slices.SortStableFunc(kept, func(a, b Class) int { return cmp.Compare(s.of(b), s.of(a)) })
	kept = kept[:min(len(kept), 6)]
	slices.SortFunc(kept, func(a, b Class) int { return cmp.Compare(uint64(a.UpTo), uint64(b.UpTo)) })
	for _, c := range kept {
		if s.of(c) == 0 {
			continue
		}
		share := float64(s.of(c)) / float64(all)
		label := "to " + sizeName(c.UpTo)
		switch {
		case c.UpTo == 0:
			label = "0, end"
		case c.UpTo < 0:
			label = "more"
		}
		lines = append(lines, left(label, 8)+s.bar(share, 8)+right(percent(share), 5))
	}
	return lines
}

func (s *Screen) of(c Class) uint64 {
	if s.Totals {
		return c.Total
	}
	return c.Now
}

func (s *Screen) sum(all []Class) (n uint64) {
	for _, c := range all {
		n += s.of(c)
	}
	return n
}

// percent writes a share that is not 0.
func percent(share float64) string {
	switch {
	case share < 0.01:
		return "<1%"
	case share > 0.99 && share < 1:
		return ">99%"
	}
	return fmt.Sprintf("%.0f%%", 100*share)
}

// latency is quantiles, and below them what the server takes, in a column of 36.
func (s *Screen) latency(v *View) []string {
	lines := []string{left("latency", 8) + right("50%", 7) + right("99%", 7) + right("99.9%", 7) + right("max", 7)}
	for _, l := range v.Latency {
		q := l.Now
		if s.Totals {
			q = l.Total
		}
		line := left(l.Class, 8)
		for _, x := range []float64{q.Median, q.P99, q.P999, q.Max} {
			text := "-"
			if q.Count > 0 {
				text = s.span(x)
			}
			line += right(text, 7)
		}
		lines = append(lines, line)
	}
	lines = append(lines, "",
		fmt.Sprintf("CPUs %.2f, in the kernel %.2f", v.CPU, v.System),
		fmt.Sprintf("memory %s, at most %s", bytes(float64(v.Resident)), bytes(float64(v.Peak))))
	state := fmt.Sprintf("open %s, waiting %s, interrupted %s", count(float64(v.OpenFiles)), count(float64(v.Waiting)), count(float64(v.Interrupted)))
	lines = append(lines, state)
	if v.Damaged+v.Different > 0 {
		lines = append(lines, fmt.Sprintf("damaged %s, writes that differ %s", count(float64(v.Damaged)), count(float64(v.Different))))
	}
	return lines
}

// files are those of which most is read.
func (s *Screen) files(v *View, w int) []string {
	title, all := "files, last 10 to 30 s", v.BusyFiles
	if s.ByBytes {
		title, all = "files read and written most", v.TopFiles
	}
	const numbers = 28
	name := max(w-numbers, 8)
	lines := []string{s.style(dim, left(left(title, name)+right("per s", 14)+right("total", 14), w))}
	for _, f := range all {
		lines = append(lines, cut(left(s.tail(printable.Line(f.File), name), name)+right(bytes(f.Rate)+"/s", 14)+right(bytes(float64(f.Bytes)), 14), w))
	}
	return lines
}

func (s *Screen) help(w int) []string {
	var lines []string
	for line := range strings.Lines(helpText) {
		lines = append(lines, cut(strings.TrimSuffix(line, "\n"), w))
	}
	return lines
}

const helpText = `q        quit, as does Ctrl-C
p, blank pause; what happens meanwhile is in the averages and the curve
s        files: those read and written in the last 10 to 30 seconds, or most
         since the mount began
t        requests, sizes and latencies: of the last interval, or since the
         mount began
r        reset averages, peaks and the curve
? or h   this help

now         in the last interval; see --interval
last minute on average, or since top was started
peak        the largest "now" so far
latency     from when the server has read a request until the kernel has the
            reply; a reader also waits for both to be woken. Counted by powers
            of two of microseconds, so that quantiles are off by up to that.
files       at least so much; those of which little is read may be missing
CPUs        that are busy for the server

What top itself reads is counted, too: some four requests for each interval.
`
