package gen

import (
	"math/bits"

	"github.com/dgenfs/dgenfs/gen/keyed"
)

// DefaultRegion is the length of a region in bytes: neighbouring blocks of real files are
// alike over about so much.
const DefaultRegion = 64 << 10

// MaxSpread is the largest Config.Spread.
const MaxSpread = 1.0

const (
	// Of 64 regions, each has another 64th of the kinds and ratios.
	regionBits = 6
	ratioOne   = 1 << 16 // fixed-point one of ratios
)

// mixture is what kinds of regions a stream has.
type mixture struct {
	cells  uint64 // of a region; 0 if all cells are alike
	zero   uint64 // of 2^32 regions, how many are zeros
	random uint64 // of 2^32 regions, how many are random bytes
	levels [len(normal)]int
}

// regionKind is what the cells of a region are.
type regionKind uint8

const (
	ordinaryRegion regionKind = iota
	zeroRegion
	randomRegion
)

// mixes reports whether c has regions of more than one kind.
func (c *Config) mixes() bool { return c.Spread > 0 || c.Zero > 0 || c.Random > 0 }

func newMixture(c *Config, level func(ratio float64) int) (m mixture) {
	if !c.mixes() {
		return m
	}
	m.cells = uint64(c.Region / Cell)
	m.zero = share32(c.Zero)
	m.random = share32(c.Random)
	lowest, highest, _ := c.Texture.Ratios()
	for i, r := range spreadRatios(c.Compress, c.Spread, lowest, highest) {
		m.levels[i] = level(float64(r) / ratioOne)
	}
	return m
}

// share32 turns a share in billionths into one of 2^32.
func share32(share uint64) uint64 { return share << 32 / billion }

// spreadRatios returns ratios, in 1/ratioOne, with a spread about r, such that all of them
// together compress by r, as far as none is beyond what the texture has.
func spreadRatios(r, spread, lowest, highest float64) (ratios [len(normal)]uint64) {
	// The logarithm to base 2 of what the middle is multiplied by, in 1/65536.
	unit := int64(spread*65536) * 94548 >> 16 // 1/ln 2 is 94548/65536
	least, most := uint64(lowest*ratioOne), uint64(highest*ratioOne)
	want := uint64(len(normal)) << 32 / uint64(r*ratioOne) // sum of 2^32/ratio
	low, high := least, most
	for low <= high {
		middle := (low + high) / 2
		var sum uint64
		for i, z := range normal {
			ratios[i] = min(max(scaled(middle, unit*int64(z)>>8), least), most)
			sum += 1 << 32 / ratios[i]
		}
		if sum > want {
			low = middle + 1
		} else {
			high = middle - 1
		}
	}
	return ratios
}

// scaled returns x times 2^(e/65536).
func scaled(x uint64, e int64) uint64 {
	f := uint64(e & 0xffff)
	// 2^f is about 1 + 0.6565 f + 0.3435 f^2, within 0.2 %.
	m := 1<<16 + (43024*f+22512*(f*f>>16))>>16
	if e >>= 16; e < 0 {
		return x * m >> 16 >> -e
	}
	return x * m >> 16 << e
}

// region returns the kind of region r, and the level of an ordinary one.
func (m *mixture) region(r, key uint64) (regionKind, int) {
	h := keyed.Mix(^key + r>>regionBits*phi)
	place := (r*(h|1) + h>>32) % (1 << regionBits)
	u := place<<(32-regionBits) | keyed.Mix(h+r*phi)>>(32+regionBits)
	ordinary := 1<<32 - m.zero - m.random
	switch {
	case u < m.zero:
		return zeroRegion, 0
	case u >= m.zero+ordinary:
		return randomRegion, 0
	}
	hi, lo := bits.Mul64(u-m.zero, uint64(len(m.levels)))
	l, _ := bits.Div64(hi, lo, ordinary)
	return ordinaryRegion, m.levels[l]
}
