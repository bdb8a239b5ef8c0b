package gen

import (
	"fmt"
	"hash/maphash"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/dgenfs/dgenfs/gen/keyed"
)

var hashSeed = maphash.MakeSeed()

// unitHashes reads all of g and returns a hash of every unit's first n bytes.
func unitHashes(tb testing.TB, g *Generator, unit int64, n int) []uint64 {
	tb.Helper()
	var hashes []uint64
	p := make([]byte, n)
	for off := int64(0); off < g.Size(); off += unit {
		mustRead(tb, g, p, off)
		hashes = append(hashes, maphash.Bytes(hashSeed, p))
	}
	return hashes
}

func distinct(hashes []uint64) int {
	seen := map[uint64]bool{}
	for _, h := range hashes {
		seen[h] = true
	}
	return len(seen)
}

// With N units, exactly max(1, round(N/D)) distinct ones occur.
func TestDedupIsExact(t *testing.T) {
	large := int64(20011)
	if testing.Short() || raceEnabled() {
		large = 3001
	}
	for _, dedup := range []float64{1.5, 2, 3, 4, 10, 100} {
		for n := int64(1); n <= large; n = nextCount(n, large) {
			g := open(t, Config{Size: n * Cell, Dedup: dedup, Unit: Cell, Seed: uint64(n), Threads: 1})
			got := distinct(unitHashes(t, g, Cell, Cell))
			g.Close()
			if want := max(1, int(math.Round(float64(n)/dedup))); got != want {
				t.Errorf("dedup %v: %d distinct units of %d, want %d", dedup, got, n, want)
			}
		}
	}
}

// nextCount returns all numbers up to 40, some up to 400, and some large ones.
func nextCount(n, large int64) int64 {
	switch {
	case n < 40:
		return n + 1
	case n < 400:
		return n + 17
	case n < large:
		return large
	}
	return n + 1
}

// The last unit may be shorter, and counts like the others: here they are all
// compared by as many bytes as it has.
func TestDedupOfLongUnits(t *testing.T) {
	for _, test := range []struct{ size, unit int64 }{
		{30 * 3 * Cell, 3 * Cell},
		{30*3*Cell + 100, 3 * Cell},
		{50*128<<10 - 5, 128 << 10},
		{5<<20 + 4096, 1 << 20},
	} {
		tail := int(test.size % test.unit)
		if tail == 0 {
			tail = int(test.unit)
		}
		units := (test.size + test.unit - 1) / test.unit
		for _, dedup := range []float64{1.5, 2, 7, 1000} {
			g := open(t, Config{Size: test.size, Dedup: dedup, Unit: test.unit})
			got := distinct(unitHashes(t, g, test.unit, tail))
			want := max(1, int(math.Round(float64(units)/dedup)))
			if got != want {
				t.Errorf("size %d, unit %d, dedup %v: %d distinct units, want %d", test.size, test.unit, dedup, got, want)
			}
		}
	}
}

// A unit's cells are all different: only units repeat.
func TestDedupRepeatsWholeUnitsOnly(t *testing.T) {
	const units, unit = 64, 128 << 10
	g := open(t, Config{Size: units * unit, Dedup: 4})
	if got, want := distinct(unitHashes(t, g, Cell, Cell)), units/4*unit/Cell; got != want {
		t.Errorf("%d distinct cells, want %d", got, want)
	}
}

func TestWithoutDedupNothingRepeats(t *testing.T) {
	const cells = 4 << 10
	for _, cfg := range []Config{{}, {Dedup: 1}, {Compress: 10}, {Unit: Cell, Seed: math.MaxUint64}} {
		cfg.Size = cells * Cell
		if got := distinct(unitHashes(t, open(t, cfg), Cell, Cell)); got != cells {
			t.Errorf("%+v: %d distinct cells of %d", cfg, got, cells)
		}
	}
}

// placement returns which of the distinct units each unit is.
func placement(cfg Config) []uint64 {
	s := newStream(cfg)
	units := make([]uint64, cfg.Size/cfg.Unit)
	for i := range units {
		q, _ := s.run(uint64(i) * s.cells)
		units[i] = q / s.cells
	}
	return units
}

