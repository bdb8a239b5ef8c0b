package gen

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
)

// reference is a second implementation of the stream, written from the prose
// in doc.go and from nothing else: a word at a time, every cell from scratch,
// no state kept. What the package generates is compared to it.
type reference Config

var refPhi uint64 = 0x9e3779b97f4a7c15 // no constant: 2 phi must wrap

func refMix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	x ^= x >> 31
	return x
}

// bytes returns the n bytes from off on that lie below the size.
func (r reference) bytes(off int64, n int) []byte {
	n = int(min(int64(n), max(r.Size-off, 0)))
	var out []byte
	for len(out) < n {
		at := uint64(off) + uint64(len(out))
		cell := r.cell(r.contents(at / 4096))
		out = append(out, cell[at%4096:]...)
	}
	return out[:n]
}

// contents returns the contents q of cell number c of the file.
func (r reference) contents(c uint64) uint64 {
	cells := r.unit() / 4096
	u := r.distinctUnit(c/cells + r.Group.First)
	return r.replaced(u)<<52 + u*cells + c%cells
}

// replaced is e of distinct unit u.
func (r reference) replaced(u uint64) uint64 {
	w := r.replacements(r.Revision.Generation)
	if w == 0 {
		return 0
	}
	e := uint64(0)
	for place := r.place(u); place < w; place += r.distinct() {
		e++
	}
	return e
}

// replacements is W(g).
func (r reference) replacements(g int) uint64 {
	w := big.NewInt(int64(g))
	w.Mul(w, new(big.Int).SetUint64(r.distinct()))
	w.Mul(w, new(big.Int).SetUint64(r.Revision.Share))
	w.Add(w, new(big.Int).SetUint64(r.Revision.Phase))
	return w.Div(w, big.NewInt(1e9)).Uint64()
}

// place is rho(u).
func (r reference) place(u uint64) uint64 {
	return r.move(u, r.distinct(), refMix(r.Seed+2*refPhi))
}

func (r reference) unit() uint64 {
	if r.Unit == 0 {
		return 128 << 10
	}
	return uint64(r.Unit)
}

// distinctUnit is u of unit i of the group.
func (r reference) distinctUnit(i uint64) uint64 {
	if r.Dedup <= 1 {
		return i
	}
	x := r.permute(i)
	if x < r.distinct() {
		return x
	}
	if run := r.run(); run > 1 && r.distinct() >= run {
		return r.copied(x/run, r.distinct()/run)*run + x%run
	}
	return r.copied(x, r.distinct())
}

// copied is u of x, which is not below U.
func (r reference) copied(x, distinct uint64) uint64 {
	if r.Skew == 0 {
		return x % distinct
	}
	v := new(big.Int).SetUint64(refMix(refMix(r.Seed+refPhi) ^ x*refPhi))
	hi := new(big.Int).Set(v)
	for range 2 * r.Skew {
		hi.Rsh(hi.Mul(hi, v), 64)
	}
	return hi.Rsh(hi.Mul(hi, new(big.Int).SetUint64(distinct)), 64).Uint64()
}

// units is N.
func (r reference) units() uint64 {
	if r.Group.Units > 0 {
		return r.Group.Units
	}
	n := uint64(r.Size) / r.unit()
	if uint64(r.Size)%r.unit() != 0 {
		n++
	}
	return n
}

// distinct is U.
func (r reference) distinct() uint64 {
	if r.Dedup <= 1 {
		return r.units()
	}
	return max(1, uint64(math.Floor(float64(r.units())/r.Dedup+0.5)))
}

// permute is pi.
func (r reference) permute(i uint64) uint64 {
	return r.move(i, r.units(), refMix(r.Seed+refPhi))
}

// refPermute permutes the numbers below n by A or B, walking along until the
// number is one of them.
func refPermute(i, n, stream uint64) uint64 {
	if n == 1 {
		return 0
	}
	x := refRounds(i, n, stream)
	for x >= n {
		x = refRounds(x, n, stream)
	}
	return x
}

func refRounds(x, n, stream uint64) uint64 {
	key := func(i uint64) uint64 { return refMix(stream ^ i*refPhi) }
	b := bits.Len64(n - 1)
	m := uint64(1)<<b - 1
	for round := uint64(1); round <= 5; round++ {
		x = (x*(key(2*round-1)|1) + key(2*round)) & m
		x ^= x >> ((b + 1) / 2)
	}
	return x
}

// cell returns the 4096 bytes of contents q.
func (r reference) cell(q uint64) []byte {
	k0 := refMix(refMix(r.Seed+refPhi) + q*refPhi)
	k1 := refMix(refMix(r.Seed+2*refPhi) + q*refPhi)
	var lanes [8]refLane
	for j := range lanes {
		skew := uint64(j+1) * refPhi
		lanes[j] = refLane{refMix(k0 + skew), refMix(k1 + skew), k0, k1}
	}
	var words []uint64
	for range 64 {
		for j := range lanes {
			words = append(words, lanes[j].next())
		}
	}
	random := r.randomWords(k1)
	var cell []byte
	for i := range words {
		cell = binary.LittleEndian.AppendUint64(cell, words[i%random])
	}
	return cell
}

// randomWords returns how many words of a cell are random, given its key K1.
func (r reference) randomWords(k1 uint64) int {
	if r.Compress <= 1 {
		return 512
	}
	cost := math.Max(3+80/r.Compress, 18+20/r.Compress-r.Compress/20)
	t := uint64(math.Floor(65536 * math.Max((4096/r.Compress-cost)/16-0.5, 0)))
	words := 2*int(t>>16) + 1
	if k1%65536 < t%65536 {
		words += 2
	}
	return words
}

// refLane is the state s0..s3 of one xoshiro256++.
type refLane [4]uint64

func (s *refLane) next() uint64 {
	out := bits.RotateLeft64(s[0]+s[3], 23) + s[0]
	t := s[1] << 17
	s[2] ^= s[0]
	s[3] ^= s[1]
	s[1] ^= s[2]
	s[0] ^= s[3]
	s[2] ^= t
	s[3] = bits.RotateLeft64(s[3], 45)
	return out
}

// refDeriveSeed is DeriveSeed.
func refDeriveSeed(seed uint64, name string) uint64 {
	h := refMix(seed ^ refPhi)
	for at := 0; at < len(name); at += 8 {
		var w [8]byte
		copy(w[:], name[at:])
		h = refMix(h^binary.LittleEndian.Uint64(w[:])) * refPhi
	}
	return refMix(h ^ uint64(len(name)))
}
