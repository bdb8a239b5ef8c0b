package fs

import (
	"encoding/json"
	"log"
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/fs/transport"
	"github.com/dgenfs/dgenfs/fs/transport/counters"
	"github.com/dgenfs/dgenfs/fs/written"
)

func testStats() stats {
	start := time.UnixMilli(1_700_000_000_250)
	return stats{
		mountpoint: "/mnt/a\"b\\c\nd", version: "v1", transport: transport.Dev,
		start: start, now: start.Add(1500 * time.Millisecond), openFiles: 3, damaged: 2,
		cpus: []transport.ServedByCPU{
			{CPU: 0, Node: 0, Served: transport.Served{Reads: 5, Bytes: 5000, Errors: 1}},
			{CPU: 17, Node: 1, Served: transport.Served{Reads: 7, Bytes: 70000}},
		},
		activity: testActivity(),
		top:      []busyFile{{counters.File{Node: 77, Bytes: 4096, Recent: 12.6}, "a/b"}},
		usage:    usage{resident: 30 << 20, peak: 40 << 20, user: time.Second, system: 2500 * time.Millisecond},
	}
}

// testActivity is that of a thread which has answered twelve reads, two of them with an
// error, a LOOKUP and a WRITE.
func testActivity() *transport.Activity {
	var c counters.Thread
	for i := range 12 {
		c.Begin(15, 77)
		if i < 10 {
			c.Read(7500, 0)
		} else {
			c.Read(0, syscall.EIO)
		}
		c.End()
	}
	c.Begin(1, 1)
	c.End()
	c.Begin(16, 77)
	c.Write(4096, 0)
	c.End()
	a := &transport.Activity{Waiting: 4}
	c.AddTo(&a.Sum)
	a.Interrupted = 6
	return a
}

func TestStatsJSON(t *testing.T) {
	s := testStats()
	type counts struct {
		CPU, Node  int
		Reads      uint64 `json:"reads"`
		ReadBytes  uint64 `json:"read_bytes"`
		ReadErrors uint64 `json:"read_errors"`
	}
	type latency struct {
		Seconds float64    `json:"seconds"`
		UpTo    [][2]int64 `json:"up_to_us"`
	}
	var got struct {
		Transport   string             `json:"transport"`
		PID         int                `json:"pid"`
		StartTime   float64            `json:"start_time"`
		Uptime      float64            `json:"uptime_seconds"`
		Resident    uint64             `json:"resident_bytes"`
		Peak        uint64             `json:"peak_resident_bytes"`
		User        float64            `json:"user_cpu_seconds"`
		System      float64            `json:"system_cpu_seconds"`
		OpenFiles   int                `json:"open_files"`
		Damaged     int                `json:"damaged_reads"`
		AheadReads  int                `json:"ahead_reads"`
		AheadBytes  int                `json:"ahead_bytes"`
		Interrupted int                `json:"interrupted"`
		Waiting     int                `json:"waiting"`
		Requests    map[string]uint64  `json:"requests"`
		ReadSizes   [][2]int64         `json:"read_sizes"`
		Latency     map[string]latency `json:"latency"`
		Top         []struct {
			Bytes uint64 `json:"bytes"`
			Rate  uint64 `json:"bytes_per_second"`
			Inode uint64 `json:"inode"`
			File  string `json:"file"`
		} `json:"top_files"`
		Busy []any `json:"busy_files"`
		counts
		CPUs []counts `json:"cpus"`
	}
	d := json.NewDecoder(strings.NewReader(s.json()))
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil {
		t.Fatalf("%v in\n%s", err, s.json())
	}
	if got.StartTime != 1_700_000_000.25 || got.Uptime != 1.5 || got.OpenFiles != 3 || got.Reads != 10 || got.ReadBytes != 75000 || got.ReadErrors != 2 || got.Damaged != 2 {
		t.Errorf("%+v", got)
	}
	if got.Transport != "dev" || got.Resident != 30<<20 || got.Peak != 40<<20 || got.User != 1 || got.System != 2.5 || got.Interrupted != 6 || got.Waiting != 4 {
		t.Errorf("%+v", got)
	}
	if len(got.CPUs) != 2 || got.CPUs[0] != (counts{0, 0, 5, 5000, 1}) || got.CPUs[1] != (counts{17, 1, 7, 70000, 0}) {
		t.Errorf("%+v", got.CPUs)
	}
	if r := got.Requests; r["read"] != 12 || r["lookup"] != 1 || r["other"] != 1 { // the write, which nobody can make
		t.Errorf("requests: %v", r)
	}
	if i := slices.Index(got.ReadSizes, [2]int64{8192, 10}); i < 0 || got.ReadSizes[i-1] != [2]int64{4096, 0} || got.ReadSizes[len(got.ReadSizes)-1] != [2]int64{-1, 0} {
		t.Errorf("sizes of reads: %v", got.ReadSizes)
	}
	n := int64(0)
	for _, pair := range got.Latency["read"].UpTo {
		n += pair[1]
	}
	if n != 12 || got.Latency["read"].UpTo[1][0] != 2 || got.Latency["read"].Seconds <= 0 {
		t.Errorf("latency of reads: %v", got.Latency["read"])
	}
	if _, ok := got.Latency["write"]; ok || len(got.Latency) != 2 {
		t.Errorf("latencies: %v", got.Latency)
	}
	if len(got.Top) != 1 || got.Top[0].File != "a/b" || got.Top[0].Bytes != 4096 || got.Top[0].Rate != 13 || got.Busy == nil || len(got.Busy) != 0 || got.Top[0].Inode != 77 {
		t.Errorf("files: %v", got.Top)
	}
}

