package counters

import (
	"math"
	"syscall"
	"testing"
	"time"
)

// Every value is in the class whose bound it does not exceed, and not in the one before.
func TestBuckets(t *testing.T) {
	for _, n := range []uint64{0, 1, 511, 512, 513, 1024, 1025, 4095, 4096, 4097, 1 << 20, 1<<20 + 1, 16 << 20, 16<<20 + 1, math.MaxInt64} {
		i := sizeBucket(n)
		if int64(n) > SizeBound(i) || i > 0 && int64(n) <= SizeBound(i-1) {
			t.Errorf("%d bytes are in class %d, up to %d", n, i, SizeBound(i))
		}
	}
	for _, d := range []time.Duration{-1, 0, 1, 999, 1000, 1001, 2000, 2001, time.Millisecond, time.Second, time.Minute, 67 * time.Second, 68 * time.Second, math.MaxInt64} {
		i := timeBucket(d)
		if d > TimeBound(i) || i > 0 && d <= TimeBound(i-1) {
			t.Errorf("%v is in class %d, up to %v", d, i, TimeBound(i))
		}
	}
}

func kind(s *Sum, name string) uint64 {
	for _, k := range s.Kinds() {
		if k.Name == name {
			return k.Count
		}
	}
	return math.MaxUint64
}

func TestThread(t *testing.T) {
	var c Thread
	do := func(opcode uint32, f func()) {
		c.Begin(opcode, 7)
		f()
		c.End()
	}
	do(opRead, func() { c.Read(4096, 0) })
	do(opRead, func() { c.Read(0, 0) })
	do(opRead, func() { c.Read(0, syscall.EIO) })
	do(opWrite, func() { c.Write(8192, 0) })
	do(opWrite, func() { c.Write(0, syscall.EIO) })
	do(1, func() {})  // LOOKUP
	do(2, func() {})  // FORGET
	do(42, func() {}) // BATCH_FORGET
	do(5000, func() {})
	do(opRead, func() { c.Hold(); c.Refuse(syscall.EBUSY) })
	// Two that wait: one is answered, and one interrupted.
	var held []Request
	for range 2 {
		do(opRead, func() { held = append(held, c.Hold()) })
	}
	var before Sum
	c.AddTo(&before)
	if n := before.Times[Read].Count(); n != 4 {
		t.Errorf("%d reads have been answered, want 4", n)
	}
	c.Late(held[0], 100, 0, false)
	c.Late(held[1], 0, syscall.EINTR, true)
	// Over a ring, what is queued is answered when it is sent.
	c.Arrived()
	c.Next(opRead, 9)
	c.Read(512, 0)
	c.Queued()
	c.Next(3, 1)
	c.Queued()
	c.Next(opRead, 9)
	late := c.Hold()
	c.Queued()
	var sum, twice Sum
	c.AddTo(&sum)
	if sum.Times[Read].Count() != 6 || sum.Times[Other].Count() != 4 {
		t.Errorf("answered before they are sent: %v", sum.Times)
	}
	c.Sent()
	c.Sent()
	c.Late(late, 1, 0, false)

	sum = Sum{}
	c.AddTo(&sum)
	if want := (Served{Reads: 5, Bytes: 4096 + 100 + 512 + 1, Errors: 3, Writes: 1, WriteBytes: 8192, WriteErrors: 1}); sum.Served != want || c.Served() != want {
		t.Errorf("%+v, want %+v", sum.Served, want)
	}
	if sum.Interrupted != 1 || sum.Times[Read].Count() != 8 || sum.Times[Write].Count() != 2 || sum.Times[Other].Count() != 5 {
		t.Errorf("%d interrupted, %v", sum.Interrupted, sum.Times)
	}
	for name, want := range map[string]uint64{"read": 8, "write": 2, "lookup": 1, "getattr": 1, "forget": 2, "other": 1, "open": 0} {
		if got := kind(&sum, name); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	top := sum.Files.Top(10, false, none)
	if len(top) != 2 || top[0].Node != 7 || top[0].Bytes != 4096+8192+100 || top[1].Node != 9 || top[1].Bytes != 513 {
		t.Errorf("files: %v", top)
	}
	c.AddTo(&twice)
	c.AddTo(&twice)
	if twice.Reads != 2*sum.Reads || kind(&twice, "read") != 16 || twice.Times[Read].Sum != 2*sum.Times[Read].Sum || twice.ReadSizes.Count() != 10 {
		t.Errorf("two threads: %+v", twice.Served)
	}
}

// The time of a request goes from its Begin to its End, also if it waits in between.
func TestTimes(t *testing.T) {
	var c Thread
	c.Begin(opRead, 1)
	time.Sleep(2 * time.Millisecond)
	c.End()
	c.Begin(opRead, 1)
	r := c.Hold()
	c.End()
	time.Sleep(2 * time.Millisecond)
	c.Late(r, 0, 0, false)
	var sum Sum
	c.AddTo(&sum)
	if d := sum.Times[Read].Sum; d < 4*time.Millisecond {
		t.Errorf("two requests that took 2 ms took %v together", d)
	}
	for i, n := range sum.Times[Read].Buckets {
		if n > 0 && TimeBound(i) < 2*time.Millisecond {
			t.Errorf("%d took at most %v", n, TimeBound(i))
		}
	}
}

// None of this allocates, once there has been a ring's first batch.
func TestNoAllocations(t *testing.T) {
	var c Thread
	node := uint64(0)
	if n := testing.AllocsPerRun(100, func() {
		node++
		c.Begin(opRead, node)
		c.Read(4096, 0)
		c.End()
		c.Arrived()
		c.Next(opWrite, node)
		c.Write(4096, 0)
		c.Queued()
		c.Sent()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRead(b *testing.B) {
	for name, nodes := range map[string]uint64{"files=1": 1, "files=32": 32, "files=1M": 1 << 20} {
		b.Run(name, func(b *testing.B) {
			var c Thread
			for i := uint64(0); b.Loop(); i++ {
				c.Begin(opRead, i%nodes+1)
				c.Read(4096, 0)
				c.End()
			}
		})
	}
}
