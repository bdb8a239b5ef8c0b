package gen

import (
	"fmt"
	"math"
	"runtime"
)

// Limits and defaults of a [Config].
const (
	DefaultUnit = 128 << 10 // bytes
	MinUnit     = Cell      // bytes
	MaxUnit     = 1 << 30   // bytes
	MaxRun      = 1 << 40   // bytes
	MaxCompress = 100.0     // times
	MaxSkew     = 8
	MaxThreads  = 1 << 14 // of a generator, or of all nodes of a pool

	// DefaultNonTemporal is the length in bytes from which on stores past the
	// caches are about as fast as others, or faster: measured on a Xeon with 260
	// MiB of shared cache, 0.95 of the speed at 32 MiB, 2.5 from 128 MiB on.
	DefaultNonTemporal = 32 << 20
)

// Config says what to generate. The zero value of every field is valid and useful,
// that of Size if nothing is to be generated.
type Config struct {
	// Size is the length in bytes, 0 to 2^63-1.
	Size int64

	// Seed selects one of 2^64 unrelated streams.
	Seed uint64

	// Dedup is the deduplication ratio, a finite number of 1 or more: of N
	// units, round(N/Dedup) are distinct, and at least one. 0 means 1, all
	// distinct.
	Dedup float64

	// Unit is the piece in bytes that deduplication repeats and that Revision
	// replaces: a multiple of Cell from MinUnit to MaxUnit. 0 means
	// DefaultUnit. It has no effect on the bytes if Dedup is 1, the file is not
	// in a group and nothing has been replaced.
	Unit int64

	// Skew, from 0 to MaxSkew, makes some units far more frequent than others.
	// With 0, all distinct units are about equally frequent. With S, each of
	// them occurs once, and every other unit is a copy of number v^(2S+1) * U of
	// the U distinct ones, v being random from 0 to 1: from S = 3 on, most
	// occur only once. It has no effect on the bytes if Dedup is 1.
	Skew int

	// Group places the file among others that deduplicate together.
	Group Group

	// Revision selects a generation of a file that changes.
	Revision Revision

	// Compress is the ratio by which a Cell or any larger piece compresses, with
	// codecs of the LZ77 family: 1 to MaxCompress. 0 means 1, random bytes.
	Compress float64

	// Texture is what the bytes are like. With one other than Random, Compress is what
	// zstd -3 makes of blocks of 128 KiB, within 3 %, and must be in Texture.Ratios; 0
	// means the usual ratio of such data.
	Texture Texture

	// Spread, from 0 to MaxSpread, makes the ratios of regions differ: it is the standard
	// deviation of their logarithm. All of them together compress by Compress, as far as
	// the texture's lowest and highest ratio leave room. Texture must not be Random.
	Spread float64

	// Zero and Random are how many regions are zeros and random bytes, in billionths of
	// them: together up to 1e9. Compress is that of the others.
	Zero, Random uint64

	// Region is the length of a region in bytes: a multiple of Cell up to MaxUnit. 0 means
	// DefaultRegion. It has no effect without Spread, Zero or Random.
	Region int64

	// Run is how many bytes repeat together at least if Dedup is above 1, and are replaced
	// together by a Revision: a multiple of Unit, up to MaxRun. 0 means one unit. Copies of
	// a run of neighbours are neighbours in the same order, as in backups and images, so
	// that chunking by contents finds them. As there, runs have many lengths: of 1, 2, 4, 8
	// and 16 times Run, and more than 5 on average if there is a file of 32 of them; with
	// Skew, each copy has one. What is left of the file behind its last whole Run is one
	// shorter run.
	Run int64

	// Threads is how many threads may work on one large read, including the
	// caller's: 1, which starts no workers, to MaxThreads. 0 means GOMAXPROCS.
	// It has no effect on the bytes.
	Threads int

	// Nodes, unless it is nil, fills large buffers instead of the generator's
	// own workers: by threads of the memory node where the buffer is. Threads
	// must be 0 then. Closing the generator does not close it.
	Nodes *NodePool

	// Implementation is one of Implementations; 0 means the fastest. It has no
	// effect on the bytes.
	Implementation Implementation

	// NonTemporal is the length of a read in bytes from which on it is written
	// past the caches: faster if the buffer is much larger than they are, slower
	// if what is in them is used soon. 0 means DefaultNonTemporal, a negative
	// number never. It has no effect on the bytes.
	NonTemporal int64
}

