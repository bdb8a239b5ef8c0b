package fs

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dgenfs/dgenfs/fs/transport"
	"github.com/dgenfs/dgenfs/fs/transport/counters"
)

// stats is what the control files stats and metrics report. Numbers in them have a
// fixed width, so that the size that stat(2) reports is still right when the file is
// read later, as a web server does.
type stats struct {
	mountpoint, version string
	transport           transport.Kind
	start, now          time.Time
	openFiles           int
	damaged             uint64 // reads
	activity            *transport.Activity
	cpus                []transport.ServedByCPU
	top, busy           []busyFile // since the beginning, recently
	usage               usage
	sink                *sinkStats // nil if nothing is written
}

// busyFile is a file of which much is read or written.
type busyFile struct {
	counters.File
	path string
}

// topFiles is how many of them are reported.
const topFiles = 10

func (m *Mount) stats(f *FS) stats {
	s := stats{
		mountpoint: m.mountpoint,
		version:    m.version,
		transport:  m.report.Kind,
		start:      m.start,
		now:        time.Now(),
		openFiles:  f.files.len(),
		damaged:    f.damaged.Load(),
		activity:   m.server.Activity(),
		cpus:       m.server.ServedByCPU(),
		usage:      currentUsage(),
		sink:       f.sink.stats(),
	}
	s.top, s.busy = s.topOf(f, false), s.topOf(f, true)
	return s
}

func (s *stats) topOf(f *FS, recently bool) (top []busyFile) {
	for _, file := range s.activity.Files.Top(topFiles, recently, isControl) {
		top = append(top, busyFile{file, f.pathOf(file.Node)})
	}
	return top
}

// isControl reports whether an id is that of a file in the directory of control files.
func isControl(id uint64) bool {
	return id&controlBit != 0 && id&specNameBit == 0 && !isMade(id)
}

// kinds returns how many requests of which kinds there were.
func (s *stats) kinds() []counters.Kind {
	var kinds []counters.Kind
	var writes uint64
	for _, k := range s.activity.Kinds() {
		if k.Writes && s.sink == nil {
			writes += k.Count // none, unless root has remounted it
			continue
		}
		kinds = append(kinds, k)
	}
	kinds[len(kinds)-1].Count += writes // the other ones
	return kinds
}

// classes are the classes of requests whose latencies are reported, and their names.
func (s *stats) classes() (names []string, times []*counters.Times) {
	for class, name := range []string{"read", "write", "other"} {
		if s.sink != nil || counters.Class(class) != counters.Write {
			names, times = append(names, name), append(times, &s.activity.Times[class])
		}
	}
	return names, times
}

