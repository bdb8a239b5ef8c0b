// Package measure finds out how data deduplicates and compresses, in blocks of 4K
// to 1M and in chunks cut by content: that of files, or of specs, which are generated
// and not read. Its memory is bounded, whatever the size of the data.
package measure

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

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
	Against   *Result   `json:"against,omitempty"`  // what they are compared with
}

// Result is about one source, or about all together.
type Result struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"` // spec, file, or together
	Size    int64    `json:"size"` // bytes
	Sizes   []Row    `json:"sizes"`
	Codecs  []Codec  `json:"codecs"`
	Chunks  []Chunks `json:"chunks"`
	Entropy float64  `json:"entropy"` // bits a byte, of single bytes
	Zero    int64    `json:"zero"`    // bytes in blocks of 4K that are all zero
}

// Row is about blocks of one size. It has no ratios without a block.
type Row struct {
	Block     int64   `json:"block"` // bytes
	Blocks    int64   `json:"blocks"`
	Distinct  int64   `json:"distinct"`
	Estimated bool    `json:"estimated,omitempty"` // Distinct, Dedup and Both are estimates
	Dedup     float64 `json:"dedup,omitempty"`     // blocks/distinct
	Deflate   float64 `json:"deflate,omitempty"`   // bytes in/bytes out
	Both      float64 `json:"both,omitempty"`      // bytes in/bytes out of distinct blocks
	Deflated  int64   `json:"deflated,omitempty"`  // bytes that the two were measured on
}

// Chunks is about what content-defined chunking finds, with chunks of one average size.
type Chunks struct {
	Average   int64   `json:"average"` // bytes that are aimed at
	Mean      int64   `json:"mean"`    // bytes that chunks have
	Chunks    int64   `json:"chunks"`
	Distinct  int64   `json:"distinct"`
	Estimated bool    `json:"estimated,omitempty"` // Distinct and Dedup are estimates
	Dedup     float64 `json:"dedup,omitempty"`     // bytes/bytes of distinct chunks
}

// Options say how to measure.
type Options struct {
	Sample   int64     // bytes of each source and size of block that are compressed at most
	Workers  int       // how many threads hash and compress
	Against  *Source   // what the others are compared with, or nil
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

// Run measures sources, each one and all of them together, and what they are compared with.
func Run(sources []Source, m Options) (*Report, error) {
	r := &Report{Version: gen.Version}
	var all []*tallies
	if len(sources) > 1 {
		all = append(all, newTallies(most))
		r.Together = &Result{Name: "together", Kind: "together"}
	}
	for _, s := range sources {
		one, err := m.measure(s, all...)
		if err != nil {
			return nil, err
		}
		r.Arguments = append(r.Arguments, one)
		if r.Together != nil {
			r.Together.Size += s.Size
		}
	}
	if r.Together != nil {
		all[0].fill(r.Together)
	}
	if m.Against != nil {
		var err error
		if r.Against, err = m.measure(*m.Against); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// measure measures a source, and counts it in all, too.
func (m Options) measure(s Source, all ...*tallies) (*Result, error) {
	one := newTallies(most)
	if err := m.read(s, append(all[:len(all):len(all)], one)); err != nil {
		return nil, fmt.Errorf("measuring %q: %w", s.Name, err)
	}
	r := &Result{Name: s.Name, Kind: string(s.Kind), Size: s.Size}
	one.fill(r)
	return r, nil
}

// piece is what is read at once.
type piece struct {
	data  []byte
	off   int64
	users atomic.Int32 // who has to look at it yet
}

// read adds a source to tallies. Workers take the pieces as they come, while each of the
// chunkers takes all in order.
func (m Options) read(s Source, to []*tallies) (err error) {
	r, done, err := s.open()
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, done()) }()
	defer fmt.Fprint(m.Progress, "\r\x1b[K")
	workers := int(min(int64(m.Workers), s.Size/chunkSize+1))
	free, full := make(chan *piece, 2*workers), make(chan *piece, 2*workers)
	for range cap(free) {
		free <- &piece{data: make([]byte, min(chunkSize, s.Size))}
	}
	release := func(p *piece) {
		if p.users.Add(-1) == 0 {
			p.data = p.data[:cap(p.data)]
			free <- p
		}
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			w := worker{source: s, sample: m.Sample, to: to}
			for p := range full {
				w.add(p.data, p.off)
				release(p)
			}
		})
	}
	var inOrder [len(averages)]chan *piece
	for i, average := range averages {
		inOrder[i] = make(chan *piece, cap(free))
		wg.Go(func() {
			c := newChunker(average, func(d digest, n int64) {
				for _, t := range to {
					t.chunks[i].add(d, n)
				}
			})
			for p := range inOrder[i] {
				c.add(p.data)
				release(p)
			}
			c.end()
		})
	}
	defer wg.Wait()
	defer func() {
		close(full)
		for _, c := range inOrder {
			close(c)
		}
	}()
	var told time.Time
	for off := int64(0); off < s.Size; off += chunkSize {
		if time.Since(told) > 100*time.Millisecond {
			told = time.Now()
			fmt.Fprintf(m.Progress, "\r\x1b[K%s: %d %%", s.Name, int(100*float64(off)/float64(s.Size)))
		}
		p := <-free
		p.data, p.off = p.data[:min(int64(len(p.data)), s.Size-off)], off
		if _, err := io.ReadFull(r, p.data); err != nil {
			return err
		}
		p.users.Store(int32(1 + len(inOrder)))
		full <- p
		for _, c := range inOrder {
			c <- p
		}
	}
	return nil
}