func TestStatsMetrics(t *testing.T) {
	s := testStats()
	const mount = `mount="/mnt/a\"b\\c\nd"`
	want := map[string]string{
		`dgenfs_reads_total{` + mount + `,cpu="0",node="0"}`:                            "5",
		`dgenfs_reads_total{` + mount + `,cpu="17",node="1"}`:                           "7",
		`dgenfs_read_bytes_total{` + mount + `,cpu="0",node="0"}`:                       "5000",
		`dgenfs_read_bytes_total{` + mount + `,cpu="17",node="1"}`:                      "70000",
		`dgenfs_read_errors_total{` + mount + `,cpu="0",node="0"}`:                      "1",
		`dgenfs_read_errors_total{` + mount + `,cpu="17",node="1"}`:                     "0",
		`dgenfs_damaged_reads_total{` + mount + `}`:                                     "2",
		`dgenfs_ahead_reads_total{` + mount + `}`:                                       "0",
		`dgenfs_ahead_bytes_total{` + mount + `}`:                                       "0",
		`dgenfs_open_files{` + mount + `}`:                                              "3",
		`dgenfs_start_time_seconds{` + mount + `}`:                                      "1700000000.250",
		`dgenfs_info{` + mount + `,version="v1",transport="dev"}`:                       "1",
		`dgenfs_requests_total{` + mount + `,kind="read"}`:                              "12",
		`dgenfs_requests_total{` + mount + `,kind="lookup"}`:                            "1",
		`dgenfs_read_size_bytes_bucket{` + mount + `,le="4096"}`:                        "0",
		`dgenfs_read_size_bytes_bucket{` + mount + `,le="8192"}`:                        "10",
		`dgenfs_read_size_bytes_bucket{` + mount + `,le="+Inf"}`:                        "10",
		`dgenfs_read_size_bytes_count{` + mount + `}`:                                   "10",
		`dgenfs_read_size_bytes_sum{` + mount + `}`:                                     "75000",
		`dgenfs_request_duration_seconds_bucket{` + mount + `,class="read",le="+Inf"}`:  "12",
		`dgenfs_request_duration_seconds_count{` + mount + `,class="read"}`:             "12",
		`dgenfs_request_duration_seconds_count{` + mount + `,class="other"}`:            "1",
		`dgenfs_request_duration_seconds_bucket{` + mount + `,class="other",le="+Inf"}`: "1",
		`dgenfs_interrupted_requests_total{` + mount + `}`:                              "6",
		`dgenfs_waiting_requests{` + mount + `}`:                                        "4",
		`dgenfs_resident_memory_bytes{` + mount + `}`:                                   "31457280",
		`dgenfs_resident_memory_peak_bytes{` + mount + `}`:                              "41943040",
		`dgenfs_cpu_seconds_total{` + mount + `,mode="user"}`:                           "1.000000000",
		`dgenfs_cpu_seconds_total{` + mount + `,mode="system"}`:                         "2.500000000",
	}
	kinds := map[string]string{}
	for line := range strings.Lines(s.metrics()) {
		fields := strings.Fields(line)
		switch {
		case fields[0] == "#" && fields[1] == "TYPE":
			kinds[fields[2]] = fields[3]
		case fields[0] == "#" && fields[1] == "HELP" && len(fields) > 4:
		default:
			name, _, _ := strings.Cut(fields[0], "{")
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				if base, ok := strings.CutSuffix(name, suffix); ok && kinds[base] == "histogram" {
					name = base
				}
			}
			if kinds[name] == "" || strings.HasSuffix(name, "_total") != (kinds[name] == "counter") {
				t.Errorf("%s is a %q", name, kinds[name])
			}
			if value, ok := want[fields[0]]; len(fields) != 2 || ok && value != fields[1] {
				t.Errorf("line %q", line)
			}
			delete(want, fields[0])
		}
	}
	for line := range want {
		t.Errorf("no line %s", line)
	}
}

