package top

import (
	"maps"
	"slices"
	"time"
)

// minute is how far back averages and the curve go.
const minute = 60 * time.Second

// Rate is something per second: now, on average of the last minute or as long as was
// looked at, and at most.
type Rate struct {
	Now     float64 `json:"now"`
	Average float64 `json:"average"`
	Peak    float64 `json:"peak"`
}

// Traffic is what was read, or written.
type Traffic struct {
	BytesRate    Rate   `json:"bytes_per_second"`
	RequestsRate Rate   `json:"requests_per_second"`
	Bytes        uint64 `json:"bytes"` // since the mount began, as the next ones
	Requests     uint64 `json:"requests"`
	Errors       uint64 `json:"errors"`
}

// Kind is how many requests of a kind there were.
type Kind struct {
	Name  string  `json:"kind"`
	Rate  float64 `json:"per_second"`
	Total uint64  `json:"total"` // since the mount began
}

// Class is how many requests had up to so many bytes.
type Class struct {
	UpTo  int64  `json:"up_to_bytes"` // -1: more than the one before
	Now   uint64 `json:"now"`         // in the last interval
	Total uint64 `json:"total"`       // since the mount began
}

// Quantiles are those of latencies, in seconds, off by a factor of two at most.
type Quantiles struct {
	Count  uint64  `json:"count"`
	Median float64 `json:"p50"`
	P99    float64 `json:"p99"`
	P999   float64 `json:"p999"`
	Max    float64 `json:"max"` // none is more
}

// ClassLatency are the latencies of a class of requests.
type ClassLatency struct {
	Class string    `json:"class"`
	Now   Quantiles `json:"now"`   // in the last interval
	Total Quantiles `json:"total"` // since the mount began
}

// View is what is shown at a time.
type View struct {
	Mountpoint string  `json:"mountpoint"`
	Transport  string  `json:"transport"`
	PID        int     `json:"pid"`
	Uptime     float64 `json:"uptime_seconds"`
	Interval   float64 `json:"interval_seconds"` // what "now" is about

	Read  Traffic  `json:"read"`
	Write *Traffic `json:"write,omitempty"` // nil if nothing can be written

	Requests   []Kind         `json:"requests"` // without those that there were none of
	ReadSizes  []Class        `json:"read_sizes"`
	WriteSizes []Class        `json:"write_sizes,omitempty"`
	Latency    []ClassLatency `json:"latency"`
	TopFiles   []File         `json:"top_files"`
	BusyFiles  []File         `json:"busy_files"`

	Resident    uint64  `json:"resident_bytes"`
	Peak        uint64  `json:"peak_resident_bytes"`
	CPU         float64 `json:"cpus"`        // that were busy for the server in the last interval
	System      float64 `json:"system_cpus"` // of them, in the kernel
	OpenFiles   uint64  `json:"open_files"`
	Waiting     uint64  `json:"waiting"`
	Interrupted uint64  `json:"interrupted"`
	Damaged     uint64  `json:"damaged_reads"`
	Different   uint64  `json:"writes_different,omitempty"`

	samples []sample
}

// sample is what was read and written in an interval.
type sample struct {
	from, to float64 // seconds since the mount began
	bytes    float64 // per second, read and written
}

// Monitor turns counts into rates. The zero value is ready to use, not concurrently.
type Monitor struct {
	Mountpoint string

	last    *Stats
	samples []sample
	history []*Stats // of the last minute, the oldest first
	peaks   [4]float64
}

// Reset forgets what was seen but for the last counts.
func (m *Monitor) Reset() { *m = Monitor{Mountpoint: m.Mountpoint, last: m.last} }

