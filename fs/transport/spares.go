package transport

import (
	"iter"
	"sync"
	"sync/atomic"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// A read that is answered later keeps its entry until then: the kernel has no other way
// to take the reply. So that reads that wait do not block all other requests of their
// CPU, every queue gets spare entries, and as many reads of it may wait. They are
// registered when the first slow file is opened, before it can be read, or when the
// first listing takes long: the kernel gives a new entry only requests that come later,
// not those that are already queued.
//
// Reads beyond that bound get EBUSY. If files are known to be slow, there is no bound:
// whoever chose io_uring for such a mount wants its reads to wait.

// Bounds of the spare entries of a queue, and of all queues together, unless that is
// less than minSpare for each. A spare entry takes memory when it is first used.
const (
	minSpare  = 2
	maxSpare  = 16
	allSpares = 256
)

func spareEntries(queues int) int { return min(max(allSpares/queues, minSpare), maxSpare) }

// spares is the spare entries of all queues, and who waits.
type spares struct {
	spare   int            // entries of a queue
	waiting []atomic.Int32 // reads of a queue that wait
	made    sync.Once
	usable  atomic.Bool
	refused sync.Once // logs the first refusal
}

// firstSpare is the number of the first spare entry; those of a queue lie together.
func (r *rings) firstSpare() int { return len(r.waiting) * r.depth }

// isNewSpare reports whether an entry is a spare one that has had no request.
func (r *rings) isNewSpare(n uint32) bool {
	return int(n) >= r.firstSpare() && r.entries[n].header.commitID == 0
}

// spareEntries are the numbers of the spare entries of the thread's queues.
func (t *thread) spareEntries() iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, queue := range t.queues {
			for i := range t.spare {
				if !yield(t.firstSpare() + queue*t.spare + i) {
					return
				}
			}
		}
	}
}

// makeSpares registers the spare entries of all queues through this thread's ring. The
// threads of the queues take them over with the first request in each. If it fails,
// fewer reads can wait.
func (t *thread) makeSpares() {
	t.made.Do(func() {
		for _, home := range t.threads {
			if err := home.placeEntries(home.spareEntries(), len(home.queues)*t.spare); err != nil {
				t.log.Printf("rings on CPU %d: %v; few reads of slow files can wait", t.cpu, err)
				return
			}
		}
		for n := t.firstSpare(); n < len(t.entries); n++ {
			t.register(uint32(n))
		}
		if errno := t.ring.enter(enterSubmit); errno != 0 {
			t.log.Printf("rings on CPU %d: io_uring_enter: %v; few reads of slow files can wait", t.cpu, errno)
			return
		}
		t.usable.Store(true)
	})
}

// opened is called with the reply to OPEN.
func (t *thread) opened(reply []byte) {
	if !t.usable.Load() && t.fs.IsSlow(view[fuse.OpenOut](reply).Fh) {
		t.makeSpares()
	}
}

// mayWait counts a read of a queue that is to wait, or returns false if too many do.
func (r *rings) mayWait(queue uint16) bool {
	limit := int32(r.depth - 1)
	if r.usable.Load() {
		limit = int32(r.spare)
	}
	if r.waiting[queue].Add(1) <= limit || r.slow {
		return true
	}
	r.waiting[queue].Add(-1)
	r.refused.Do(func() {
		r.log.Printf("reads of slow files and long listings get EBUSY: %d of CPU %d are waiting, and over io_uring more would block other requests", limit, queue)
	})
	return false
}
