package gen

import "encoding/binary"

// writer writes the tokens of a cell. Kernels know where its fields are.
type writer struct {
	out      *[Cell + slack]byte
	literals *[literalRoom]byte
	table    *[entries]token
	pool     *pieces
	clock    *clock // nil: no times
	keys     [8]uint32
	drawn    uint64 // counter of random numbers
	end      int    // of the piece before, in the pool
	pos      int    // in out
	used     int    // literals
	have     int
	begins   bool // the next token begins a line
	long     bool // many pieces are longer than a chunk
}

// writeGeneric writes rounds of four tokens until the cell is full or there may not be
// enough literals for another round. It is the reference for the other implementations.
func (w *writer) writeGeneric() {
	out, literals, pool, table, clock, keys := w.out, w.literals, w.pool, w.table, w.clock, w.keys
	pos, used, end, begins, drawn := w.pos, w.used, w.end, w.begins, w.drawn
	last := w.have - 4*maxLiterals
	for pos < Cell && used <= last {
		var r uint64
		for i := range 4 {
			if i&1 == 0 {
				r = draw(&drawn)
			}
			chosen := uint32(r)
			r >>= 32
			e := &table[chosen%entries]
			copyChunk((*[chunk]byte)(out[pos:]), (*[chunk]byte)(literals[used:]))
			n := int(e.literals)
			if begins {
				n = 0
			}
			used += n
			pos += n

			h := (uint32(uint64(chosen)>>(e.shift&63))+e.base)*placeMul + keys[e.kind&7]
			h ^= h >> 15
			h *= placeMul2
			from := int(h >> (32 - poolBits))
			if e.kind == goneOnToken {
				from = (end + n) & (poolSize - 1)
			}
			if begins && e.kind != zeroToken {
				from = (from + int(pool.line[from])) & (poolSize - 1)
				begins = false
			}
			before := end
			next := h * 5
			if e.kind == zeroToken {
				from = zerosAt
				next = keys[nextToken]
			}
			from += int(pool.atom[from])
			end = from + int(e.length)
			end += int(pool.atom[end])
			n = end - from
			if e.kind == zeroToken {
				end = before
			}
			keys[nextToken] = next
			if clock != nil {
				n = min(n, int(pool.line[from]))
				end = from + n
			}
			copyChunk((*[chunk]byte)(out[pos:]), (*[chunk]byte)(pool.bytes[from:]))
			for o := chunk; o < n; o += chunk {
				copyChunk((*[chunk]byte)(out[pos+o:]), (*[chunk]byte)(pool.bytes[from+o:]))
			}
			pos += n
			if clock != nil && out[pos-1] == '\n' && pos < Cell {
				copyChunk((*[chunk]byte)(out[pos:]), clock.at(pos))
				pos += timeLength
				begins = true
			}
		}
	}
	w.pos, w.used, w.end, w.begins, w.drawn, w.keys = pos, used, end, begins, drawn, keys
}

// copyChunk copies without a call, which an assignment of arrays would be.
func copyChunk(to, from *[chunk]byte) {
	binary.NativeEndian.PutUint64(to[0:8], binary.NativeEndian.Uint64(from[0:8]))
	binary.NativeEndian.PutUint64(to[8:16], binary.NativeEndian.Uint64(from[8:16]))
	binary.NativeEndian.PutUint64(to[16:24], binary.NativeEndian.Uint64(from[16:24]))
	binary.NativeEndian.PutUint64(to[24:32], binary.NativeEndian.Uint64(from[24:32]))
}

// literalsGeneric fills p, a multiple of 8, with literals, of which flat of 1024 times 8
// are flat. It is the reference for the other implementations.
func (p *pieces) literalsGeneric(lit []byte, flat uint64, drawn *uint64) {
	s := *drawn
	for ; len(lit) >= word; lit = lit[word:] {
		r := draw(&s)
		// Which table cannot be foreseen: a branch would often be mispredicted.
		t := (*[256]byte)(p.literals[(r*flatMul>>54-flat)>>63<<8:])
		lit[0], lit[1], lit[2], lit[3] = t[byte(r)], t[byte(r>>8)], t[byte(r>>16)], t[byte(r>>24)]
		lit[4], lit[5], lit[6], lit[7] = t[byte(r>>32)], t[byte(r>>40)], t[byte(r>>48)], t[byte(r>>56)]
	}
	*drawn = s
}
