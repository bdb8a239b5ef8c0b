package transport

import (
	"iter"
	"syscall"

	"golang.org/x/sys/unix"
)

// entry has a request and its reply.
type entry struct {
	home    *thread
	queue   uint16
	header  *entryHeader
	payload []byte
	iov     [2]unix.Iovec // of the two
}

// headerRoom keeps headers on cache lines of their own.
const headerRoom = 512

// payloadRoom returns the room for the data of a request or a reply in bytes. Its bound is
// that of negotiate's max_pages.
func (r *rings) payloadRoom() int { return replyRoom(max(r.request, r.maxWrite)) }

// placeEntries gives count entries memory on the thread's node.
func (t *thread) placeEntries(numbers iter.Seq[int], count int) error {
	room := t.payloadRoom()
	mem, err := t.mapBuffer(count*(room+headerRoom), t.cpu)
	if err != nil {
		return err
	}
	headers := mem[count*room:]
	i := 0
	for n := range numbers {
		e := &t.entries[n]
		e.home, e.queue = t, t.queueOf(n)
		e.header = newEntryHeader(headers[i*headerRoom:])
		e.payload = mem[i*room : (i+1)*room : (i+1)*room]
		e.setBuffers()
		i++
	}
	return nil
}

// queueOf returns the queue of an entry.
func (r *rings) queueOf(n int) uint16 {
	if first := r.firstSpare(); n >= first {
		return uint16((n - first) / r.spare)
	}
	return uint16(n / r.depth)
}

// register gives the kernel a new entry.
func (t *thread) register(n uint32) {
	e := &t.entries[n]
	t.submit(submission{
		opcode:   opUringCmd,
		fd:       int32(t.fd),
		off:      cmdRegister,
		addr:     e.buffers(),
		len:      uint32(len(e.iov)),
		userData: fromKernel | uint64(n),
		queueID:  e.queue,
	})
}

// commit makes the entry's request its reply, of n bytes.
func (t *thread) commit(number uint32, n int, errno syscall.Errno) {
	h := t.entries[number].header
	putHeader(h.inOut[:], h.request().Unique, errno, n)
	h.payload = uint32(n)
	t.submitReply(number)
}

func (t *thread) submitReply(number uint32) {
	e := &t.entries[number]
	t.submit(submission{
		opcode:   opUringCmd,
		fd:       int32(t.fd),
		off:      cmdCommitAndFetch,
		userData: fromKernel | uint64(number),
		commitID: e.header.commitID,
		queueID:  e.queue,
	})
}

// resubmit repeats the last command for an entry. The kernel gives an entry a commit ID
// with its first request; before that, the command is to register it.
func (t *thread) resubmit(n uint32) {
	t.pauseFrom(t.retries)
	t.retries++
	if t.entries[n].header.commitID == 0 {
		t.register(n)
	} else {
		t.submitReply(n)
	}
}

// answer answers the request of an entry; the kernel gets the reply when the
// ring is entered. It reports whether that was a large read or write.
func (t *thread) answer(number uint32) (large bool) {
	e := &t.entries[number]
	t.counts.Next(e.header.request().Opcode, e.header.request().NodeId)
	switch e.header.request().Opcode {
	case opWrite:
		return t.answerWrite(number)
	case opRead:
	default:
		n, errno := t.answerOther(e)
		if errno == unix.EAGAIN && isReadDir(t.in) {
			t.delay(number, t.skipLater(t.in))
			return false
		}
		t.commit(number, n, errno)
		return false
	}
	n, delayed, errno := t.read(e.header.read(), e.payload)
	if delayed != nil {
		t.delay(number, delayed)
		return false
	}
	t.counts.Read(n, errno)
	t.commit(number, n, errno)
	return n >= shareFrom
}

// answerWrite is answer for a WRITE.
func (t *thread) answerWrite(number uint32) (large bool) {
	e := &t.entries[number]
	w := e.header.write()
	size := int(e.header.payload)
	n, errno := 0, syscall.Errno(unix.EIO)
	if int64(size) == int64(w.size) && size <= len(e.payload) {
		n, errno = t.write(w, e.payload[:size], t.scratch)
	} else {
		t.log.Printf("rings on CPU %d: a WRITE of %d bytes has %d", t.cpu, w.size, size)
	}
	t.counts.Write(n, errno)
	if errno == 0 {
		n = putWritten(e.payload, n)
	}
	t.commit(number, n, errno)
	return size >= shareFrom
}

// answerOther answers what is neither READ nor WRITE. The request is copied, into the form that it has
// over /dev/fuse, because the reply goes where it was.
func (t *thread) answerOther(e *entry) (int, syscall.Errno) {
	h := e.header
	in := h.request()
	fixed := int(in.Length) - requestHeader - int(h.payload)
	if fixed < 0 || fixed > len(h.op) || int(h.payload) > len(e.payload) {
		t.log.Printf("rings on CPU %d: a request with opcode %d has %d bytes, %d of them payload", t.cpu, in.Opcode, in.Length, h.payload)
		return 0, syscall.EIO
	}
	t.in = append(t.in[:0], h.inOut[:requestHeader]...)
	t.in = append(t.in, h.op[:fixed]...)
	t.in = append(t.in, e.payload[:h.payload]...)
	n, errno, hasReply := t.other(t.in, t.head[:], e.payload, &t.counts)
	if !hasReply { // the kernel sends such requests over /dev/fuse
		return 0, syscall.EIO
	}
	if in.Opcode == opOpen && errno == 0 {
		t.opened(e.payload)
	}
	return n, errno
}
