//go:build purego || (!amd64 && !arm64)

package gen

// runs reports whether this program has i and this CPU can run it.
func (i Implementation) runs() bool { return i == Generic }

// fillRows makes the first rows of each cell of dst, whole cells, with the
// contents q, q+1, ...
func (s *stream) fillRows(dst []byte, rows int, q uint64, _ bool) {
	cellsGeneric(dst, rows, s.a+q*phi, s.b+q*phi)
}

func (s *stream) repeat(cell []byte, n int) { repeatGeneric(cell, n) }

// fillPast makes compressible cells past the caches, if it can.
func (s *stream) fillPast([]byte, uint64) bool { return false }
