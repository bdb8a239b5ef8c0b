package fs

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dgenfs/dgenfs/fs/transport"
	"github.com/dgenfs/dgenfs/fs/transport/counters"
)

// metricsWriter writes the text format of Prometheus. All metrics have the mount point
// as a label, so that the files of several mounts may be put together.
type metricsWriter struct {
	strings.Builder
	mount string // the label
}

func (w *metricsWriter) head(name, kind, help string) {
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %[1]s %[3]s\n", name, help, kind)
}

// put writes a value of the metric that the last head is about. Labels begin with a comma.
func (w *metricsWriter) put(name, labels string, n uint64) {
	fmt.Fprintf(w, "%s{%s%s} %20d\n", name, w.mount, labels, n)
}

func (w *metricsWriter) putSeconds(name, labels string, x float64) {
	fmt.Fprintf(w, "%s{%s%s} %20.9f\n", name, w.mount, labels, x)
}

// one writes a metric that has one value.
func (w *metricsWriter) one(name, kind, help string, n uint64) {
	w.head(name, kind, help)
	w.put(name, "", n)
}

// buckets writes how many values there are up to each bound, all of them together up to
// the last, which has no bound, and their number.
func (w *metricsWriter) buckets(name, labels string, counts []uint64, bound func(i int) float64) {
	var all uint64
	for i, n := range counts {
		all += n
		le := "+Inf"
		if i < len(counts)-1 {
			le = strconv.FormatFloat(bound(i), 'g', -1, 64)
		}
		w.put(name+"_bucket", labels+`,le="`+le+`"`, all)
	}
	w.put(name+"_count", labels, all)
}

func (w *metricsWriter) sizes(name, help string, sizes *counters.Sizes, bytes uint64) {
	w.head(name, "histogram", help)
	w.buckets(name, "", sizes[:], func(i int) float64 { return float64(counters.SizeBound(i)) })
	w.put(name+"_sum", "", bytes)
}

// metrics writes the counts in the text format of Prometheus.
func (s *stats) metrics() string {
	w := &metricsWriter{mount: `mount="` + labelEscapes.Replace(s.mountpoint) + `"`}
	type cpuCounter struct {
		name, help string
		of         func(transport.Served) uint64
	}
	byCPU := []cpuCounter{
		{"dgenfs_reads_total", "Read requests answered, by the CPU that did.", func(s transport.Served) uint64 { return s.Reads }},
		{"dgenfs_read_bytes_total", "Bytes that readers got.", func(s transport.Served) uint64 { return s.Bytes }},
		{"dgenfs_read_errors_total", "Read requests answered with an error.", func(s transport.Served) uint64 { return s.Errors }},
	}
	if s.sink != nil {
		byCPU = append(byCPU,
			cpuCounter{"dgenfs_writes_total", "Write requests accepted, by the CPU that answered.", func(s transport.Served) uint64 { return s.Writes }},
			cpuCounter{"dgenfs_write_bytes_total", "Bytes that were accepted.", func(s transport.Served) uint64 { return s.WriteBytes }},
			cpuCounter{"dgenfs_write_errors_total", "Write requests answered with an error.", func(s transport.Served) uint64 { return s.WriteErrors }})
	}
	for _, counter := range byCPU {
		w.head(counter.name, "counter", counter.help)
		for _, c := range s.cpus {
			w.put(counter.name, fmt.Sprintf(`,cpu="%d",node="%d"`, c.CPU, c.Node), counter.of(c.Served))
		}
	}
	s.putActivity(w)
	if s.sink != nil {
		for _, c := range s.sink.counts {
			kind := "gauge"
			if strings.HasSuffix(c.metric, "_total") {
				kind = "counter"
			}
			w.one(c.metric, kind, c.help, c.value)
		}
	}
	w.one("dgenfs_damaged_reads_total", "counter", "Read requests whose bytes corrupt= has damaged.", s.damaged)
	w.one("dgenfs_ahead_reads_total", "counter", "Read requests that had been begun before they came.", s.activity.AheadReads)
	w.one("dgenfs_ahead_bytes_total", "counter", "Bytes of these that were ready when they came.", s.activity.AheadBytes)
	w.one("dgenfs_open_files", "gauge", "Files that are open.", uint64(s.openFiles))
	w.one("dgenfs_resident_memory_bytes", "gauge", "Memory of the process that serves the mount.", s.usage.resident)
	w.one("dgenfs_resident_memory_peak_bytes", "gauge", "The most memory that this process has had.", s.usage.peak)
	w.head("dgenfs_cpu_seconds_total", "counter", "CPU time of this process.")
	w.putSeconds("dgenfs_cpu_seconds_total", `,mode="user"`, s.usage.user.Seconds())
	w.putSeconds("dgenfs_cpu_seconds_total", `,mode="system"`, s.usage.system.Seconds())
	w.head("dgenfs_start_time_seconds", "gauge", "When the mount began, since 1970-01-01 UTC.")
	fmt.Fprintf(w, "dgenfs_start_time_seconds{%s} %20.3f\n", w.mount, seconds(s.start))
	w.head("dgenfs_info", "gauge", "What serves the mount; always 1.")
	fmt.Fprintf(w, "dgenfs_info{%s,version=\"%s\",transport=\"%s\"} 1\n", w.mount, labelEscapes.Replace(strings.SplitN(s.version, "\n", 2)[0]), s.transport)
	return w.String()
}

// putActivity writes what requests there were, how large and how fast.
func (s *stats) putActivity(w *metricsWriter) {
	all := &s.activity.Sum
	w.head("dgenfs_requests_total", "counter", "Requests of the kernel, by kind.")
	for _, k := range s.kinds() {
		w.put("dgenfs_requests_total", `,kind="`+k.Name+`"`, k.Count)
	}
	w.sizes("dgenfs_read_size_bytes", "Bytes that read requests were answered with.", &all.ReadSizes, all.Bytes)
	if s.sink != nil {
		w.sizes("dgenfs_write_size_bytes", "Bytes of the write requests accepted.", &all.WriteSizes, all.WriteBytes)
	}
	const duration = "dgenfs_request_duration_seconds"
	w.head(duration, "histogram", "From when a request was read until the kernel had the reply.")
	names, times := s.classes()
	for i, name := range names {
		labels := `,class="` + name + `"`
		w.buckets(duration, labels, times[i].Buckets[:], func(i int) float64 { return counters.TimeBound(i).Seconds() })
		w.putSeconds(duration+"_sum", labels, times[i].Sum.Seconds())
	}
	w.one("dgenfs_interrupted_requests_total", "counter", "Requests that waited until their reader was interrupted or killed.", all.Interrupted)
	w.one("dgenfs_waiting_requests", "gauge", "Requests that are delayed, such as reads of slow files.", uint64(s.activity.Waiting))
}

// labelEscapes are those of the values of labels.
var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
