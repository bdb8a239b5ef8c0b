package sum

import (
	"errors"
	"hash"
	"io"
	"sync"
	"sync/atomic"

	"github.com/dgenfs/dgenfs/fs/spec"
)

const (
	// bufferSize is how much is generated at a time, in bytes: it stays in a core's cache.
	bufferSize = 1 << 20
	// partSize is what is hashed at a time of a file whose parts can be, in bytes: a power
	// of two, as blake3 needs.
	partSize = 16 << 20
	// maxFillers bounds how many goroutines generate for one that hashes in order: random
	// bytes are generated faster than they are hashed by most algorithms, formats are not.
	maxFillers = 4
)

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// hasher hashes files.
type hasher struct {
	algorithms []Algorithm
	workers    chan struct{} // has an element for each goroutine that computes
	stop       chan struct{} // closed when nobody wants the results
	done       atomic.Int64  // bytes
	reporting  sync.Mutex
	progress   func(bytes int64)
}

// errStopped is the result of what nobody wants any more.
var errStopped = errors.New("stopped")

// advance counts bytes that have been hashed.
func (h *hasher) advance(n int) error {
	done := h.done.Add(int64(n))
	if h.progress != nil && h.reporting.TryLock() {
		h.progress(done)
		h.reporting.Unlock()
	}
	select {
	case <-h.stop:
		return errStopped
	default:
		return nil
	}
}

// acquire reports whether there is a worker that is free, and takes it.
func (h *hasher) acquire() bool {
	select {
	case h.workers <- struct{}{}:
		return true
	default:
		return false
	}
}

// file returns the checksums of a file, one for each algorithm.
func (h *hasher) file(s spec.Spec) ([][]byte, error) {
	c := s.Config()
	c.Threads = 1
	r, err := s.Open(c)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if a := h.algorithms[0]; len(h.algorithms) == 1 && a.parts != nil {
		j, size, err := a.parts(s.Size)
		if err != nil {
			return nil, err
		}
		if j != nil {
			sum, err := h.inParts(r, j, size)
			return [][]byte{sum}, err
		}
	}
	var all []hash.Hash
	for _, a := range h.algorithms {
		all = append(all, a.new())
	}
	err = h.inOrder(r, func(p []byte) {
		for _, one := range all {
			one.Write(p)
		}
	})
	var sums [][]byte
	for _, one := range all {
		sums = append(sums, one.Sum(nil))
	}
	return sums, err
}

// read calls hash with the bytes of r from off to end, in order.
func (h *hasher) read(r spec.Reader, off, end int64, hash func(p []byte)) error {
	b := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(b)
	for off < end {
		p := b[:min(bufferSize, end-off)]
		if n, err := r.ReadAt(p, off); n < len(p) {
			return readError(err)
		}
		hash(p)
		off += int64(len(p))
		if err := h.advance(len(p)); err != nil {
			return err
		}
	}
	return nil
}

func readError(err error) error {
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// inParts hashes parts of a size side by side, on as many goroutines as are free while it
// goes on.
func (h *hasher) inParts(r spec.Reader, j joiner, size int64) ([]byte, error) {
	parts := max(1, (r.Size()-1)/size+1)
	t := &turns{}
	t.ready.L = &t.mu
	var helpers sync.WaitGroup
	var next atomic.Int64
	var work func()
	work = func() {
		for {
			i := next.Add(1) - 1
			if i >= parts {
				return
			}
			if i+1 < parts && h.acquire() {
				helpers.Go(func() {
					work()
					<-h.workers
				})
			}
			off := i * size
			end := min(off+size, r.Size())
			p := j.part(off)
			err := h.read(r, off, end, func(b []byte) { p.Write(b) })
			if !t.take(i, err, func() { j.join(p, end-off) }) {
				return
			}
		}
	}
	work()
	helpers.Wait()
	if t.err != nil {
		return nil, t.err
	}
	return j.sum(), nil
}

// turns lets goroutines do something in the order of their numbers, from 0 on.
type turns struct {
	mu    sync.Mutex
	ready sync.Cond
	next  int64
	err   error // the first one
}

// take calls f when it is the turn of number i, unless there was an error. It returns
// false if there was.
func (t *turns) take(i int64, err error, f func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.next < i {
		t.ready.Wait()
	}
	if t.err == nil {
		t.err = err
	}
	if t.err == nil {
		f()
	}
	t.next++
	t.ready.Broadcast()
	return t.err == nil
}

// filler generates every n-th buffer of a file, one ahead of what is hashed.
type filler struct {
	full chan filled
	free chan *[bufferSize]byte
}

type filled struct {
	buffer *[bufferSize]byte
	n      int
	err    error
}

// inOrder calls hash with all bytes of r, in order, while other goroutines generate those
// that follow.
func (h *hasher) inOrder(r spec.Reader, hash func(p []byte)) error {
	size := r.Size()
	if size <= 2*bufferSize {
		return h.read(r, 0, size, hash)
	}
	n := 1
	for n < maxFillers && h.acquire() {
		n++
	}
	var running sync.WaitGroup
	quit := make(chan struct{})
	defer func() {
		close(quit)
		running.Wait()
		for range n - 1 {
			<-h.workers
		}
	}()
	fillers := make([]filler, n)
	for i := range fillers {
		f := filler{make(chan filled, 2), make(chan *[bufferSize]byte, 2)}
		for range cap(f.free) {
			b := buffers.Get().(*[bufferSize]byte)
			defer buffers.Put(b)
			f.free <- b
		}
		fillers[i] = f
		running.Go(func() { f.fill(r, int64(i)*bufferSize, int64(n)*bufferSize, quit) })
	}
	for off, i := int64(0), 0; off < size; i++ {
		f := fillers[i%n]
		b := <-f.full
		if b.err != nil {
			return b.err
		}
		hash(b.buffer[:b.n])
		f.free <- b.buffer
		if err := h.advance(b.n); err != nil {
			return err
		}
		off += int64(b.n)
	}
	return nil
}

// fill generates the buffer at an offset, and then every step bytes, until it is to quit.
func (f *filler) fill(r spec.Reader, off, step int64, quit chan struct{}) {
	for ; off < r.Size(); off += step {
		b := filled{n: int(min(bufferSize, r.Size()-off))}
		select {
		case b.buffer = <-f.free:
		case <-quit:
			return
		}
		if n, err := r.ReadAt(b.buffer[:b.n], off); n < b.n {
			b.err = readError(err)
		}
		f.full <- b // has room for all buffers that there are
	}
}
