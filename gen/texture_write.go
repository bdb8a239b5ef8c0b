package gen

import "encoding/binary"

// writer writes the tokens of a cell. Kernels know where its fields are.
type writer struct {
	out      *[Cell + slack]byte
	literals *[literalRoom]byte
	table    *dialTable
	pool     *pieces
	clock    *clock // nil: no lines
	keys     [round]uint32
	drawn    uint32 // the last of the numbers that choose pieces
	step     uint32 // between them, odd
	before   uint32 // what chose the piece before, see choose
	next     int    // token of the table, the first of a round
	end      int    // of the piece before, in the pool
	pos      int    // in out
	used     int    // literals
	have     int
}

const (
	// What makes places in the pool of small numbers, and of keys.
	placeMul  = 0x9e3779b1
	placeMul2 = 0x85ebca6b

	// A linear congruential generator of 32 bits, whose upper bits are used (Steele and
	// Vigna, Computationally easy, spectrally good multipliers, 2021).
	drawMul    = 0x915f77f5
	drawnShift = 18
)

// Which kinds of tokens choose a piece, and which of those depend on the piece before.
var (
	choosing = [round]uint32{globalToken: ^uint32(0), groupToken: ^uint32(0), cellToken: ^uint32(0), nextToken: ^uint32(0)}
	chained  = [round]uint32{nextToken: ^uint32(0)}
)

// choice is a token that has been made: where its piece begins, or is looked for, and above
// that 32 bits of its shape.
type choice uint64

func (c choice) place() int    { return int(uint32(c)) }
func (c choice) literals() int { return int(c >> (32 + 8*literalsByte) & 255) }
func (c choice) length() int   { return int(c >> (32 + 8*lengthByte)) }
func (c choice) goesOn() bool  { return c>>(32+8*kindByte)&255 == goneOnToken }

// choose makes the tokens of a round.
func (w *writer) choose(choices *[round]choice) {
	at := w.next
	class := (*[round]uint32)(w.table.class[at : at+round])
	shape := (*[round]uint32)(w.table.shape[at : at+round])
	drawn, before, step := w.drawn, w.before, w.step
	for i := range choices {
		s := shape[i]
		kind := s >> (8 * kindByte) % round
		drawn = drawn*drawMul + step
		number := class[i]&0xffff + class[i]>>16&(drawn>>drawnShift)
		h := number*placeMul ^ w.keys[kind]
		place := (h ^ before>>7&chained[kind]) * placeMul2 >> (32 - poolBits) & choosing[kind]
		choices[i] = choice(s)<<32 | choice(place)
		before = h
	}
	w.drawn, w.before, w.next = drawn, before, (at+round)&(entries-1)
}

// writeGeneric writes rounds of tokens until the cell is full or there may not be enough
// literals for another round. It is the reference for the other implementations.
func (w *writer) writeGeneric() {
	var choices [round]choice
	out, lit, pool := w.out, w.literals, w.pool
	pos, used, end := w.pos, w.used, w.end
	for last := w.have - round*maxLiterals; pos < Cell && used <= last; {
		w.choose(&choices)
		for i, c := range choices {
			if i == half && pos >= Cell {
				break
			}
			n := c.literals()
			copyHalf((*[chunk / 2]byte)(out[pos:pos+chunk/2]), (*[chunk / 2]byte)(lit[used:used+chunk/2]))
			if n > chunk/2 {
				copyChunk((*[chunk]byte)(out[pos:pos+chunk]), (*[chunk]byte)(lit[used:used+chunk]))
			}
			used += n
			pos += n
			from := c.place()
			if c.goesOn() {
				from = (end + n) & (poolSize - 1)
			}
			from += int(pool.atom[from])
			end = from + c.length()
			end += int(pool.atom[end])
			copyChunk((*[chunk]byte)(out[pos:pos+chunk]), (*[chunk]byte)(pool.bytes[from:from+chunk]))
			n = end - from
			if n > chunk {
				copyMore(out, pos, pool, from, n)
			}
			pos += n
		}
	}
	w.pos, w.used, w.end = pos, used, end
}

