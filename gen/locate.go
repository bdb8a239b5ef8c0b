package gen

import (
	"math/bits"

	"github.com/dgenfs/dgenfs/gen/keyed"
)

// Sector is the length in bytes of the pieces of a cell whose first words [Generator.Marks]
// has: the smallest block of most storage.
const Sector = 512

// Marks sets dst[i] to the first eight bytes, little-endian, of a sector of cell number
// cell+i: sector number 0 to 7 of its eight. Whoever has bytes from an unknown place finds
// it by looking for theirs among the marks of all cells. That takes no table: a mark is
// computed from the cell's number, without the rest of the cell, which for sector 0 takes
// some nanoseconds, and for sector 7 some fifty.
//
// Cells behind the end are counted as if the stream went on. Cells of zeros have the mark
// 0, which so says nothing. Marks returns false, and leaves dst alone, if cells are made of
// tokens, as those of the textures text, code, log and binary are: a part of these needs
// all that is before it. So it does if pieces were inserted, as cells are shifted then.
func (g *Generator) Marks(dst []uint64, cell uint64, sector int) bool {
	s := &g.stream
	if s.textured.profile != nil || s.insertion.pieces > 0 {
		return false
	}
	for len(dst) > 0 {
		q, n := s.run(cell)
		n = min(n, uint64(len(dst)))
		if sector == 0 && s.mixture.cells == 0 {
			s.firstWords(dst[:n], q)
		} else {
			for i := range dst[:n] {
				dst[i] = s.sectorWord(q+uint64(i), sector)
			}
		}
		dst, cell = dst[n:], cell+n
	}
	return true
}

// firstWords sets dst[i] to the first word of the cell of contents q+i, of a stream without
// regions.
func (s *stream) firstWords(dst []uint64, q uint64) {
	a, b := s.a+q*phi, s.b+q*phi
	for i := range dst {
		s0 := keyed.Mix(keyed.Mix(a) + phi)
		dst[i] = bits.RotateLeft64(s0+keyed.Mix(b), 23) + s0
		a += phi
		b += phi
	}
}

// sectorWord returns the first word of a sector of the cell of contents q.
func (s *stream) sectorWord(q uint64, sector int) uint64 {
	at := sector * Sector / word
	random := s.words
	if cells := s.mixture.cells; cells > 0 {
		switch kind, _ := s.mixture.region(q/cells, s.b); kind {
		case zeroRegion:
			return 0
		case randomRegion:
			random = cellWords
		}
	}
	if random < cellWords {
		at %= s.randomWords(q)
	}
	k0, k1 := keyed.Mix(s.a+q*phi), keyed.Mix(s.b+q*phi)
	n := uint64(at%lanes+1) * phi
	l := lane{keyed.Mix(k0 + n), keyed.Mix(k1 + n), k0, k1}
	for range at / lanes {
		t := l.s1 << 17
		l.s2 ^= l.s0
		l.s3 ^= l.s1
		l.s1 ^= l.s2
		l.s0 ^= l.s3
		l.s2 ^= t
		l.s3 = bits.RotateLeft64(l.s3, 45)
	}
	return bits.RotateLeft64(l.s0+l.s3, 23) + l.s0
}