// json writes the counts as JSON.
func (s *stats) json() string {
	all := &s.activity.Sum
	var b strings.Builder
	number := func(name string, n any) { fmt.Fprintf(&b, "  %q: %20d,\n", name, n) }
	float := func(name string, x float64) { fmt.Fprintf(&b, "  %q: %20.3f,\n", name, x) }

	b.WriteString("{\n")
	fmt.Fprintf(&b, "  \"transport\": %q,\n", s.transport)
	fmt.Fprintf(&b, "  \"pid\": %10d,\n", os.Getpid())
	float("start_time", seconds(s.start))
	float("uptime_seconds", s.now.Sub(s.start).Seconds())
	number("resident_bytes", s.usage.resident)
	number("peak_resident_bytes", s.usage.peak)
	float("user_cpu_seconds", s.usage.user.Seconds())
	float("system_cpu_seconds", s.usage.system.Seconds())
	number("open_files", s.openFiles)
	if s.sink != nil {
		number("writes", all.Writes)
		number("write_bytes", all.WriteBytes)
		number("write_errors", all.WriteErrors)
		b.WriteString(s.sink.json())
	}
	number("reads", all.Reads)
	number("read_bytes", all.Bytes)
	number("read_errors", all.Errors)
	number("damaged_reads", s.damaged)
	number("ahead_reads", s.activity.AheadReads)
	number("ahead_bytes", s.activity.AheadBytes)
	number("interrupted", all.Interrupted)
	number("waiting", s.activity.Waiting)
	b.WriteString("  \"requests\": {")
	for i, k := range s.kinds() {
		fmt.Fprintf(&b, "%s\n    %q: %20d", comma(i), k.Name, k.Count)
	}
	b.WriteString("\n  },\n")
	putSizes(&b, "read_sizes", &all.ReadSizes)
	if s.sink != nil {
		putSizes(&b, "write_sizes", &all.WriteSizes)
	}
	b.WriteString("  \"latency\": {")
	names, times := s.classes()
	for i, name := range names {
		fmt.Fprintf(&b, "%s\n    %q: {\"seconds\": %20.9f, \"up_to_us\": [", comma(i), name, times[i].Sum.Seconds())
		for j, n := range times[i].Buckets {
			bound := counters.TimeBound(j).Microseconds()
			if j == counters.TimeBuckets-1 {
				bound = -1
			}
			fmt.Fprintf(&b, "%s\n      [%d, %20d]", comma(j), bound, n)
		}
		b.WriteString("\n    ]}")
	}
	b.WriteString("\n  },\n")
	putFiles(&b, "top_files", s.top)
	putFiles(&b, "busy_files", s.busy)
	b.WriteString("  \"cpus\": [")
	for i, c := range s.cpus {
		fmt.Fprintf(&b, "%s\n    {\"cpu\": %d, \"node\": %d, \"reads\": %20d, \"read_bytes\": %20d, \"read_errors\": %20d", comma(i), c.CPU, c.Node, c.Reads, c.Bytes, c.Errors)
		if s.sink != nil {
			fmt.Fprintf(&b, ", \"writes\": %20d, \"write_bytes\": %20d, \"write_errors\": %20d", c.Writes, c.WriteBytes, c.WriteErrors)
		}
		b.WriteByte('}')
	}
	b.WriteString("\n  ]\n}\n")
	return b.String()
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// putSizes writes pairs of a bound in bytes, -1 for none, and how many requests had as many
// bytes, and more than the bound before.
func putSizes(b *strings.Builder, name string, sizes *counters.Sizes) {
	fmt.Fprintf(b, "  %q: [", name)
	for i, n := range sizes {
		bound := counters.SizeBound(i)
		if i == counters.SizeBuckets-1 {
			bound = -1
		}
		fmt.Fprintf(b, "%s\n    [%d, %20d]", comma(i), bound, n)
	}
	b.WriteString("\n  ],\n")
}

// maxTopPath is the length of the longest path in the list of files, as JSON, in bytes. Of a
// longer one there is the end.
const maxTopPath = 200

// putFiles writes the files of which most was read and written. It takes as many bytes
// whatever files there are.
func putFiles(b *strings.Builder, name string, files []busyFile) {
	const room = topFiles * (maxTopPath + len(",\n"+`    {"bytes": , "bytes_per_second": , "inode": , "file": }`) + 3*20)
	fmt.Fprintf(b, "  %q: [", name)
	begin := b.Len()
	for i, f := range files {
		fmt.Fprintf(b, "%s\n    {\"bytes\": %20d, \"bytes_per_second\": %20.0f, \"inode\": %20d, \"file\": %s}", comma(i), f.Bytes, f.Recent, f.Node, quotedEnd(f.path, maxTopPath))
	}
	b.WriteString(strings.Repeat(" ", max(0, room-(b.Len()-begin))) + "\n  ],\n")
}

// quoted returns text as JSON.
func quoted(text string) string {
	q, _ := json.Marshal(text) // never fails
	return string(q)
}

// quotedEnd returns as much of the end of a text as has room as JSON, in bytes, behind an
// ellipsis if it is not all.
func quotedEnd(text string, room int) string {
	q := quoted(text)
	for cut := 0; len(q) > room; {
		// A byte takes one to six.
		cut += max(1, (len(q)-room)/6)
		for cut < len(text) && !utf8.RuneStart(text[cut]) {
			cut++
		}
		q = quoted("…" + text[cut:])
	}
	return q
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1e3 }
