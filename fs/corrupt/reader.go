package corrupt

import (
	"fmt"
	"io"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen"
)

// Reader reads a file as storage that lies gives it back. It is a spec.Reader.
type Reader struct {
	*File
	right  spec.Reader
	before spec.Reader // of the generation before; nil if it is not needed
	torn   spec.Reader // unrelated bytes; nil if they are not needed
}

// NewReader returns a reader of the file of a spec, as Of takes it, whose right bytes
// are read from r, which it closes in the end, or if there is an error.
func NewReader(s spec.Spec, r spec.Reader) (*Reader, error) {
	c := &Reader{File: Of(s), right: r}
	if err := c.open(s); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (r *Reader) open(s spec.Spec) (err error) {
	if err := s.CheckStale(); err != nil {
		return err
	}
	if s.Trouble.Corrupt.Has(spec.Stale) {
		s := s
		s.Generation--
		c := s.Config()
		c.Threads = 1
		if r.before, err = s.Open(c); err != nil {
			return fmt.Errorf("the generation before: %w", err)
		}
	}
	if s.Trouble.Corrupt.Has(spec.Torn) {
		seed := gen.DeriveSeed(s.Seed, fmt.Sprintf("torn %d", s.First))
		g, err := gen.New(gen.Config{Size: s.Size, Seed: seed, Threads: 1})
		if err != nil {
			return fmt.Errorf("what was there before a torn write: %w", err)
		}
		r.torn = g
	}
	return nil
}

// Size returns how large the file is said to be, in bytes.
func (r *Reader) Size() int64 { return r.size }

// Close closes the readers that r reads from.
func (r *Reader) Close() error {
	for _, other := range []spec.Reader{r.before, r.torn} {
		if other != nil {
			other.Close()
		}
	}
	return r.right.Close()
}

// ReadAt reads what a reader gets, as io.ReaderAt. Where reads are short, it returns
// io.EOF.
func (r *Reader) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.right.ReadAt(p, off)
	if err != nil && err != io.EOF {
		return n, err
	}
	end := off + int64(n)
	for place := range r.Places(off, int64(n)) {
		from := max(off, place.Offset)
		if place.Kind == spec.Short {
			return int(from - off), io.EOF
		}
		if err := r.damage(p[from-off:min(end, place.Offset+place.Length)-off], from, place); err != nil {
			return 0, err
		}
	}
	return n, err
}

// damage does to p, the bytes at an offset, what is done to them at a place.
func (r *Reader) damage(p []byte, off int64, place Place) (err error) {
	switch place.Kind {
	case spec.FlippedBit:
		p[0] ^= 1 << place.Bit
	case spec.Zeroed:
		clear(p)
	case spec.Stale:
		_, err = r.before.ReadAt(p, off)
	case spec.Swapped:
		_, err = r.right.ReadAt(p, place.From+off-place.Offset)
	case spec.Torn:
		_, err = r.torn.ReadAt(p, off)
	}
	if err == io.EOF { // a generation has the size of the one before
		err = nil
	}
	return err
}
