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

// Later is what ReadFile returns, in the place of an error, for a read that is to
// be answered later than it came. No system has an error of this number.
const Later = syscall.Errno(1 << 16)

// LaterRead is a read that waits. Read or Cancel is called, once, and by any
// goroutine; neither is if the connection ends before.
type LaterRead struct {
	Due    time.Time                           // when to answer; may be past
	Read   func(p []byte) (int, syscall.Errno) // fills p as ReadFile does, when it is due
	Cancel func()                              // says that the reader has gone away
}

// lateBuffers is how many reads that were due can be answered over /dev/fuse at a
// time at most: each takes a buffer, while those that wait take none. Over rings,
// entries are the buffers.
const lateBuffers = 4

// earlyInterrupts is how many INTERRUPTs are remembered that are for no read that
// waits.
const earlyInterrupts = 256

// later is the reads of a connection that wait. None of its threads waits with
// them. The zero value is ready to use.
type later struct {
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
	LaterRead
	unique uint64
	reader uint32 // thread that waits for it, as this process numbers it; 0 if it has no number here
	timer  *time.Timer
	answer func(r *waitingRead, interrupted bool) // it must not wait if that is true
}

// add has r answered when it is due or interrupted.
func (l *later) add(r *waitingRead) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	if slices.Contains(l.early, r.unique) {
		l.running.Go(func() { r.answer(r, true) })
		return
	}
	if l.waiting == nil {
		l.waiting = make(map[uint64]*waitingRead)
	}
	l.waiting[r.unique] = r
	r.timer = time.AfterFunc(time.Until(r.Due), func() { l.answer(r.unique, false) })
	if !l.watching && time.Until(r.Due) > watchEvery {
		l.watching = true
		go l.watch()
	}
}

// watchEvery is how often readers that wait are looked after.
const watchEvery = time.Second

// watch answers reads of which the reader has been killed, until none waits. The
// kernel does not always say so: over rings, not if the signal comes while a
// request is about to get its entry (no INTERRUPT on Linux 6.18).
func (l *later) watch() {
	for {
		time.Sleep(watchEvery)
		l.mu.Lock()
		if len(l.waiting) == 0 {
			l.watching = false
			l.mu.Unlock()
			return
		}
		reads := slices.Collect(maps.Values(l.waiting))
		l.mu.Unlock()
		for _, r := range reads {
			if isKilled(r.reader) {
				l.answer(r.unique, true)
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
func (l *later) answer(unique uint64, interrupted bool) {
	l.mu.Lock()
	r := l.waiting[unique]
	if r == nil {
		if interrupted && !l.ended {
			l.remember(unique)
		}
		l.mu.Unlock()
		return
	}
	delete(l.waiting, unique)
	l.running.Add(1) // while it is not ended
	l.mu.Unlock()
	defer l.running.Done()
	r.timer.Stop()
	r.answer(r, interrupted)
}

// remember keeps an INTERRUPT that has come before its READ. The numbers of
// requests never come again, so one that has come after is no harm.
func (l *later) remember(unique uint64) {
	if len(l.early) < earlyInterrupts {
		l.early = append(l.early, unique)
		return
	}
	l.early[l.lastEarly] = unique
	l.lastEarly = (l.lastEarly + 1) % earlyInterrupts
}

// stop drops all reads that wait. When it returns, no answer is being given, and
// none will be.
func (l *later) stop() {
	l.mu.Lock()
	l.ended = true
	for _, r := range l.waiting {
		r.timer.Stop()
	}
	l.waiting = nil
	l.mu.Unlock()
	l.running.Wait()
}

// free returns the channel of the buffers.
func (l *later) free() chan []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buffers == nil {
		l.buffers = make(chan []byte, lateBuffers)
		for range lateBuffers {
			l.buffers <- nil
		}
	}
	return l.buffers
}

// answerLater has a READ answered later, through the worker's descriptor: the
// kernel looks for the request of a reply only where that was received.
func (w *worker) answerLater(unique, fh, off uint64, size, reader uint32) {
	w.later.add(&waitingRead{
		LaterRead: w.fs.ReadLater(fh, int64(off), int(size)),
		unique:    unique,
		reader:    reader,
		answer: func(r *waitingRead, interrupted bool) {
			if interrupted {
				r.Cancel()
				w.late.add(0, syscall.EINTR)
				w.reply(make([]byte, replyHeader), unique, syscall.EINTR, 0)
				return
			}
			free := w.later.free()
			buffer := <-free
			if buffer == nil {
				buffer = make([]byte, replyHeader+w.request)
			}
			n, errno := r.Read(buffer[replyHeader : replyHeader+int(size)])
			w.late.add(n, errno)
			w.reply(buffer, unique, errno, n)
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
		w.log.Printf("late reply of %d bytes: %v", n, err)
	}
}

// dueRead is a read that has waited, with the entry that it is in.
type dueRead struct {
	entry       uint32
	read        *waitingRead
	interrupted bool
}

// inbox hands reads that have waited to the thread that has their entries.
type inbox struct {
	fd    int  // an eventfd
	armed bool // the ring was asked to report it, at the first read that waits

	mu  sync.Mutex
	due []dueRead
}

func (b *inbox) open() (err error) {
	if b.fd, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return os.NewSyscallError("eventfd", err)
	}
	return nil
}

func (b *inbox) close() {
	if b.fd >= 0 {
		unix.Close(b.fd)
	}
}

func (b *inbox) put(r dueRead) {
	b.mu.Lock()
	b.due = append(b.due, r)
	b.mu.Unlock()
	unix.Write(b.fd, eventfdOne[:])
}

// take returns all that was put in since the last call.
func (b *inbox) take() []dueRead {
	unix.Read(b.fd, make([]byte, len(eventfdOne))) // before looking, not to miss any
	b.mu.Lock()
	defer b.mu.Unlock()
	due := b.due
	b.due = nil
	return due
}

// answerLater has the READ of an entry answered later, by this thread. The entry
// stays taken until then.
func (t *thread) answerLater(number uint32) {
	h := t.entries[number].header
	r := h.read()
	if !t.inbox.armed {
		t.inbox.armed = true
		t.await(t.inbox.fd, inboxReady)
	}
	t.later.add(&waitingRead{
		LaterRead: t.fs.ReadLater(r.fh, int64(r.offset), int(r.size)),
		unique:    h.request().Unique,
		reader:    h.request().Pid,
		answer: func(r *waitingRead, interrupted bool) {
			t.inbox.put(dueRead{number, r, interrupted})
		},
	})
}

// answerDue answers what has waited; the kernel gets the replies when the ring is
// entered.
func (t *thread) answerDue() {
	for _, r := range t.inbox.take() {
		e := &t.entries[r.entry]
		n, errno := 0, syscall.EINTR
		if r.interrupted {
			r.read.Cancel()
		} else {
			n, errno = r.read.Read(e.payload[:e.header.read().size])
		}
		if errno == 0 {
			t.served.count(n)
		} else {
			t.served.countError()
		}
		t.commit(r.entry, n, errno)
	}
	t.await(t.inbox.fd, inboxReady)
}
