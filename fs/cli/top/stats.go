// Package top shows what a mount does: rates, requests by kind and size, latencies, and
// the files of which most is read. It makes this of what .dgenfs/stats of the mount has,
// looked at again and again; how that is read is the caller's business, as it may hang.
//
// [Monitor] turns counts into a [View], which is also what --json prints. [Screen] lays a
// View out for a terminal, and [Run] shows it there, or prints it.
package top

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Stats is what .dgenfs/stats has, as far as it is shown.
type Stats struct {
	Transport   string  `json:"transport"`
	PID         int     `json:"pid"`
	Start       float64 `json:"start_time"`
	Uptime      float64 `json:"uptime_seconds"`
	Resident    uint64  `json:"resident_bytes"`
	Peak        uint64  `json:"peak_resident_bytes"`
	User        float64 `json:"user_cpu_seconds"`
	System      float64 `json:"system_cpu_seconds"`
	OpenFiles   uint64  `json:"open_files"`
	Reads       uint64  `json:"reads"`
	ReadBytes   uint64  `json:"read_bytes"`
	ReadErrors  uint64  `json:"read_errors"`
	Damaged     uint64  `json:"damaged_reads"`
	Writes      *uint64 `json:"writes"` // nil if nothing can be written
	WriteBytes  uint64  `json:"write_bytes"`
	WriteErrors uint64  `json:"write_errors"`
	Different   uint64  `json:"writes_different"`
	Interrupted uint64  `json:"interrupted"`
	Waiting     uint64  `json:"waiting"`

	Requests   map[string]uint64  `json:"requests"`
	ReadSizes  Histogram          `json:"read_sizes"`
	WriteSizes Histogram          `json:"write_sizes"`
	Latency    map[string]Latency `json:"latency"`
	TopFiles   []File             `json:"top_files"`
	BusyFiles  []File             `json:"busy_files"`
}

// Latency is how long requests of a class took.
type Latency struct {
	Seconds float64   `json:"seconds"` // all together
	UpTo    Histogram `json:"up_to_us"`
}

// File is how much of a file was read and written.
type File struct {
	File  string  `json:"file"`
	Inode uint64  `json:"inode"`
	Rate  float64 `json:"bytes_per_second"` // in the last 10 to 30 seconds
	Bytes uint64  `json:"bytes"`            // since the mount began, at least
}

// ParseStats parses what .dgenfs/stats has.
func ParseStats(text []byte) (*Stats, error) {
	var s Stats
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("parsing .dgenfs/stats: %w", err)
	}
	if s.Requests == nil || s.Latency == nil {
		return nil, fmt.Errorf("the server of the mount is of an older version, without these counts")
	}
	return &s, nil
}

func (s *Stats) writes() uint64 {
	if s.Writes == nil {
		return 0
	}
	return *s.Writes
}

// Histogram is pairs of a bound, -1 for none, and how many values are at most that, and
// more than the bound before.
type Histogram [][2]int64

func (h Histogram) count() (n int64) {
	for _, pair := range h {
		n += pair[1]
	}
	return n
}

// since returns what has come since an earlier state.
func (h Histogram) since(before Histogram) Histogram {
	h = slices.Clone(h)
	for i := range min(len(h), len(before)) {
		h[i][1] = max(0, h[i][1]-before[i][1])
	}
	return h
}

// quantile returns a value that a share q of all is below, as if they were spread evenly
// between two bounds: off by a factor of two at most. It is 0 if there are none.
func (h Histogram) quantile(q float64) float64 {
	rank, below, lower := q*float64(h.count()), 0.0, 0.0
	for _, pair := range h {
		upper, n := float64(pair[0]), float64(pair[1])
		if pair[0] < 0 {
			upper = 2 * lower
		}
		if n > 0 && below+n >= rank {
			return lower + (upper-lower)*(rank-below)/n
		}
		below, lower = below+n, upper
	}
	return 0
}

// bound returns a bound that no value exceeds.
func (h Histogram) bound() float64 {
	bound, lower := 0.0, 0.0
	for _, pair := range h {
		upper := float64(pair[0])
		if pair[0] < 0 {
			upper = 2 * lower
		}
		if pair[1] > 0 {
			bound = upper
		}
		lower = upper
	}
	return bound
}
