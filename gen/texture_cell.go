package gen

import (
	"encoding/binary"
	"math/bits"

	"github.com/dgenfs/dgenfs/gen/keyed"
)

const (
	chunk = 32 // bytes that are copied at a time

	// A cell is made in halves of rounds, the last of which ends within slack bytes behind
	// it.
	slack = half*(maxLiterals+maxCopy+255) + timeLength + 3*chunk

	// Literals are made some rows at a time, and are as many as a cell may have.
	moreLiterals = 10 * rowSize
	literalRoom  = Cell + round*maxLiterals + moreLiterals + rowSize

	// What turns a counter into random numbers (wyrand).
	drawStep = 0xa0761d6478bd642f
	drawKey  = 0xe7037ed1a0b428db
)

// textured is how a stream's cells are made of tokens.
type textured struct {
	*tables
	*profile
	impl Implementation
}

// scratch is what making cells takes beside the buffer.
type scratch struct {
	literals [literalRoom]byte
	cell     [Cell + slack]byte
	clock    clock
}

// fill makes dst, whole cells, of the contents q, q+1, ..., with the dial at a place, from
// the keys of the seed.
func (x *textured) fill(dst []byte, q uint64, dial int, a, b uint64) {
	var sc scratch
	for ; len(dst) > 0; dst = dst[Cell:] {
		if len(dst) >= len(sc.cell) { // the next cell is written later on
			x.cell((*[Cell + slack]byte)(dst), q, dial, a, b, &sc)
		} else {
			x.cell(&sc.cell, q, dial, a, b, &sc)
			copy(dst[:Cell], sc.cell[:])
		}
		q++
	}
}

// draw steps the counter s and returns 64 random bits.
func draw(s *uint64) uint64 {
	*s += drawStep
	hi, lo := bits.Mul64(*s, *s^drawKey)
	return hi ^ lo
}

// table returns the number of the table of contents q, of key k: of 16 groups, and of
// 16 cells, each has another of 16 levels, and a cell has that of its group or its own.
func (x *textured) table(q uint64, dial int, k, b uint64) int {
	n := q
	if int(k>>56) < x.alike {
		n = q >> x.group
		b = ^b
	}
	h := keyed.Mix(b ^ n>>4*phi)
	z := normal[(n*(h|1)+h>>32)&15]
	if z < 0 {
		z *= x.below
	} else {
		z *= x.above
	}
	d := dial + z>>8
	return min(max((d*perStop+int(k>>48&255))>>8, 0), dials-1)
}

// cell makes the cell of contents q in out, and writes beyond it.
func (x *textured) cell(out *[Cell + slack]byte, q uint64, dial int, a, b uint64, sc *scratch) {
	ofGroup := keyed.Mix(a + q>>x.group*phi)
	ofCell := keyed.Mix(b + q*phi)
	number := x.table(q, dial, ofCell, b)
	t := &x.dials[number]
	drawn, more := keyed.Mix(ofCell), t.ahead
	w := writer{
		out:      out,
		literals: &sc.literals,
		table:    t,
		pool:     &x.pool,
		keys:     [round]uint32{globalToken: uint32(a), groupToken: uint32(ofGroup), cellToken: uint32(ofCell)},
		drawn:    uint32(drawn),
		step:     uint32(drawn>>32) | 1,
		next:     int(ofCell>>40%rounds) * round,
		end:      int(ofCell >> 13 % poolSize),
	}
	if x.lines {
		sc.clock.set(q)
		w.clock = &sc.clock
	}
	for w.pos < Cell {
		if w.used+round*maxLiterals > w.have {
			x.moreLiterals(w.literals[w.have:][:more], t.flat, &drawn)
			w.have += more
			more = moreLiterals
		}
		x.write(&w)
	}
	if n := x.marked(number); n > 0 {
		key := ofCell ^ drawKey
		if x.utf8 {
			row := w.literals[:rowSize] // of no use any more
			x.moreLiterals(row, flatOnly, &key)
			markText((*[Cell]byte)(out[:]), n, (*[rowSize]byte)(row))
		} else {
			mark((*[Cell]byte)(out[:]), key)
		}
	}
	if x.utf8 {
		if out[Cell-2] >= 0xc0 { // the first half of a character
			out[Cell-2] = ' '
		}
		out[Cell-1] = '\n'
	}
}

const (
	// sparse is the first table of which some sectors are little but zeros.
	sparse = 3 * perStop

	// monotonous is the first table of which some sectors of text or code are little but one
	// phrase, again and again. The tables before it have less and less of their own, and so,
	// for the ratio to have no step, one more of the sectors of each is marked.
	monotonous = 3*perStop + Cell/Sector

	flatOnly = 1024 // of 1024 rows of literals
	marked   = 6    // literals before the last byte of a sector
)

// marked returns how many sectors of a table's cells are made unlike all others; of binary
// cells, only those that are mostly zeros. Sectors of a log are anyway, by their times.
func (x *tables) marked(number int) int {
	const all = Cell / Sector
	switch {
	case x.lines:
		return 0
	case x.utf8:
		return min(max(number-monotonous+all, 0), all)
	case number >= sparse:
		return all
	}
	return 0
}

// mark makes sectors that are mostly zeros, and so might equal others, unlike all others.
func mark(cell *[Cell]byte, key uint64) {
	for off := 0; off < Cell; off += Sector {
		p := (*[Sector]byte)(cell[off:])
		var zero int
		for i := 0; i < Sector; i += 2 * word {
			v, w := binary.LittleEndian.Uint64(p[i:]), binary.LittleEndian.Uint64(p[i+word:])
			// Without a branch, which would often be mispredicted.
			zero += 2 - int((v|-v)>>63) - int((w|-w)>>63)
		}
		if r := draw(&key); zero >= Sector/word/2 && zero < Sector/word {
			binary.LittleEndian.PutUint32(p[Sector-4:], uint32(r))
		}
	}
}

// markText makes the last n sectors unlike all others: before the last byte of each come
// literals of row. What is left of a character beside them becomes a space.
func markText(cell *[Cell]byte, n int, row *[rowSize]byte) {
	for i := Cell/Sector - n; i < Cell/Sector; i++ {
		p := (*[1 + marked + 1]byte)(cell[(i+1)*Sector-1-marked-1:])
		if p[0] >= 0xc0 {
			p[0] = ' '
		}
		*(*[marked]byte)(p[1:]) = [marked]byte(row[i*word:])
		if p[1+marked]>>6 == 2 { // the second half
			p[1+marked] = ' '
		}
	}
}
