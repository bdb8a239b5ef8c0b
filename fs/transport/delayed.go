package transport

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Delayed is a read, of a file or of a directory, that is answered later than it came.
// Either Read or Cancel is called, once, by any goroutine; neither is if the connection
// ends before.
type Delayed struct {
	Due time.Time // when to answer; may be past

	// Prepare, if it is not nil, takes the place of Due: it runs on a goroutine of its
	// own, and the read is due when it returns, which it has to do within
	// milliseconds once cancel is closed.
	Prepare func(cancel <-chan struct{})

	Read   func(p []byte) (int, syscall.Errno) // fills p as ReadFile does, when it is due
	Cancel func()                              // the read does not take place: its reader is gone, or too many wait
}

// delayedBuffers is how many reads that are due can be answered over /dev/fuse at a
// time. Each needs a buffer then; those that still wait need none. Over rings, entries
// are the buffers.
const delayedBuffers = 4

// earlyInterrupts is how many INTERRUPTs are remembered that came before their reads.
const earlyInterrupts = 256

// delays holds the reads of a connection that wait; no thread waits with them. The zero
// value is ready to use.
type delays struct {
	mu      sync.Mutex
	ended   bool
	waiting map[uint64]*waitingRead // by the number of the request
	limit   int                     // how many may wait; 0 means any number
	refused sync.Once               // logs the first refusal
	running sync.WaitGroup          // answers being given

	// INTERRUPTs that found no read: the request is not a delayed read, or
	// another thread has received it and not added it yet. The protocol has
	// EAGAIN for this, after which the kernel sends the INTERRUPT again, but the
	// kernel accepts that only through the descriptor that the READ came
	// through. So INTERRUPT is not answered, which the protocol allows. After
	// ENOSYS the kernel would never send one again.
	early     []uint64
	lastEarly int

	watching bool // a goroutine looks for readers that have been killed

	buffers chan []byte // free ones; a nil one is made when it is used
}

type waitingRead struct {
	*Delayed
	unique uint64
	reader uint32                                 // thread ID of the reader in this process's PID namespace; 0 if it has none
	timer  *time.Timer                            // nil if it is being prepared
	cancel chan struct{}                          // closed to end the preparation
	answer func(r *waitingRead, interrupted bool) // must not wait if interrupted
}

// add has r answered when it is due or interrupted. It returns false if too many reads
// wait already.
func (d *delays) add(r *waitingRead) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		return true
	}
	if d.limit != 0 && len(d.waiting) >= d.limit {
		return false
	}
	if slices.Contains(d.early, r.unique) {
		d.running.Go(func() { r.answer(r, true) })
		return true
	}
	if d.waiting == nil {
		d.waiting = make(map[uint64]*waitingRead)
	}
	d.waiting[r.unique] = r
	if r.Prepare != nil {
		r.cancel = make(chan struct{})
		d.running.Go(func() {
			r.Prepare(r.cancel)
			d.answer(r.unique, false)
		})
	} else {
		r.timer = time.AfterFunc(time.Until(r.Due), func() { d.answer(r.unique, false) })
	}
	if !d.watching && (r.Prepare != nil || time.Until(r.Due) > watchEvery) {
		d.watching = true
		go d.watch()
	}
	return true
}

// watchEvery is how often readers are checked.
const watchEvery = time.Second

// watch answers reads whose readers have been killed, until none waits. The kernel does
// not always send INTERRUPT: over rings, not if the signal comes while the request is
// about to get its entry (Linux 6.18).
func (d *delays) watch() {
	for {
		time.Sleep(watchEvery)
		d.mu.Lock()
		if len(d.waiting) == 0 {
			d.watching = false
			d.mu.Unlock()
			return
		}
		reads := slices.Collect(maps.Values(d.waiting))
		d.mu.Unlock()
		for _, r := range reads {
			if isKilled(r.reader) {
				d.answer(r.unique, true)
			}
		}
	}
}

// isKilled reports whether a thread has SIGKILL pending. A thread that does not exist
// does not count: it may have been a kernel worker that read on behalf of another.
func isKilled(thread uint32) bool {
	if thread == 0 {
		return false
	}
	status, err := os.ReadFile("/proc/" + strconv.FormatUint(uint64(thread), 10) + "/status")
	if err != nil {
		return false
	}
	_, pending, _ := bytes.Cut(status, []byte("\nSigPnd:\t"))
	pending, _, _ = bytes.Cut(pending, []byte("\n"))
	set, err := strconv.ParseUint(string(pending), 16, 64)
	return err == nil && set&(1<<(unix.SIGKILL-1)) != 0
}

