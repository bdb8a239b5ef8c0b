package counters

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"
)

// window is how long a thread counts before it begins anew; what is recent is in the
// last two windows.
const window = 10 * time.Second

// files finds the files of which most is read and written, recently and since the
// beginning, in bounded memory. One thread adds, and any may look at the same time.
type files struct {
	windows [2]sketch
	all     sketch       // of windows before the last one
	current atomic.Int32 // in windows
	start   atomic.Int64 // of the current window, nanoseconds since epoch
	recent  atomic.Int64 // of the window before
}

func (f *files) add(node, bytes uint64, now time.Duration) {
	if now-time.Duration(f.start.Load()) > window {
		f.turn(now)
	}
	f.windows[f.current.Load()].add(node, bytes)
}

// turn begins a window.
func (f *files) turn(now time.Duration) {
	last := f.current.Load()
	next := &f.windows[1-last]
	for i := range next.nodes { // of the window before the last one
		if node := next.nodes[i].Load(); node != 0 {
			f.all.add(node, next.counts[i].Load()-next.excess[i].Load())
		}
	}
	next.clear()
	f.recent.Store(f.start.Load())
	f.start.Store(int64(now))
	f.current.Store(1 - last)
}

// File is how many bytes of a file were read and written, at least.
type File struct {
	Node   uint64
	Bytes  uint64
	Recent float64 // per second, in the last 10 to 30 seconds
}

// Files are counts of files by several threads. The zero value is ready to use.
type Files map[uint64]File

// merge adds the counts of a thread.
func (f *files) merge(all *Files, now time.Duration) {
	if *all == nil {
		*all = make(Files)
	}
	start, before := time.Duration(f.start.Load()), time.Duration(f.recent.Load())
	if now-start > 2*window {
		f.all.merge(*all, 0)
		f.windows[0].merge(*all, 0)
		f.windows[1].merge(*all, 0)
		return
	}
	current := f.current.Load()
	recent := 1 / max(now-start, time.Second).Seconds()
	past := 0.0
	if start-before <= 2*window {
		recent = 1 / max(now-before, time.Second).Seconds()
		past = recent
	}
	f.all.merge(*all, 0)
	f.windows[current].merge(*all, recent)
	f.windows[1-current].merge(*all, past)
}

// Top returns the n files of which most was read and written, those first, but for those
// that skip names: recently, or since the beginning.
func (all Files) Top(n int, recently bool, skip func(node uint64) bool) []File {
	var top []File
	for _, f := range all {
		if (f.Recent > 0 || !recently) && f.Bytes > 0 && !skip(f.Node) {
			top = append(top, f)
		}
	}
	slices.SortFunc(top, func(a, b File) int {
		if recently && a.Recent != b.Recent {
			return cmp.Compare(b.Recent, a.Recent)
		}
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Node, b.Node))
	})
	return top[:min(n, len(top))]
}
