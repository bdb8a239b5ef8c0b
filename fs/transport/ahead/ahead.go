// Package ahead makes the bytes of a file's next read request while the reader is still
// copying the last one: for files whose bytes take long to make, and that are read in
// order.
//
// It starts no threads. A thread that answers requests calls [Maker.Read] for those of
// such files; one that has none calls [Maker.Help], which makes a chunk and returns. If
// the request comes before all of its chunks have been made, the thread that answers it
// and those that help make the rest together.
//
// What is made is kept until it is read, the file is closed, or another file takes its
// place: there is one buffer for each of so many files, and no more memory than that. A
// guess that was wrong costs what was made of one request.
package ahead

import (
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// Chunk is how much is made at a time, in bytes: a multiple of a cell of every
	// file, some microseconds of work, for which a request that comes meanwhile, or a
	// reader on the same CPU, has to wait.
	Chunk = 16 << 10

	// From is the size of the smallest requests that are made ahead, in bytes.
	From = 64 << 10

	// inOrder is how many requests have to follow each other before the next one is
	// made ahead.
	inOrder = 2

	// coolDown is how many more of them after somebody who helped was too slow, as its
	// CPU has something else to do, or after a request that came before the last one was
	// answered, as there are always some then.
	coolDown = 128

	// lately is how many requests of each file are looked at to tell which are being
	// read.
	lately = 4
)

// Options say what is made.
type Options struct {
	Streams int // files that are made ahead at a time, at most
	Threads int // that can answer and help: of as many readers, none is helped
	Prefix  int // bytes of a buffer before the data

	// Make fills p with the bytes of the open file fh from off on, and returns their
	// number, which is less at the end of the file, and false if there is an error.
	// It is called by several threads at once.
	Make func(fh uint64, off int64, p []byte) (n int, ok bool)

	// Buffer returns memory for Prefix bytes and the largest request.
	Buffer func() ([]byte, error)

	// Wait passes a short time, for the i-th time in a row, and returns false if that was
	// long enough for a chunk.
	Wait func(i int) bool
}

// Maker makes ahead for one connection. It is safe for concurrent use.
type Maker struct {
	Options
	mu      sync.Mutex
	streams []stream
	tick    uint64
	broken  bool // there is no memory

	work     atomic.Int32 // chunks that nobody makes yet
	requests atomic.Uint64
	reads    atomic.Uint64 // requests that had been begun
	bytes    atomic.Uint64 // of them that were ready when they came
}

// What stream.made has of chunks without bytes.
const (
	unmade = -1
	failed = -2
)

// stream is a file that is read, and its next request.
type stream struct {
	fh    uint64
	used  uint64 // the tick of its last request; 0 if there was none
	next  int64  // where that ended
	order int    // how many came in order
	open  int    // how many are being answered

	buffer  []byte
	guessed bool // the next request is being made, or ready
	taken   bool // it has come, and a thread finishes it, or gives it up
	off     int64
	size    int
	begun   int   // chunks that are made, or being made, of those of size
	done    int   // chunks that are made
	made    []int // bytes of each chunk, fewer at the end of the file; unmade or failed
}

// New returns a Maker. It takes memory when it is first needed.
func New(o Options) *Maker { return &Maker{Options: o, streams: make([]stream, o.Streams)} }

// Memory returns the bytes that buffers of this size take at most.
func (m *Maker) Memory(buffer int) int { return len(m.streams) * buffer }

// Counts returns how many requests had been begun when they came, and how many of their
// bytes were ready then.
func (m *Maker) Counts() (requests, bytes uint64) { return m.reads.Load(), m.bytes.Load() }

// Read answers a request if it was guessed: the data is in theirs, n bytes from Prefix on,
// which the caller owns from then on in place of mine. If ok is false, the caller has to
// make it, in mine. The next request is guessed in either case.
func (m *Maker) Read(fh uint64, off int64, size int, mine []byte) (theirs []byte, n int, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.find(fh)
	if s == nil {
		return nil, 0, false
	}
	if s.taken {
		s.open++
		s.order = -coolDown
		return nil, 0, false
	}
	m.tick++
	s.used = m.tick
	m.requests.Store(m.tick)
	switch s.open++; {
	case s.open > 1:
		s.order = -coolDown
	case off == s.next:
		s.order = min(s.order+1, inOrder)
	default:
		s.order = min(s.order, 0)
	}
	s.next = off + int64(size)
	// Of what nobody has begun with, there is nothing but a buffer that is in no cache.
	if s.guessed && s.off == off && s.size == size && s.begun > 0 {
		theirs, n, ok = m.take(s, mine)
	}
	m.drop(s)
	if s.order == inOrder && s.begun == s.done && !m.broken && (!ok || n == size) && m.active() < m.Threads {
		m.guess(s, size)
	}
	return theirs, n, ok
}

// take makes what is left of a request that has come, together with those who help.
func (m *Maker) take(s *stream, mine []byte) (theirs []byte, n int, ok bool) {
	s.taken = true
	defer func() { s.taken = false }()
	m.reads.Add(1)
	m.bytes.Add(uint64(min(s.done*Chunk, s.size)))
	for s.begun < len(s.made) {
		m.makeChunk(s)
	}
	if !m.await(s) {
		s.order = -coolDown
		return m.takeOver(s, mine)
	}
	for _, made := range s.made {
		if made == failed {
			return nil, 0, false
		}
		n += made
	}
	theirs, s.buffer = s.buffer, mine
	return theirs, n, true
}

