package gen

import (
	"math"
	"math/bits"

	"github.com/dgenfs/dgenfs/gen/keyed"
)

// layout is which distinct unit each unit of a group is. In version 2, files end with
// units of their own kind: a file's last unit, if it is shorter, is a copy of other last
// units only.
type layout struct {
	bodies  repeats
	tails   repeats // none if each is zero
	perFile uint64  // units of each file, with its tail; 0 without tails
}

// newLayout returns the layout of units, those of c's group or file.
func newLayout(c *Config, units, key uint64) layout {
	if own := c.units(); c.endsInTail() && units > own {
		files := units / own
		return layout{
			bodies:  newRepeats(c, files*(own-1), runUnits(c), key),
			tails:   newRepeats(c, files, 1, ^key),
			perFile: own,
		}
	}
	return layout{bodies: newRepeats(c, units, runUnits(c), key)}
}

// endsInTail reports whether c's last unit is shorter than those before it, and only
// repeats others that are.
func (c *Config) endsInTail() bool {
	return c.Version() == DraftVersion && c.Dedup > 1 && c.Size > c.Unit && c.Size%c.Unit != 0
}

// distinct returns how many units are distinct.
func (l *layout) distinct() uint64 { return l.bodies.distinct + l.tails.distinct }

// unit returns which of the distinct units unit i of the group is.
func (l *layout) unit(i uint64) uint64 {
	u, _ := l.units(i)
	return u
}

// units returns which of the distinct units unit i of the group is, and how many units of its
// file, from that one on, are the distinct units that follow each other.
func (l *layout) units(i uint64) (u, n uint64) {
	if l.perFile == 0 {
		return l.bodies.units(i)
	}
	file, k := i/l.perFile, i%l.perFile
	whole := l.perFile - 1
	if k == whole {
		u, _ = l.tails.units(file)
		return l.bodies.distinct + u, 1
	}
	u, n = l.bodies.units(file*whole + k)
	return u, min(n, whole-k)
}

// repeats is which of some distinct units each of a larger number is.
type repeats struct {
	all      bool // each is distinct
	distinct uint64
	order    runOrder
	runs     uint64 // distinct runs of units, if runs are repeated rather than units
	skew     int
	key      uint64
}

func newRepeats(c *Config, units, run, key uint64) repeats {
	if c.Dedup == 1 {
		return repeats{all: true, distinct: units}
	}
	r := repeats{distinct: distinctOf(units, c.Dedup), order: newRunOrder(units, run, key), skew: c.Skew, key: key}
	if run > 1 {
		r.runs = r.distinct / run
	}
	return r
}

// distinctOf returns how many of some units, at least one, are distinct.
func distinctOf(units uint64, dedup float64) uint64 {
	return max(1, uint64(math.Floor(float64(units)/dedup+0.5)))
}

// units returns which of the distinct units unit i is, and how many from there on are the ones
// that follow each other: one or more.
func (r *repeats) units(i uint64) (u, n uint64) {
	if r.all {
		return i, 1
	}
	x, n := r.order.At(i), uint64(1)
	if r.order.run > 1 {
		n = r.order.run - i%r.order.run
	}
	switch {
	case x < r.distinct:
		return x, min(n, r.distinct-x)
	case r.runs > 0:
		return r.copied(x/r.order.run, r.runs)*r.order.run + x%r.order.run, n
	}
	return r.copied(x, r.distinct), 1
}

// copied returns which of n distinct units, or runs of them, is repeated by x.
func (r *repeats) copied(x, n uint64) uint64 {
	if r.skew == 0 {
		return x % n
	}
	v := keyed.Mix(r.key ^ x*phi)
	power := v
	for range 2 * r.skew {
		power, _ = bits.Mul64(power, v)
	}
	u, _ := bits.Mul64(power, n)
	return u
}
