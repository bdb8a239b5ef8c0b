package gen

import (
	"math"

	"github.com/dgenfs/dgenfs/gen/keyed"
)

// Version is the version of the stream that this package generates, see the package
// comment. Equal versions mean equal bytes.
const Version = 1

// DraftVersion is the version of the stream of textures, mixtures and runs. It is a draft:
// its bytes may change until it has been measured by tools that it was not made with.
const DraftVersion = 2

// Cell is the length in bytes of the smallest piece that is generated whole: a page of
// most CPUs, a block of most file systems.
const Cell = 4 << 10

const (
	lanes     = 8
	word      = 8            // bytes
	rowSize   = lanes * word // bytes of one step of all lanes
	cellRows  = Cell / rowSize
	cellWords = Cell / word

	phi  = keyed.Phi
	phi2 = phi << 1 & math.MaxUint64
)

// DeriveSeed returns the seed of the file called name in a set of files that have a
// common seed, so that different names get unrelated streams. It is part of the
// stream's version.
func DeriveSeed(seed uint64, name string) uint64 { return keyed.Seed(seed, name) }

// stream is everything that determines the bytes, in the form that kernels need.
type stream struct {
	impl  Implementation
	block int // bytes that a thread fills at a time if several work on a fill
	share int // bytes of a fill from which on several do

	a, b uint64 // seed keys

	words int    // random words of a cell, all of them or an odd number
	extra uint64 // of 65536 cells, how many have two words more

	byUnit bool   // units are repeated or replaced
	first  uint64 // unit of the group that the file begins with
	cells  uint64 // of a unit
	layout layout
	turns  turns

	insertion insertion

	textured textured
	mixture  mixture
	level    int // of the dial, or random bytes of a flat cell; 0 if neither
}

func newStream(c Config) stream {
	s := stream{
		impl:  c.Implementation,
		block: block,
		share: shareFrom,
		cells: uint64(c.Unit / Cell),
		first: c.Group.First,
	}
	s.setSeed(c.Seed)
	level := func(float64) int { return 0 }
	switch p := c.Texture.profile(); {
	case p != nil:
		s.textured = textured{tables: textures[c.Texture](), profile: p, impl: c.Implementation}
		level = p.dialFor
		s.block, s.share = textureBlock, textureShareFrom
	case c.Texture == Flat:
		s.compress(1)
		level = flatBytes
	default:
		s.compress(c.Compress)
	}
	s.level = level(c.Compress)
	s.mixture = newMixture(&c, level)
	units := c.Group.Units
	if units == 0 {
		units = c.units()
	}
	s.layout = newLayout(&c, units, s.a)
	distinct := s.layout.distinct()
	if n := c.Revision.replaced(c.Revision.Generation, distinct); n > 0 {
		s.turns = turns{taken: n, units: distinct, order: newRunOrder(distinct, runUnits(&c), s.b)}
	}
	s.byUnit = c.Dedup > 1 || s.turns.taken > 0
	s.insertion = newInsertion(&c, s.b)
	return s
}

// setSeed makes the keys of a seed.
func (s *stream) setSeed(seed uint64) { s.a, s.b = keyed.Mix(seed+phi), keyed.Mix(seed+phi2) }

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
	// What a compressor spends in addition to the random bytes, in bytes a cell:
	// a little on each literal, and some on the match. This was fitted so that
	// lz4, zstd and deflate, on blocks of 4 KiB to 1 MiB, come closest to r. Below
	// 4, deflate on 4 KiB was decisive; from there on, it cannot reach r.
	cost := max(3+80/r, 18+20/r-r/20)
	// The bytes must be the same on CPUs with fused multiply-add, which rounds
	// differently: the multiplications here are by powers of two, and exact.
	fixed := uint64(max(0, (Cell/r-cost)/(2*word)-0.5) * 65536)
	s.words = int(2*(fixed>>16) + 1)
	s.extra = fixed & 0xffff
}

// randomWords returns how many words of the cell of contents q are random.
func (s *stream) randomWords(q uint64) int {
	if keyed.Mix(s.b+q*phi)&0xffff < s.extra {
		return s.words + 2
	}
	return s.words
}

// fillCells fills dst, whole cells, with the contents q, q+1, ... If nt is set, it
// writes past the caches, provided that the implementation can.
func (s *stream) fillCells(dst []byte, q uint64, nt bool) {
	cells := s.mixture.cells
	if cells == 0 {
		s.fillAlike(dst, q, s.level, nt)
		return
	}
	for len(dst) > 0 {
		kind, level := s.mixture.region(q/cells, s.b)
		n := min(cells-q%cells, uint64(len(dst)/Cell))
		part := dst[:n*Cell]
		switch kind {
		case zeroRegion:
			clear(part)
		case randomRegion:
			s.fillRows(part, cellRows, q, nt)
		default:
			s.fillAlike(part, q, level, nt)
		}
		dst, q = dst[len(part):], q+n
	}
}

// fillAlike fills dst, whole cells of one region that is neither zeros nor random bytes.
func (s *stream) fillAlike(dst []byte, q uint64, level int, nt bool) {
	switch {
	case s.textured.profile != nil:
		s.textured.fill(dst, q, level, s.a, s.b)
	case level > 0:
		s.fillRows(dst, cellRows, q, false)
		fillFlat(dst, level)
	case s.words == cellWords:
		s.fillRows(dst, cellRows, q, nt)
	case nt && s.fillPast(dst, q):
	default:
		for ; len(dst) > 0; dst = dst[Cell:] {
			s.fillCell(dst[:Cell], q)
			q++
		}
	}
}

// fillCell generates one compressible cell.
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

// run returns the contents q of cell c of the file, and how many cells from there on
// have the contents q, q+1, ...
func (s *stream) run(c uint64) (q, n uint64) {
	if !s.byUnit {
		return s.first*s.cells + c, math.MaxUint64
	}
	unit, k := c/s.cells, c%s.cells
	u, units := s.layout.units(s.first + unit)
	q = u*s.cells + k
	if s.turns.taken > 0 {
		return q + s.turns.replaced(u)<<contentsBits, s.cells - k
	}
	return q, units*s.cells - k
}
