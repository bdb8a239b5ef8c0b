package gen

import "github.com/dgenfs/dgenfs/gen/keyed"

// runOrder permutes the numbers below n in runs of neighbours: all whole runs among
// themselves, while what is left of the last one stays where it is.
type runOrder struct {
	order keyed.Permutation // of whole runs
	run   uint64            // length
	whole uint64            // numbers in whole runs
}

func newRunOrder(n, run, key uint64) runOrder {
	o := runOrder{run: run, whole: n - n%run}
	if o.whole > 0 {
		o.order = keyed.NewPermutation(n/run, key)
	}
	return o
}

// At returns where i, a number below n, is moved to.
func (o *runOrder) At(i uint64) uint64 {
	if o.run == 1 {
		return o.order.At(i)
	}
	if i >= o.whole {
		return i
	}
	return o.order.At(i/o.run)*o.run + i%o.run
}

// runUnits returns how many units a run has.
func runUnits(c *Config) uint64 { return max(1, uint64(c.Run/c.Unit)) }