// Copies of a unit are neither at a constant distance, like a cycle's, nor
// side by side, and every part of the file has its share of them.
func TestDedupSpread(t *testing.T) {
	for _, units := range []int{1000, 1024, 10007, 1 << 16} {
		for _, dedup := range []float64{1.5, 2, 3, 4, 10} {
			for seed := range uint64(8) {
				name := fmt.Sprintf("%d units, dedup %v, seed %d", units, dedup, seed)
				place := placement(Config{Size: int64(units) * Cell, Unit: Cell, Dedup: dedup, Seed: seed})
				distances := map[int]int{}
				last := map[uint64]int{}
				for i, u := range place {
					if before, ok := last[u]; ok {
						distances[i-before]++
					}
					last[u] = i
				}
				pairs := units - len(last)
				if most := slices.Max(slices.Collect(maps.Values(distances))); most*20 > pairs {
					t.Errorf("%s: %d of %d neighbouring copies are at the same distance", name, most, pairs)
				}
				if side := distances[1]; side*20 > pairs {
					t.Errorf("%s: %d of %d neighbouring copies are side by side", name, side, pairs)
				}
				// As many as if drawn at random, every distinct unit D times.
				want := float64(len(last)) * (1 - math.Pow(0.75, dedup))
				for quarter := range 4 {
					got := float64(distinct(place[quarter*units/4 : (quarter+1)*units/4]))
					if got < want*0.75 || got > want*1.25 {
						t.Errorf("%s: %v distinct units in quarter %d, want about %.0f", name, got, quarter, want)
					}
				}
			}
		}
	}
}

func TestDedupPlacementDependsOnSeed(t *testing.T) {
	for _, units := range []int64{100, 1024, 5000} {
		seen := map[string]uint64{}
		for seed := range uint64(50) {
			place := fmt.Sprint(placement(Config{Size: units * Cell, Unit: Cell, Dedup: 2, Seed: seed}))
			if other, ok := seen[place]; ok {
				t.Errorf("%d units: seeds %d and %d place them alike", units, seed, other)
			}
			seen[place] = seed
		}
	}
}

// The permutation is the documented one, not just any.
func TestPermutationEqualsReference(t *testing.T) {
	for _, n := range []uint64{1, 2, 3, 4, 5, 63, 64, 65, 1000, 1 << 32, 1<<51 - 1} {
		for _, seed := range goldenSeeds {
			ref := reference{Size: int64(min(n, math.MaxInt64/Cell) * Cell), Unit: Cell, Dedup: 2, Seed: seed}
			p := keyed.NewPermutation(ref.units(), newStream(Config(ref)).a)
			for k := range min(n, 100) {
				i := n / min(n, 100) * k
				if got, want := p.At(i), ref.permute(i); got != want {
					t.Fatalf("n = %d, seed %#x: %d is moved to %d, want %d", n, seed, i, got, want)
				}
			}
		}
	}
}

// A skew leaves the number of distinct units exact. With much of it, most of
// them occur once, and a few make up most of the rest.
func TestSkew(t *testing.T) {
	const units = 100_000
	before := 0
	for skew := 0; skew <= MaxSkew; skew++ {
		place := placement(Config{Size: units * Cell, Unit: Cell, Dedup: 3, Seed: 7, Skew: skew})
		counts := map[uint64]int{}
		for _, u := range place {
			counts[u]++
		}
		if want := int(math.Floor(units/3.0 + 0.5)); len(counts) != want {
			t.Errorf("skew %d: %d distinct units, want %d", skew, len(counts), want)
		}
		most := slices.Max(slices.Collect(maps.Values(counts)))
		if most <= before {
			t.Errorf("skew %d: the most frequent unit occurs %d times, %d at the skew below", skew, most, before)
		}
		before = most
		once := 0
		for _, n := range counts {
			if n == 1 {
				once++
			}
		}
		if skew >= 3 && once*2 < len(counts) {
			t.Errorf("skew %d: %d of %d distinct units occur once, want most of them", skew, once, len(counts))
		}
		if skew == 0 && most != 4 {
			t.Errorf("without skew, a unit occurs %d times, want 3 or 4", most)
		}
	}
}

// The files of a group share their units: over all of them, as many are
// distinct as in one file of their length.
func TestGroupDeduplicates(t *testing.T) {
	const files, perFile = 50, 7
	for _, dedup := range []float64{1, 1.5, 4, 100} {
		whole := Config{Size: files * perFile * Cell, Unit: Cell, Dedup: dedup, Seed: 3, Skew: 2}
		want := placement(whole)
		for i := range uint64(files) {
			part := whole
			part.Size = perFile * Cell
			part.Group = Group{Units: files * perFile, First: i * perFile}
			if got := placement(part); !slices.Equal(got, want[i*perFile:(i+1)*perFile]) {
				t.Errorf("dedup %v, file %d: units %v, want %v", dedup, i, got, want[i*perFile:(i+1)*perFile])
			}
		}
	}
}