// Group places a file in a group of files that share their units. All of them must
// have the same Seed, Dedup, Unit, Skew and Revision, and in version 2 the same Size if
// that is above Unit and no multiple of it. The zero value is a file that is not in a
// group.
type Group struct {
	// Units is how many units all files of the group have together, each file's
	// last one counted as a whole. 0 means that there is no group. With a
	// Revision.Share above 0, Units times Unit must not exceed 2^52 cells.
	Units uint64

	// First is the number of the file's first unit among them. The file's units
	// must be below Units.
	First uint64
}

// withDefaults returns c with its zero values replaced, or what is wrong with it.
func (c Config) withDefaults() (Config, error) {
	if c.Dedup == 0 {
		c.Dedup = 1
	}
	if c.Unit == 0 {
		c.Unit = DefaultUnit
	}
	if c.Region == 0 {
		c.Region = DefaultRegion
	}
	lowest, highest, usual := c.Texture.Ratios()
	if c.Compress == 0 {
		c.Compress = usual
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
		return c, fmt.Errorf("dedup %v: must be a finite number, 1 or more", c.Dedup)
	case c.Unit < MinUnit || c.Unit > MaxUnit || c.Unit%Cell != 0:
		return c, fmt.Errorf("unit %d: must be a multiple of %d, up to %d", c.Unit, Cell, MaxUnit)
	case c.Skew < 0 || c.Skew > MaxSkew:
		return c, fmt.Errorf("skew %d: must be from 0 to %d", c.Skew, MaxSkew)
	case !c.Group.holds(c.units()):
		return c, fmt.Errorf("group of %d units: must hold the file's %d from number %d on",
			c.Group.Units, c.units(), c.Group.First)
	case c.endsInTail() && (c.Group.Units%c.units() != 0 || c.Group.First%c.units() != 0):
		return c, fmt.Errorf("group of %d units, the file's from number %d on: in version %d, both must be multiples of the file's %d",
			c.Group.Units, c.Group.First, DraftVersion, c.units())
	case int(c.Texture) >= len(textureNames):
		return c, fmt.Errorf("texture %v: must be one of %v", c.Texture, textureNames)
	case !(c.Compress >= lowest && c.Compress <= highest) && c.Texture == Random:
		return c, fmt.Errorf("compress %v: must be from %v to %v", c.Compress, lowest, highest)
	case !(c.Compress >= lowest && c.Compress <= highest):
		return c, fmt.Errorf("compress %v: must be from %v to %v with texture %v", c.Compress, lowest, highest, c.Texture)
	case !(c.Spread >= 0 && c.Spread <= MaxSpread):
		return c, fmt.Errorf("spread %v: must be from 0 to %v", c.Spread, MaxSpread)
	case c.Spread > 0 && c.Texture == Random:
		return c, fmt.Errorf("spread %v: needs a texture other than %v", c.Spread, Random)
	case c.Zero > billion || c.Random > billion || c.Zero+c.Random > billion:
		return c, fmt.Errorf("zero %d and random %d: must be %d billionths or less together", c.Zero, c.Random, billion)
	case c.Region < Cell || c.Region > MaxUnit || c.Region%Cell != 0:
		return c, fmt.Errorf("region %d: must be a multiple of %d, up to %d", c.Region, Cell, MaxUnit)
	case c.Run < 0 || c.Run > MaxRun || c.Run%c.Unit != 0:
		return c, fmt.Errorf("run %d: must be a multiple of the unit, %d, up to %d", c.Run, c.Unit, int64(MaxRun))
	case c.Nodes != nil && threads != 0:
		return c, fmt.Errorf("threads %d: must be 0 with Nodes, which has threads of its own", threads)
	case c.Threads < 0 || c.Threads > MaxThreads:
		return c, fmt.Errorf("threads %d: must be from 0 to %d", c.Threads, MaxThreads)
	}
	return c, c.Revision.check(c.Group.Units, c.Unit)
}

// Version is the version of the stream that c describes: 1, or DraftVersion with a
// texture other than Random, regions, a Run, or a Revision that inserts.
func (c Config) Version() int {
	if c.Texture != Random || c.mixes() || c.Run != 0 || c.Revision.Insert != 0 {
		return DraftVersion
	}
	return Version
}

// units returns how many units the file has, with one that is cut short.
func (c *Config) units() uint64 { return ceilDiv(uint64(c.Size), uint64(c.Unit)) }

// holds reports whether a file of so many units fits into the group.
func (g Group) holds(units uint64) bool {
	return g.Units == 0 && g.First == 0 || g.First <= g.Units && units <= g.Units-g.First
}
