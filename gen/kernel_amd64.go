//go:build !purego

package gen

import "golang.org/x/sys/cpu"

// built are the implementations in this program, the fastest first.
var built = []Implementation{AVX512, AVX2, Generic}

// supported reports whether this machine can run i, one of built. Package cpu
// sets these bits only if the operating system saves the registers, too (XCR0).
func (i Implementation) supported() bool {
	switch i {
	case AVX512: // DQ has the multiplication of eight words; repeatAVX2 serves it, too
		return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && AVX2.supported()
	case AVX2: // the tokens of textures take BMI2
		return cpu.X86.HasAVX2 && cpu.X86.HasBMI2
	}
	return true
}

// fillRows generates the first rows of each cell of dst, whole cells with the
// contents q, q+1, ... If nt is set, it writes past the caches, provided that the
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

// fillPast generates compressible cells past the caches and reports whether it
// could. Memory that is written like that should not be read back, so the random
// words are kept elsewhere.
func (s *stream) fillPast(dst []byte, q uint64) bool {
	if s.impl == Generic || !aligned(&dst[0]) {
		return false
	}
	var random [Cell + 2*rowSize]byte
	for ; len(dst) > 0; dst = dst[Cell:] {
		words := s.randomWords(q)
		s.fillRows(random[:Cell], (words+lanes-1)/lanes, q, false)
		q++
		// Rows are copied from any place in the first repetitions that make up
		// a row or more, so another row has to follow those.
		n := words * word
		for n < rowSize {
			n += words * word
		}
		repeatGeneric(random[:n+rowSize], words*word)
		if s.impl == AVX512 {
			repeatPastAVX512(&dst[0], &random[0], n)
		} else {
			repeatPastAVX2(&dst[0], &random[0], n)
		}
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
func repeatPastAVX512(dst, src *byte, n int)

//go:noescape
func repeatPastAVX2(dst, src *byte, n int)

func storeFence()

// aligned reports whether p is a multiple of 64, as stores past the caches need it.
//
//go:noescape
func aligned(p *byte) bool
