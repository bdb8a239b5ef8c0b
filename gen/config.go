package gen

import (
	"fmt"
	"math"
	"runtime"
)

// Limits and defaults of a [Config].
const (
	DefaultUnit = 128 << 10 // bytes
	MinUnit     = Cell
	MaxUnit     = 1 << 30
	MaxCompress = 100.0

	MaxSkew    = 8
	MaxThreads = 1 << 14

	// DefaultNonTemporal, in bytes, is where stores past the caches stop being
	// slower: measured on a Xeon with 260 MiB of shared cache, they reach 0.95
	// of plain stores at 32 MiB, and 2.5 times their speed from 128 MiB on.
	DefaultNonTemporal = 32 << 20
)

// Config says what to generate. The zero values of all fields but Size are
// useful.
type Config struct {
	// Size is the length in bytes, 0 to 2^63-1.
	Size int64

	// Seed selects one of 2^64 unrelated streams.
	Seed uint64

	// Dedup is the deduplication ratio, finite and at least 1: of N units,
	// round(N/Dedup) are distinct. 0 means 1, all distinct.
	Dedup float64

	// Unit is what deduplication repeats, in bytes: a multiple of Cell, from
	// MinUnit to MaxUnit, and what Revision replaces. 0 means DefaultUnit. It
	// has no effect on the bytes if Dedup is 1, the file is on its own and
	// nothing has been replaced.
	Unit int64

	// Skew, from 0 to MaxSkew, makes some units far more frequent than others:
	// 0 repeats all distinct ones about equally often. With S, every distinct
	// unit occurs once, and each of the others repeats the one that is at the
	// share v^(2S+1) of them, v drawn evenly from 0 to 1: from 3 on, most
	// occur once. It has no effect on the bytes if Dedup is 1.
	Skew int

	// Group places the file among others that deduplicate together.
	Group Group

	// Revision is one generation of a file that changes.
	Revision Revision

	// Compress is the ratio by which every Cell, and anything larger,
	// compresses: 1 to MaxCompress. 0 means 1, random bytes.
	Compress float64

	// Threads is how many threads may work on one large fill, the caller's
	// included, up to MaxThreads; 1 starts no workers. 0 means GOMAXPROCS. It
	// has no effect on the bytes.
	Threads int

	// Nodes, if it is not nil, fills large buffers in place of workers of the
	// generator's own: on machines of several memory nodes, where the buffer
	// lies. Threads must be 0 then. It is not closed with the generator.
	Nodes *NodePool

	// Implementation is how to make the bytes: one of Implementations, the
	// fastest if it is zero. It has no effect on the bytes.
	Implementation Implementation

	// NonTemporal is the length of a fill, in bytes, from which on it is
	// written past the caches: faster if the buffer is far larger than they
	// are, slower if somebody reads it from there. 0 means
	// DefaultNonTemporal, a negative number never.
	NonTemporal int64
}

// Group places a file in a group of files that share their units, of the same
// Seed, Dedup, Unit, Skew and Revision. The zero value is a file on its own.
type Group struct {
	// Units is how many all files of the group have together; 0 means that
	// there are no others. With a Revision.Share above 0, they have at most 2^52
	// cells.
	Units uint64

	First uint64 // number of the file's first unit among them
}

// withDefaults returns c with its zero values replaced, or what is wrong with
// it.
func (c Config) withDefaults() (Config, error) {
	if c.Dedup == 0 {
		c.Dedup = 1
	}
	if c.Unit == 0 {
		c.Unit = DefaultUnit
	}
	if c.Compress == 0 {
		c.Compress = 1
	}
	threads := c.Threads
	if c.Threads == 0 {
		c.Threads = runtime.GOMAXPROCS(0)
	}
	switch {
	case c.NonTemporal == 0:
		c.NonTemporal = DefaultNonTemporal
	case c.NonTemporal < 0:
		c.NonTemporal = math.MaxInt64
	}
	var err error
	if c.Implementation, err = c.Implementation.resolve(); err != nil {
		return c, err
	}
	switch {
	case c.Size < 0:
		return c, fmt.Errorf("size %d: must not be negative", c.Size)
	case !(c.Dedup >= 1) || math.IsInf(c.Dedup, 0):
		return c, fmt.Errorf("dedup %v: must be a number of 1 or more", c.Dedup)
	case c.Unit < MinUnit || c.Unit > MaxUnit || c.Unit%Cell != 0:
		return c, fmt.Errorf("unit %d: must be a multiple of %d, up to %d", c.Unit, Cell, MaxUnit)
	case c.Skew < 0 || c.Skew > MaxSkew:
		return c, fmt.Errorf("skew %d: must be from 0 to %d", c.Skew, MaxSkew)
	case !c.Group.holds(ceilDiv(uint64(c.Size), uint64(c.Unit))):
		return c, fmt.Errorf("group of %d units: must hold those of the file, %d from number %d on",
			c.Group.Units, ceilDiv(uint64(c.Size), uint64(c.Unit)), c.Group.First)
	case !(c.Compress >= 1 && c.Compress <= MaxCompress):
		return c, fmt.Errorf("compress %v: must be from 1 to %v", c.Compress, MaxCompress)
	case c.Nodes != nil && threads != 0:
		return c, fmt.Errorf("threads %d: must be 0 beside Nodes, which has threads of its own", threads)
	case c.Threads < 0 || c.Threads > MaxThreads:
		return c, fmt.Errorf("threads %d: must be from 0 to %d", c.Threads, MaxThreads)
	}
	return c, c.Revision.check(c.Group.Units, c.Unit)
}

// holds reports whether a file of so many units is within the group.
func (g Group) holds(units uint64) bool {
	return g.Units == 0 && g.First == 0 || g.First <= g.Units && units <= g.Units-g.First
}
