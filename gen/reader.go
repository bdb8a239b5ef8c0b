package gen

import (
	"fmt"
	"io"
)

// streamBuffer is how many bytes WriteTo generates at a time: few enough to stay in
// the level 2 cache of a core (1 to 2 MiB) until the writer has read them.
const streamBuffer = 1 << 20

// Reader reads the stream of a [Generator] in order. One Reader must not be used
// concurrently, but any number of them may. It needs no closing.
type Reader struct {
	g   *Generator
	off int64
}

var (
	_ io.ReadSeeker = (*Reader)(nil)
	_ io.WriterTo   = (*Reader)(nil)
)

// NewReader returns a reader at the start of the stream.
func (g *Generator) NewReader() *Reader { return &Reader{g: g} }

// Read implements [io.Reader]. It fills all of p unless the end comes before; at the
// end it returns 0 and io.EOF. After [Generator.Close] it returns [ErrClosed].
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.g.ReadAt(p, r.off)
	r.off += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// Seek implements [io.Seeker]. A position beyond the end is allowed; Read returns
// io.EOF there. After an error the position is what it was.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += r.off
	case io.SeekEnd:
		offset += r.g.size
	default:
		return r.off, fmt.Errorf("gen: seek: whence %d: must be io.SeekStart, io.SeekCurrent or io.SeekEnd", whence)
	}
	if offset < 0 {
		return r.off, fmt.Errorf("gen: seek: position %d: must not be negative", offset)
	}
	r.off = offset
	return offset, nil
}

// WriteTo implements [io.WriterTo]. It writes everything from the position to the
// end, 1 MiB a call, and returns how many bytes were written. The position moves by
// as much, also if w fails.
func (r *Reader) WriteTo(w io.Writer) (written int64, err error) {
	p := make([]byte, min(streamBuffer, max(r.g.size-r.off, 0)))
	for {
		n, err := r.g.ReadAt(p, r.off)
		if n > 0 {
			m, werr := w.Write(p[:n])
			if m < 0 || m > n {
				return written, fmt.Errorf("gen: invalid count from Write: %d of %d bytes", m, n)
			}
			r.off += int64(m)
			written += int64(m)
			if werr == nil && m < n {
				werr = io.ErrShortWrite
			}
			if werr != nil {
				return written, werr
			}
		}
		switch {
		case err == io.EOF:
			return written, nil
		case err != nil:
			return written, err
		case len(p) == 0: // ReadAt has no reason to report the end
			return written, nil
		}
	}
}
