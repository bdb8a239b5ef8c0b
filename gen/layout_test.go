package gen

import (
	"fmt"
	"math/big"
	"testing"
)

// unitsOf returns which distinct unit each unit of cfg is.
func unitsOf(t *testing.T, cfg Config) []uint64 {
	t.Helper()
	cfg, err := cfg.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	s := newStream(cfg)
	units := make([]uint64, ceilDiv(uint64(cfg.Size), uint64(cfg.Unit)))
	for i := range units {
		units[i] = s.layout.unit(uint64(i))
	}
	return units
}

func TestRuns(t *testing.T) {
	const unit = 4 << 10
	for _, units := range []int64{1, 7, 63, 64, 65, 1000, 10_000} {
		for _, run := range []int64{1, 8, 64} {
			for _, dedup := range []float64{1.5, 3, 20} {
				for _, skew := range []int{0, 2} {
					cfg := Config{Size: units*unit - 5, Unit: unit, Run: run * unit, Dedup: dedup, Skew: skew, Seed: uint64(units)}
					t.Run(fmt.Sprintf("units=%d/run=%d/dedup=%v/skew=%d", units, run, dedup, skew), func(t *testing.T) {
						of := unitsOf(t, cfg)
						seen := make(map[uint64]bool)
						var broken int
						for i, u := range of {
							seen[u] = true
							if i > 0 && u != of[i-1]+1 {
								broken++
							}
						}
						if want := distinctOf(uint64(units), dedup); uint64(len(seen)) != want {
							t.Errorf("%d distinct units, want %d", len(seen), want)
						}
						// A run is whole but for the one in which the distinct units end, and
						// where there are fewer of them than one run has.
						if most := len(of)/int(run) + 2; run > 1 && len(seen) >= int(run) && broken > most {
							t.Errorf("the units are in %d runs, at most %d expected", broken+1, most)
						}
					})
				}
			}
		}
	}
}

func TestRunOrderIsPermutation(t *testing.T) {
	for _, n := range []uint64{1, 5, 64, 65, 100} {
		for _, run := range []uint64{1, 2, 64, 200} {
			o := newRunOrder(n, run, 42)
			seen := make(map[uint64]bool)
			for i := range n {
				seen[o.At(i)] = true
			}
			for i := range n {
				if !seen[i] {
					t.Errorf("%d numbers in runs of %d: none is moved to %d", n, run, i)
				}
			}
		}
	}
}

// Tails repeat tails, and what is in front of them repeats the like.
func TestTailsOfGroup(t *testing.T) {
	const unit, size, files = 64 << 10, 100_000, 300
	for _, dedup := range []float64{1.5, 3} {
		for _, run := range []int64{1, 4} {
			for _, generation := range []int{0, 2} {
				tails, bodies := make(map[string]int), make(map[string]int)
				for file := range uint64(files) {
					p, err := Generate(Config{
						Size: size, Unit: unit, Run: run * unit, Dedup: dedup, Seed: 5,
						Group:    Group{Units: 2 * files, First: 2 * file},
						Revision: Revision{Generation: generation, Share: billion / 10},
					})
					if err != nil {
						t.Fatal(err)
					}
					bodies[string(p[:unit])]++
					tails[string(p[unit:])]++
				}
				want := int(distinctOf(files, dedup))
				if len(bodies) != want || len(tails) != want {
					t.Errorf("dedup %v, run %d, generation %d: %d bodies and %d tails, want %d of each",
						dedup, run, generation, len(bodies), len(tails), want)
				}
			}
		}
	}
}

// The layout is that of the package comment, whose words it does not share code with.
func TestLayoutOfTails(t *testing.T) {
	const files, own = 50, 3
	cfg, err := Config{
		Size: own*Cell - 1, Unit: Cell, Run: Cell, Dedup: 2.5, Seed: 9, Skew: 1,
		Group: Group{Units: files * own},
	}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	s := newStream(cfg)
	a := refMix(cfg.Seed + refPhi)
	bodies := reference{Dedup: 2.5, Seed: 9, Skew: 1, Group: Group{Units: files * (own - 1)}}
	for i := range uint64(files * own) {
		want := bodies.distinctUnit(i/own*(own-1) + i%own)
		if i%own == own-1 {
			tails := reference{Dedup: 2.5, Group: Group{Units: files}}
			x := refPermute(i/own, files, ^a)
			if x >= tails.distinct() {
				v := refMix(^a ^ x*refPhi)
				hi := new(big.Int).SetUint64(v)
				for range 2 {
					hi.Rsh(hi.Mul(hi, new(big.Int).SetUint64(v)), 64)
				}
				x = hi.Rsh(hi.Mul(hi, new(big.Int).SetUint64(tails.distinct())), 64).Uint64()
			}
			want = bodies.distinct() + x
		}
		if got := s.layout.unit(i); got != want {
			t.Errorf("unit %d is number %d, want %d", i, got, want)
		}
	}
}

// A generation replaces neighbours.
func TestRevisionReplacesRuns(t *testing.T) {
	const units, run, unit = 4000, 16, Cell
	cfg := Config{Size: units * unit, Unit: unit, Run: run * unit, Revision: Revision{Generation: 1, Share: billion / 10}}
	cfg, err := cfg.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	s := newStream(cfg)
	var replaced, runs int
	var before bool
	for u := range uint64(units) {
		now := s.turns.replaced(u) > 0
		if now {
			replaced++
			if !before {
				runs++
			}
		}
		before = now
	}
	if replaced != units/10 || runs > replaced/run+1 {
		t.Errorf("%d units were replaced, in %d runs", replaced, runs)
	}
}
