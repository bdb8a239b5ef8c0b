package fs

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/dgenfs/dgenfs/fs/holes"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/fs/written"
)

// sinkFile is what is kept about a file of the tree that is written, truncated or
// removed. It can be dropped at any time while no handle is open: the file then is as
// the tree says.
type sinkFile struct {
	sink   *sink
	id     uint64
	size   int64        // that the tree says
	length atomic.Int64 // that there is: truncated, and written so far

	handles int // and how many of them may write; with sink.mu
	writers int
	reader  spec.Reader // while there are handles

	mu       sync.Mutex
	removed  bool  // it has no name
	gone     inDir // the one of several names that was removed, and is to be made again
	covered  written.Coverage
	lost     bool      // some of what was written is not in covered, for want of room
	cut      bool      // it was truncated, and what is compared has not been written as a whole since
	counted  bool      // as complete
	holes    holes.Map // that the tree says; with isSparse
	isSparse bool
}

func newSinkFile(s *sink, id uint64, size int64) *sinkFile {
	file := &sinkFile{sink: s, id: id, size: size}
	file.length.Store(size)
	return file
}

// lengthen makes the file as long as a write up to end makes it.
func (file *sinkFile) lengthen(end int64) {
	for {
		old := file.length.Load()
		if end <= old || file.length.CompareAndSwap(old, end) {
			return
		}
	}
}

// check compares what is written, and counts it.
func (h *sinkHandle) check(f *FS, off int64, p, scratch []byte) (int, syscall.Errno) {
	file, s := h.file, h.file.sink
	d, err := written.Compare(file.reader, file.size, off, p, scratch)
	if err != nil {
		return 0, f.wrong(err)
	}
	s.counts.equal.Add(uint64(len(p)) - d.Bytes)
	if d.Bytes == 0 {
		file.lengthen(off + int64(len(p)))
		file.cover(off, off+int64(len(p)))
		return len(p), 0
	}
	file.uncover(off, off+int64(len(p)))
	h.differs(f, d)
	return 0, syscall.EIO
}

// differs counts a difference, and logs the first one of a handle.
func (h *sinkHandle) differs(f *FS, d written.Difference) {
	s := h.file.sink
	s.counts.different.Add(d.Bytes)
	if h.failed.Swap(true) {
		s.differences.Add(nil)
		return
	}
	d.File = f.pathOf(h.file.id)
	s.printf("%v", &d)
	s.differences.Add(&d)
}

// cover counts a piece as written, and the file as complete if it is the last one. Tools
// that copy sparse files leave the holes out: those that the file has are covered with the
// data before them, and the first one with the data behind it.
func (file *sinkFile) cover(from, to int64) {
	file.mu.Lock()
	defer file.mu.Unlock()
	if file.isSparse {
		if data, ok := file.holes.NextData(0); ok && from == data {
			from = 0
		}
		if data, ok := file.holes.NextData(to); ok {
			to = data
		} else {
			to = max(to, min(file.size, file.length.Load())) // the last hole is there when the length says so
		}
	}
	if from < to {
		before := file.covered.Pieces()
		if !file.covered.Add(from, to, file.sink.pieces.Load() >= maxPieces) {
			file.lost = true
		}
		file.sink.pieces.Add(int64(file.covered.Pieces() - before))
	}
	if file.covered.Bytes() == file.size && !file.counted {
		file.counted, file.cut = true, false
		file.sink.counts.complete.Add(1)
	}
}

// punch counts what becomes a hole as not written, unless it is one in the tree.
func (file *sinkFile) punch(from, to int64) {
	file.mu.Lock()
	isHole := false
	if file.isSparse && from < file.size {
		hole, end := file.holes.Extent(from)
		isHole = hole && end >= min(to, file.size)
	}
	file.mu.Unlock()
	if !isHole {
		file.uncover(from, to)
	}
}

// setHoles says where the holes of the file are.
func (file *sinkFile) setHoles(m holes.Map) {
	file.mu.Lock()
	defer file.mu.Unlock()
	file.holes, file.isSparse = m, true
}

func (file *sinkFile) uncover(from, to int64) {
	file.mu.Lock()
	defer file.mu.Unlock()
	before := file.covered.Pieces()
	file.covered.Remove(from, to)
	if file.covered.Pieces() > before && file.sink.pieces.Load() >= maxPieces {
		file.covered, file.lost = written.Coverage{}, true // a hole may make two pieces of one
	}
	file.sink.pieces.Add(int64(file.covered.Pieces() - before))
	file.counted = false
}

