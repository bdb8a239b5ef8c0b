//go:build !purego

package gen

import "golang.org/x/sys/cpu"

// write writes rounds of tokens until the cell is full or there may be too few literals.
func (x *textured) write(w *writer) {
	switch {
	case x.impl == Generic:
		w.writeGeneric()
	case x.lines:
		writeLinesAVX2(w)
	case !x.utf8:
		writeZerosAVX2(w)
	case w.long:
		writeLongAVX2(w)
	default:
		writeShortAVX2(w)
	}
}

// moreLiterals fills lit, whole rows, with literals, of which flat of 1024 times 8 are flat.
func (x *textured) moreLiterals(lit []byte, flat uint64, drawn *uint64) {
	switch {
	case x.impl == AVX512 && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI:
		literalsAVX512(&lit[0], len(lit)/rowSize, &x.pool, flat, drawn)
	case x.impl != Generic:
		literalsAVX2(&lit[0], len(lit)/rowSize, &x.pool, flat, drawn)
	default:
		x.pool.literalsGeneric(lit, flat, drawn)
	}
}

//go:noescape
func writeShortAVX2(w *writer)

//go:noescape
func writeLongAVX2(w *writer)

//go:noescape
func writeZerosAVX2(w *writer)

//go:noescape
func writeLinesAVX2(w *writer)

//go:noescape
func literalsAVX512(literals *byte, rows int, pool *pieces, flat uint64, drawn *uint64)

//go:noescape
func literalsAVX2(literals *byte, rows int, pool *pieces, flat uint64, drawn *uint64)
