//go:build !purego

package gen

// implementations needs to ask nothing: every arm64 CPU that runs Linux has
// these instructions.
func implementations() []Implementation { return []Implementation{NEON, Generic} }

// fillCells fills dst, one or more whole cells, with the contents q, q+1, ...
// There are no stores past the caches here.
func (s *stream) fillCells(dst []byte, q uint64, _ bool) {
	if s.impl == NEON {
		cellsNEON(&dst[0], len(dst)/Cell, s, q)
	} else {
		cellsGeneric(s, dst, q)
	}
}

//go:noescape
func cellsNEON(dst *byte, cells int, s *stream, q uint64)
