package gen

// flatPiece is how many bytes of a cell of texture Flat have about the same random bytes
// and the same repetition, so that any kilobyte compresses like all of it.
const flatPiece = 256

// flatBytes returns how many bytes of a cell are random, for the ratio r: what codecs spend
// in addition to them is taken off. This was fitted so that lz4, zstd and gzip, on files of
// 1 KiB and more and on blocks of 4 to 128 KiB, come within 5 % of r, up to 4.
func flatBytes(r float64) int {
	if r == 1 {
		return Cell
	}
	fixed := int64(r * ratioOne) // exact but for what is cut off, unlike products of fractions
	return int(Cell*ratioOne/fixed - max(58, 110-10*fixed/ratioOne))
}

// fillFlat makes dst, whole cells of random bytes, compressible: about so many bytes of
// each cell are left.
func fillFlat(dst []byte, left int) {
	if left == Cell {
		return
	}
	const pieces = Cell / flatPiece
	for ; len(dst) > 0; dst = dst[Cell:] {
		for i := range pieces {
			n := (left + i) / pieces
			switch { // the first kilobyte also pays for what a file costs
			case i < 4:
				n -= 3
			case i < 8:
				n += 3
			}
			repeatGeneric(dst[i*flatPiece:][:flatPiece], n)
		}
	}
}
