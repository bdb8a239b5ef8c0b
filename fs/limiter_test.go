package fs

import (
	"math"
	"testing"
	"time"
)

// near fails if two times differ by more than a nanosecond.
func near(t *testing.T, what string, got, want time.Time) {
	t.Helper()
	if d := got.Sub(want); d < -1 || d > 1 {
		t.Errorf("%s: %v too late", what, d)
	}
}

// The clock is the test's.
func TestLimiter(t *testing.T) {
	begin := time.Now()
	at := func(d time.Duration) time.Time { return begin.Add(d) }
	l := newLimiter(1000, begin)
	near(t, "the first read", l.reserve(begin, 100), at(100*time.Millisecond))
	near(t, "one beside it", l.reserve(begin, 50), at(150*time.Millisecond))
	near(t, "of nothing", l.reserve(begin, 0), at(150*time.Millisecond))
	near(t, "one later", l.reserve(at(100*time.Millisecond), 50), at(200*time.Millisecond))
	// A reader that is late catches up; one that has paused, only by so much.
	near(t, "a little late", l.reserve(at(205*time.Millisecond), 100), at(300*time.Millisecond))
	near(t, "after a pause", l.reserve(at(10*time.Second), 100), at(10*time.Second+100*time.Millisecond-maxCatchUp))
	l.giveBack(100)
	near(t, "after another has gone away", l.reserve(at(10*time.Second), 200), at(10*time.Second+200*time.Millisecond-maxCatchUp))
}

// Nothing is lost to rounding, however fast or slow.
func TestLimiterIsExact(t *testing.T) {
	begin := time.Now()
	for _, rate := range []int64{1, 3, 1000, 1<<20 + 1, 500 << 20, 7e9, 1 << 40, math.MaxInt64} {
		l := newLimiter(rate, begin)
		const n, size = 10000, 4096
		var end time.Time
		for range n {
			end = l.reserve(begin, size)
		}
		want := float64(n*size) / float64(rate)
		if got := end.Sub(begin).Seconds(); want < 1e9 && math.Abs(got-want) > 1e-9+want*1e-12 {
			t.Errorf("%d bytes at %d a second: %v s, want %v", n*size, rate, got, want)
		}
	}
	// The largest request of the protocol.
	l := newLimiter(math.MaxInt64, begin)
	l.rest = l.rate - 1
	near(t, "the largest request", l.reserve(begin, maxPages*64<<10), begin)
}

func TestFileLimiters(t *testing.T) {
	var all fileLimiters
	a, b := all.open(1, 100), all.open(2, 100)
	if a == b || all.open(1, 100) != a {
		t.Error("limiters are not those of their files")
	}
	all.close(1)
	if all.open(1, 100) != a {
		t.Error("a file that is still open has lost its limiter")
	}
	all.close(1)
	all.close(1)
	all.close(2)
	all.close(3) // which nobody has opened
	if len(all.files) != 0 {
		t.Errorf("%d limiters are left of files that nobody has open", len(all.files))
	}
}