// takeOver makes a request in mine of what there is of it, and of chunks that somebody
// else is still making.
func (m *Maker) takeOver(s *stream, mine []byte) (theirs []byte, n int, ok bool) {
	all := slices.Clone(s.made)
	m.mu.Unlock()
	defer m.mu.Lock()
	for i, made := range all {
		at := m.Prefix + i*Chunk
		end := m.Prefix + min((i+1)*Chunk, s.size)
		if made == unmade {
			var ok bool
			if made, ok = m.Make(s.fh, s.off+int64(i*Chunk), mine[at:end]); !ok {
				return nil, 0, false
			}
		} else if made > 0 {
			copy(mine[at:at+made], s.buffer[at:])
		}
		if made == failed {
			return nil, 0, false
		}
		n += made
	}
	return mine, n, true
}

// find returns the stream of an open file. If it has none, that is the one of the file
// whose last request is longest ago; nil if all are busy.
func (m *Maker) find(fh uint64) *stream {
	var oldest *stream
	for i := range m.streams {
		s := &m.streams[i]
		if s.used != 0 && s.fh == fh {
			return s
		}
		if !s.taken && s.begun == s.done && (oldest == nil || s.used < oldest.used) {
			oldest = s
		}
	}
	if oldest != nil {
		m.drop(oldest)
		oldest.fh, oldest.next, oldest.order, oldest.open = fh, -1, 0, 0
	}
	return oldest
}

// active returns how many files are being read: each thread has its own reader if there
// are as many.
func (m *Maker) active() (n int) {
	for i := range m.streams {
		if s := &m.streams[i]; s.used != 0 && m.tick-s.used < uint64(lately*len(m.streams)) {
			n++
		}
	}
	return n
}

// guess begins with the request of so many bytes that is to come next.
func (m *Maker) guess(s *stream, size int) {
	if s.buffer == nil {
		var err error
		if s.buffer, err = m.Buffer(); err != nil {
			m.broken = true
			return
		}
	}
	s.guessed, s.off, s.size = true, s.next, size
	s.begun, s.done, s.made = 0, 0, s.made[:0]
	for range (size + Chunk - 1) / Chunk {
		s.made = append(s.made, unmade)
	}
	m.work.Add(int32(len(s.made)))
}

// drop gives up what was guessed. Chunks that are being made have to be waited for before
// the buffer is used again.
func (m *Maker) drop(s *stream) {
	if s.guessed {
		m.work.Add(-int32(len(s.made) - s.begun))
		s.guessed = false
	}
}

// makeChunk makes the next chunk of a stream. It unlocks meanwhile.
func (m *Maker) makeChunk(s *stream) {
	i := s.begun
	at := i * Chunk
	fh, off, p := s.fh, s.off+int64(at), s.buffer[m.Prefix+at:m.Prefix+min(at+Chunk, s.size)]
	s.begun++
	m.work.Add(-1)
	m.mu.Unlock()
	n, ok := m.Make(fh, off, p)
	m.mu.Lock()
	s.done++
	if s.made[i] = n; !ok {
		s.made[i] = failed
	}
}

// await waits until nobody makes chunks of a stream, or until that took too long.
func (m *Maker) await(s *stream) bool {
	for i := 0; s.done < s.begun; i++ {
		m.mu.Unlock()
		enough := !m.Wait(i)
		m.mu.Lock()
		if enough && s.done < s.begun {
			return false
		}
	}
	return true
}

// Help makes a chunk, if there is one to be made, and returns true.
func (m *Maker) Help() bool {
	if m.work.Load() == 0 {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var next *stream // of the request that has come, or comes soonest
	for i := range m.streams {
		s := &m.streams[i]
		if s.guessed && s.begun < len(s.made) && (next == nil || s.used > next.used) {
			next = s
		}
	}
	if next == nil {
		return false
	}
	m.makeChunk(next)
	return true
}

// Done is called when a request that Read was called for has been answered.
func (m *Maker) Done(fh uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.streams {
		if s := &m.streams[i]; s.used != 0 && s.fh == fh {
			s.open = max(s.open-1, 0)
		}
	}
}

// Pending reports whether there is something to help with.
func (m *Maker) Pending() bool { return m.work.Load() > 0 }

// Requests returns how many requests Read was called for.
func (m *Maker) Requests() uint64 { return m.requests.Load() }

// Forget is called when an open file is closed, before its handle may be used again. When
// it returns, nothing is made of the file.
func (m *Maker) Forget(fh uint64) {
	if m.requests.Load() == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.streams {
		if s := &m.streams[i]; s.used != 0 && s.fh == fh {
			m.drop(s)
			s.taken = true // nobody else gets the stream meanwhile
			for !m.await(s) {
			}
			s.taken = false
			s.used, s.order, s.next, s.open = 0, 0, -1, 0
		}
	}
}
