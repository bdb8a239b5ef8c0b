package gen

import (
	"math/bits"

	"github.com/dgenfs/dgenfs/gen/keyed"
)

const (
	// blockPieces is into how many pieces a whole block is cut.
	blockPieces = 6
	blockSlots  = 1 << (blockPieces - 1)
)

// runOrder permutes the numbers below n in runs of neighbours. Runs have many lengths, as
// those of backups have: a slot is the shortest, and the mean is more than five slots, so
// that what chunkers lose at the borders of runs is a fifth of what it would be if each were
// one slot. Blocks of slots are cut into pieces: half of the block, half of the rest and so
// on. Each block has its pieces in an order of its own, and those of whole blocks change
// places with others of their length. The last block may have fewer slots. What is left
// behind it stays where it is.
type runOrder struct {
	pieces [blockPieces]keyed.Permutation // by length, of whole blocks; one is all there is if run is 1
	run    uint64                         // length of a slot
	whole  uint64                         // slots in whole blocks
	last   uint64                         // slots in the last one, which is not whole
	key    uint64
}

func newRunOrder(n, run, key uint64) runOrder {
	o := runOrder{run: run, key: key}
	if run == 1 {
		o.pieces[0] = keyed.NewPermutation(n, key)
		return o
	}
	slots := n / run
	o.last = slots % blockSlots
	o.whole = slots - o.last
	if o.whole > 0 {
		for k := range o.pieces {
			o.pieces[k] = keyed.NewPermutation(o.whole/blockSlots, keyed.Mix(key+uint64(k+1)*phi))
		}
	}
	return o
}

// At returns where i, a number below n, is moved to.
func (o *runOrder) At(i uint64) uint64 {
	if o.run == 1 {
		return o.pieces[0].At(i)
	}
	slot := i / o.run
	switch {
	case slot < o.whole:
		block := slot / blockSlots
		k, at, from := o.piece(block, slot%blockSlots, blockSlots)
		slot = o.pieces[k].At(block)*blockSlots + from + at
	case slot < o.whole+o.last:
		_, at, from := o.piece(o.whole/blockSlots, slot-o.whole, o.last)
		slot = o.whole + from + at
	}
	return slot*o.run + i%o.run
}

// piece returns the piece in which a slot of a block is, after the block's pieces have been
// put into its order, how many slots are before it there, and how many were before the piece.
func (o *runOrder) piece(block, slot, slots uint64) (k int, at, from uint64) {
	var length, start [blockPieces]uint64
	var order [blockPieces]int
	n := 0
	for left := slots; left > 0; n++ {
		order[n], start[n], length[n] = n, slots-left, (left+1)/2
		left -= length[n]
	}
	h := keyed.Mix(o.key + block*phi)
	for t := n - 1; t > 0; t-- {
		other, rest := bits.Mul64(h, uint64(t+1))
		order[t], order[other] = order[other], order[t]
		h = rest
	}
	for _, k = range order {
		if slot < length[k] {
			break
		}
		slot -= length[k]
	}
	return k, slot, start[k]
}

// runUnits returns how many units a run has at least.
func runUnits(c *Config) uint64 { return max(1, uint64(c.Run/c.Unit)) }
