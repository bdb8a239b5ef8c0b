package format

import (
	"encoding/binary"
	"math"

	"github.com/dgenfs/dgenfs/gen"
)

// Adler-32 (RFC 1950): a is 1 and the sum of all bytes, b the sum of all values of a,
// both modulo 65521.

const adlerMod = 65521

type adlerSum struct{ a, b uint32 }

var adlerStart = adlerSum{a: 1}

// update returns the sums after p.
func (s adlerSum) update(p []byte) adlerSum {
	const most = 16 << 10 // bytes until a lane of adlerBlocks could overflow
	for len(p) >= adlerBlock {
		n := min(len(p), most) / adlerBlock * adlerBlock
		a, b := adlerBlocks(p[:n])
		s.b = uint32((uint64(s.b) + uint64(n)*uint64(s.a) + b) % adlerMod)
		s.a = uint32((uint64(s.a) + a) % adlerMod)
		p = p[n:]
	}
	for _, v := range p {
		s.a += uint32(v)
		s.b += s.a
	}
	s.a %= adlerMod
	s.b %= adlerMod
	return s
}

const adlerBlock = 64 // bytes

// adlerBlocks returns the sum of all bytes of some blocks, and what they add to b if a
// is 0 before them. It takes eight bytes at a time as four sums of two, in lanes of 16
// bits; that is seven times as fast as byte by byte.
func adlerBlocks(p []byte) (a, b uint64) {
	const even8, even16 = 0x00ff00ff00ff00ff, 0x0000ffff0000ffff
	// Lanes of 32 bits, over all blocks: the sums of bytes 0, 1, 4 and 5 of each word,
	// of the others, of those with an odd number, and of the rest how often each counts.
	var first, second, odd, words, blocks uint64
	le := binary.LittleEndian
	for ; len(p) >= adlerBlock; p = p[adlerBlock:] {
		q := p[:adlerBlock:adlerBlock]
		blocks += first + second
		// No loop, which would take twice as long.
		w0, w1, w2, w3 := le.Uint64(q), le.Uint64(q[8:]), le.Uint64(q[16:]), le.Uint64(q[24:])
		w4, w5, w6, w7 := le.Uint64(q[32:]), le.Uint64(q[40:]), le.Uint64(q[48:]), le.Uint64(q[56:])
		o0, o1, o2, o3 := w0>>8&even8, w1>>8&even8, w2>>8&even8, w3>>8&even8
		o4, o5, o6, o7 := w4>>8&even8, w5>>8&even8, w6>>8&even8, w7>>8&even8
		s0 := o0 + w0&even8
		s1 := s0 + o1 + w1&even8
		s2 := s1 + o2 + w2&even8
		s3 := s2 + o3 + w3&even8
		s4 := s3 + o4 + w4&even8
		s5 := s4 + o5 + w5&even8
		s6 := s5 + o6 + w6&even8
		sum := s6 + o7 + w7&even8
		odds := (o0 + o1) + (o2 + o3) + (o4 + o5) + (o6 + o7)
		prefix := (s0 + s1) + (s2 + s3) + (s4 + s5) + (s6 + sum)
		first += sum & even16
		second += sum >> 16 & even16
		odd += odds&even16 + odds>>16&even16
		words += prefix&even16 + prefix>>16&even16
	}
	low := func(lanes uint64) uint64 { return lanes & math.MaxUint32 }
	both := func(lanes uint64) uint64 { return low(lanes) + lanes>>32 }
	// Byte l of word k counts 64 times for each block behind its own, 8*(8-k) times in
	// its own, and l times less.
	less := 2*low(second) + 4*(first>>32) + 6*(second>>32) + both(odd)
	return both(first) + both(second), adlerBlock*both(blocks) + 8*both(words) - less
}

func (s adlerSum) value() uint32 { return s.b<<16 | s.a }

// imageNeutral gives every cell, which is a row of an image, the same Adler-32 sums, from
// 0 on: those of cellSums; and makes it neutral to the CRC of the chunk that it is in.
//
// For the sums it sets six bytes, moves the others' sum by saturating some of the last
// ones, about one in a hundred if they are random, and then weighs the six against each
// other. For the CRC, the last four words are x, ^x, ^x and x: whatever x is, its bytes
// add up to the same, and count the same in b, as they are equally far apart.
type imageNeutral struct {
	*checksum
	inverse [8][16]uint32 // by a digit of the register, x
}

// cellSums are the sums of a cell: a is about what random bytes have.
var cellSums = adlerSum{a: (4073*255/2 + 8*255) % adlerMod, b: 0}

