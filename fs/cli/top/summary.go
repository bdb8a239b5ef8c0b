package top

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/cli/printable"
)

// summaryFiles is how many files a summary names.
const summaryFiles = 3

// Summary returns lines that say what a mount has done since it began: nil if nothing was
// read or written. What is said of all reads is not in it.
func Summary(s *Stats) (lines []string) {
	if s.Reads+s.ReadErrors+s.writes()+s.WriteErrors == 0 {
		return nil
	}
	screen := &Screen{ASCII: !isUTF8()}
	add := func(title string, items []string) {
		if len(items) > 0 {
			lines = append(lines, title+": "+strings.Join(items, ", "))
		}
	}
	kinds := slices.Sorted(maps.Keys(s.Requests))
	slices.SortStableFunc(kinds, func(a, b string) int { return cmp.Compare(s.Requests[b], s.Requests[a]) })
	var items []string
	for _, kind := range kinds {
		if n := s.Requests[kind]; n > 0 {
			items = append(items, fmt.Sprintf("%s %d", kind, n))
		}
	}
	add("requests", items)
	add("sizes of reads", shares(s.ReadSizes))
	add("sizes of writes", shares(s.WriteSizes))
	for _, class := range []string{"read", "write"} {
		if q := quantiles(s.Latency[class].UpTo); q.Count > 0 {
			lines = append(lines, fmt.Sprintf("latency of %ss: 50%% %s, 99%% %s, 99.9%% %s, at most %s", class,
				screen.span(q.Median), screen.span(q.P99), screen.span(q.P999), screen.span(q.Max)))
		}
	}
	items = nil
	for _, f := range s.TopFiles[:min(len(s.TopFiles), summaryFiles)] {
		items = append(items, printable.Line(f.File)+" "+bytes(float64(f.Bytes)))
	}
	add("files read and written most", items)
	lines = append(lines, fmt.Sprintf("the server took %s of memory at most, %.3g s of CPU time, %.3g s of it in the kernel", bytes(float64(s.Peak)), s.User+s.System, s.System))
	items = nil
	for _, e := range []struct {
		name string
		n    uint64
	}{{"read errors", s.ReadErrors}, {"write errors", s.WriteErrors}, {"interrupted", s.Interrupted}, {"damaged reads", s.Damaged}, {"writes that differ", s.Different}} {
		if e.n > 0 {
			items = append(items, fmt.Sprintf("%s %d", e.name, e.n))
		}
	}
	add("what went wrong", items)
	return lines
}

// shares writes the classes of sizes that there were any of.
func shares(h Histogram) (items []string) {
	all := h.count()
	for i, pair := range h {
		if pair[1] == 0 {
			continue
		}
		label := "to " + sizeName(pair[0])
		switch {
		case pair[0] == 0:
			label = "0"
		case pair[0] < 0:
			label = "more than " + sizeName(h[max(0, i-1)][0])
		}
		items = append(items, label+" "+percent(float64(pair[1])/float64(all)))
	}
	return items
}
