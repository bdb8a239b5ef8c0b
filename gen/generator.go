package gen

import (
	"errors"
	"fmt"
	"io"
	"math"
	"sync/atomic"
)

// ErrClosed is returned by reads from a [Generator] that has been closed.
var ErrClosed = errors.New("gen: generator is closed")

// Generator generates one stream. All of its methods may be called concurrently.
type Generator struct {
	stream stream
	size   int64
	nt     int    // length of a fill from which on it goes past the caches
	share  int    // length of a fill from which on others help
	others filler // nil if there are none
	pool   *pool  // its own workers, or nil
	closed atomic.Bool
}

// filler fills large buffers with the help of threads other than the caller's.
type filler interface {
	// fill generates dst, the bytes of s from offset off on, past the caches
	// if nt is set.
	fill(s *stream, dst []byte, off uint64, nt bool)
}

// New checks cfg and returns a generator for it. Errors name the field of cfg that is
// wrong, its value, and what is valid. Unless cfg has Nodes, New starts Threads-1
// goroutines, which serve large fills until Close.
func New(cfg Config) (*Generator, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("gen: %w", err)
	}
	g := &Generator{stream: newStream(cfg), size: cfg.Size, nt: int(min(cfg.NonTemporal, math.MaxInt))}
	g.share = g.stream.share
	switch {
	case cfg.Nodes != nil:
		g.others = cfg.Nodes
	case cfg.Threads > 1:
		g.pool = newPool(cfg.Threads - 1)
		g.others = g.pool
	}
	return g, nil
}

// maxBuffer is more bytes than any machine has memory for.
const maxBuffer = 1 << 46

// Generate returns a new buffer of cfg.Size bytes with everything that cfg describes.
// Errors are those of [New]; a Size above 2^46 is one, too. As with make, memory that
// the system does not have is no error, but the end of the program.
func Generate(cfg Config) ([]byte, error) {
	if cfg.Size > min(maxBuffer, math.MaxInt) {
		return nil, fmt.Errorf("gen: size %d: too large for a buffer", cfg.Size)
	}
	g, err := New(cfg)
	if err != nil {
		return nil, err
	}
	defer g.Close()
	p := make([]byte, g.size)
	_, err = g.ReadAt(p, 0)
	return p, err
}

// Size returns the length of the stream in bytes, that of the Config.
func (g *Generator) Size() int64 { return g.size }

// Close ends the generator's workers, but not its Nodes. Reads under way are completed;
// later ones return [ErrClosed]. Close may be called more than once and always returns
// nil.
func (g *Generator) Close() error {
	if !g.closed.Swap(true) && g.pool != nil {
		close(g.pool.done)
	}
	return nil
}

// ReadAt implements [io.ReaderAt]: it fills p with the bytes from offset off on. It
// returns len(p) and nil, or, if the stream ends within p, the number of bytes up to
// there and io.EOF. A negative offset is an error. It writes to nothing but p[:n], and
// allocates nothing in a steady state.
//
// A read of 8 MiB or more, or of 256 KiB with a texture other than Random and Flat, is
// shared with idle workers, or left to the threads of Nodes. A smaller one runs on the
// calling goroutine alone; it generates at most two cells, of 4 KiB each, beside those that
// it returns.
func (g *Generator) ReadAt(p []byte, off int64) (n int, err error) {
	if g.closed.Load() {
		return 0, ErrClosed
	}
	if off < 0 {
		return 0, fmt.Errorf("gen: offset %d: must not be negative", off)
	}
	if rest := max(g.size-off, 0); int64(len(p)) > rest {
		p, err = p[:rest], io.EOF
	}
	if g.others != nil && len(p) >= g.share {
		g.others.fill(&g.stream, p, uint64(off), len(p) >= g.nt)
	} else {
		g.stream.fill(p, uint64(off), len(p) >= g.nt)
	}
	return len(p), err
}

// maxRun is how many cells a kernel generates in one call, during which its thread
// cannot be stopped for the garbage collector: about 10 microseconds.
const maxRun = 64

// fill generates p, the bytes from offset off on, on the calling goroutine,
// past the caches if nt is set.
func (s *stream) fill(p []byte, off uint64, nt bool) {
	if s.insertion.pieces > 0 {
		s.fillInserted(p, off, nt)
	} else {
		s.fillFrom(p, off, nt)
	}
}

// fillFrom generates p, the bytes from offset off on of the file without insertions.
func (s *stream) fillFrom(p []byte, off uint64, nt bool) {
	for len(p) > 0 {
		cell, skip := off/Cell, int(off%Cell)
		q, n := s.run(cell)
		var done int
		if skip != 0 || len(p) < Cell {
			var whole [Cell]byte
			s.fillCells(whole[:], q, false)
			done = copy(p, whole[skip:])
		} else {
			done = int(min(n, maxRun, uint64(len(p)/Cell))) * Cell
			s.fillCells(p[:done], q, nt)
		}
		p, off = p[done:], off+uint64(done)
	}
}