// Add takes new counts and returns what has happened since the ones before, nil for the
// first ones, or if another mount has taken the place.
func (m *Monitor) Add(s *Stats) *View {
	before := m.last
	m.last = s
	if before == nil || before.PID != s.PID || before.Start != s.Start || s.Uptime < before.Uptime {
		m.Reset()
		m.history = []*Stats{s}
		return nil
	}
	if s.Uptime == before.Uptime {
		return nil
	}
	if len(m.history) == 0 {
		m.history = []*Stats{before}
	}
	for len(m.history) > 1 && s.Uptime-m.history[1].Uptime >= minute.Seconds() {
		m.history = m.history[1:]
	}
	m.samples = append(m.samples, sample{before.Uptime, s.Uptime, per(s.ReadBytes+s.WriteBytes, before.ReadBytes+before.WriteBytes, s.Uptime-before.Uptime)})
	for s.Uptime-m.samples[0].to > minute.Seconds() {
		m.samples = m.samples[1:]
	}
	v := m.view(before, s)
	m.history = append(m.history, s)
	return v
}

// per returns how much a count has grown per second.
func per(now, before uint64, seconds float64) float64 {
	if now < before || seconds <= 0 {
		return 0
	}
	return float64(now-before) / seconds
}

func (m *Monitor) rate(i int, before, s *Stats, of func(*Stats) uint64) Rate {
	first := m.history[0]
	r := Rate{
		Now:     per(of(s), of(before), s.Uptime-before.Uptime),
		Average: per(of(s), of(first), s.Uptime-first.Uptime),
	}
	m.peaks[i] = max(m.peaks[i], r.Now)
	r.Peak = m.peaks[i]
	return r
}

func (m *Monitor) view(before, s *Stats) *View {
	took := s.Uptime - before.Uptime
	v := &View{
		Mountpoint: m.Mountpoint, Transport: s.Transport, PID: s.PID, Uptime: s.Uptime, Interval: took,
		Read: Traffic{
			BytesRate:    m.rate(0, before, s, func(s *Stats) uint64 { return s.ReadBytes }),
			RequestsRate: m.rate(1, before, s, func(s *Stats) uint64 { return s.Reads }),
			Bytes:        s.ReadBytes, Requests: s.Reads, Errors: s.ReadErrors,
		},
		ReadSizes: classes(before.ReadSizes, s.ReadSizes),
		Resident:  s.Resident, Peak: s.Peak, OpenFiles: s.OpenFiles,
		CPU:    max(0, s.User+s.System-before.User-before.System) / took,
		System: max(0, s.System-before.System) / took,

		Waiting: s.Waiting, Interrupted: s.Interrupted, Damaged: s.Damaged, Different: s.Different,
		Requests: []Kind{}, Latency: []ClassLatency{}, // not null as JSON
		TopFiles: append([]File{}, s.TopFiles...), BusyFiles: append([]File{}, s.BusyFiles...),
		samples: slices.Clone(m.samples),
	}
	if s.Writes != nil {
		v.Write = &Traffic{
			BytesRate:    m.rate(2, before, s, func(s *Stats) uint64 { return s.WriteBytes }),
			RequestsRate: m.rate(3, before, s, (*Stats).writes),
			Bytes:        s.WriteBytes, Requests: *s.Writes, Errors: s.WriteErrors,
		}
		v.WriteSizes = classes(before.WriteSizes, s.WriteSizes)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Requests)) {
		if n := s.Requests[name]; n > 0 {
			v.Requests = append(v.Requests, Kind{name, per(n, before.Requests[name], took), n})
		}
	}
	for _, class := range []string{"read", "write", "other"} {
		if l, ok := s.Latency[class]; ok {
			v.Latency = append(v.Latency, ClassLatency{class, quantiles(l.UpTo.since(before.Latency[class].UpTo)), quantiles(l.UpTo)})
		}
	}
	return v
}

// classes returns the classes that there were any of.
func classes(before, now Histogram) []Class {
	all := []Class{}
	since := now.since(before)
	for i, pair := range now {
		if pair[1] > 0 {
			all = append(all, Class{pair[0], uint64(since[i][1]), uint64(pair[1])})
		}
	}
	return all
}

func quantiles(h Histogram) Quantiles {
	seconds := func(us float64) float64 { return us / 1e6 }
	return Quantiles{
		Count:  uint64(h.count()),
		Median: seconds(h.quantile(0.5)), P99: seconds(h.quantile(0.99)), P999: seconds(h.quantile(0.999)),
		Max: seconds(h.bound()),
	}
}
