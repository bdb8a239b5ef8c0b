package gen

import (
	"encoding/binary"
	"math/bits"

	"github.com/dgenfs/dgenfs/gen/keyed"
)

// lane is the state of one xoshiro256++ generator.
type lane struct{ s0, s1, s2, s3 uint64 }

// cellsGeneric generates the first rows, 1 to 64, of each cell of dst, whole cells,
// from the keys of the first cell before they are mixed, a = A + q*phi and
// b = B + q*phi. It is the reference for the other implementations.
func cellsGeneric(dst []byte, rows int, a, b uint64) {
	for ; len(dst) >= Cell; dst = dst[Cell:] {
		k0, k1 := keyed.Mix(a), keyed.Mix(b)
		a += phi
		b += phi
		var state [lanes]lane
		for j := range state {
			n := uint64(j+1) * phi
			state[j] = lane{keyed.Mix(k0 + n), keyed.Mix(k1 + n), k0, k1}
		}
		rowsGeneric(&state, dst[:rows*rowSize])
	}
}

// rowsGeneric steps the lanes to fill dst, whole rows. It steps two lanes at a time:
// their states fit into the registers of a CPU, and one can go on while the other
// waits for a result.
func rowsGeneric(state *[lanes]lane, dst []byte) {
	for j := 0; j < lanes; j += 2 {
		a, b := state[j], state[j+1]
		for i := j * word; i+2*word <= len(dst); i += rowSize {
			row := dst[i : i+2*word]
			binary.LittleEndian.PutUint64(row, bits.RotateLeft64(a.s0+a.s3, 23)+a.s0)
			t := a.s1 << 17
			a.s2 ^= a.s0
			a.s3 ^= a.s1
			a.s1 ^= a.s2
			a.s0 ^= a.s3
			a.s2 ^= t
			a.s3 = bits.RotateLeft64(a.s3, 45)
			binary.LittleEndian.PutUint64(row[word:], bits.RotateLeft64(b.s0+b.s3, 23)+b.s0)
			t = b.s1 << 17
			b.s2 ^= b.s0
			b.s3 ^= b.s1
			b.s1 ^= b.s2
			b.s0 ^= b.s3
			b.s2 ^= t
			b.s3 = bits.RotateLeft64(b.s3, 45)
		}
		state[j], state[j+1] = a, b
	}
}
