//go:build !purego

package gen

// runs reports whether this program has i and this CPU can run it. It needs to
// ask nothing: every arm64 CPU that runs Linux has the instructions of NEON.
func (i Implementation) runs() bool { return i == NEON || i == Generic }

// fillRows makes the first rows of each cell of dst, whole cells, with the
// contents q, q+1, ... There are no stores past the caches here.
func (s *stream) fillRows(dst []byte, rows int, q uint64, _ bool) {
	a, b := s.a+q*phi, s.b+q*phi
	if s.impl == NEON {
		cellsNEON(&dst[0], len(dst)/Cell, rows, a, b)
	} else {
		cellsGeneric(dst, rows, a, b)
	}
}

func (s *stream) repeat(cell []byte, n int) { repeatGeneric(cell, n) }

// fillPast makes compressible cells past the caches, if it can.
func (s *stream) fillPast([]byte, uint64) bool { return false }

//go:noescape
func cellsNEON(dst *byte, cells, rows int, a, b uint64)
