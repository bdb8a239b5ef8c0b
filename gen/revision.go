package gen

import (
	"fmt"
	"math/bits"
	"sort"
)

// MaxGeneration is the number of a file's last generation.
const MaxGeneration = 1<<generationBits - 1

const (
	billion = 1_000_000_000

	// The contents of a cell are its number among those of all distinct units and,
	// in the bits above, how often its unit has been replaced: at most once a
	// generation.
	generationBits = 12
	contentsBits   = 64 - generationBits
)

// Revision is one generation of a file that changes from each generation to the next,
// as a series of backups finds it. Generation 0 is the file without a revision. Each
// later one replaces a share of the distinct units by new contents, all copies of a
// unit at once, so that the deduplication ratio, the skew and the compressibility do
// not change. Units take turns in an order that depends on the seed: none is replaced
// twice before all have been replaced once. The zero value is the unchanged file.
type Revision struct {
	// Generation is the number of the generation, 0 to MaxGeneration.
	Generation int

	// Share is how many of the distinct units each generation replaces, in
	// billionths of them: 0, none, to 1e9, all. Fractions of a unit are carried
	// over to the next generation.
	Share uint64

	// Insert is how much each generation inserts into the file, in billionths of its
	// size: 0 to 1e9. What follows is shifted, by an odd number of bytes, up to the
	// end of the segment, which loses as much: there are as many segments as
	// generations insert pieces. A piece has as many bytes as a Run, or one less, in
	// small files about an eighth of the file; as far as generations insert less than
	// that, some insert a piece and others do not. Pieces do not repeat others.
	Insert uint64

	// Phase is what is carried over into generation 1, in billionths of a unit, or of
	// a piece that is inserted: 0 to 1e9 - 1. A file with less than one unit to replace in a generation
	// changes the sooner the higher its phase: of many such files with phases
	// evenly spread, a share changes in every generation.
	Phase uint64
}

// check returns what is wrong with r for a group of so many units, 0 if there is none.
func (r Revision) check(group uint64, unit int64) error {
	most := uint64(1) << contentsBits / uint64(unit/Cell)
	switch {
	case r.Generation < 0 || r.Generation > MaxGeneration:
		return fmt.Errorf("generation %d: must be from 0 to %d", r.Generation, MaxGeneration)
	case r.Share > billion:
		return fmt.Errorf("share %d: must be from 0 to %d billionths", r.Share, billion)
	case r.Insert > billion:
		return fmt.Errorf("insert %d: must be from 0 to %d billionths", r.Insert, billion)
	case r.Phase >= billion:
		return fmt.Errorf("phase %d: must be from 0 to %d billionths", r.Phase, billion-1)
	case r.Share > 0 && group > most:
		return fmt.Errorf("group of %d units: must be %d units of %d bytes or fewer if a share of them is replaced",
			group, most, unit)
	}
	return nil
}

// replaced returns how many units the generations up to g replace in total, of so many
// distinct ones: at most all of them in each.
func (r Revision) replaced(g int, distinct uint64) uint64 {
	hi, lo := bits.Mul64(uint64(g)*distinct, r.Share)
	lo, carry := bits.Add64(lo, r.Phase, 0)
	n, _ := bits.Div64(hi+carry, lo, billion)
	return n
}

// turns is which distinct units have been replaced, and how often. Turn number t is
// that of the unit at place t modulo units.
type turns struct {
	taken uint64   // turns up to this generation
	units uint64   // distinct units
	order runOrder // from units to places
}

// replaced returns how often the distinct unit u has been replaced.
func (t *turns) replaced(u uint64) uint64 {
	place := t.order.At(u)
	if place >= t.taken {
		return 0
	}
	return (t.taken-1-place)/t.units + 1
}

// last returns how many turns had been taken, including its own, when u was last
// replaced; 0 if it never was.
func (t *turns) last(u uint64) uint64 {
	place := t.order.At(u)
	if place >= t.taken {
		return 0
	}
	return t.taken - (t.taken-1-place)%t.units
}

// maxLook is how many units of a file LastChange looks at: about a millisecond.
const maxLook = 1 << 16

// LastChange returns the last generation up to c.Revision.Generation that replaced a
// unit of the file or inserted into it, or 0 if there is none: the bytes are the same in
// all generations from that one up to c.Revision.Generation. An empty file never changes.
// Errors are those of [New].
//
// It allocates nothing and may be called concurrently. For a file that is not in a
// group, or is all of one, it takes constant time. For another, it looks at the file's
// units until it finds one that c.Revision.Generation replaced. If that is none of the
// first 65536 units and the file has more, it returns the last generation that changed
// the group, which may be later than the last one that changed the file. So may be the
// last one that replaced a unit, of a file that insertions have shifted out of it.
func (c Config) LastChange() (int, error) {
	c, err := c.withDefaults()
	if err != nil {
		return 0, fmt.Errorf("gen: %w", err)
	}
	own := c.units()
	if own == 0 {
		return 0, nil
	}
	return max(c.lastInsertion(), c.lastReplacement(own)), nil
}

// lastReplacement returns the last generation that replaced one of the file's own units.
func (c *Config) lastReplacement(own uint64) int {
	if own >= c.Group.Units { // which units are replaced makes no difference
		distinct := distinctOf(own, c.Dedup)
		return c.Revision.generationOf(c.Revision.replaced(c.Revision.Generation, distinct), distinct)
	}
	s := newStream(*c)
	t := &s.turns
	before := c.Revision.replaced(c.Revision.Generation-1, t.units)
	last := uint64(0)
	for i := uint64(0); t.taken > 0 && i < own && last <= before; i++ {
		if i == maxLook {
			last = t.taken
			break
		}
		last = max(last, t.last(s.layout.unit(s.first+i)))
	}
	return c.Revision.generationOf(last, t.units)
}

// generationOf returns the first generation up to which so many of the distinct
// units have been replaced; r.Generation has replaced as many or more.
func (r Revision) generationOf(replaced, distinct uint64) int {
	if replaced == 0 {
		return 0
	}
	return sort.Search(r.Generation, func(g int) bool { return r.replaced(g, distinct) >= replaced })
}
