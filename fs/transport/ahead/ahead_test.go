package ahead

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

const (
	prefix  = 100
	request = 4 * Chunk
	length  = 20*request + 1000 // of the file
	fh      = 7
)

// file is what is made, and counts it.
type file struct {
	made   atomic.Int64 // bytes
	broken atomic.Bool
}

func at(fh uint64, off int64) byte { return byte(fh)*31 + byte(off>>12)*7 + byte(off) }

func (f *file) make(fh uint64, off int64, p []byte) (int, bool) {
	n := int(min(max(length-off, 0), int64(len(p))))
	for i := range p[:n] {
		p[i] = at(fh, off+int64(i))
	}
	f.made.Add(int64(n))
	return n, !f.broken.Load()
}

func newMaker(f *file) *Maker {
	return New(Options{
		Streams: 2,
		Threads: 2,
		Prefix:  prefix,
		Make:    f.make,
		Buffer:  func() ([]byte, error) { return make([]byte, prefix+request), nil },
		Wait:    func(i int) bool { return i < 1000 },
	})
}

// read reads as a thread of a transport does, checks the bytes, and reports whether they
// were made ahead.
func read(t *testing.T, m *Maker, f *file, fh uint64, off int64, size int, mine *[]byte) bool {
	t.Helper()
	theirs, n, ok := m.Read(fh, off, size, *mine)
	if ok {
		*mine = theirs
	} else {
		n, _ = f.make(fh, off, (*mine)[prefix:prefix+size])
	}
	m.Done(fh)
	want := make([]byte, size)
	want = want[:min(max(length-off, 0), int64(size))]
	for i := range want {
		want[i] = at(fh, off+int64(i))
	}
	if !bytes.Equal((*mine)[prefix:prefix+n], want) {
		t.Fatalf("%d bytes from %d on of file %d differ", size, off, fh)
	}
	return ok
}

func buffer() *[]byte {
	b := make([]byte, prefix+request)
	return &b
}

func helpAll(m *Maker) (chunks int) {
	for m.Help() {
		chunks++
	}
	return chunks
}

// Requests in order are made ahead after three, up to the end of the file.
func TestInOrder(t *testing.T) {
	f := &file{}
	m, mine := newMaker(f), buffer()
	ahead := 0
	for off := int64(0); off < length; off += request {
		if read(t, m, f, fh, off, request, mine) {
			ahead++
		}
		if chunks := helpAll(m); off+request < length && (chunks > 0) != (off >= 2*request) {
			t.Fatalf("after the request at %d, %d chunks were made ahead", off, chunks)
		}
	}
	if requests, ready := m.Counts(); ahead != 18 || requests != 18 || ready != 18*request {
		t.Errorf("%d requests were made ahead, %d by the count, %d bytes", ahead, requests, ready)
	}
	if f.made.Load() != length {
		t.Errorf("%d bytes were made, want %d", f.made.Load(), length)
	}
	if m.Help() || m.Pending() {
		t.Error("there is something behind the end of the file")
	}
}

// What only has been begun is finished by the one who answers.
func TestPartlyMade(t *testing.T) {
	f := &file{}
	m, mine := newMaker(f), buffer()
	for i := range int64(15) {
		if i > 2 {
			m.Help()
		}
		if ok := read(t, m, f, fh, i*request, request, mine); ok != (i > 2) {
			t.Errorf("request %d was made ahead: %v", i, ok)
		}
	}
	if f.made.Load() != 15*request {
		t.Errorf("%d bytes were made, want %d", f.made.Load(), 15*request)
	}
}

// Requests that are not in order, that nobody has helped with, or that overlap are not
// made ahead.
func TestNotAhead(t *testing.T) {
	for name, offsets := range map[string][]int64{
		"backwards": {9, 8, 7, 6, 5, 4},
		"skipping":  {0, 2, 4, 6, 8},
		"the same":  {0, 0, 0, 0},
	} {
		f := &file{}
		m, mine := newMaker(f), buffer()
		for _, i := range offsets {
			if read(t, m, f, fh, i*request, request, mine) || m.Pending() {
				t.Errorf("%s: a request was made ahead", name)
			}
		}
	}
	f := &file{}
	m, mine := newMaker(f), buffer()
	for i := range int64(6) {
		if read(t, m, f, fh, i*request, request, mine) {
			t.Error("a request was made ahead that nobody had begun with")
		}
	}
	m.Read(fh, 6*request, request, *mine)
	if m.Read(fh, 7*request, request, *mine); m.Pending() {
		t.Error("a request is made ahead while others are in flight")
	}
}

// Another size is another request.
func TestOtherSize(t *testing.T) {
	f := &file{}
	m, mine := newMaker(f), buffer()
	off := int64(0)
	for range 4 {
		read(t, m, f, fh, off, request, mine)
		off += request
		helpAll(m)
	}
	for _, size := range []int{request / 2, request, From, request - 1} {
		read(t, m, f, fh, off, size, mine)
		off += int64(size)
		helpAll(m)
	}
	if _, _, ok := m.Read(fh, off, request/4, *mine); ok {
		t.Error("a request of another size was answered")
	}
}

