// Package bench measures the generator, without a mount: how fast buffers are
// filled, beside stores of bytes that are not zero to the same memory by the same
// threads, in the loop that is fastest on this CPU.
package bench

import (
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/dgenfs/dgenfs/fs/bytesize"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen"
)

const (
	rounds = 7
	// Buffers of all threads together, in bytes; larger rows are left out.
	maxMemory = 1 << 30
)

var (
	fillSizes = []int64{4 << 10, 16 << 10, 64 << 10, 128 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20, 256 << 20, 512 << 20}
	readSizes = []int64{512, 4 << 10, 16 << 10, 64 << 10, 128 << 10, 1 << 20}
)

// Report is what was measured. As JSON, it is what --json prints.
type Report struct {
	CPUs    int    `json:"cpus"` // in use
	NUMA    string `json:"numa"`
	Go      string `json:"go"`
	Version int    `json:"stream_version"`
	Date    string `json:"date"`
	Fills   []Fill `json:"fills"`
	Reads   []Read `json:"reads"`
}

// Fill is the rate at which buffers of one kind are filled.
type Fill struct {
	Implementation string  `json:"implementation"`
	Spec           string  `json:"shape"`
	Mode           string  `json:"mode"` // each or shared
	Threads        int     `json:"threads"`
	Size           int64   `json:"size"`  // bytes of a buffer
	Rate           float64 `json:"gbps"`  // GB/s, all threads together
	Stored         float64 `json:"store"` // GB/s of the best store
	Store          string  `json:"store_by"`
	Ratio          float64 `json:"ratio"` // median of rate/store
}

// Read is the rate of ReadAt at random offsets.
type Read struct {
	Implementation string  `json:"implementation"`
	Size           int64   `json:"size"` // bytes of a call
	Calls          float64 `json:"calls_per_second"`
	Rate           float64 `json:"gbps"`
}

// Threads are those that generate. The zero values of all fields but CPUs are
// useful.
type Threads struct {
	CPUs []int // one thread for each

	// Bind binds the calling goroutine to a CPU. nil leaves that to the kernel.
	Bind func(cpu int) (undo func(), err error)

	// Node returns the memory node of a CPU. If it is not nil, each thread has its
	// buffer on its own node: by Place or, where Place is nil, by being the first
	// that writes to it.
	Node  func(cpu int) int
	Place func(memory []byte, cpu int) error

	// Pool returns threads for the first n CPUs that fill the memory of their own
	// nodes. If it is nil, shared buffers are filled by whichever thread is free.
	Pool func(n int) (*gen.NodePool, error)
}

// Options say how to measure.
type Options struct {
	Threads  Threads
	NUMA     string        // what the report says of the threads
	Time     time.Duration // how long one run takes at least
	Progress io.Writer     // for a line that overwrites itself
}

// Run measures everything. It takes about a minute, and all CPUs of the threads.
func Run(o Options) (*Report, error) {
	b := &bench{Options: o, best: make(map[storeCase]store)}
	return b.run()
}

type bench struct {
	Options
	memory []byte // of all rows, unless each thread has its own
	best   map[storeCase]store
}

type storeCase struct {
	threads int
	size    int64
}

// shapes are the kinds of data whose fills are compared.
var shapes = []string{
	"", "compress=2", "compress=4", "compress=10", "dedup=3",
	"texture=text", "texture=code", "texture=log", "texture=binary", "texture=flat",
}

// compared are the sizes at which they are, on one thread.
var compared = []int64{128 << 10, 1 << 20, 256 << 20}

