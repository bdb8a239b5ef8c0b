package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"runtime"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen"
)

const measureSynopsis = `dgenfs measure [flags] SPEC|FILE...

Reads every argument through, and all of them as one store would, and tells for
blocks of 4K to 1M how many there are, how many of them are distinct, and by how
much they shrink: by deduplication, by deflate (level 6, every block alone, none
stored larger than it is), and by both. A path that exists is a FILE; anything
else must be a SPEC, whose bytes are those of dgenfs cat, made without a mount.

Blocks count from the beginning of each argument; the rest at its end that fills
no block is left out. Counts are exact. Of each argument and size of block, at
most --sample is deflated, spread evenly, and one block at least: the column
"deflated" says how much.

Memory: some 50 bytes for each distinct block of each size, 26G for 1T of
distinct data, and twice that with several arguments.
`

const (
	// measureChunk is read and handed to a worker at a time, in bytes: the
	// largest block.
	measureChunk = 1 << 20
	// measurePiece is hashed at once, in bytes: the smallest block.
	measurePiece = 4 << 10
)

var measureBlocks = [...]int64{4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10, 1 << 20}

// measureReport is what --json prints.
type measureReport struct {
	Version   int              `json:"stream_version"`
	Arguments []*measureResult `json:"arguments"`
	Together  *measureResult   `json:"together,omitempty"` // of several arguments
}

type measureResult struct {
	Name  string       `json:"name"`
	Kind  string       `json:"kind"` // spec, file, or together
	Size  int64        `json:"size"` // bytes
	Sizes []measureRow `json:"sizes"`
}

// measureRow is about blocks of one size. It has no ratios without a block.
type measureRow struct {
	Block    int64   `json:"block"` // bytes
	Blocks   int64   `json:"blocks"`
	Distinct int64   `json:"distinct"`
	Dedup    float64 `json:"dedup,omitempty"`    // blocks/distinct
	Deflate  float64 `json:"deflate,omitempty"`  // bytes in/bytes out
	Both     float64 `json:"both,omitempty"`     // bytes in/bytes out of distinct blocks
	Deflated int64   `json:"deflated,omitempty"` // bytes that the two were measured on
}

func measureCommand(args []string, stdout, stderr io.Writer) error {
	f := newFlags("measure", measureSynopsis, stdout)
	var length, seed, sample string
	f.StringVar(&seed, "seed", "0", "`SEED` of the mount, for each SPEC that has none")
	f.StringVar(&length, "length", "", "read this `SIZE` of each argument (default: all)")
	f.StringVar(&sample, "sample", "64M", "deflate at most this `SIZE`")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() == 0 {
		return usagef("measure takes a SPEC or FILE, or several; see dgenfs measure --help")
	}
	common, err := spec.ParseSeed(seed)
	if err != nil {
		return usagef("--seed: %w", err)
	}
	end := int64(-1)
	if f.Changed("length") {
		if end, err = spec.ParseSize(length); err != nil {
			return usagef("--length: %w", err)
		}
	}
	m := measure{workers: runtime.GOMAXPROCS(0), progress: progressTo(stderr)}
	if m.sample, err = spec.ParseSize(sample); err != nil {
		return usagef("--sample: %w", err)
	}
	var sources []measureSource
	for _, arg := range f.Args() {
		s, err := newMeasureSource(arg, common)
		if err != nil {
			return err
		}
		if end > s.size {
			return usagef("--length %s: %q has only %s", length, arg, spec.FormatSize(s.size))
		}
		if end >= 0 {
			s.size = end
		}
		sources = append(sources, s)
	}
	report, err := m.run(sources)
	if err != nil {
		return err
	}
	return printReport(stdout, report, *asJSON)
}

// measureSource is an argument that was checked.
type measureSource struct {
	name, kind string
	size       int64
	config     gen.Config // of a SPEC
}

