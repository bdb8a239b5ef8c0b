package counters

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// SizeBuckets is how many classes of sizes there are: no bytes, up to 512, and twice that
// and so on up to 16 MiB, and more.
const SizeBuckets = 18

// smallestSize is the bound of the class after the one of no bytes, as a power of two.
const smallestSize = 9

// SizeBound returns how many bytes class i has at most, math.MaxInt64 for the last one.
func SizeBound(i int) int64 {
	switch i {
	case 0:
		return 0
	case SizeBuckets - 1:
		return math.MaxInt64
	}
	return 1 << (smallestSize - 1 + i)
}

func sizeBucket(n uint64) int {
	if n == 0 {
		return 0
	}
	return min(max(1, bits.Len64(n-1)-smallestSize+1), SizeBuckets-1)
}

// TimeBuckets is how many classes of times there are: up to a microsecond, and twice that
// and so on up to 67 seconds, and more.
const TimeBuckets = 28

// TimeBound returns how long a time of class i is at most, math.MaxInt64 for the last one.
func TimeBound(i int) time.Duration {
	if i == TimeBuckets-1 {
		return math.MaxInt64
	}
	return time.Microsecond << i
}

func timeBucket(t time.Duration) int {
	return min(bits.Len64(uint64(max(t, 1)-1)/uint64(time.Microsecond)), TimeBuckets-1)
}

// Times are how many requests took how long.
type Times struct {
	Buckets [TimeBuckets]uint64
	Sum     time.Duration
}

// Count is how many there are.
func (t *Times) Count() uint64 { return sum(t.Buckets[:]) }

// Sizes are how many requests had how many bytes.
type Sizes [SizeBuckets]uint64

// Count is how many there are.
func (s *Sizes) Count() uint64 { return sum(s[:]) }

func sum(all []uint64) (sum uint64) {
	for _, n := range all {
		sum += n
	}
	return sum
}

// times are Times that are counted.
type times struct {
	buckets [TimeBuckets]atomic.Uint64
	sum     atomic.Int64 // nanoseconds
}

func (t *times) add(took time.Duration) {
	t.buckets[timeBucket(took)].Add(1)
	t.sum.Add(int64(took))
}

func (t *times) addTo(to *Times) {
	addTo(t.buckets[:], to.Buckets[:])
	to.Sum += time.Duration(t.sum.Load())
}

func addTo(from []atomic.Uint64, to []uint64) {
	for i := range from {
		to[i] += from[i].Load()
	}
}
