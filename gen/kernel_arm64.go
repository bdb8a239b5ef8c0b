//go:build !purego

package gen

import "golang.org/x/sys/cpu"

// built are the implementations in this program, the fastest first.
var built = []Implementation{NEON, Generic}

// supported reports whether this machine can run i, one of built.
func (i Implementation) supported() bool { return i != NEON || cpu.ARM64.HasASIMD }

// fillRows generates the first rows of each cell of dst, whole cells with the
// contents q, q+1, ... It has no stores past the caches.
func (s *stream) fillRows(dst []byte, rows int, q uint64, _ bool) {
	a, b := s.a+q*phi, s.b+q*phi
	if s.impl == NEON {
		cellsNEON(&dst[0], len(dst)/Cell, rows, a, b)
	} else {
		cellsGeneric(dst, rows, a, b)
	}
}

func (s *stream) repeat(cell []byte, n int) { repeatGeneric(cell, n) }

// fillPast reports that there are no stores past the caches.
func (s *stream) fillPast([]byte, uint64) bool { return false }

//go:noescape
func cellsNEON(dst *byte, cells, rows int, a, b uint64)
