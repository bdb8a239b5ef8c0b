package gen

import (
	"fmt"
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
		units[i] = s.distinctUnit(uint64(i))
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
