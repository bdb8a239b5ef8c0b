//go:build purego || !amd64

package gen

// write writes rounds of tokens until the cell is full or there may be too few literals.
func (x *textured) write(w *writer) {
	if x.lines {
		w.writeLinesGeneric()
	} else {
		w.writeGeneric()
	}
}

// moreLiterals fills lit, whole rows, with literals, of which flat of 1024 are flat.
func (x *textured) moreLiterals(lit []byte, flat uint64, drawn *uint64) {
	x.pool.literalsGeneric(lit, flat, drawn)
}