// truncate gives the file a length. It returns false if that is more than the file has.
func (file *sinkFile) truncate(length int64) bool {
	if length > file.size && file.sink.Check {
		return false
	}
	old := file.length.Swap(length)
	file.uncover(length, math.MaxInt64)
	file.mu.Lock()
	file.lost = file.lost && length > 0
	file.cut = file.cut || length < old && file.sink.Check
	isSparse := file.isSparse
	file.mu.Unlock()
	if file.size == 0 || isSparse && length > old {
		file.cover(old, old)
	}
	return true
}

// forget forgets what was written. Someone may be about to truncate the file.
func (file *sinkFile) forget() {
	file.mu.Lock()
	defer file.mu.Unlock()
	file.sink.pieces.Add(-int64(file.covered.Pieces()))
	file.covered = written.Coverage{}
}

// isPlain reports whether the file is as the tree says. The caller has sink.mu.
func (file *sinkFile) isPlain() bool {
	file.mu.Lock()
	defer file.mu.Unlock()
	whole := file.covered.Bytes() == file.size || file.covered.Bytes() == 0 && !file.cut
	if file.removed || file.gone != (inDir{}) || file.length.Load() != file.size || !whole {
		return false
	}
	file.sink.pieces.Add(-int64(file.covered.Pieces()))
	file.covered = written.Coverage{}
	file.counted, file.cut = false, false
	return true
}

func (file *sinkFile) isRemoved() bool {
	file.mu.Lock()
	defer file.mu.Unlock()
	return file.removed
}

// remove takes the file's name away, or gives it back.
func (file *sinkFile) remove(removed bool) {
	file.mu.Lock()
	defer file.mu.Unlock()
	file.removed, file.gone = removed, inDir{}
}

// inDir is a name in a directory; the zero value is none.
type inDir struct {
	dir  uint64
	name string
}

// removeName removes one of several names. The next one takes the file with it, unless the
// first one was made again before: tools that keep hard links remove a name, and make it one
// of the file that it is of.
func (file *sinkFile) removeName(dir uint64, name string) {
	file.mu.Lock()
	defer file.mu.Unlock()
	if file.gone == (inDir{}) {
		file.gone = inDir{dir, name}
	} else {
		file.removed, file.gone = true, inDir{}
	}
}

func (file *sinkFile) isGone(dir uint64, name string) bool {
	file.mu.Lock()
	defer file.mu.Unlock()
	return file.removed || file.gone == inDir{dir, name}
}

// missing says what of the file has not been written, "" if all has.
func (file *sinkFile) missing() string {
	file.mu.Lock()
	defer file.mu.Unlock()
	c := &file.covered
	text := fmt.Sprintf("%d of %d bytes were written and right", c.Bytes(), file.size)
	switch length := file.length.Load(); {
	case c.Bytes() == file.size:
		return ""
	case file.lost:
		return text + ", or more: there were too many pieces to remember all"
	case length < file.size:
		return fmt.Sprintf("%s; it is %d bytes long", text, length)
	}
	return fmt.Sprintf("%s; the first of the others is at offset %d", text, c.FirstGap())
}

// read reads what the file holds, up to the length that it has been given.
func (file *sinkFile) read(off int64, p []byte) (int, error) {
	p = p[:min(int64(len(p)), max(0, file.length.Load()-off))]
	n, err := file.reader.ReadAt(p, off)
	if n < len(p) && (err == nil || err == io.EOF) { // longer than the tree says, where nothing is compared
		clear(p[n:])
		return len(p), nil
	}
	return n, err
}

// endsShort reports whether the one who closes the handle leaves a file that is shorter
// than it should be. A process that has inherited the handle from the one that opened it
// may close it earlier, as every command does whose output the shell redirects to it.
func (h *sinkHandle) endsShort(closer uint32) bool {
	file := h.file
	if !h.writes || file.length.Load() >= file.size || file.isRemoved() {
		return false
	}
	s := file.sink
	s.mu.Lock()
	others := file.writers > 1
	s.mu.Unlock()
	return !others && isSameProcess(h.opener, closer)
}

// isSameProcess reports whether two threads are of one process, as far as that can be
// found out.
func isSameProcess(a, b uint32) bool {
	if a == b {
		return true
	}
	of := func(thread uint32) []byte {
		text, _ := os.ReadFile("/proc/" + strconv.FormatUint(uint64(thread), 10) + "/status")
		_, text, _ = bytes.Cut(text, []byte("\nTgid:\t"))
		text, _, _ = bytes.Cut(text, []byte("\n"))
		return text
	}
	pa, pb := of(a), of(b)
	return len(pa) == 0 || len(pb) == 0 || bytes.Equal(pa, pb)
}

// treePath returns the path of a file of the tree, or the name of a spec.
func (f *FS) treePath(id uint64, n node) string {
	if n.name != "" {
		return n.name
	}
	return string(f.tree.AppendPath(nil, tree.ID(id)))
}
