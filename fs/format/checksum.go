package format

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"sync"

	"github.com/dgenfs/dgenfs/gen"
)

// checksum is one of the two CRCs of 32 bits that formats use. Its registers are
// raw ones, without the inversion before and behind that both standards add:
// raw registers are linear, so that n zero bytes multiply one by x^(8n) modulo
// the polynomial, and a message that has a register of 0 from 0 on changes a
// register as zeros do.
type checksum struct {
	table *crc32.Table
	poly  uint32     // reflected: bit 31 is x^0
	power [67]uint32 // x^(2^k)
}

var (
	ieee       = sync.OnceValue(func() *checksum { return newChecksum(crc32.IEEE) })
	castagnoli = sync.OnceValue(func() *checksum { return newChecksum(crc32.Castagnoli) })
)

// start is the raw register at the start of every message, in both standards.
const start = 0xffffffff

func newChecksum(poly uint32) *checksum {
	c := &checksum{table: crc32.MakeTable(poly), poly: poly}
	c.power[0] = 1 << 30
	for k := 1; k < len(c.power); k++ {
		c.power[k] = c.mul(c.power[k-1], c.power[k-1])
	}
	return c
}

// update returns the register after p.
func (c *checksum) update(register uint32, p []byte) uint32 {
	return ^crc32.Update(^register, c.table, p)
}

// zeros returns the register after n zero bytes.
func (c *checksum) zeros(register uint32, n int64) uint32 {
	for m := uint64(n); m != 0; m &= m - 1 {
		register = c.mul(c.power[3+bits.TrailingZeros64(m)], register)
	}
	return register
}

// mul returns the product of two polynomials modulo poly.
func (c *checksum) mul(a, b uint32) uint32 {
	var product uint32
	for ; a != 0; a <<= 1 {
		product ^= b & -(a >> 31)
		b = b>>1 ^ c.poly&-(b&1)
	}
	return product
}

// inverseOf returns the polynomial by which f is multiplied to 1 modulo poly.
func (c *checksum) inverseOf(f uint32) uint32 {
	inverse := uint32(1 << 31) // f^(2^32-2)
	for range 31 {
		f = c.mul(f, f)
		inverse = c.mul(inverse, f)
	}
	return inverse
}

// neutralizer makes cells neutral: a cell whose register is 0 when it began with
// 0 changes any register as so many zero bytes do, whatever is in it. So the CRC
// over any number of them is computed without reading one, and as nothing about
// a cell depends on what is before it, equal cells stay equal.
//
// A cell is made neutral by inverting some bits of its last word. Which 32 of
// them may be, depends on the bits that have to keep their value.
type neutralizer struct {
	*checksum
	patch [8][16]uint64 // by a digit of the register, the bits to invert
}

// newNeutralizer returns what makes cells neutral by bits of mask, which are
// those of the last word that may have either value.
func newNeutralizer(c *checksum, mask uint64) *neutralizer {
	// A row is a set of bits of the word, and what inverting them does to the
	// register. Those that come later in the cell are tried first, which leaves
	// all others random.
	type row struct {
		register uint32
		word     uint64
	}
	var rows [32]row // by the highest bit of the register
	for bit := 63; bit >= 0; bit-- {
		if mask>>bit&1 == 0 {
			continue
		}
		r := row{c.zeros(c.update(0, []byte{1 << (bit % 8)}), int64(7-bit/8)), 1 << bit}
		for r.register != 0 {
			top := bits.Len32(r.register) - 1
			if rows[top].register == 0 {
				rows[top] = r
				break
			}
			r.register ^= rows[top].register
			r.word ^= rows[top].word
		}
	}
	n := &neutralizer{checksum: c}
	for digit := range n.patch {
		for value := range n.patch[digit] {
			register, word := uint32(value)<<(4*digit), uint64(0)
			for register != 0 {
				r := rows[bits.Len32(register)-1]
				if r.register == 0 {
					panic("format: too few bits to choose a checksum by")
				}
				register ^= r.register
				word ^= r.word
			}
			n.patch[digit][value] = word
		}
	}
	return n
}

func (n *neutralizer) crc() *checksum { return n.checksum }
func (n *neutralizer) from() int      { return gen.Cell - 8 }

// fix makes a cell neutral.
func (n *neutralizer) fix(cell []byte) {
	register := n.update(0, cell)
	var invert uint64
	for digit := range n.patch {
		invert ^= n.patch[digit][register>>(4*digit)&15]
	}
	last := cell[len(cell)-8:]
	binary.LittleEndian.PutUint64(last, binary.LittleEndian.Uint64(last)^invert)
}

// cellsOf returns the numbers of the first whole cell from offset a on and of the
// one behind the last whole one up to b.
func cellsOf(a, b int64) (first, behind int64) {
	first = (a + gen.Cell - 1) / gen.Cell
	return first, max(first, b/gen.Cell)
}
