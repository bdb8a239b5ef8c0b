package gen

import (
	"encoding/binary"
	"math/bits"
)

// lane is the state of one xoshiro256++ generator.
type lane struct{ s0, s1, s2, s3 uint64 }

// cellsGeneric fills dst, whole cells, with the contents q, q+1, ... It is the
// reference for every other implementation.
func cellsGeneric(s *stream, dst []byte, q uint64) {
	for ; len(dst) >= Cell; dst = dst[Cell:] {
		k0, k1 := s.keys(q)
		q++
		var state [lanes]lane
		for j := range state {
			n := uint64(j+1) * phi
			state[j] = lane{mix(k0 + n), mix(k1 + n), k0, k1}
		}
		size := Cell / s.pieces
		for i, words := range s.layout(k1).words[:s.pieces] {
			piece := dst[i*size : (i+1)*size]
			random := words * word
			rowsGeneric(&state, piece[:(random+rowSize-1)&^(rowSize-1)])
			last := binary.LittleEndian.Uint64(piece[random-word:])
			for rest := piece[random:]; len(rest) >= word; rest = rest[word:] {
				binary.LittleEndian.PutUint64(rest, last)
			}
		}
	}
}

// rowsGeneric steps the lanes to fill dst, whole rows. It takes two lanes at a
// time: their states fit into the registers of a CPU, and each has work to do
// while the other waits for its last result.
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
