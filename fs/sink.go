package fs

import (
	"fmt"
	"log"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Sink says what becomes of writes. The zero value refuses them: the mount is read-only.
//
// Nothing that is written is kept. With Check, files of the tree, and names in the root
// that are specs, can be written, and what is written is compared with what they hold,
// right where the kernel has copied it to. If it is the same, the write succeeds. If it
// is not, the write gets EIO, and so do fsync and close afterwards; the difference is
// logged and counted. What has been written is remembered only as places, see coverage:
// a file that was truncated or created, and that is shorter than it should be when its
// writer closes it, gets EIO from close. One with places that were not written, such as
// holes, is no error, as its writer may go on later; .dgenfs/writes lists such files.
//
// With Discard, any other name can be made, too, and what is written to it is dropped.
// Such files have the length that was written, and read as zeros; see made. Without
// Check, writes to files of the tree are dropped as well.
//
// Writes do not go through the page cache (FOPEN_DIRECT_IO), except those of mappings:
// there is one copy less, and the very write that differs gets the error, not a later
// fsync. So FUSE_WRITEBACK_CACHE is not asked for, either.
type Sink struct {
	Check   bool
	Discard bool
}

// Bounds of what a sink keeps, whoever writes to it.
const (
	maxClosed = 16 << 10  // files that are closed, but not as they should be; twice that at most
	maxPieces = 256 << 10 // pieces of files that are written, 16 bytes each
)

// sink is what a file system keeps about writes. It is safe for concurrent use.
type sink struct {
	Sink
	log    *log.Logger
	made   *made // nil if names cannot be made
	counts sinkCounts
	pieces atomic.Int64 // of all files
	lines  atomic.Int64 // that were logged

	differences differences

	kept   atomic.Int64 // files in these maps; without any, attributes are those of the tree
	mu     sync.Mutex
	open   map[uint64]*sinkFile
	recent map[uint64]*sinkFile // that are not open
	older  map[uint64]*sinkFile // what recent was when it was full
}

// sinkCounts are what .dgenfs/stats and metrics report of writes.
type sinkCounts struct {
	equal, different, discarded atomic.Uint64 // bytes

	complete atomic.Uint64 // files that were written as a whole, and right
	short    atomic.Uint64 // files that were shorter than they should be when their writers closed them
	made     atomic.Uint64 // names
	refused  atomic.Uint64 // names that could not be made
}

func newSink(o Sink, logger *log.Logger) *sink {
	if o == (Sink{}) {
		return nil
	}
	s := &sink{Sink: o, log: logger, open: make(map[uint64]*sinkFile), recent: make(map[uint64]*sinkFile)}
	if o.Discard {
		s.made = newMade()
	}
	return s
}

// maxLines is how many lines about writes are logged.
const maxLines = 1000

// printf logs a line about what a writer has done, of which there may be any number.
func (s *sink) printf(format string, args ...any) {
	switch n := s.lines.Add(1); {
	case n < maxLines:
		s.log.Printf(format, args...)
	case n == maxLines:
		s.log.Printf(format+"; no more of this is logged: .dgenfs/stats has the counts", args...)
	}
}

// known returns what is kept about a node, nil if there is nothing.
func (s *sink) known(id uint64) *sinkFile {
	if s.kept.Load() == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(id)
}

func (s *sink) find(id uint64) *sinkFile {
	for _, files := range []map[uint64]*sinkFile{s.open, s.recent, s.older} {
		if file := files[id]; file != nil {
			return file
		}
	}
	return nil
}

// file returns what is kept about a node, and begins to keep it.
func (s *sink) file(id uint64, size int64) *sinkFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	file := s.find(id)
	if file == nil {
		file = newSinkFile(s, id, size)
		s.close(file)
	}
	return file
}

// close keeps a file among those that are not open, and drops those of which nothing
// has been heard for longest, if there are too many.
func (s *sink) close(file *sinkFile) {
	if len(s.recent) >= maxClosed {
		for _, old := range s.older {
			old.forget()
		}
		s.older, s.recent = s.recent, make(map[uint64]*sinkFile)
	}
	s.recent[file.id] = file
	s.count()
}

// forget drops a file.
func (s *sink) forget(file *sinkFile) {
	delete(s.open, file.id)
	delete(s.recent, file.id)
	delete(s.older, file.id)
	s.count()
}

