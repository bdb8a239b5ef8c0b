//go:build !purego

package gen

// write writes rounds of tokens until the cell is full or there may be too few literals.
func (x *textured) write(w *writer) {
	switch {
	case x.impl == Generic && x.lines:
		w.writeLinesGeneric()
	case x.impl == Generic:
		w.writeGeneric()
	case x.lines:
		writeLinesAVX2(w)
	default:
		writeAVX2(w)
	}
}

// moreLiterals fills lit, whole rows, with literals, of which flat of 1024 are flat.
func (x *textured) moreLiterals(lit []byte, flat uint64, drawn *uint64) {
	if x.impl == Generic {
		x.pool.literalsGeneric(lit, flat, drawn)
	} else {
		literalsAVX2(&lit[0], len(lit)/rowSize, &x.pool, flat, drawn)
	}
}

//go:noescape
func writeAVX2(w *writer)

//go:noescape
func writeLinesAVX2(w *writer)

//go:noescape
func literalsAVX2(literals *byte, rows int, pool *pieces, flat uint64, drawn *uint64)
