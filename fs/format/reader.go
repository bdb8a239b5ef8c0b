package format

import (
	"fmt"
	"io"

	"github.com/dgenfs/dgenfs/gen"
)

// Reader reads one file. Its methods may be called concurrently, but for Close.
type Reader struct {
	size    int64
	layout  layout
	payload payload
}

// Generate returns an opener for the payload that cfg describes, but for its Size.
// Without Nodes, or Threads above 1, it starts no workers.
func Generate(cfg gen.Config) func(size int64) (io.ReaderAt, error) {
	return func(size int64) (io.ReaderAt, error) {
		cfg.Size = size
		if cfg.Threads == 0 && cfg.Nodes == nil {
			cfg.Threads = 1
		}
		return gen.New(cfg)
	}
}

// Open returns a reader of the file. open is called once, with the length of the
// payload in bytes; what it returns must read the same bytes at every call, be
// safe for concurrent use, and is closed with the reader if it is an [io.Closer].
func (f *File) Open(open func(size int64) (io.ReaderAt, error)) (*Reader, error) {
	source, err := open(f.payload)
	if err != nil {
		return nil, fmt.Errorf("payload of %s: %w", f.format.name, err)
	}
	r := &Reader{size: f.size, layout: f.layout()}
	r.payload = payload{source: source, size: f.payload}
	word := ^uint64(0)
	if f.mask != allBits {
		r.payload.mask = &f.mask
		word = f.mask[len(f.mask)-1]
	}
	switch {
	case f.neutral != nil:
		r.payload.fixer = newNeutralizer(f.neutral(), word)
	case f.image:
		r.payload.fixer = newImageNeutral()
	}
	return r, nil
}

// Size returns the length of the file in bytes.
func (r *Reader) Size() int64 { return r.size }

// ReadAt implements [io.ReaderAt]: it fills p with the bytes from offset off on, in
// place, and returns io.EOF with a count below len(p) where the file ends before p
// does. It allocates nothing in a steady state.
func (r *Reader) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("offset %d is negative", off)
	}
	if rest := max(r.size-off, 0); int64(len(p)) > rest {
		p, err = p[:rest], io.EOF
	}
	w := works.Get().(*work)
	w.payload, w.base, w.rawAt, w.small = &r.payload, 0, -1, -1
	failed := fill(r.layout, p, off, w)
	w.payload = nil
	works.Put(w)
	if failed != nil {
		return 0, failed
	}
	return len(p), err
}

// fill fills p with the bytes of l from off on.
func fill(l layout, p []byte, off int64, w *work) error {
	if f, ok := l.(filler); ok {
		return f.fill(p, off, w)
	}
	return fillPieces(l, p, off, w)
}

func fillPieces(l layout, p []byte, off int64, w *work) error {
	for len(p) > 0 {
		piece, err := l.piece(off, w)
		if err != nil {
			return err
		}
		n := int(min(int64(len(p)), piece.end-off))
		switch {
		case piece.bytes != nil:
			copy(p[:n], piece.bytes[off-piece.start:])
		case piece.payload < 0:
			clear(p[:n])
		default:
			if err := w.read(p[:n], piece.payload+off-piece.start, piece.mask); err != nil {
				return err
			}
		}
		p, off = p[n:], off+int64(n)
	}
	return nil
}

// Close closes the payload. Errors are those of its own Close.
func (r *Reader) Close() error {
	if c, ok := r.payload.source.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
