package fs

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/fs/transport"
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
	}
}

func TestStatsJSON(t *testing.T) {
	s := testStats()
	type counts struct {
		CPU, Node  int
		Reads      uint64 `json:"reads"`
		ReadBytes  uint64 `json:"read_bytes"`
		ReadErrors uint64 `json:"read_errors"`
	}
	var got struct {
		PID       int     `json:"pid"`
		StartTime float64 `json:"start_time"`
		Uptime    float64 `json:"uptime_seconds"`
		OpenFiles int     `json:"open_files"`
		counts
		Damaged int      `json:"damaged_reads"`
		CPUs    []counts `json:"cpus"`
	}
	d := json.NewDecoder(strings.NewReader(s.json()))
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil {
		t.Fatalf("%v in\n%s", err, s.json())
	}
	if got.StartTime != 1_700_000_000.25 || got.Uptime != 1.5 || got.OpenFiles != 3 || got.Reads != 12 || got.ReadBytes != 75000 || got.ReadErrors != 1 || got.Damaged != 2 {
		t.Errorf("%+v", got)
	}
	if len(got.CPUs) != 2 || got.CPUs[0] != (counts{0, 0, 5, 5000, 1}) || got.CPUs[1] != (counts{17, 1, 7, 70000, 0}) {
		t.Errorf("%+v", got.CPUs)
	}
}

func TestStatsMetrics(t *testing.T) {
	s := testStats()
	const mount = `mount="/mnt/a\"b\\c\nd"`
	want := map[string]string{
		`dgenfs_reads_total{` + mount + `,cpu="0",node="0"}`:        "5",
		`dgenfs_reads_total{` + mount + `,cpu="17",node="1"}`:       "7",
		`dgenfs_read_bytes_total{` + mount + `,cpu="0",node="0"}`:   "5000",
		`dgenfs_read_bytes_total{` + mount + `,cpu="17",node="1"}`:  "70000",
		`dgenfs_read_errors_total{` + mount + `,cpu="0",node="0"}`:  "1",
		`dgenfs_read_errors_total{` + mount + `,cpu="17",node="1"}`: "0",
		`dgenfs_damaged_reads_total{` + mount + `}`:                 "2",
		`dgenfs_open_files{` + mount + `}`:                          "3",
		`dgenfs_start_time_seconds{` + mount + `}`:                  "1700000000.250",
		`dgenfs_info{` + mount + `,version="v1",transport="dev"}`:   "1",
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
			if kinds[name] != "counter" && kinds[name] != "gauge" || strings.HasSuffix(name, "_total") != (kinds[name] == "counter") {
				t.Errorf("%s is a %q", name, kinds[name])
			}
			if len(fields) != 2 || want[fields[0]] != fields[1] {
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
	large.cpus[0].Served, large.openFiles, large.damaged, large.now = transport.Served{Reads: math.MaxUint64 / 2, Bytes: math.MaxUint64 / 2, Errors: math.MaxUint64 / 2}, math.MaxInt, math.MaxUint64, large.start.Add(math.MaxInt64)
	if a, b := len(small.json()), len(large.json()); a != b {
		t.Errorf("JSON has %d bytes, or %d", a, b)
	}
	if a, b := len(small.metrics()), len(large.metrics()); a != b {
		t.Errorf("metrics have %d bytes, or %d", a, b)
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
