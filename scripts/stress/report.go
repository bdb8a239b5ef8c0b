package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// report is what a run has found. Safe for concurrent use.
type report struct {
	options
	began    time.Time
	mu       sync.Mutex
	bytes    map[string]int64
	missing  map[string]bool
	requests int64
	failed   int64 // readers that faults have ended
	wrong    int64
	faults   map[string]int
	hangs    []string
	leaks    []string
	errors   []string
	measured [2]measures
}

func newReport(o options) *report {
	return &report{options: o, began: time.Now(), bytes: make(map[string]int64), missing: make(map[string]bool), faults: make(map[string]int)}
}

func (r *report) add(p progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for way, n := range p.Bytes {
		r.bytes[way] += n
	}
	for _, way := range p.Missing {
		r.missing[way] = true
	}
	r.requests += p.Requests
	r.failed += p.Failed
	r.wrong += p.Wrong
	if p.Wrong+p.Errors > 0 {
		r.errors = append(r.errors, p.Messages...)
	}
}

func (r *report) fault(kind string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults[kind] += n
}

func (r *report) note(list *[]string, kind, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	*list = append(*list, text)
	fmt.Printf("%4.0f s: %s: %s\n", time.Since(r.began).Seconds(), kind, text)
}

func (r *report) hang(format string, args ...any) { r.note(&r.hangs, "hang", format, args...) }
func (r *report) leak(format string, args ...any) { r.note(&r.leaks, "left behind", format, args...) }
func (r *report) unexpected(format string, args ...any) {
	r.note(&r.errors, "unexpected", format, args...)
}

// leftBehind looks for mounts below the directory and for processes of the program.
func (r *report) leftBehind(dir string) {
	table, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(table)) {
		if fields := strings.Fields(line); len(fields) > 4 && strings.HasPrefix(fields[4], dir+"/") {
			r.leak("a mount on %s", fields[4])
		}
	}
	var left []string
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		left = r.processes()
		if len(left) == 0 || time.Now().After(end) {
			break
		}
	}
	if len(left) > 0 {
		r.leak("processes of the program: %v", left)
	}
}

func (r *report) processes() (pids []string) {
	program, _ := filepath.EvalSymlinks(r.program)
	all, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, exe := range all {
		if path, err := os.Readlink(exe); err == nil && path == program {
			pids = append(pids, filepath.Base(filepath.Dir(exe)))
		}
	}
	return pids
}

// print writes the table and returns the exit status.
func (r *report) print(w io.Writer) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	var total int64
	for _, n := range r.bytes {
		total += n
	}
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "| %-24s | %s |\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintln(w)
	row("what", "seed %d, %s, %.0f s", r.seed, r.transport, time.Since(r.began).Seconds())
	fmt.Fprintln(w, "| --- | --- |")
	row("bytes compared", "%.2f GiB", float64(total)/(1<<30))
	for _, way := range slices.Sorted(maps.Keys(r.bytes)) {
		if r.missing[way] && r.bytes[way] == 0 {
			row("  "+way, "not supported for this file system")
			continue
		}
		row("  "+way, "%.1f MiB", float64(r.bytes[way])/(1<<20))
		if r.bytes[way] == 0 {
			r.errors = append(r.errors, "nothing was read by "+way)
		}
	}
	row("requests", "%d", r.requests)
	faults := 0
	for _, n := range r.faults {
		faults += n
	}
	row("faults", "%d", faults)
	for _, kind := range slices.Sorted(maps.Keys(r.faults)) {
		row("  "+kind, "%d", r.faults[kind])
	}
	row("readers ended by faults", "%d", r.failed)
	before, after := r.measured[0], r.measured[1]
	row("wrong bytes", "%d", r.wrong)
	row("hangs", "%d", len(r.hangs))
	row("unexpected errors", "%d", len(r.errors))
	row("left behind", "%d", len(r.leaks))
	row("threads, before, after", "%d, %d", before.threads, after.threads)
	row("descriptors", "%d, %d", before.descriptors, after.descriptors)
	row("memory", "%d, %d MiB", before.memory>>10, after.memory>>10)
	row("peak memory", "%d MiB, at most %d", after.peak>>10, r.options.peak)
	if faults == 0 {
		r.errors = append(r.errors, "there was no fault")
	}
	for _, list := range [][]string{r.hangs, r.leaks, r.errors} {
		for _, text := range list {
			fmt.Fprintln(w, "not as it should be:", text)
		}
	}
	if r.wrong > 0 || len(r.hangs)+len(r.leaks)+len(r.errors) > 0 {
		fmt.Fprintf(w, "failed; again by --seed %d\n", r.seed)
		return 1
	}
	return 0
}

// lazyDescriptors is how many descriptors a worker makes when it is first woken up: one
// of the connection, and a pipe. There is a worker for every CPU.
const lazyDescriptors = 3

// compare notes what a server has more of than before, while nobody uses it. The
// runtime keeps threads that it once needed for system calls, and memory that it was
// about to give back; what grows with every fault goes beyond the bounds.
func (r *report) compare(before, after measures) {
	r.mu.Lock()
	r.measured = [2]measures{before, after}
	r.mu.Unlock()
	if after.threads > before.threads+8 {
		r.leak("threads: %d, and %d before", after.threads, before.threads)
	}
	if after.descriptors > before.descriptors+lazyDescriptors*runtime.NumCPU() {
		r.leak("descriptors: %d, and %d before", after.descriptors, before.descriptors)
	}
	if after.memory > before.memory+32<<10 {
		r.leak("memory: %d KiB, and %d before", after.memory, before.memory)
	}
	if after.peak > r.options.peak<<10 {
		r.leak("memory: %d KiB at the peak, more than %d MiB", after.peak, r.options.peak)
	}
}
