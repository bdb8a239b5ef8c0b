// Package holes says where the holes of a sparse file are: stretches that read as zeros and
// take no space.
//
// A file of N whole pieces of some length has a share of them as holes, rounded to whole
// pieces: exactly as many. What is behind the last whole piece is data, unless all of the
// file is a hole. The rarer kind, of holes and of data, has one piece in each of as many
// intervals of equal length, at a place that is drawn from the seed. So everything here
// takes some steps of arithmetic, however large the file is, and no stretch of that kind is
// longer than two pieces.
//
// What is not a hole is the file's data: [Reader] takes it from a reader that has it in one
// piece, so that ratios and units are those of the data.
package holes

import (
	"io"
	"math/bits"

	"github.com/dgenfs/dgenfs/gen/keyed"
)

// billion is a whole share.
const billion = 1_000_000_000

// Map is where the holes of a file are. It is immutable.
type Map struct {
	size   int64
	piece  int64  // bytes
	pieces uint64 // whole ones
	holes  uint64 // of them
	seed   uint64
	all    bool // of the file is one hole
}

// New returns the map of a file of a size in bytes, with a share of holes in billionths, up
// to a billion, in pieces of so many bytes, 1 or more.
func New(size, piece int64, share, seed uint64) Map {
	m := Map{size: size, piece: piece, pieces: uint64(size / piece), seed: seed, all: share >= billion}
	hi, lo := bits.Mul64(m.pieces, share)
	lo, carry := bits.Add64(lo, billion/2, 0)
	m.holes, _ = bits.Div64(hi+carry, lo, billion)
	return m
}

// Data returns how many bytes are not in holes.
func (m *Map) Data() int64 {
	if m.all {
		return 0
	}
	return m.size - int64(m.holes)*m.piece
}

// marks returns how many pieces are of the rarer kind, and whether that is holes.
func (m *Map) marks() (n uint64, areHoles bool) {
	if data := m.pieces - m.holes; data < m.holes {
		return data, false
	}
	return m.holes, true
}

// mark returns the place of mark j of n: it is in interval j of n.
func (m *Map) mark(j, n uint64) uint64 {
	begin, end := scale(j, m.pieces, n), scale(j+1, m.pieces, n)
	at, _ := bits.Mul64(keyed.Mix(m.seed+(j+1)*keyed.Phi), end-begin)
	return begin + at
}

// scale returns a*b/c, rounded down; the result is below 2^64.
func scale(a, b, c uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	q, _ := bits.Div64(hi, lo, c)
	return q
}

// interval returns which of n intervals a piece is in.
func (m *Map) interval(p, n uint64) uint64 {
	hi, lo := bits.Mul64(p+1, n)
	lo, borrow := bits.Sub64(lo, 1, 0)
	q, _ := bits.Div64(hi-borrow, lo, m.pieces)
	return q
}

// next returns the first mark from piece p on, and how many are before it; the number of
// pieces if there is none.
func (m *Map) next(p, n uint64) (at, before uint64) {
	if n == 0 {
		return m.pieces, 0
	}
	for j := m.interval(p, n); j < n; j++ {
		if at := m.mark(j, n); at >= p {
			return at, j
		}
	}
	return m.pieces, n
}

// Extent returns whether the byte at an offset, below the size, is in a hole, and where the
// hole, or the data, ends.
func (m *Map) Extent(off int64) (isHole bool, end int64) {
	p := uint64(off / m.piece)
	n, areHoles := m.marks()
	switch {
	case m.all:
		return true, m.size
	case p >= m.pieces:
		return false, m.size
	}
	at, _ := m.next(p, n)
	isHole = areHoles
	if at == p {
		for at == p { // twice at most
			p++
			if p == m.pieces {
				break
			}
			at, _ = m.next(p, n)
		}
	} else {
		isHole, p = !areHoles, at
	}
	if p == m.pieces && !isHole {
		return false, m.size
	}
	return isHole, int64(p) * m.piece
}

// Before returns how many bytes of data are before an offset, from 0 to the size.
func (m *Map) Before(off int64) int64 {
	if m.all {
		return 0
	}
	p, within := uint64(off/m.piece), off%m.piece
	if p >= m.pieces {
		return off - int64(m.holes)*m.piece
	}
	n, areHoles := m.marks()
	at, marks := m.next(p, n)
	pieces, isHole := marks, (at == p) == areHoles // of data
	if areHoles {
		pieces = p - marks
	}
	if isHole {
		within = 0
	}
	return int64(pieces)*m.piece + within
}

// NextData returns the first offset from off on that is not in a hole; false if there is
// none.
func (m *Map) NextData(off int64) (int64, bool) {
	if off >= m.size {
		return 0, false
	}
	if isHole, end := m.Extent(off); isHole {
		return end, end < m.size
	}
	return off, true
}

// NextHole returns the first offset from off on that is in a hole, or the size: there is a
// hole behind every file. It returns false for offsets from the size on.
func (m *Map) NextHole(off int64) (int64, bool) {
	if off >= m.size {
		return 0, false
	}
	if isHole, end := m.Extent(off); !isHole {
		return end, true
	}
	return off, true
}

// Source has the data of a file.
type Source interface {
	io.ReaderAt
	Close() error
}

// Reader reads a file with holes. It is safe for concurrent use as far as its source is.
type Reader struct {
	Map
	Source Source
}

// Size returns the size of the file in bytes.
func (r *Reader) Size() int64 { return r.size }

// Close closes the source.
func (r *Reader) Close() error { return r.Source.Close() }

// ReadAt implements io.ReaderAt.
func (r *Reader) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		at := off + int64(n)
		if at >= r.size {
			return n, io.EOF
		}
		isHole, end := r.Extent(at)
		piece := p[n:][:min(int64(len(p)-n), end-at)]
		if isHole {
			clear(piece)
		} else if got, err := r.Source.ReadAt(piece, r.Before(at)); got < len(piece) {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return n + got, err
		}
		n += len(piece)
	}
	return n, nil
}