// Two threads help neither of two readers, but one that goes on alone.
func TestTwoReaders(t *testing.T) {
	f := &file{}
	m, mine := newMaker(f), buffer()
	for i := range int64(6) {
		for fh := range uint64(2) {
			if read(t, m, f, fh, i*request, request, mine) || i > 3 && m.Pending() {
				t.Fatalf("request %d of file %d, of two that are read, is made ahead", i, fh)
			}
		}
	}
	for i := int64(6); i < 16; i++ {
		helpAll(m)
		if read(t, m, f, 1, i*request, request, mine) {
			return
		}
	}
	t.Error("one reader that is left is not helped")
}

// A file that is closed leaves nothing behind that another one with its handle could get.
func TestForget(t *testing.T) {
	f := &file{}
	m, mine := newMaker(f), buffer()
	for i := range int64(3) {
		read(t, m, f, fh, i*request, request, mine)
	}
	helpAll(m)
	m.Forget(fh)
	if _, _, ok := m.Read(fh, 3*request, request, *mine); ok || m.Pending() {
		t.Error("what was made of a closed file was read")
	}
}

// While a file that is closed waits for somebody who makes a chunk of it, another file does
// not get its place, which would be taken from it again.
func TestForgetWhileMade(t *testing.T) {
	f := &file{}
	m, mine := newMaker(f), buffer()
	m.streams = m.streams[:1]
	for i := range int64(3) {
		read(t, m, f, fh, i*request, request, mine)
	}
	began, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	m.Make = func(fh uint64, off int64, p []byte) (int, bool) {
		close(began)
		<-goOn
		return f.make(fh, off, p)
	}
	go func() {
		m.Help()
		close(ended)
	}()
	<-began
	m.Make = f.make
	const other = fh + 1
	m.Wait = func(int) bool {
		close(goOn)
		<-ended
		for i := range int64(3) {
			read(t, m, f, other, i*request, request, mine)
		}
		return true
	}
	m.Forget(fh)
	if m.Forget(other); m.Help() {
		t.Error("something is made of a closed file")
	}
}

// More files than there are buffers are all read right.
func TestManyFiles(t *testing.T) {
	f := &file{}
	m, mine := newMaker(f), buffer()
	for i := range int64(8) {
		for fh := range uint64(5) {
			read(t, m, f, fh, i*request, request, mine)
			m.Help()
		}
	}
}

func TestErrors(t *testing.T) {
	f := &file{}
	m, mine := newMaker(f), buffer()
	for i := range int64(3) {
		read(t, m, f, fh, i*request, request, mine)
	}
	f.broken.Store(true)
	helpAll(m)
	f.broken.Store(false)
	if read(t, m, f, fh, 3*request, request, mine) {
		t.Error("a request that failed was made ahead")
	}
	m = newMaker(f)
	m.Buffer = func() ([]byte, error) { return nil, errors.New("no memory") }
	for i := range int64(5) {
		if read(t, m, f, fh, i*request, request, mine) || m.Pending() {
			t.Error("a request was made ahead without memory")
		}
	}
}

// A thread that helps and is stuck holds nobody up for long, and what it writes late gets
// into no reply.
func TestStuckHelper(t *testing.T) {
	f := &file{}
	m, mine := newMaker(f), buffer()
	for i := range int64(3) {
		read(t, m, f, fh, i*request, request, mine)
	}
	began, stuck := make(chan struct{}), make(chan struct{})
	m.Make = func(fh uint64, off int64, p []byte) (int, bool) {
		close(began)
		<-stuck
		return f.make(fh, off, p)
	}
	ended := make(chan struct{})
	go func() {
		m.Help()
		close(ended)
	}()
	<-began
	m.mu.Lock()
	m.Make = f.make
	m.mu.Unlock()
	if !read(t, m, f, fh, 3*request, request, mine) {
		t.Error("nothing was made ahead")
	}
	for i := int64(4); i < 10; i++ {
		if read(t, m, f, fh, i*request, request, mine) || m.Pending() {
			t.Error("a request is made ahead while somebody is stuck")
		}
	}
	close(stuck)
	<-ended
}

// Readers and helpers run side by side; files are closed and opened meanwhile.
func TestConcurrent(t *testing.T) {
	f := &file{}
	m := newMaker(f)
	done := make(chan struct{})
	var helpers, readers sync.WaitGroup
	for range 2 {
		helpers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					m.Help()
				}
			}
		})
	}
	for _, fh := range []uint64{0, 0, 10, 11} {
		readers.Go(func() {
			mine := buffer()
			for range 3 {
				for off := int64(0); off < length; off += request {
					read(t, m, f, fh, off, request, mine)
				}
				if fh > 0 {
					m.Forget(fh)
				}
			}
		})
	}
	readers.Wait()
	close(done)
	helpers.Wait()
}
