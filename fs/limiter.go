package fs

import (
	"sync"
	"time"
)

// maxCatchUp is how far a limiter may be behind the clock. A reader that waits for
// each read before it sends the next one loses the time by which timers are late, and
// catches up on it. After a pause, as much may be read at once as takes this long.
const maxCatchUp = 10 * time.Millisecond

// limiter spreads bytes over time. It is safe for concurrent use.
type limiter struct {
	rate uint64 // bytes a second, 1 to 2^63-1

	mu   sync.Mutex
	next time.Time // when all that was reserved has been transferred
	rest uint64    // and what that is too early by, in 1/rate nanoseconds
}

func newLimiter(rate int64, now time.Time) *limiter {
	return &limiter{rate: uint64(rate), next: now}
}

// reserve returns when n more bytes have been transferred, which is after all that
// was reserved before.
func (l *limiter) reserve(now time.Time, n int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if first := now.Add(-maxCatchUp); l.next.Before(first) {
		l.next, l.rest = first, 0
	}
	// A request has less than 2^32 bytes, so this is below 2^62 and 2^63.
	work := uint64(n)*uint64(time.Second) + l.rest
	l.next, l.rest = l.next.Add(time.Duration(work/l.rate)), work%l.rate
	return l.next
}

// giveBack cancels a reservation. Those that came after it keep their times.
func (l *limiter) giveBack(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = l.next.Add(-time.Duration(uint64(n) * uint64(time.Second) / l.rate))
}

// fileLimiters are the limiters of open files. All that have the same file open
// share one.
type fileLimiters struct {
	mu    sync.Mutex
	files map[uint64]*fileLimiter // by node id
}

type fileLimiter struct {
	*limiter
	opens int
}

// open returns the limiter of a file, until close is called as often.
func (t *fileLimiters) open(id uint64, rate int64) *limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.files == nil {
		t.files = make(map[uint64]*fileLimiter)
	}
	f := t.files[id]
	if f == nil {
		f = &fileLimiter{limiter: newLimiter(rate, time.Now())}
		t.files[id] = f
	}
	f.opens++
	return f.limiter
}

func (t *fileLimiters) close(id uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f := t.files[id]; f != nil {
		if f.opens--; f.opens == 0 {
			delete(t.files, id)
		}
	}
}
