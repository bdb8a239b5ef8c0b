package fs

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/dgenfs/dgenfs/fs/transport"
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
	cpus                []transport.ServedByCPU
}

func (m *Mount) stats(f *FS) stats {
	return stats{
		mountpoint: m.mountpoint,
		version:    m.version,
		transport:  m.report.Kind,
		start:      m.start,
		now:        time.Now(),
		openFiles:  f.files.len(),
		damaged:    f.damaged.Load(),
		cpus:       m.server.ServedByCPU(),
	}
}

func (s *stats) sum() (all transport.Served) {
	for _, c := range s.cpus {
		all.Reads += c.Reads
		all.Bytes += c.Bytes
		all.Errors += c.Errors
	}
	return all
}

// json writes the counts as JSON.
func (s *stats) json() string {
	all := s.sum()
	var b strings.Builder
	fmt.Fprintf(&b, "{\n  \"pid\": %10d,\n  \"start_time\": %20.3f,\n  \"uptime_seconds\": %20.3f,\n  \"open_files\": %20d,\n", os.Getpid(), seconds(s.start), s.now.Sub(s.start).Seconds(), s.openFiles)
	fmt.Fprintf(&b, "  \"reads\": %20d,\n  \"read_bytes\": %20d,\n  \"read_errors\": %20d,\n  \"damaged_reads\": %20d,\n  \"cpus\": [", all.Reads, all.Bytes, all.Errors, s.damaged)
	for i, c := range s.cpus {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "\n    {\"cpu\": %d, \"node\": %d, \"reads\": %20d, \"read_bytes\": %20d, \"read_errors\": %20d}", c.CPU, c.Node, c.Reads, c.Bytes, c.Errors)
	}
	b.WriteString("\n  ]\n}\n")
	return b.String()
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1e3 }

// metrics writes the counts in the text format of Prometheus. All have the mount
// point as a label, so that the files of several mounts may be put together.
func (s *stats) metrics() string {
	mount := `mount="` + labelEscapes.Replace(s.mountpoint) + `"`
	var b strings.Builder
	head := func(name, kind, help string) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %[1]s %[3]s\n", name, help, kind)
	}
	for _, counter := range []struct {
		name, help string
		of         func(transport.Served) uint64
	}{
		{"dgenfs_reads_total", "Read requests answered, by the CPU that did.", func(s transport.Served) uint64 { return s.Reads }},
		{"dgenfs_read_bytes_total", "Bytes that readers got.", func(s transport.Served) uint64 { return s.Bytes }},
		{"dgenfs_read_errors_total", "Read requests answered with an error.", func(s transport.Served) uint64 { return s.Errors }},
	} {
		head(counter.name, "counter", counter.help)
		for _, c := range s.cpus {
			fmt.Fprintf(&b, "%s{%s,cpu=\"%d\",node=\"%d\"} %20d\n", counter.name, mount, c.CPU, c.Node, counter.of(c.Served))
		}
	}
	head("dgenfs_damaged_reads_total", "counter", "Read requests whose bytes corrupt= has damaged.")
	fmt.Fprintf(&b, "dgenfs_damaged_reads_total{%s} %20d\n", mount, s.damaged)
	head("dgenfs_open_files", "gauge", "Files that are open.")
	fmt.Fprintf(&b, "dgenfs_open_files{%s} %20d\n", mount, s.openFiles)
	head("dgenfs_start_time_seconds", "gauge", "When the mount began, since 1970-01-01 UTC.")
	fmt.Fprintf(&b, "dgenfs_start_time_seconds{%s} %20.3f\n", mount, seconds(s.start))
	head("dgenfs_info", "gauge", "What serves the mount; always 1.")
	fmt.Fprintf(&b, "dgenfs_info{%s,version=\"%s\",transport=\"%s\"} 1\n", mount, labelEscapes.Replace(strings.SplitN(s.version, "\n", 2)[0]), s.transport)
	return b.String()
}

// labelEscapes are those of the values of labels.
var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
