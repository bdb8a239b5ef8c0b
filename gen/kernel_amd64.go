//go:build !purego

package gen

import "golang.org/x/sys/cpu"

func implementations() []Implementation {
	var have []Implementation
	// DQ has the multiplication of eight words.
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ {
		have = append(have, AVX512)
	}
	if cpu.X86.HasAVX2 {
		have = append(have, AVX2)
	}
	return append(have, Generic)
}

// fillRows makes the first rows of each cell of dst, whole cells, with the
// contents q, q+1, ... If nt is set, it is written past the caches, where the
// implementation can and dst is aligned.
func (s *stream) fillRows(dst []byte, rows int, q uint64, nt bool) {
	a, b := s.a+q*phi, s.b+q*phi
	switch s.impl {
	case AVX512:
		cellsAVX512(&dst[0], len(dst)/Cell, rows, a, b, nt)
	case AVX2:
		cellsAVX2(&dst[0], len(dst)/Cell, rows, a, b, nt)
	default:
		cellsGeneric(dst, rows, a, b)
	}
}

// repeat fills a cell with repetitions of its first n bytes, a multiple of 8.
func (s *stream) repeat(cell []byte, n int) {
	if s.impl == Generic {
		repeatGeneric(cell, n)
	} else {
		repeatAVX2(&cell[0], n)
	}
}

// fillPast makes compressible cells past the caches, if it can: a cell is
// repeated from what it begins with, which must not be read back from memory,
// so it is made elsewhere first.
func (s *stream) fillPast(dst []byte, q uint64) bool {
	if s.impl == Generic || !aligned(&dst[0]) {
		return false
	}
	var cell [Cell]byte
	for ; len(dst) > 0; dst = dst[Cell:] {
		s.fillCell(cell[:], q)
		copyNonTemporal(&dst[0], &cell[0])
		q++
	}
	storeFence()
	return true
}

//go:noescape
func cellsAVX512(dst *byte, cells, rows int, a, b uint64, nt bool)

//go:noescape
func cellsAVX2(dst *byte, cells, rows int, a, b uint64, nt bool)

//go:noescape
func repeatAVX2(cell *byte, n int)

//go:noescape
func copyNonTemporal(dst, src *byte)

func storeFence()

// aligned reports whether p is a multiple of 32, as such stores need it.
//
//go:noescape
func aligned(p *byte) bool
