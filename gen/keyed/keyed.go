// Package keyed has pure functions from a key to numbers that look random: a
// hash, a seed for a name, and a permutation. Bytes that are generated and files
// that are laid out depend on them, so what they return never changes; the
// package comment of gen describes them exactly. They are not for secrets.
//
// Everything here is safe for concurrent use.
package keyed

import (
	"encoding/binary"
	"math/bits"
)

// Phi is 2^64 divided by the golden ratio, an odd number: multiples of it are far
// apart.
const Phi = 0x9e3779b97f4a7c15

// Mix is a bijection in which every bit of x bears on every bit of the result
// (David Stafford's variant 13 of the MurmurHash3 finalizer). Mix(0) is 0.
func Mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	x ^= x >> 31
	return x
}

const word = 8 // bytes

// Seed returns the seed of what is called name, of a set of things that share a
// seed. Different names get unrelated ones.
func Seed(seed uint64, name string) uint64 {
	h := Mix(seed ^ Phi)
	n := uint64(len(name))
	for len(name) > 0 {
		var w [word]byte
		name = name[copy(w[:], name):]
		h = Mix(h^binary.LittleEndian.Uint64(w[:])) * Phi
	}
	return Mix(h ^ n)
}

// rounds of a permutation: with three or four, units of some files are repeated
// at few distances, where their number is a power of two.
const rounds = 5

// Permutation is a permutation of the numbers below n that follows from a key.
// The zero value is that of the number 0 alone.
type Permutation struct {
	n    uint64
	mask uint64
	half int
	keys [2 * rounds]uint64
}

// NewPermutation returns the permutation of the numbers below n, 1 or more, of a
// key.
func NewPermutation(n, key uint64) Permutation {
	b := bits.Len64(n - 1)
	p := Permutation{n: n, mask: 1<<b - 1, half: (b + 1) / 2}
	for i := range p.keys {
		p.keys[i] = Mix(key ^ uint64(i+1)*Phi)
		if i%2 == 0 {
			p.keys[i] |= 1 // multiplying by it is a bijection
		}
	}
	return p
}

// At returns where i, a number below n, is moved to. Every round permutes the
// numbers up to mask, fewer than 2n; walking on while outside of n makes that a
// permutation of the numbers below n.
func (p *Permutation) At(i uint64) uint64 {
	if p.mask == 0 {
		return 0
	}
	for {
		for r := 0; r < len(p.keys); r += 2 {
			i = (i*p.keys[r] + p.keys[r+1]) & p.mask
			i ^= i >> p.half
		}
		if i < p.n {
			return i
		}
	}
}

// Inverse is the inverse of a Permutation.
type Inverse struct{ p Permutation } // with the inverses of the keys that multiply

// Inverse returns the inverse of p.
func (p *Permutation) Inverse() Inverse {
	v := Inverse{*p}
	for r := 0; r < len(v.p.keys); r += 2 {
		v.p.keys[r] = inverse(v.p.keys[r])
	}
	return v
}

// At returns the number that the permutation moves to x, a number below n.
func (v *Inverse) At(x uint64) uint64 {
	p := &v.p
	if p.mask == 0 {
		return 0
	}
	for {
		for r := len(p.keys) - 2; r >= 0; r -= 2 {
			x ^= x >> p.half // its own inverse, as no bit is moved twice
			x = (x - p.keys[r+1]) * p.keys[r] & p.mask
		}
		if x < p.n {
			return x
		}
	}
}

// inverse returns the number that gives 1 if it is multiplied by k, which is odd,
// modulo 2^64: by Newton's method, which doubles the number of right bits.
func inverse(k uint64) uint64 {
	y := k*3 ^ 2 // 5 bits
	for range 4 {
		y *= 2 - k*y
	}
	return y
}