func (b *bench) run() (*Report, error) {
	all := len(b.Threads.CPUs)
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), all))
	r := &Report{CPUs: all, NUMA: b.NUMA, Go: runtime.Version(), Version: gen.Version, Date: time.Now().UTC().Format(time.DateOnly)}
	threads := slices.Compact([]int{1, min(2, all), all})
	for _, impl := range gen.Implementations() {
		for _, shape := range shapes {
			for _, n := range threads {
				for _, size := range fillSizes {
					if shape != "" && (n > 1 || !slices.Contains(compared, size)) {
						continue
					}
					for _, mode := range []string{"each", "shared"} {
						// Fills below 8 MiB are not shared.
						if mode == "shared" && (n == 1 || size < 16<<20) || int64(n)*size > maxMemory && mode == "each" {
							continue
						}
						row, err := b.fill(impl, shape, mode, n, size)
						if err != nil {
							return nil, err
						}
						r.Fills = append(r.Fills, row)
					}
				}
			}
		}
		for _, size := range readSizes {
			row, err := b.readAt(impl, size)
			if err != nil {
				return nil, err
			}
			r.Reads = append(r.Reads, row)
		}
	}
	fmt.Fprint(b.Progress, "\r\x1b[K")
	return r, nil
}

// fill measures one row.
func (b *bench) fill(impl gen.Implementation, shape, mode string, threads int, size int64) (Fill, error) {
	fmt.Fprintf(b.Progress, "\r\x1b[K%v %s %s, %d threads, %s", impl, shape, mode, threads, bytesize.Format(size))
	text := "1E"
	if shape != "" {
		text += "," + shape
	}
	s, err := spec.Parse(text)
	if err != nil {
		return Fill{}, err
	}
	cfg := s.Config()
	cfg.Implementation, cfg.Threads = impl, 1
	buffers := int64(threads)
	if mode == "shared" {
		cfg.Threads, buffers = threads, 1
	}
	if mode == "shared" && b.Threads.Pool != nil {
		pool, err := b.Threads.Pool(threads)
		if err != nil {
			return Fill{}, err
		}
		defer pool.Close()
		cfg.Nodes, cfg.Threads = pool, 0
	}
	g, err := gen.New(cfg)
	if err != nil {
		return Fill{}, err
	}
	defer g.Close()
	memory, free, err := b.buffers(int(size*buffers), threads)
	if err != nil {
		return Fill{}, err
	}
	defer free()
	generate := func(i int) { g.ReadAt(memory[int64(i)*size:int64(i+1)*size], int64(i)*size) }
	// A shared buffer is filled by one caller, and stored to in equal parts.
	parts := make([][]byte, threads)
	for i := range parts {
		parts[i] = part(memory, i, threads)
	}
	storing := func(s store) float64 { return b.time(threads, func(i int) { s.fill(parts[i]) }) }
	best := b.bestStore(threads, size*buffers, storing)
	row := Fill{Implementation: impl.String(), Spec: shape, Mode: mode, Threads: threads, Size: size, Store: best.name}
	total := float64(size * buffers)
	var rates, stored, ratios []float64
	for range rounds {
		fill, store := total/b.time(int(buffers), generate), total/storing(best)
		rates = append(rates, fill)
		stored = append(stored, store)
		ratios = append(ratios, fill/store)
	}
	row.Rate, row.Stored, row.Ratio = median(rates)/1e9, median(stored)/1e9, median(ratios)
	return row, nil
}

// bestStore returns the fastest way to store so many bytes by so many threads. It is
// found out once.
func (b *bench) bestStore(threads int, size int64, timed func(store) float64) store {
	at := storeCase{threads, size}
	best, ok := b.best[at]
	if !ok {
		best = fastest(timed)
		b.best[at] = best
	}
	return best
}

// buffers returns memory that is really there: each thread's part of it, if the
// placement is on, on that thread's node.
func (b *bench) buffers(size, threads int) (memory []byte, free func(), err error) {
	if b.Threads.Node == nil {
		if b.memory == nil {
			b.memory = make([]byte, maxMemory)
			touch(b.memory)
		}
		return b.memory[:size], func() {}, nil
	}
	if memory, free, err = mapMemory(size); err != nil {
		return nil, nil, err
	}
	// All are placed before any is touched, so that huge pages reach over the
	// parts of neighbours.
	for i, cpu := range b.cpus(threads) {
		if b.Threads.Place != nil {
			if err := b.Threads.Place(part(memory, i, threads), cpu); err != nil {
				free()
				return nil, nil, err
			}
		}
	}
	for i, cpu := range b.cpus(threads) {
		undo := b.bind(cpu)
		touch(part(memory, i, threads))
		undo()
	}
	return memory, free, nil
}

