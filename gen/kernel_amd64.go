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

// fillCells fills dst, one or more whole cells, with the contents q, q+1, ... If nt
// is set, it is written past the caches, where the CPU can and dst is aligned.
func (s *stream) fillCells(dst []byte, q uint64, nt bool) {
	switch s.impl {
	case AVX512:
		cellsAVX512(&dst[0], len(dst)/Cell, s, q, nt)
	case AVX2:
		cellsAVX2(&dst[0], len(dst)/Cell, s, q, nt)
	default:
		cellsGeneric(s, dst, q)
	}
}

//go:noescape
func cellsAVX512(dst *byte, cells int, s *stream, q uint64, nt bool)

//go:noescape
func cellsAVX2(dst *byte, cells int, s *stream, q uint64, nt bool)
