package top

import (
	"encoding/json"
	"math"
	"testing"
)

// stats returns counts as the server of a mount has them after some seconds in which reads
// of 4 KiB took some time each, in microseconds.
func stats(uptime float64, reads uint64, us int64) *Stats {
	writes := reads / 2
	return &Stats{
		Transport: "dev", PID: 7, Start: 1000, Uptime: uptime, Resident: 30 << 20, Peak: 40 << 20,
		User: uptime / 4, System: uptime / 2, OpenFiles: 3,
		Reads: reads, ReadBytes: reads * 4096, Writes: &writes, WriteBytes: writes * 8192,
		Requests:   map[string]uint64{"read": reads, "lookup": 5, "open": 0},
		ReadSizes:  Histogram{{0, 0}, {4096, int64(reads)}, {8192, 0}, {-1, 0}},
		WriteSizes: Histogram{{0, 0}, {4096, 0}, {8192, int64(writes)}, {-1, 0}},
		Latency:    map[string]Latency{"read": {UpTo: Histogram{{us / 2, 0}, {us, int64(reads)}, {-1, 0}}}},
		BusyFiles:  []File{{"a", 2, 100, 1000}},
	}
}

func TestMonitor(t *testing.T) {
	m := Monitor{Mountpoint: "/mnt"}
	if v := m.Add(stats(10, 100, 64)); v != nil {
		t.Errorf("of the first counts: %+v", v)
	}
	if v := m.Add(stats(10, 100, 64)); v != nil {
		t.Errorf("when no time has passed: %+v", v)
	}
	m.Add(stats(11, 300, 64))
	v := m.Add(stats(13, 500, 64))
	if v.Interval != 2 || v.Read.RequestsRate != (Rate{100, 400.0 / 3, 200}) || v.Read.BytesRate.Now != 100*4096 || v.Read.Bytes != 500*4096 || v.Read.Requests != 500 {
		t.Errorf("%+v", v.Read)
	}
	if v.Write == nil || v.Write.RequestsRate.Now != 50 || v.Write.BytesRate.Peak != 100*8192 {
		t.Errorf("%+v", v.Write)
	}
	if v.CPU != 0.75 || v.System != 0.5 || v.Mountpoint != "/mnt" || v.PID != 7 {
		t.Errorf("%+v", v)
	}
	if len(v.Requests) != 2 || v.Requests[1] != (Kind{"read", 100, 500}) || v.Requests[0] != (Kind{"lookup", 0, 5}) {
		t.Errorf("%+v", v.Requests)
	}
	if len(v.ReadSizes) != 1 || v.ReadSizes[0] != (Class{4096, 200, 500}) {
		t.Errorf("%+v", v.ReadSizes)
	}
	if l := v.Latency[0]; l.Class != "read" || l.Now.Count != 200 || l.Total.Count != 500 || l.Now.Median != 48e-6 || l.Now.Max != 64e-6 {
		t.Errorf("%+v", l)
	}
	m.Reset()
	if v = m.Add(stats(14, 510, 64)); v.Read.RequestsRate != (Rate{10, 10, 10}) || len(v.samples) != 1 {
		t.Errorf("after a reset: %+v", v.Read)
	}
	other := stats(2, 5, 64)
	other.PID, other.Start = 8, 2000
	if v = m.Add(other); v != nil {
		t.Errorf("another mount in the same place: %+v", v)
	}
	other = stats(3, 10, 64)
	other.PID, other.Start = 8, 2000
	if v = m.Add(other); v == nil || v.Read.RequestsRate != (Rate{5, 5, 5}) {
		t.Errorf("and what that does: %+v", v)
	}
}

// Averages and the curve are of the last minute, and the memory for them is bounded.
func TestMonitorForLong(t *testing.T) {
	m := Monitor{}
	var v *View
	reads := uint64(0)
	for i := range 1000 {
		if i >= 100 {
			reads += 10
		} else {
			reads += 1000
		}
		if next := m.Add(stats(float64(i), reads, 64)); next != nil {
			v = next
		}
	}
	if v.Read.RequestsRate != (Rate{10, 10, 1000}) {
		t.Errorf("%+v", v.Read.RequestsRate)
	}
	if len(m.samples) > 62 || len(m.history) > 62 {
		t.Errorf("%d samples, %d counts", len(m.samples), len(m.history))
	}
	values, most := v.curve(60)
	if want := 10.0*4096 + 5*8192; most != want {
		t.Errorf("at most %v, want %v", most, want)
	}
	for i, x := range values {
		if x != 1 {
			t.Errorf("second %d: %v", i, x)
		}
	}
}

func TestHistogram(t *testing.T) {
	h := Histogram{{1, 10}, {2, 0}, {4, 80}, {8, 9}, {-1, 1}}
	for q, want := range map[float64]float64{0: 0, 0.05: 0.5, 0.1: 1, 0.5: 3, 0.9: 4, 0.99: 8, 1: 16} {
		if got := h.quantile(q); math.Abs(got-want) > 1e-9 {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
	if h.bound() != 16 || h[:4].bound() != 8 || h[:1].bound() != 1 {
		t.Errorf("bounds %v, %v, %v", h.bound(), h[:4].bound(), h[:1].bound())
	}
	var none Histogram
	if none.quantile(0.5) != 0 || none.bound() != 0 || none.count() != 0 {
		t.Error("of nothing, there is something")
	}
	since := h.since(Histogram{{1, 4}, {2, 0}, {4, 80}, {8, 100}, {-1, 0}})
	if since[0][1] != 6 || since[2][1] != 0 || since[3][1] != 0 || since[4][1] != 1 || h[0][1] != 10 {
		t.Errorf("since: %v, of %v", since, h)
	}
}

// What --json prints has no nulls where a list is expected.
func TestViewAsJSON(t *testing.T) {
	m := Monitor{}
	s := &Stats{Uptime: 1, Requests: map[string]uint64{}, Latency: map[string]Latency{}}
	m.Add(s)
	later := *s
	later.Uptime = 2
	text, err := json.Marshal(m.Add(&later))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for name, value := range got {
		if value == nil {
			t.Errorf("%s is null", name)
		}
	}
	if _, ok := got["write"]; ok {
		t.Error("there are writes, where nothing can be written")
	}
}

func TestParseStats(t *testing.T) {
	for text, ok := range map[string]bool{
		`{"pid": 5, "requests": {"read": 1}, "latency": {}}`: true,
		`{"pid": 5, "reads": 1}`:                             false, // of an older server
		`{"pid": "5"}`:                                       false,
		``:                                                   false,
	} {
		if s, err := ParseStats([]byte(text)); (err == nil) != ok || ok && s.PID != 5 {
			t.Errorf("%s: %+v, %v", text, s, err)
		}
	}
}
