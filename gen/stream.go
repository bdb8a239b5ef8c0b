package gen

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// Version is the version of the stream that this package generates. Equal
// versions mean equal bytes.
const Version = 0

// Cell is the smallest piece that is generated whole, in bytes.
const Cell = 4 << 10

const (
	lanes    = 8
	word     = 8            // bytes
	rowSize  = lanes * word // bytes of one step of all lanes
	cellRows = Cell / rowSize

	maxPieces = 4
	// Beyond this ratio, the matches of four pieces would cost a compressor
	// more than the whole cell may.
	maxPiecesRatio = 40
	// What a compressor spends beside the random bytes, in bytes a piece:
	// what brings the mean over lz4, zstd and deflate, on blocks of 4 KiB to
	// 1 MiB, closest to the ratio that is asked for.
	pieceCost      = 7
	wholePieceCost = 18 // of a cell of one piece

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

// layout says where the random words of a cell are.
type layout struct {
	// words is the number of random words at the start of every piece, at
	// least 1. The rest of the piece repeats the last of them.
	words [maxPieces]int
}

// stream is everything that decides the bytes, in the form the kernels need.
type stream struct {
	impl Implementation
	a, b uint64 // seed keys

	pieces    int       // of a cell
	pieceRows int       // of a piece
	extra     uint64    // of 65536 cells, how many have the layout with one word more
	layouts   [2]layout // n and n+1 random words

	distinct uint64 // units that occur; 0 if all do
	cells    uint64 // of a unit
	perm     permutation
}

func newStream(c Config) stream {
	s := stream{
		impl:  c.Implementation,
		a:     mix(c.Seed + phi),
		b:     mix(c.Seed + phi2),
		cells: uint64(c.Unit / Cell),
	}
	s.compress(c.Compress)
	if units := ceilDiv(uint64(c.Size), uint64(c.Unit)); c.Dedup > 1 && units > 0 {
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

// compress chooses the layouts for cells that compress by the ratio r. If r is
// 1, a cell is one piece of random words.
func (s *stream) compress(r float64) {
	cost := pieceCost
	s.pieces = maxPieces
	if r == 1 || r > maxPiecesRatio {
		s.pieces, cost = 1, wholePieceCost
	}
	s.pieceRows = cellRows / s.pieces
	if r == 1 {
		s.layouts[0] = newLayout(cellRows*lanes, 1)
		return
	}
	// The conversions keep compilers from fusing, which would round
	// differently on some CPUs.
	budget := float64(Cell / r)
	n := float64(budget-float64(cost*s.pieces)) / word
	fixed := uint64(math.Floor(max(n, float64(s.pieces)) * 65536))
	s.extra = fixed & 0xffff
	for i := range s.layouts {
		s.layouts[i] = newLayout(int(fixed>>16)+i, s.pieces)
	}
}

func newLayout(words, pieces int) layout {
	var l layout
	for i := range pieces {
		l.words[i] = (i+1)*words/pieces - i*words/pieces
	}
	return l
}

// keys returns the keys of the contents q.
func (s *stream) keys(q uint64) (k0, k1 uint64) {
	return mix(s.a + q*phi), mix(s.b + q*phi)
}

// layout returns the layout of the cell with the key k1.
func (s *stream) layout(k1 uint64) *layout {
	if k1&0xffff < s.extra {
		return &s.layouts[1]
	}
	return &s.layouts[0]
}

// run returns the contents of cell c of the file, and how many cells from
// there on have the contents that follow it one by one.
func (s *stream) run(c uint64) (q, n uint64) {
	if s.distinct == 0 {
		return c, math.MaxUint64
	}
	unit, k := c/s.cells, c%s.cells
	return s.perm.at(unit)%s.distinct*s.cells + k, s.cells - k
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