// cpus returns the CPUs of so many threads, those of a node side by side.
func (b *bench) cpus(threads int) []int {
	cpus := slices.Clone(b.Threads.CPUs[:threads])
	if b.Threads.Node != nil {
		slices.SortStableFunc(cpus, func(x, y int) int {
			return cmp.Compare(b.Threads.Node(x), b.Threads.Node(y))
		})
	}
	return cpus
}

// bind binds the calling thread to a CPU, if threads are to be bound and can be.
func (b *bench) bind(cpu int) (undo func()) {
	if b.Threads.Bind != nil {
		if undo, err := b.Threads.Bind(cpu); err == nil {
			return undo
		}
	}
	return func() {}
}

func touch(p []byte) {
	for i := range p {
		p[i] = 1
	}
}

// part returns the i-th of n parts of p, of whole pages but for the last.
func part(p []byte, i, n int) []byte {
	page := os.Getpagesize()
	cut := func(i int) int { return len(p) / page * i / n * page }
	if i == n-1 {
		return p[cut(i):]
	}
	return p[cut(i):cut(i+1)]
}

// readAt measures calls at random offsets of a file of 1 TiB: multiples of the
// call's size, and so of 4 KiB from there on.
func (b *bench) readAt(impl gen.Implementation, size int64) (Read, error) {
	fmt.Fprintf(b.Progress, "\r\x1b[K%v ReadAt of %s", impl, bytesize.Format(size))
	g, err := gen.New(gen.Config{Size: 1 << 40, Implementation: impl, Threads: 1})
	if err != nil {
		return Read{}, err
	}
	defer g.Close()
	random := rand.New(rand.NewPCG(1, 2))
	p, free, err := b.buffers(int(size), 1)
	if err != nil {
		return Read{}, err
	}
	defer free()
	var rates []float64
	for range rounds {
		rates = append(rates, 1/b.time(1, func(int) { g.ReadAt(p, random.Int64N(g.Size()/size)*size) }))
	}
	calls := median(rates)
	return Read{Implementation: impl.String(), Size: size, Calls: calls, Rate: calls * float64(size) / 1e9}, nil
}

// time returns how many seconds it takes the threads to call f once each,
// thread i with i. They call it again and again for the time of a run.
func (b *bench) time(threads int, f func(i int)) float64 {
	cpus := b.cpus(threads)
	run := func(n int) time.Duration {
		start := time.Now()
		var wg sync.WaitGroup
		for i := range threads {
			wg.Go(func() {
				defer b.bind(cpus[i])()
				for range n {
					f(i)
				}
			})
		}
		wg.Wait()
		return time.Since(start)
	}
	for n := 1; ; n *= 2 {
		if took := run(n); took >= b.Time {
			return took.Seconds() / float64(n)
		}
	}
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// Print writes a table for people.
func (r *Report) Print(w io.Writer) error {
	fmt.Fprintf(w, "%d CPUs, %s, stream version %d, %s; NUMA %s\n\n", r.CPUs, r.Go, r.Version, r.Date, r.NUMA)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "fill\tthreads\tbuffer\tshape\tGB/s\tstore\tratio\t")
	for _, f := range r.Fills {
		mode := ""
		if f.Threads > 1 {
			mode = " " + f.Mode
		}
		fmt.Fprintf(t, "%s\t%d%s\t%s\t%s\t%.1f\t%.1f\t%.2f\t\n", f.Implementation, f.Threads, mode, bytesize.Format(f.Size), f.Spec, f.Rate, f.Stored, f.Ratio)
	}
	fmt.Fprintln(t, "\t\t\t\t\t\t\t")
	fmt.Fprintln(t, "ReadAt\t\tbytes\t\tGB/s\tcalls/s\t\t")
	for _, c := range r.Reads {
		fmt.Fprintf(t, "%s\t\t%s\t\t%.1f\t%.0f\t\t\n", c.Implementation, bytesize.Format(c.Size), c.Rate, c.Calls)
	}
	return t.Flush()
}
