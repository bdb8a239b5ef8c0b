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

// Delayed is a read that is answered later than it came. Read or Cancel is called,
// once, and by any goroutine; neither is if the connection ends before.
type Delayed struct {
	Due    time.Time                           // when to answer; may be past
	Read   func(p []byte) (int, syscall.Errno) // fills p as ReadFile does, when it is due
	Cancel func()                              // says that the reader has gone away
}

// delayedBuffers is how many reads that were due can be answered over /dev/fuse at a
// time at most: each takes a buffer, while those that wait take none. Over rings,
// entries are the buffers.
const delayedBuffers = 4

// earlyInterrupts is how many INTERRUPTs are remembered that are for no read that
// waits.
const earlyInterrupts = 256

// delays is the reads of a connection that wait. None of its threads waits with
// them. The zero value is ready to use.
type delays struct {
	mu      sync.Mutex
	ended   bool
	waiting map[uint64]*waitingRead // by the number of the request
	running sync.WaitGroup          // answers being given

	// INTERRUPTs that found no read: of requests that never wait, or whose READ
	// another thread has received and not yet added here. The protocol's way is
	// to answer EAGAIN, so that they come again; but the kernel takes that only
	// through the descriptor that the READ was received through. None is answered
	// at all, which the protocol allows; ENOSYS would be for good, also for the
	// reads that wait.
	early     []uint64
	lastEarly int

	watching bool // a goroutine looks for readers that were killed

	buffers chan []byte // those that nobody uses; nil ones are made when they are used
}

type waitingRead struct {
	*Delayed
	unique uint64
	reader uint32 // thread that waits for it, as this process numbers it; 0 if it has no number here
	timer  *time.Timer
	answer func(r *waitingRead, interrupted bool) // it must not wait if that is true
}

// add has r answered when it is due or interrupted.
func (d *delays) add(r *waitingRead) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		return
	}
	if slices.Contains(d.early, r.unique) {
		d.running.Go(func() { r.answer(r, true) })
		return
	}
	if d.waiting == nil {
		d.waiting = make(map[uint64]*waitingRead)
	}
	d.waiting[r.unique] = r
	r.timer = time.AfterFunc(time.Until(r.Due), func() { d.answer(r.unique, false) })
	if !d.watching && time.Until(r.Due) > watchEvery {
		d.watching = true
		go d.watch()
	}
}

// watchEvery is how often readers that wait are looked after.
const watchEvery = time.Second

// watch answers reads of which the reader has been killed, until none waits. The
// kernel does not always say so: over rings, not if the signal comes while a
// request is about to get its entry (no INTERRUPT on Linux 6.18).
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

// isKilled reports whether a thread is about to die of a signal. One that is gone
// is not: it may have been a worker of the kernel that read for somebody else.
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

// answer has a request answered, if it is a read that waits.
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
	r.timer.Stop()
	r.answer(r, interrupted)
}

// remember keeps an INTERRUPT that has come before its READ. The numbers of
// requests never come again, so one that has come after is no harm.
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
		r.timer.Stop()
	}
	d.waiting = nil
	d.mu.Unlock()
	d.running.Wait()
}

// free returns the channel of the buffers.
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

// finish ends a read that has waited: into p, or, if it was interrupted, with EINTR.
func (s *Server) finish(r *waitingRead, interrupted bool, p []byte) (n int, errno syscall.Errno) {
	defer s.guard(&n, &errno)
	if interrupted {
		r.Cancel()
		return 0, syscall.EINTR
	}
	return r.Read(p)
}

// delay has a READ answered later, through the worker's descriptor: the kernel looks
// for the request of a reply only where that was received.
func (w *worker) delay(in []byte, d *Delayed) {
	h, size := header(in), readOf(in).size
	w.delays.add(&waitingRead{
		Delayed: d,
		unique:  h.Unique,
		reader:  h.Pid,
		answer: func(r *waitingRead, interrupted bool) {
			if interrupted {
				n, errno := w.finish(r, true, nil)
				w.delayed.add(n, errno)
				w.reply(make([]byte, replyHeader), r.unique, errno, n)
				return
			}
			free := w.delays.free()
			buffer := <-free
			if buffer == nil {
				buffer = make([]byte, replyHeader+w.request)
			}
			n, errno := w.finish(r, false, buffer[replyHeader:replyHeader+int(size)])
			w.delayed.add(n, errno)
			w.reply(buffer, r.unique, errno, n)
			free <- buffer
		},
	})
}

// reply writes a reply from a buffer that has its data behind room for the header.
// Unlike send, it can be called by any goroutine.
func (w *worker) reply(buffer []byte, unique uint64, errno syscall.Errno, n int) {
	putHeader(buffer, unique, errno, n)
	_, err := unix.Write(w.fd, buffer[:replyHeader+n])
	if err != nil && err != unix.ENOENT && err != unix.ENODEV {
		w.log.Printf("delayed reply of %d bytes: %v", n, err)
	}
}