// The six bytes, in pairs, by the distance of which b changes where one of a pair
// grows by what the other shrinks.
const (
	adlerCoarse, adlerCoarseBy = 3600, 300
	adlerFine, adlerFineBy     = 3950, 3
	adlerLast, adlerLastBy     = 3960, 1
	adlerMiddle                = 128

	imageWords = gen.Cell - 16 // where the four words are
)

func adlerFixed(i int) bool {
	switch i {
	case adlerCoarse, adlerCoarse + adlerCoarseBy, adlerFine, adlerFine + adlerFineBy, adlerLast, adlerLast + adlerLastBy:
		return true
	}
	return i >= imageWords
}

func newImageNeutral() *imageNeutral {
	n := &imageNeutral{checksum: ieee()}
	// What x = 1, the polynomial, in all four words does to a register of 0. It has an
	// inverse, as the checksum's polynomial cannot be divided by another.
	var one [16]byte
	for i := 0; i < len(one); i += 4 {
		binary.LittleEndian.PutUint32(one[i:], 1<<31)
	}
	inverse := n.inverseOf(n.update(0, one[:]))
	for digit := range n.inverse {
		for value := range n.inverse[digit] {
			n.inverse[digit][value] = n.mul(uint32(value)<<(4*digit), inverse)
		}
	}
	return n
}

func (n *imageNeutral) crc() *checksum { return n.checksum }
func (n *imageNeutral) from() int      { return 0 }

func (n *imageNeutral) fix(cell []byte) {
	cell[0] = 0 // filter of the row
	le := binary.LittleEndian
	words := cell[imageWords:gen.Cell]
	le.PutUint64(words, ^uint64(math.MaxUint32))
	le.PutUint64(words[8:], math.MaxUint32)
	fixSums(cell)
	register := n.update(0, cell)
	var x uint32
	for digit := range n.inverse {
		x ^= n.inverse[digit][register>>(4*digit)&15]
	}
	le.PutUint64(words, uint64(^x)<<32|uint64(x))
	le.PutUint64(words[8:], uint64(x)<<32|uint64(^x))
}

func fixSums(cell []byte) {
	for _, i := range [...]int{adlerCoarse, adlerCoarse + adlerCoarseBy, adlerFine, adlerFine + adlerFineBy, adlerLast, adlerLast + adlerLastBy} {
		cell[i] = adlerMiddle
	}
	sums := adlerSum{}.update(cell)
	move, weight := saturate(cell, nearest(int64(cellSums.a)-int64(sums.a)))
	if move != 0 { // the other way, then: what is left and this are a multiple of 65521 apart
		turned := move - adlerMod
		if move < 0 {
			turned = move + adlerMod
		}
		_, more := saturate(cell, turned)
		weight += more
	}
	weigh := nearest(int64(cellSums.b) - int64(sums.b) - weight)
	for _, pair := range [...]struct{ at, by int }{{adlerCoarse, adlerCoarseBy}, {adlerFine, adlerFineBy}, {adlerLast, adlerLastBy}} {
		by := int64(pair.by)
		t := weigh / by
		cell[pair.at] = byte(adlerMiddle + t)
		cell[pair.at+pair.by] = byte(adlerMiddle - t)
		weigh -= t * by
	}
}

// saturate adds move to the sum of a cell's bytes, from its end on. It returns what is
// left where all are as large, or as small, as they can be, and what that adds to b.
func saturate(cell []byte, move int64) (left, weight int64) {
	for i := imageWords - 1; move != 0 && i > 0; i-- {
		if adlerFixed(i) {
			continue
		}
		v := min(max(int64(cell[i])+move, 0), 255)
		by := v - int64(cell[i])
		move -= by
		weight += by * int64(gen.Cell-i)
		cell[i] = byte(v)
	}
	return move, weight
}

// nearest returns the number nearest to 0 that is d modulo 65521.
func nearest(d int64) int64 {
	d %= adlerMod
	switch {
	case d > adlerMod/2:
		return d - adlerMod
	case d < -adlerMod/2:
		return d + adlerMod
	}
	return d
}

// adlerOfCells returns the Adler-32 of n cells with the sums of cellSums.
func adlerOfCells(n int64) uint32 {
	// Before cell k, a is 1 + k*A: b is then the sum over all k of 4096*(1 + k*A) + B.
	m := n % adlerMod
	a := (1 + m*int64(cellSums.a)) % adlerMod
	// n*(n-1)/2 modulo the prime: one of the two is even.
	x, y := n, n-1
	if x%2 == 0 {
		x /= 2
	} else {
		y /= 2
	}
	pairs := x % adlerMod * (y % adlerMod) % adlerMod
	b := (gen.Cell*((m+pairs*int64(cellSums.a))%adlerMod) + m*int64(cellSums.b)) % adlerMod
	return uint32(b<<16 | a)
}
