package format

import "github.com/dgenfs/dgenfs/gen"

// Adler-32 (RFC 1950): a is 1 and the sum of all bytes, b the sum of all values of a,
// both modulo 65521.

const adlerMod = 65521

type adlerSum struct{ a, b uint32 }

var adlerStart = adlerSum{a: 1}

// update returns the sums after p.
func (s adlerSum) update(p []byte) adlerSum {
	for len(p) > 0 {
		const most = 5552 // bytes until b could overflow 32 bits
		n := min(len(p), most)
		q := p[:n]
		for ; len(q) >= 4; q = q[4:] { // four at a time: b waits for a but once
			v0, v1, v2, v3 := uint32(q[0]), uint32(q[1]), uint32(q[2]), uint32(q[3])
			s.b += 4*s.a + 4*v0 + 3*v1 + 2*v2 + v3
			s.a += v0 + v1 + v2 + v3
		}
		for _, v := range q {
			s.a += uint32(v)
			s.b += s.a
		}
		s.a %= adlerMod
		s.b %= adlerMod
		p = p[n:]
	}
	return s
}

// zeros returns the sums after n zero bytes.
func (s adlerSum) zeros(n int64) adlerSum {
	s.b = uint32((int64(s.b) + n%adlerMod*int64(s.a)) % adlerMod)
	return s
}

func (s adlerSum) value() uint32 { return s.b<<16 | s.a }

// adlerNeutral gives every cell the same sums, from 0 on: those of cellSums. It sets
// six bytes, moves the others' sum by saturating some of the last ones, about one
// in a hundred if they are random, and then weighs the six against each other.
type adlerNeutral struct{}

// cellSums are the sums of a cell: a is about what random bytes have.
var cellSums = adlerSum{a: 4089 * 255 / 2 % adlerMod, b: 0}

// The six bytes, in pairs, by the distance of which b changes where one of a pair
// grows by what the other shrinks.
const (
	adlerCoarse, adlerCoarseBy = 3600, 300
	adlerFine, adlerFineBy     = 3950, 3
	adlerLast, adlerLastBy     = 3960, 1
	adlerMiddle                = 128
)

func adlerFixed(i int) bool {
	switch i {
	case adlerCoarse, adlerCoarse + adlerCoarseBy, adlerFine, adlerFine + adlerFineBy, adlerLast, adlerLast + adlerLastBy:
		return true
	}
	return false
}

func (adlerNeutral) fix(cell []byte) {
	for _, i := range [...]int{adlerCoarse, adlerCoarse + adlerCoarseBy, adlerFine, adlerFine + adlerFineBy, adlerLast, adlerLast + adlerLastBy} {
		cell[i] = adlerMiddle
	}
	cell[0] = 0 // filter of the row
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
	for i := gen.Cell - 1; move != 0 && i > 0; i-- {
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