func (s *sink) count() { s.kept.Store(int64(len(s.open) + len(s.recent) + len(s.older))) }

// acquire makes h a handle of what is kept about a node, which it then begins to be.
// The reader is closed when the last handle is released, or at once if there is one.
func (s *sink) acquire(h *sinkHandle, id uint64, size int64, r spec.Reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	file := s.find(id)
	if file == nil {
		file = newSinkFile(s, id, size)
	}
	h.file = file
	if h.writes {
		file.writers++
	}
	if file.handles++; file.handles > 1 {
		r.Close()
		return
	}
	s.forget(file)
	s.open[id] = file
	s.count()
	file.reader = r
}

// release is called when a handle of a file is gone.
func (s *sink) release(h *sinkHandle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	file := h.file
	if h.writes {
		file.writers--
	}
	if file.handles--; file.handles > 0 {
		return
	}
	file.reader.Close()
	file.reader = nil
	s.forget(file)
	if !file.isPlain() {
		s.close(file)
	}
}

// settle forgets a file that is not open, if there is nothing to be kept about it.
func (s *sink) settle(file *sinkFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if file.handles == 0 && file.isPlain() {
		s.forget(file)
	}
}

// sinkHandle is an open file that may be written, or has been.
type sinkHandle struct {
	file   *sinkFile // one of the tree
	node   *madeNode // or one that was made
	opener uint32    // thread that has opened it
	writes bool      // it was opened for that
	failed atomic.Bool
	short  atomic.Bool // when a descriptor was closed
}

// WriteFile compares what is written, or drops it; see [transport.FileSystem].
func (f *FS) WriteFile(fh uint64, off int64, p, scratch []byte) (int, syscall.Errno) {
	file := f.files.get(fh)
	if file == nil || file.sunk == nil {
		return 0, syscall.EBADF
	}
	h := file.sunk
	switch {
	case h.node != nil:
		h.node.write(off, len(p))
	case f.sink.Check:
		return h.check(f, off, p, scratch)
	default:
		h.file.lengthen(off + int64(len(p)))
	}
	f.sink.counts.discarded.Add(uint64(len(p)))
	return len(p), 0
}

// Flush is called at every close of a descriptor that may write. Of a mount that is
// read-only it answers ENOSYS, after which the kernel asks no more: a close has nothing to
// wait for. Since Linux 5.16, FOPEN_NOFLUSH says so from the start.
func (f *FS) Flush(_ <-chan struct{}, in *fuse.FlushIn) fuse.Status {
	if f.sink == nil {
		return fuse.ENOSYS
	}
	file := f.files.get(in.Fh)
	if file == nil || file.sunk == nil {
		return fuse.OK
	}
	h := file.sunk
	switch {
	case h.failed.Load():
		return fuse.EIO
	case h.file != nil && f.sink.Check && h.endsShort(in.Pid):
		h.short.Store(true) // not failed: it may be the first of two descriptors, as dd has
		return fuse.EIO
	}
	return fuse.OK
}

// Fsync reports what has gone wrong so far.
func (f *FS) Fsync(_ <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	file := f.files.get(in.Fh)
	if file != nil && file.sunk != nil && file.sunk.failed.Load() {
		return fuse.EIO
	}
	return fuse.OK
}

// FsyncDir has nothing to do.
func (f *FS) FsyncDir(<-chan struct{}, *fuse.FsyncIn) fuse.Status { return fuse.OK }

// closed does for a handle what remains when its last descriptor is closed.
func (s *sink) closed(f *FS, h *sinkHandle) {
	if h.node != nil {
		s.made.release(h.node)
		return
	}
	if h.short.Load() && h.file.length.Load() < h.file.size {
		s.counts.short.Add(1)
		s.printf("%q: closed too early: %s", f.pathOf(h.file.id), h.file.missing())
	}
	s.release(h)
}

// pathOf returns the path of a file, for messages.
func (f *FS) pathOf(id uint64) string {
	n, ok := f.node(id)
	switch {
	case !ok:
		return fmt.Sprintf("file %d", id)
	case n.made != nil:
		return f.madePath(n.made)
	}
	return f.treePath(id, n)
}
