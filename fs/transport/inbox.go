package transport

import (
	"os"
	"sync"

	"github.com/dgenfs/dgenfs/fs/transport/counters"
	"golang.org/x/sys/unix"
)

// dueRead is a read that has waited, with the entry that it is in.
type dueRead struct {
	entry       uint32
	read        *waitingRead
	request     counters.Request
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

// delay has the READ of an entry answered later, by this thread. The entry stays
// taken until then.
func (t *thread) delay(number uint32, d *Delayed) {
	e, request := &t.entries[number], t.counts.Hold()
	if d.Prepare != nil && !t.usable.Load() {
		t.makeSpares() // of slow files, they are made when these are opened
	}
	if !t.mayWait(e.queue) {
		t.refuse(d)
		t.counts.Refuse(unix.EBUSY)
		t.commit(number, 0, unix.EBUSY)
		return
	}
	if !t.inbox.armed {
		t.inbox.armed = true
		t.await(t.inbox.fd, inboxReady)
	}
	h := e.header.request()
	t.delays.add(&waitingRead{ // there is no bound but that of the queues
		Delayed: d,
		unique:  h.Unique,
		reader:  h.Pid,
		answer: func(r *waitingRead, interrupted bool) {
			t.inbox.put(dueRead{number, r, request, interrupted})
		},
	})
}

// answerDue answers what has waited; the kernel gets the replies when the ring is
// entered.
func (t *thread) answerDue() {
	for _, r := range t.inbox.take() {
		e := &t.entries[r.entry]
		n, errno := t.finish(r.read, r.interrupted, e.payload[:min(int(e.header.read().size), len(e.payload))])
		t.waiting[e.queue].Add(-1)
		t.counts.Late(r.request, n, errno, r.interrupted)
		t.commit(r.entry, n, errno)
	}
	t.await(t.inbox.fd, inboxReady)
}
