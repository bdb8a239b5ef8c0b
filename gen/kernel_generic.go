//go:build purego || (!amd64 && !arm64)

package gen

func implementations() []Implementation { return []Implementation{Generic} }

// fillCells fills dst, one or more whole cells, with the contents q, q+1, ...
func (s *stream) fillCells(dst []byte, q uint64, _ bool) { cellsGeneric(s, dst, q) }
