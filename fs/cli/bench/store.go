package bench

// A store is a way to write to memory, the yardstick for the generator: a loop that
// writes bytes that are all the same and not zero. Zeros are no measure: on AMD,
// clear() of a large buffer is twice as fast as any store of another byte.
type store struct {
	name string
	fill func(p []byte) // whose length and address are multiples of storeAlign
}

// storeAlign is the alignment of what a store writes, in bytes.
const storeAlign = 64

// storedByte is the byte that stores write.
const storedByte = 0xA5

// storeCopy copies a block that stays in a level 1 cache. It is there on every CPU.
var storeCopy = store{"copy", func(p []byte) {
	for len(p) > 0 {
		p = p[copy(p, storedBlock[:]):]
	}
}}

var storedBlock = func() (block [4 << 10]byte) {
	for i := range block {
		block[i] = storedByte
	}
	return block
}()

// stores are those that this CPU has.
var stores = append(cpuStores(), storeCopy)

// fastest returns the store with the least time, as timed returns it, of two tries.
func fastest(timed func(s store) float64) store {
	best, least := stores[0], 0.0
	for range 2 {
		for _, s := range stores {
			if t := timed(s); least == 0 || t < least {
				best, least = s, t
			}
		}
	}
	return best
}