func newMeasureSource(arg string, seed uint64) (measureSource, error) {
	info, missing := os.Stat(arg)
	if missing == nil && !info.Mode().IsRegular() {
		return measureSource{}, usagef("%q: must be a SPEC or a regular file", arg)
	}
	if missing == nil {
		return measureSource{name: arg, kind: "file", size: info.Size()}, nil
	}
	s, err := spec.Parse(arg)
	if err != nil && !errors.Is(missing, iofs.ErrNotExist) {
		err = errors.Unwrap(missing)
	}
	if err != nil {
		return measureSource{}, usagef("%q is no file, and no spec: %w", arg, err)
	}
	if err := checkNoTrouble(s); err != nil {
		return measureSource{}, usagef("spec %q: %w", arg, err)
	}
	if !s.HasSeed {
		s.Seed = gen.DeriveSeed(seed, spec.SeedName(arg))
	}
	c := s.Config()
	c.Threads = 1 // the other threads hash
	return measureSource{arg, "spec", s.Size, c}, nil
}

// open returns the bytes of s, and what to call after them.
func (s measureSource) open() (io.Reader, func() error, error) {
	if s.kind == "spec" {
		g, err := gen.New(s.config)
		if err != nil {
			return nil, nil, err
		}
		return io.NewSectionReader(g, 0, s.size), g.Close, nil
	}
	f, err := os.Open(s.name)
	if err != nil {
		return nil, nil, err
	}
	return io.LimitReader(f, s.size), f.Close, nil
}

type measure struct {
	sample   int64 // bytes to deflate of each argument and size of block
	workers  int
	progress io.Writer
}

func (m *measure) run(sources []measureSource) (*measureReport, error) {
	r := &measureReport{Version: gen.Version}
	var all *tallies
	together := &measureResult{Name: "together", Kind: "together"}
	if len(sources) > 1 {
		all, r.Together = new(tallies), together
	}
	for _, s := range sources {
		one := new(tallies)
		if err := m.read(s, one, all); err != nil {
			return nil, fmt.Errorf("measuring %q: %w", s.name, err)
		}
		r.Arguments = append(r.Arguments, &measureResult{Name: s.name, Kind: s.kind, Size: s.size, Sizes: one.rows()})
		together.Size += s.size
	}
	if all != nil {
		together.Sizes = all.rows()
	}
	return r, nil
}

// read adds a source to one, and to all unless it is nil.
func (m *measure) read(s measureSource, one, all *tallies) (err error) {
	r, done, err := s.open()
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, done()) }()
	defer fmt.Fprint(m.progress, "\r\x1b[K")
	workers := int(min(int64(m.workers), s.size/measureChunk+1))
	type chunk struct {
		data []byte
		off  int64
	}
	free, full := make(chan []byte, 2*workers), make(chan chunk, 2*workers)
	for range cap(free) {
		free <- make([]byte, min(measureChunk, s.size))
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			w := measurer{source: s, sample: m.sample, one: one, all: all}
			for c := range full {
				w.add(c.data, c.off)
				free <- c.data[:cap(c.data)]
			}
		})
	}
	defer wg.Wait()
	defer close(full)
	var told time.Time
	for off := int64(0); off < s.size; off += measureChunk {
		if time.Since(told) > 100*time.Millisecond {
			told = time.Now()
			fmt.Fprintf(m.progress, "\r\x1b[K%s: %d %%", s.name, int(100*float64(off)/float64(s.size)))
		}
		p := <-free
		p = p[:min(int64(len(p)), s.size-off)]
		if _, err := io.ReadFull(r, p); err != nil {
			return err
		}
		full <- chunk{p, off}
	}
	return nil
}

// print writes a table for each argument, and one for all.
func (r *measureReport) print(w io.Writer) error {
	results := r.Arguments
	if r.Together != nil {
		results = append(results[:len(results):len(results)], r.Together)
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	for i, result := range results {
		if i > 0 {
			fmt.Fprintln(t)
		}
		fmt.Fprintf(t, "%s (%s)\n", result.Name, bytesText(float64(result.Size)))
		fmt.Fprintln(t, "block\tblocks\tdistinct\tdedup\tdeflate\tboth\tdeflated\t")
		for _, s := range result.Sizes {
			ratios := "-\t-\t-"
			if s.Blocks > 0 {
				ratios = fmt.Sprintf("%.3f\t%.3f\t%.3f", s.Dedup, s.Deflate, s.Both)
			}
			fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t\n", spec.FormatSize(s.Block), s.Blocks, s.Distinct, ratios, spec.FormatSize(s.Deflated))
		}
	}
	return t.Flush()
}
