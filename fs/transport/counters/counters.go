// Package counters counts what the threads of a server do: requests by kind, the sizes
// and the latencies of reads and writes, and the files of which most is read.
//
// Each thread has counters of its own, which share no cache line with others, and only
// adds to them, without a lock: that costs some 0.1 microseconds a request, most of which
// is two looks at the clock. Whoever wants to know adds up those of all threads, at any
// time: [Thread.AddTo]. The counts of different things may then be of different moments.
package counters

import (
	"sync/atomic"
	"syscall"
	"time"
)

// Class is what latencies are counted apart for.
type Class int

// Classes of requests.
const (
	Read Class = iota
	Write
	Other

	Classes = iota
)

func classOf(opcode uint32) Class {
	switch opcode {
	case opRead:
		return Read
	case opWrite:
		return Write
	}
	return Other
}

// Request is what is remembered of a request until it is answered.
type Request struct {
	opcode uint32
	node   uint64
	came   time.Duration // since epoch
	held   bool
}

// epoch is what times are counted from: looking at the monotonic clock alone takes half
// the time of time.Now.
var epoch = time.Now()

// cacheLines is what keeps neighbours off the cache lines of counters, of which some CPUs
// fetch two at a time, in bytes.
const cacheLines = 128

// Thread has the counters of one thread. Its methods but AddTo are for that thread alone.
type Thread struct {
	_ [cacheLines]byte

	current Request
	came    time.Duration // the requests of a ring that are answered now
	queued  []Request     // with replies that the kernel has not seen

	requests                [opcodes]atomic.Uint64 // but READ and WRITE
	readBytes, readErrors   atomic.Uint64
	writeBytes, writeErrors atomic.Uint64
	interrupted             atomic.Uint64
	readSizes, writeSizes   [SizeBuckets]atomic.Uint64
	times                   [Classes]times
	files                   files

	_ [cacheLines]byte
}

// Begin is called when a request has come.
func (t *Thread) Begin(opcode uint32, node uint64) {
	t.Arrived()
	t.Next(opcode, node)
}

// End is called when the kernel has the reply to the request that Begin was called with,
// or when it was held.
func (t *Thread) End() {
	if !t.current.held {
		t.answered(&t.current, time.Since(epoch))
	}
}

// Arrived is called when requests have come over a ring. Next is then called for each,
// when it is answered, Queued when there is a reply, and Sent when the kernel has got the
// replies.
func (t *Thread) Arrived() { t.came = time.Since(epoch) }

// Next begins with a request that has come; see Arrived.
func (t *Thread) Next(opcode uint32, node uint64) {
	t.current = Request{opcode: opcode, node: node, came: t.came}
	if opcode != opRead && opcode != opWrite {
		if opcode >= opcodes {
			opcode = 0
		}
		t.requests[opcode].Add(1)
	}
}

// Queued is called when the reply to the current request is in the ring.
func (t *Thread) Queued() {
	if !t.current.held {
		t.queued = append(t.queued, t.current)
	}
}

// Sent is called when the kernel has taken what is in the ring.
func (t *Thread) Sent() {
	if len(t.queued) == 0 {
		return
	}
	now := time.Since(epoch)
	for i := range t.queued {
		t.answered(&t.queued[i], now)
	}
	t.queued = t.queued[:0]
}

// Hold returns the current request, which is answered later, and not by the next call of
// End or Queued; see Late.
func (t *Thread) Hold() Request {
	t.current.held = true
	return t.current
}

// Refuse takes Hold back: the current request is answered at once, with an error.
func (t *Thread) Refuse(errno syscall.Errno) {
	t.current.held = false
	if t.current.opcode == opRead {
		t.Read(0, errno)
	}
}

// Read counts the outcome of a READ, the current request.
func (t *Thread) Read(bytes int, errno syscall.Errno) {
	t.read(t.current.node, bytes, errno, t.current.came)
}

func (t *Thread) read(node uint64, bytes int, errno syscall.Errno, now time.Duration) {
	if errno != 0 {
		t.readErrors.Add(1)
		return
	}
	t.readSizes[sizeBucket(uint64(bytes))].Add(1)
	t.readBytes.Add(uint64(bytes))
	t.files.add(node, uint64(bytes), now)
}

// Write counts the outcome of a WRITE, the current request.
func (t *Thread) Write(bytes int, errno syscall.Errno) {
	if errno != 0 {
		t.writeErrors.Add(1)
		return
	}
	t.writeSizes[sizeBucket(uint64(bytes))].Add(1)
	t.writeBytes.Add(uint64(bytes))
	t.files.add(t.current.node, uint64(bytes), t.current.came)
}

// Late counts the answer to a request that was held, by any thread, but one at a time.
func (t *Thread) Late(r Request, bytes int, errno syscall.Errno, interrupted bool) {
	if interrupted {
		t.interrupted.Add(1)
	}
	now := time.Since(epoch)
	if r.opcode == opRead {
		t.read(r.node, bytes, errno, now)
	}
	t.answered(&r, now)
}

func (t *Thread) answered(r *Request, now time.Duration) {
	t.times[classOf(r.opcode)].add(now - r.came)
}

// Served is how many reads and writes there were.
type Served struct {
	Reads  uint64 // requests answered with data, or with the end of the file
	Bytes  uint64
	Errors uint64 // reads answered with an error

	Writes      uint64 // requests whose data was taken
	WriteBytes  uint64
	WriteErrors uint64 // writes answered with an error
}

// Add adds other counts.
func (s *Served) Add(other Served) {
	s.Reads += other.Reads
	s.Bytes += other.Bytes
	s.Errors += other.Errors
	s.Writes += other.Writes
	s.WriteBytes += other.WriteBytes
	s.WriteErrors += other.WriteErrors
}

// Served returns the counts so far. It may be called by any thread.
func (t *Thread) Served() Served {
	var reads, writes Sizes
	addTo(t.readSizes[:], reads[:])
	addTo(t.writeSizes[:], writes[:])
	return Served{
		Reads: reads.Count(), Bytes: t.readBytes.Load(), Errors: t.readErrors.Load(),
		Writes: writes.Count(), WriteBytes: t.writeBytes.Load(), WriteErrors: t.writeErrors.Load(),
	}
}

// Sum is what several threads have counted. The zero value is ready to use.
type Sum struct {
	Served
	ReadSizes, WriteSizes Sizes  // of what reads were answered with, and of what was taken
	Interrupted           uint64 // requests that waited until their reader was interrupted or killed

	// Times are how long it took from when a request was read until the kernel had the
	// reply, with what it copies then, and with what the file system delays it.
	Times [Classes]Times
	Files Files

	requests [opcodes]uint64
}

// AddTo adds the counts so far to a sum. It may be called by any thread.
func (t *Thread) AddTo(sum *Sum) {
	served := t.Served()
	sum.Served.Add(served)
	addTo(t.readSizes[:], sum.ReadSizes[:])
	addTo(t.writeSizes[:], sum.WriteSizes[:])
	addTo(t.requests[:], sum.requests[:])
	sum.requests[opRead] += served.Reads + served.Errors
	sum.requests[opWrite] += served.Writes + served.WriteErrors
	sum.Interrupted += t.interrupted.Load()
	for i := range t.times {
		t.times[i].addTo(&sum.Times[i])
	}
	t.files.merge(&sum.Files, time.Since(epoch))
}
