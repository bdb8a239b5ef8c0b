// Package measure finds out how data deduplicates and compresses, in blocks of 4K
// to 1M: that of files, or of specs, which are generated and not read.
package measure

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/dgenfs/dgenfs/fs/bytesize"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen"
)

const (
	// chunkSize is read and handed to a worker at a time, in bytes: the
	// largest block.
	chunkSize = 1 << 20
	// pieceSize is hashed at once, in bytes: the smallest block.
	pieceSize = 4 << 10
)

var blockSizes = [...]int64{4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10, 1 << 20}

// Report is what was measured. As JSON, it is what --json prints.
type Report struct {
	Version   int       `json:"stream_version"`
	Arguments []*Result `json:"arguments"`
	Together  *Result   `json:"together,omitempty"` // of several arguments
}

// Result is about one source, or about all together.
type Result struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"` // spec, file, or together
	Size  int64  `json:"size"` // bytes
	Sizes []Row  `json:"sizes"`
}

// Row is about blocks of one size. It has no ratios without a block.
type Row struct {
	Block    int64   `json:"block"` // bytes
	Blocks   int64   `json:"blocks"`
	Distinct int64   `json:"distinct"`
	Dedup    float64 `json:"dedup,omitempty"`    // blocks/distinct
	Deflate  float64 `json:"deflate,omitempty"`  // bytes in/bytes out
	Both     float64 `json:"both,omitempty"`     // bytes in/bytes out of distinct blocks
	Deflated int64   `json:"deflated,omitempty"` // bytes that the two were measured on
}

// Options say how to measure.
type Options struct {
	Sample   int64     // bytes of each source and size of block that are deflated at most
	Workers  int       // how many threads hash and deflate
	Progress io.Writer // for a line that overwrites itself
}

// Source is what is measured: the first Size bytes of a file, or of what a spec says.
type Source struct {
	Name string
	Kind Kind
	Size int64     // bytes
	Spec spec.Spec // of a Spec: with a seed
}

// Kind is what a source is.
type Kind string

const (
	File Kind = "file"
	Spec Kind = "spec"
)

// open returns the bytes of s, and what to call after them.
func (s Source) open() (io.Reader, func() error, error) {
	if s.Kind == Spec {
		c := s.Spec.Config()
		c.Threads = 1 // one makes more than a hash or a codec takes
		r, err := s.Spec.Open(c)
		if err != nil {
			return nil, nil, err
		}
		return io.NewSectionReader(r, 0, s.Size), r.Close, nil
	}
	f, err := os.Open(s.Name)
	if err != nil {
		return nil, nil, err
	}
	return io.LimitReader(f, s.Size), f.Close, nil
}

// Run measures sources, each one and all of them together.
func Run(sources []Source, m Options) (*Report, error) {
	r := &Report{Version: gen.Version}
	var all *tallies
	together := &Result{Name: "together", Kind: "together"}
	if len(sources) > 1 {
		all, r.Together = new(tallies), together
	}
	for _, s := range sources {
		one := new(tallies)
		if err := m.read(s, one, all); err != nil {
			return nil, fmt.Errorf("measuring %q: %w", s.Name, err)
		}
		r.Arguments = append(r.Arguments, &Result{Name: s.Name, Kind: string(s.Kind), Size: s.Size, Sizes: one.rows()})
		together.Size += s.Size
	}
	if all != nil {
		together.Sizes = all.rows()
	}
	return r, nil
}

// read adds a source to one, and to all unless it is nil.
func (m Options) read(s Source, one, all *tallies) (err error) {
	r, done, err := s.open()
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, done()) }()
	defer fmt.Fprint(m.Progress, "\r\x1b[K")
	workers := int(min(int64(m.Workers), s.Size/chunkSize+1))
	type chunk struct {
		data []byte
		off  int64
	}
	free, full := make(chan []byte, 2*workers), make(chan chunk, 2*workers)
	for range cap(free) {
		free <- make([]byte, min(chunkSize, s.Size))
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			w := measurer{source: s, sample: m.Sample, one: one, all: all}
			for c := range full {
				w.add(c.data, c.off)
				free <- c.data[:cap(c.data)]
			}
		})
	}
	defer wg.Wait()
	defer close(full)
	var told time.Time
	for off := int64(0); off < s.Size; off += chunkSize {
		if time.Since(told) > 100*time.Millisecond {
			told = time.Now()
			fmt.Fprintf(m.Progress, "\r\x1b[K%s: %d %%", s.Name, int(100*float64(off)/float64(s.Size)))
		}
		p := <-free
		p = p[:min(int64(len(p)), s.Size-off)]
		if _, err := io.ReadFull(r, p); err != nil {
			return err
		}
		full <- chunk{p, off}
	}
	return nil
}

// Print writes a table for each source, and one for all of them.
func (r *Report) Print(w io.Writer) error {
	results := r.Arguments
	if r.Together != nil {
		results = append(results[:len(results):len(results)], r.Together)
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	for i, result := range results {
		if i > 0 {
			fmt.Fprintln(t)
		}
		fmt.Fprintf(t, "%s (%s)\n", result.Name, bytesize.Format(result.Size))
		fmt.Fprintln(t, "block\tblocks\tdistinct\tdedup\tdeflate\tboth\tdeflated\t")
		for _, s := range result.Sizes {
			ratios := "-\t-\t-"
			if s.Blocks > 0 {
				ratios = fmt.Sprintf("%.3f\t%.3f\t%.3f", s.Dedup, s.Deflate, s.Both)
			}
			fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t\n", bytesize.Format(s.Block), s.Blocks, s.Distinct, ratios, bytesize.Format(s.Deflated))
		}
	}
	return t.Flush()
}