// writeLinesGeneric is writeGeneric for lines with times: the first half of a round is one,
// and the second half another. Behind its time and literals, a line begins as one of the pool
// does, and it ends with the last bytes of one.
func (w *writer) writeLinesGeneric() {
	var choices [round]choice
	out, lit, pool := w.out, w.literals, w.pool
	pos, used, end := w.pos, w.used, w.end
	for last := w.have - round*maxLiterals; pos < Cell && used <= last; {
		w.choose(&choices)
		for i, c := range choices {
			if i%half == 0 {
				if pos >= Cell {
					break
				}
				copyChunk((*[chunk]byte)(out[pos:pos+chunk]), w.clock.at(pos))
				pos += timeLength
			}
			n := c.literals()
			copyHalf((*[chunk / 2]byte)(out[pos:pos+chunk/2]), (*[chunk / 2]byte)(lit[used:used+chunk/2]))
			if n > chunk/2 {
				copyChunk((*[chunk]byte)(out[pos:pos+chunk]), (*[chunk]byte)(lit[used:used+chunk]))
			}
			used += n
			pos += n
			from := c.place()
			if c.goesOn() {
				from = (end + n) & (poolSize - 1)
			}
			if i%half == 0 {
				from = (from + int(pool.line[from])) & (poolSize - 1)
			}
			from += int(pool.atom[from])
			rest := from + int(pool.line[from])
			if i%half == half-1 {
				from = max(from, rest-c.length())
				end = rest
			} else {
				end = from + c.length()
				end = min(end+int(pool.atom[end]), rest-1)
			}
			copyChunk((*[chunk]byte)(out[pos:pos+chunk]), (*[chunk]byte)(pool.bytes[from:from+chunk]))
			n = end - from
			if n > chunk {
				copyMore(out, pos, pool, from, n)
			}
			pos += n
		}
	}
	w.pos, w.used, w.end = pos, used, end
}

// copyMore copies what is left of n bytes behind the first chunk.
func copyMore(out *[Cell + slack]byte, pos int, pool *pieces, from, n int) {
	for o := chunk; o < n; o += chunk {
		copyChunk((*[chunk]byte)(out[pos+o:pos+o+chunk]), (*[chunk]byte)(pool.bytes[from+o:from+o+chunk]))
	}
}

// copyChunk copies without a call, which an assignment of arrays would be.
func copyChunk(to, from *[chunk]byte) {
	binary.NativeEndian.PutUint64(to[0:8], binary.NativeEndian.Uint64(from[0:8]))
	binary.NativeEndian.PutUint64(to[8:16], binary.NativeEndian.Uint64(from[8:16]))
	binary.NativeEndian.PutUint64(to[16:24], binary.NativeEndian.Uint64(from[16:24]))
	binary.NativeEndian.PutUint64(to[24:32], binary.NativeEndian.Uint64(from[24:32]))
}

// literalsGeneric fills lit, whole rows, with literals, of which flat of 1024 rows are flat.
// It is the reference for the other implementations.
func (p *pieces) literalsGeneric(lit []byte, flat uint64, drawn *uint64) {
	s := *drawn
	for ; len(lit) >= rowSize; lit = lit[rowSize:] {
		r := draw(&s)
		kind := &p.literals[(r>>54-flat)>>63]
		row := (*[rowSize]byte)(lit)
		one := (*[rowSize]byte)(kind[r%literalSpan:])
		other := (*[rowSize]byte)(kind[r>>17%literalSpan:])
		mask := (*[rowSize]byte)(p.masks[r>>34%maskSpan:])
		for i := 0; i < rowSize; i += word {
			a := binary.NativeEndian.Uint64(one[i:])
			b := binary.NativeEndian.Uint64(other[i:])
			m := binary.NativeEndian.Uint64(mask[i:])
			binary.NativeEndian.PutUint64(row[i:], a^(a^b)&m)
		}
	}
	*drawn = s
}

func copyHalf(to, from *[chunk / 2]byte) {
	binary.NativeEndian.PutUint64(to[0:8], binary.NativeEndian.Uint64(from[0:8]))
	binary.NativeEndian.PutUint64(to[8:16], binary.NativeEndian.Uint64(from[8:16]))
}
