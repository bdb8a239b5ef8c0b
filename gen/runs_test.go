package gen

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"testing"
)

// run is L.
func (r reference) run() uint64 { return max(1, uint64(r.Run)/r.unit()) }

// move is pi or rho, of n numbers, by A or B. Pieces are put in a row, and counted.
func (r reference) move(i, n, key uint64) uint64 {
	run := r.run()
	if run == 1 {
		return refPermute(i, n, key)
	}
	blocks, slots := n/run/32, uint64(32)
	b := i / run / 32
	if b == blocks {
		slots = n / run % 32
	}
	at := i - b*32*run
	if at >= slots*run {
		return i
	}
	var pieces, starts []uint64
	for left := slots; left > 0; left /= 2 {
		starts = append(starts, slots-left)
		pieces = append(pieces, left-left/2)
	}
	var order []uint64
	h := new(big.Int).SetUint64(refMix(key + b*refPhi))
	for t := uint64(len(pieces)); t > 0; t-- {
		h.Mul(h, new(big.Int).SetUint64(t))
		order = append(order, new(big.Int).Rsh(h, 64).Uint64())
		h.And(h, new(big.Int).SetUint64(math.MaxUint64))
	}
	for _, k := range refExchange(order) {
		if at >= pieces[k]*run {
			at -= pieces[k] * run
			continue
		}
		to := b
		if b < blocks {
			to = refPermute(b, blocks, refMix(key+(k+1)*refPhi))
		}
		return (to*32+starts[k])*run + at
	}
	panic("no piece")
}

// refExchange returns 0, 1, ... after the last, the last but one and so on have been exchanged
// with those that are given.
func refExchange(with []uint64) []uint64 {
	n := len(with)
	order := make([]uint64, n)
	for i := range order {
		order[i] = uint64(i)
	}
	for i, other := range with {
		t := n - 1 - i
		order[t], order[other] = order[other], order[t]
	}
	return order
}

// The layout of runs is that of the package comment, from which the reference was written.
func TestRunsAreTheReference(t *testing.T) {
	for _, units := range []int64{1, 5, 31, 32, 33, 64, 100, 1000, 12345, 1 << 40} {
		for _, run := range []int64{1, 2, 3, 8, 100} {
			for _, dedup := range []float64{1.5, 3, 20} {
				for _, skew := range []int{0, 2} {
					cfg := Config{
						Size: units * Cell, Unit: Cell, Run: run * Cell, Dedup: dedup, Skew: skew, Seed: uint64(units + run),
						Revision: Revision{Generation: 3, Share: billion / 7},
					}
					full, err := cfg.withDefaults()
					if err != nil {
						t.Fatal(err)
					}
					s, want := newStream(full), reference(cfg)
					for i := range min(units, 300) {
						for _, unit := range []uint64{uint64(i), uint64(units - 1 - i), uint64(i * (units / 300))} {
							u := want.distinctUnit(unit)
							got, n := s.layout.units(unit)
							if got != u {
								t.Fatalf("%+v: unit %d is number %d, want %d", cfg, unit, got, u)
							}
							last := min(unit+n, uint64(units)) - 1
							if got := want.distinctUnit(last); got != u+last-unit {
								t.Fatalf("%+v: unit %d is number %d, and %d behind it are said to follow, but %d is number %d",
									cfg, unit, u, n-1, last, got)
							}
							if s.turns.taken == 0 {
								continue
							}
							if got, e := s.turns.replaced(u), want.replaced(u); got != e {
								t.Fatalf("%+v: number %d was replaced %d times, want %d", cfg, u, got, e)
							}
						}
					}
				}
			}
		}
	}
}

func TestBytesOfRuns(t *testing.T) {
	for _, cfg := range []Config{
		{Dedup: 3, Run: 4 * Cell},
		{Dedup: 2, Run: 12 * Cell, Compress: 2, Revision: Revision{Generation: 4, Share: 2e8}},
	} {
		cfg.Size, cfg.Unit, cfg.Seed = 300*Cell, 2*Cell, 6
		mustEqual(t, mustGenerate(t, cfg), reference(cfg).bytes(0, int(cfg.Size)), 0)
	}
}

// The layout of a draft may change, but not by accident.
func TestGoldenRuns(t *testing.T) {
	for _, c := range []struct {
		Config
		want string
	}{
		{Config{Size: 1000 * Cell, Unit: Cell, Run: 4 * Cell, Dedup: 3}, "0e96fc6fec735caaa1eaba778ad25a5891b641decc49449f2f3866f59227e6a8"},
		{Config{Size: 1000 * Cell, Unit: Cell, Run: 4 * Cell, Dedup: 3, Skew: 2, Seed: 1}, "7b55f7a1b4e9b811653650b302626a941ca650bfc58c58913d94de4b2518fe50"},
		{Config{Size: 100*Cell + 1, Unit: Cell, Run: 8 * Cell, Dedup: 1.5, Group: Group{Units: 1010, First: 101}}, "98fb78da15367df3c913518198e551cb3334bd11ca5e728605fce943c18ba4ed"},
		{Config{Size: 1000 * Cell, Unit: Cell, Run: 4 * Cell, Revision: Revision{Generation: 2, Share: 2e8}}, "6fbd691484b442560c247e84f4e2830247965c18ea188a3ebd296c6c6cbe348d"},
	} {
		full, err := c.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		s := newStream(full)
		var contents []byte
		for cell := range uint64(100) {
			q, _ := s.run(cell)
			contents = binary.LittleEndian.AppendUint64(contents, q)
		}
		if got := hash(contents); got != c.want {
			t.Errorf("%+v: the first 100 cells have other contents, by hash %s, want %s", c.Config, got, c.want)
		}
	}
}

// Runs have many lengths, none of which is shorter than what was asked for, but where the
// distinct units or the file end.
func TestLengthsOfRuns(t *testing.T) {
	const units, slot = 100_000, 8
	for _, dedup := range []float64{2, 3, 5} {
		t.Run(fmt.Sprintf("dedup=%v", dedup), func(t *testing.T) {
			of := unitsOf(t, Config{Size: units * Cell, Unit: Cell, Run: slot * Cell, Dedup: dedup, Seed: 5})
			lengths := make(map[int]int)
			last, short := 0, 0
			for i := 1; i <= len(of); i++ {
				if i < len(of) && of[i] == of[i-1]+1 {
					continue
				}
				lengths[i-last]++
				if i-last < slot {
					short++
				}
				last = i
			}
			runs := 0
			for _, n := range lengths {
				runs += n
			}
			if mean := float64(units) / float64(runs); mean < 4.5*slot {
				t.Errorf("runs have %.1f units on average", mean)
			}
			for n := slot; n <= 16*slot; n *= 2 {
				if lengths[n] == 0 {
					t.Errorf("no run has %d units", n)
				}
			}
			// Copies go on at the first distinct unit behind the last one, wherever that is.
			if most := int(math.Ceil(dedup)) + 2; short > most {
				t.Errorf("%d runs are shorter than %d units, at most %d expected", short, slot, most)
			}
		})
	}
}