// answer answers a request, if it is a read that waits.
func (d *delays) answer(unique uint64, interrupted bool) {
	d.mu.Lock()
	r := d.waiting[unique]
	if r == nil {
		if interrupted && !d.ended {
			d.remember(unique)
		}
		d.mu.Unlock()
		return
	}
	delete(d.waiting, unique)
	d.running.Add(1) // while it is not ended
	d.mu.Unlock()
	defer d.running.Done()
	r.stop()
	r.answer(r, interrupted)
}

// stop ends the wait of a read that has been taken out of those that wait.
func (r *waitingRead) stop() {
	if r.timer != nil {
		r.timer.Stop()
	} else {
		close(r.cancel)
	}
}

// remember keeps an INTERRUPT that may have come before its READ. If it came after
// instead, that does no harm: numbers of requests are never used again.
func (d *delays) remember(unique uint64) {
	if len(d.early) < earlyInterrupts {
		d.early = append(d.early, unique)
		return
	}
	d.early[d.lastEarly] = unique
	d.lastEarly = (d.lastEarly + 1) % earlyInterrupts
}

// stop drops all reads that wait. When it returns, no answer is being given, and
// none will be.
func (d *delays) stop() {
	d.mu.Lock()
	d.ended = true
	for _, r := range d.waiting {
		r.stop()
	}
	d.waiting = nil
	d.mu.Unlock()
	d.running.Wait()
}

// free returns the channel of free buffers.
func (d *delays) free() chan []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.buffers == nil {
		d.buffers = make(chan []byte, delayedBuffers)
		for range delayedBuffers {
			d.buffers <- nil
		}
	}
	return d.buffers
}

// finish does a read that has waited, into p, or cancels it if it was interrupted.
func (s *Server) finish(r *waitingRead, interrupted bool, p []byte) (n int, errno syscall.Errno) {
	defer s.guard(&n, &errno)
	if interrupted {
		r.Cancel()
		return 0, syscall.EINTR
	}
	return r.Read(p)
}

// delay answers a READ later, through the worker's descriptor: the kernel accepts a
// reply only through the descriptor that the request came through.
func (w *worker) delay(in []byte, d *Delayed) {
	h, size, request := header(in), readOf(in).size, w.counts.Hold()
	waits := w.delays.add(&waitingRead{
		Delayed: d,
		unique:  h.Unique,
		reader:  h.Pid,
		answer: func(r *waitingRead, interrupted bool) {
			if interrupted {
				n, errno := w.finish(r, true, nil)
				w.delayed.late(request, n, errno, true)
				w.reply(make([]byte, replyHeader), r.unique, errno, n)
				return
			}
			free := w.delays.free()
			buffer := <-free
			if buffer == nil {
				buffer = make([]byte, replyHeader+replyRoom(w.request))
			}
			n, errno := w.finish(r, false, buffer[replyHeader:][:min(int(size), replyRoom(w.request))])
			w.delayed.late(request, n, errno, false)
			w.reply(buffer, r.unique, errno, n)
			free <- buffer
		},
	})
	if !waits {
		w.refuse(d)
		w.delays.refused.Do(func() {
			w.log.Printf("reads of slow files get EBUSY: %d are waiting, and more would hold back other reads", w.delays.limit)
		})
		w.counts.Refuse(unix.EBUSY)
		w.send(h.Unique, unix.EBUSY, 0)
	}
}

// refuse cancels a read that does not wait, because too many do.
func (s *Server) refuse(d *Delayed) { s.finish(&waitingRead{Delayed: d}, true, nil) }

// reply writes a reply from a buffer that has its data behind room for the header.
// Unlike send, it can be called by any goroutine.
func (w *worker) reply(buffer []byte, unique uint64, errno syscall.Errno, n int) {
	putHeader(buffer, unique, errno, n)
	_, err := unix.Write(w.fd, buffer[:replyHeader+n])
	if err != nil && err != unix.ENOENT && err != unix.ENODEV {
		w.log.Printf("delayed reply of %d bytes: %v", n, err)
	}
}