// What stat says of the files stays true while the counts grow.
func TestStatsKeepTheirSize(t *testing.T) {
	small, large := testStats(), testStats()
	small.cpus[0].Served, small.openFiles, small.damaged, small.now = transport.Served{}, 0, 0, small.start
	small.activity, small.top, small.usage = &transport.Activity{}, nil, usage{}
	const most = math.MaxUint64 / 2
	large.cpus[0].Served, large.openFiles, large.damaged, large.now = transport.Served{Reads: most, Bytes: most, Errors: most}, math.MaxInt, math.MaxUint64, large.start.Add(math.MaxInt64)
	large.activity.Waiting, large.activity.Interrupted, large.activity.Bytes = math.MaxInt, most, most
	large.activity.ReadSizes[0] = most
	for i := range large.activity.Times {
		large.activity.Times[i].Buckets[5], large.activity.Times[i].Sum = most, math.MaxInt64
	}
	large.usage = usage{resident: most, peak: most, user: math.MaxInt64, system: math.MaxInt64}
	large.top = nil
	for range topFiles {
		large.top = append(large.top, busyFile{counters.File{Node: most, Bytes: most, Recent: 1e19}, strings.Repeat("\"\n\x01é<", 100)})
	}
	if a, b := len(small.json()), len(large.json()); a != b {
		t.Errorf("JSON has %d bytes, or %d", a, b)
	}
	if a, b := len(small.metrics()), len(large.metrics()); a != b {
		t.Errorf("metrics have %d bytes, or %d", a, b)
	}
}

// Of a path that is too long, there is the end.
func TestQuotedEnd(t *testing.T) {
	for text, want := range map[string]string{
		"":                         `""`,
		"a/b\n":                    `"a/b\n"`,
		"01234567890123456789":     `"…4567890123456789"`,
		"éééééééééééééé":           `"…éééééééé"`,
		"\x01\x01\x01\x01":         `"…\u0001\u0001"`,
		strings.Repeat("\xff", 90): "\"…\\ufffd\\ufffd\"",
	} {
		got := quotedEnd(text, 21)
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestOpenFilesLen(t *testing.T) {
	var files openFiles
	var handles []uint64
	for i := range 600 {
		if n := files.len(); n != i {
			t.Fatalf("%d files of %d are open", n, i)
		}
		handles = append(handles, files.add(&openFile{}))
	}
	for i, fh := range handles {
		files.remove(fh)
		files.remove(fh) // twice is once
		if n := files.len(); n != 599-i {
			t.Fatalf("%d files of %d are open", n, 599-i)
		}
	}
}

// With a sink, there are the counts of writes, too.
func TestStatsOfWrites(t *testing.T) {
	s := testStats()
	s.activity.Served = transport.Served{Writes: 7, WriteBytes: 4096, WriteErrors: 1}
	sink := newSink(Sink{Check: true}, log.Default())
	sink.counts.equal.Store(77)
	sink.differences.Add(&written.Difference{File: "a\"b\xff", Offset: 5, Kind: "zeros"})
	s.sink = sink.stats()
	var got struct {
		Writes          uint64 `json:"writes"`
		WriteBytes      uint64 `json:"write_bytes"`
		WriteErrors     uint64 `json:"write_errors"`
		Check           bool   `json:"accept_writes"`
		Discard         bool   `json:"discard"`
		Equal           uint64 `json:"bytes_equal"`
		WritesDifferent uint64 `json:"writes_different"`
		First           struct {
			File, Kind string
			Offset     int64
		} `json:"first_difference"`
		Requests map[string]uint64 `json:"requests"`
		Sizes    [][2]int64        `json:"write_sizes"`
		Latency  map[string]any    `json:"latency"`
	}
	if err := json.Unmarshal([]byte(s.json()), &got); err != nil {
		t.Fatalf("%v in\n%s", err, s.json())
	}
	if got.Writes != 7 || got.WriteBytes != 4096 || got.WriteErrors != 1 || !got.Check || got.Discard || got.Equal != 77 || got.WritesDifferent != 1 || got.First.File != "a\"b\ufffd" || got.First.Offset != 5 || got.First.Kind != "zeros" {
		t.Errorf("%+v in\n%s", got, s.json())
	}
	if got.Requests["write"] != 1 || got.Requests["other"] != 0 || !slices.Contains(got.Sizes, [2]int64{4096, 1}) || got.Latency["write"] == nil {
		t.Errorf("requests %v, sizes %v, latencies %v", got.Requests, got.Sizes, got.Latency)
	}
	for _, line := range []string{
		`dgenfs_write_size_bytes_bucket{mount="/mnt/a\"b\\c\nd",le="4096"} `,
		`dgenfs_writes_total{mount="/mnt/a\"b\\c\nd",cpu="17",node="1"} `,
		"# TYPE dgenfs_written_bytes_equal_total counter\n",
		"# TYPE dgenfs_files_partial gauge\n",
	} {
		if !strings.Contains(s.metrics(), line) {
			t.Errorf("no %q in\n%s", line, s.metrics())
		}
	}
}
