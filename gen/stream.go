package gen

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// Version is the version of the stream that this package generates. Equal
// versions mean equal bytes.
const Version = 1

// Cell is the smallest piece that is generated whole, in bytes.
const Cell = 4 << 10

const (
	lanes     = 8
	word      = 8            // bytes
	rowSize   = lanes * word // bytes of one step of all lanes
	cellRows  = Cell / rowSize
	cellWords = Cell / word

	phi  = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio, odd
	phi2 = phi << 1 & math.MaxUint64
)

// mix is a bijection in which every bit of x bears on every bit of the result
// (David Stafford's variant 13 of the MurmurHash3 finalizer).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	x ^= x >> 31
	return x
}

// DeriveSeed returns the seed of the file called name, of a set of files that
// share a seed. Different names get unrelated streams.
func DeriveSeed(seed uint64, name string) uint64 {
	h := mix(seed ^ phi)
	n := uint64(len(name))
	for len(name) > 0 {
		var w [word]byte
		name = name[copy(w[:], name):]
		h = mix(h^binary.LittleEndian.Uint64(w[:])) * phi
	}
	return mix(h ^ n)
}

// stream is everything that decides the bytes, in the form the kernels need.
type stream struct {
	impl Implementation
	a, b uint64 // seed keys

	words int    // random words of a cell, all of them or an odd number
	extra uint64 // of 65536 cells, how many have two words more

	distinct uint64 // units that occur; 0 if all do
	first    uint64 // unit of the group that the file begins with
	cells    uint64 // of a unit
	skew     int
	perm     permutation
}

func newStream(c Config) stream {
	s := stream{
		impl:  c.Implementation,
		a:     mix(c.Seed + phi),
		b:     mix(c.Seed + phi2),
		cells: uint64(c.Unit / Cell),
		first: c.Group.First,
		skew:  c.Skew,
	}
	s.compress(c.Compress)
	units := c.Group.Units
	if units == 0 {
		units = ceilDiv(uint64(c.Size), uint64(c.Unit))
	}
	if c.Dedup > 1 && units > 0 {
		s.distinct = max(1, uint64(math.Floor(float64(units)/c.Dedup+0.5)))
		s.perm = newPermutation(units, s.a)
	}
	return s
}

func ceilDiv(a, b uint64) uint64 {
	n := a / b
	if a%b != 0 {
		n++
	}
	return n
}

// compress sets how many words of a cell are random, for the ratio r.
func (s *stream) compress(r float64) {
	if r == 1 {
		s.words = cellWords
		return
	}
	// What a compressor spends beside the random bytes, a little on every
	// literal and some on the match, in bytes a cell: what brings lz4, zstd and
	// deflate, on blocks of 4 KiB to 1 MiB, closest to the ratio that is asked
	// for. Below 4, deflate on 4 KiB decides; from there on it is out of reach.
	cost := max(3+80/r, 18+20/r-r/20)
	// Nothing here can be fused, which would round differently on some CPUs:
	// the multiplications are by powers of two, and exact.
	fixed := uint64(max(0, (Cell/r-cost)/(2*word)-0.5) * 65536)
	s.words = int(2*(fixed>>16) + 1)
	s.extra = fixed & 0xffff
}

// randomWords returns how many words of the cell of contents q are random.
func (s *stream) randomWords(q uint64) int {
	if mix(s.b+q*phi)&0xffff < s.extra {
		return s.words + 2
	}
	return s.words
}

// fillCells fills dst, whole cells, with the contents q, q+1, ... If nt is set,
// it is written past the caches, where the implementation can.
func (s *stream) fillCells(dst []byte, q uint64, nt bool) {
	if s.words == cellWords {
		s.fillRows(dst, cellRows, q, nt)
		return
	}
	if nt && s.fillPast(dst, q) {
		return
	}
	for ; len(dst) > 0; dst = dst[Cell:] {
		s.fillCell(dst[:Cell], q)
		q++
	}
}

// fillCell makes one compressible cell.
func (s *stream) fillCell(cell []byte, q uint64) {
	n := s.randomWords(q)
	s.fillRows(cell, (n+lanes-1)/lanes, q, false)
	s.repeat(cell, n*word)
}

// repeatGeneric fills p with repetitions of its first n bytes.
func repeatGeneric(p []byte, n int) {
	for n < len(p) {
		n += copy(p[n:], p[:n])
	}
}

// run returns the contents of cell c of the file, and how many cells from
// there on have the contents that follow it one by one.
func (s *stream) run(c uint64) (q, n uint64) {
	if s.distinct == 0 {
		return s.first*s.cells + c, math.MaxUint64
	}
	unit, k := c/s.cells, c%s.cells
	u := s.perm.at(s.first + unit)
	if u >= s.distinct {
		u = s.copyOf(u)
	}
	return u*s.cells + k, s.cells - k
}

// copyOf returns which of the distinct units is repeated by x, a number beyond
// theirs.
func (s *stream) copyOf(x uint64) uint64 {
	if s.skew == 0 {
		return x % s.distinct
	}
	v := mix(s.a ^ x*phi)
	power := v
	for range 2 * s.skew {
		power, _ = bits.Mul64(power, v)
	}
	u, _ := bits.Mul64(power, s.distinct)
	return u
}

// rounds of the permutation: with three or four, units of some files are
// repeated at few distances, where their number is a power of two.
const rounds = 5

// permutation is a keyed permutation of the numbers below n.
type permutation struct {
	n    uint64
	mask uint64
	half int
	keys [2 * rounds]uint64
}

func newPermutation(n, key uint64) permutation {
	b := bits.Len64(n - 1)
	p := permutation{n: n, mask: 1<<b - 1, half: (b + 1) / 2}
	for i := range p.keys {
		p.keys[i] = mix(key ^ uint64(i+1)*phi)
		if i%2 == 0 {
			p.keys[i] |= 1 // multiplying by it is a bijection
		}
	}
	return p
}

// at returns where i < n is moved to. Every round permutes the numbers up to
// mask, fewer than 2n; walking on while outside of n makes that a permutation
// of the numbers below n.
func (p *permutation) at(i uint64) uint64 {
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
