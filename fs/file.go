package fs

import (
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/dgenfs/dgenfs/fs/format"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/transport"
	"github.com/dgenfs/dgenfs/gen"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Open makes the file's reader, so that a read has nothing to look up but the open
// file.
func (f *FS) Open(_ <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	writes := in.Flags&syscall.O_ACCMODE != syscall.O_RDONLY || in.Flags&syscall.O_TRUNC != 0
	if writes && f.sink == nil {
		return fuse.EROFS
	}
	n, ok := f.node(in.NodeId)
	if !ok {
		return fuse.Status(stale)
	}
	if n.dir {
		return fuse.Status(syscall.EISDIR)
	}
	if n.link {
		return fuse.Status(syscall.ELOOP) // the kernel follows it, and does not open it
	}
	if n.made != nil {
		return f.openMade(in, out)
	}
	if n.control != nil {
		if writes {
			return fuse.EROFS
		}
		out.Fh = f.files.add(&openFile{contents: n.control.contents()})
		out.OpenFlags = fuse.FOPEN_DIRECT_IO | fuse.FOPEN_NOFLUSH
		return fuse.OK
	}
	if errno := f.failsFile("open", in.NodeId, &n); errno != 0 {
		return fuse.Status(errno)
	}
	s := f.fileSpec(in.NodeId, n)
	file, status := f.openFile(in.NodeId, s)
	if status != fuse.OK {
		return status
	}
	if f.sink != nil { // also to read it: it may be truncated meanwhile
		return f.openSink(in, s, file, writes, out)
	}
	out.Fh = f.files.add(file)
	// The bytes never change, so what mmap has cached may stay.
	out.OpenFlags = fuse.FOPEN_NOFLUSH | fuse.FOPEN_KEEP_CACHE
	// Past the page cache there is one copy instead of two, and no pages to be
	// found and given back: through it, with 4 MiB of read-ahead, reads of 128 KiB
	// and more had a tenth of the rate, and those of 4 KiB about the same. Where
	// the reader has asked for that itself, the flag would only keep the kernel
	// from sending the parts of a large read side by side. But the kernel does not
	// send INTERRUPT for these if the reader is killed, which matters if they wait.
	//
	// A small file is read at once either way, but through the page cache the kernel
	// knows by itself that it has come to the end, and does not ask again.
	switch {
	case in.Flags&syscall.O_DIRECT == 0 && s.Size > smallFile:
		out.OpenFlags |= fuse.FOPEN_DIRECT_IO
	case file.troubled != nil && (in.Flags&syscall.O_DIRECT == 0 || file.troubled.isDirect()):
		out.OpenFlags |= fuse.FOPEN_DIRECT_IO
	}
	return fuse.OK
}

// smallFile is the length in bytes up to which files are read through the page cache. At
// 128K, cat and Python's read lose a tenth by it, at 256K half.
const smallFile = 64 << 10

// StoreSize returns the length of a small file, but not of one that may be written or has
// trouble: what is slow, fails or is damaged has to be read. See [transport.FileSystem].
func (f *FS) StoreSize(fh uint64) int {
	file := f.files.get(fh)
	if file == nil || file.reader == nil || f.sink != nil {
		return 0
	}
	if size := file.reader.Size(); size <= smallFile {
		return int(size)
	}
	return 0
}

// Ioctl answers as for a file that is no device: newer kernels make that error of
// ENOSYS, Linux 5.10 does not.
func (f *FS) Ioctl(<-chan struct{}, *fuse.IoctlIn, []byte, *fuse.IoctlOut, []byte) fuse.Status {
	return fuse.Status(syscall.ENOTTY)
}

// openFile returns what reads a file, with the trouble that it has.
func (f *FS) openFile(id uint64, s spec.Spec) (*openFile, fuse.Status) {
	r, status := f.openReader(s)
	if status != fuse.OK {
		return nil, status
	}
	file, err := f.newOpenFile(id, s, r)
	if err != nil {
		f.log.Printf("opening %s: %v", s, err)
		return nil, fuse.EIO
	}
	file.costly = file.reader != nil && isCostly(s)
	return file, fuse.OK
}

// isCostly reports whether bytes take so long to make that they are made ahead of a reader
// in sequence.
func isCostly(s spec.Spec) bool {
	return s.Texture.Texture != gen.Random || s.Format != (format.Description{})
}

// openReader returns what generates a file's bytes.
func (f *FS) openReader(s spec.Spec) (spec.Reader, fuse.Status) {
	c := s.Config()
	// A request is too small to be shared out, and the requests of one reader
	// run side by side already: workers would only cost every open file.
	c.Threads = 1
	r, err := s.Open(c)
	if err != nil {
		f.log.Printf("opening %s: %v", s, err)
		return nil, fuse.EIO
	}
	return r, fuse.OK
}

// ReadFile generates into the reply's buffer; see [transport.FileSystem].
func (f *FS) ReadFile(fh uint64, off int64, p []byte) (int, *transport.Delayed, syscall.Errno) {
	file := f.files.get(fh)
	if file == nil {
		return 0, nil, syscall.EBADF
	}
	if file.reader == nil {
		return f.readOther(file, off, p)
	}
	n, errno := f.outcome(file.reader.ReadAt(p, off))
	return n, nil, errno
}

// outcome turns the result of a reader's ReadAt into that of a READ.
func (f *FS) outcome(n int, err error) (int, syscall.Errno) {
	if err != nil && err != io.EOF {
		return 0, f.wrong(err)
	}
	return n, 0
}

func (f *FS) wrong(err error) syscall.Errno {
	f.log.Printf("reading: %v", err)
	return syscall.EIO
}

// readOther reads what is not just a reader.
func (f *FS) readOther(file *openFile, off int64, p []byte) (int, *transport.Delayed, syscall.Errno) {
	switch t := file.troubled; {
	case t == nil && file.sunk != nil:
		n, errno := f.readSunk(file.sunk, off, p)
		return n, nil, errno
	case t == nil:
		n, _ := file.contents.ReadAt(p, off) // the only error is the end
		return n, nil, 0
	case t.isSlow():
		return 0, t.delay(time.Now(), off, len(p)), 0
	default:
		n, errno := t.read(off, p)
		return n, nil, errno
	}
}

// WorthAhead implements [transport.FileSystem].
func (f *FS) WorthAhead(fh uint64) bool {
	file := f.files.get(fh)
	return file != nil && file.reader != nil && file.costly
}

// Release is called when the last descriptor of an open file is closed.
func (f *FS) Release(_ <-chan struct{}, in *fuse.ReleaseIn) {
	file := f.files.get(in.Fh)
	f.files.remove(in.Fh)
	if file != nil && file.sunk != nil {
		f.sink.closed(f, file.sunk)
	}
}

// Extended attributes of every file, for generating its bytes elsewhere.
const (
	xattrSpec = "user.dgenfs.spec" // determines the bytes: with the seed and the place in the group, as `dgenfs cat` takes it
	xattrSeed = "user.dgenfs.seed" // decimal
)

// GetXAttr returns user.dgenfs.spec and user.dgenfs.seed of files.
func (f *FS) GetXAttr(_ <-chan struct{}, in *fuse.InHeader, attr string, dest []byte) (uint32, fuse.Status) {
	n, ok := f.node(in.NodeId)
	if !ok {
		return 0, fuse.Status(stale)
	}
	if !n.hasBytes() {
		return 0, fuse.ENOATTR
	}
	s := f.fileSpec(in.NodeId, n)
	switch attr {
	case xattrSpec:
		return putXAttr(dest, s.Content().String())
	case xattrSeed:
		return putXAttr(dest, strconv.FormatUint(s.Seed, 10))
	}
	return 0, fuse.ENOATTR
}

// ListXAttr tells the kernel that there is no list, and not to ask again. Tools would copy
// what is listed, and restic takes four requests for each file to find out what that is.
func (f *FS) ListXAttr(<-chan struct{}, *fuse.InHeader, []byte) (uint32, fuse.Status) {
	return 0, fuse.ENOSYS
}

// putXAttr copies value, or returns its length and ERANGE if dest is too short for it.
func putXAttr(dest []byte, value string) (uint32, fuse.Status) {
	if len(dest) < len(value) {
		return uint32(len(value)), fuse.ERANGE
	}
	return uint32(copy(dest, value)), fuse.OK
}

// openFiles is the table of open files. Looking one up takes no lock.
type openFiles struct {
	mu     sync.Mutex // for add and remove
	free   []uint64
	chunks atomic.Pointer[[]*fileChunk]
}

type fileChunk [256]atomic.Pointer[openFile]

// openFile is what is read from: a generated file, one with trouble, the contents of a
// control file, or a file that may be written.
type openFile struct {
	reader   spec.Reader
	costly   bool // its bytes take long to make
	troubled *troubledFile
	contents Contents
	sunk     *sinkHandle
}

func (file *openFile) close() {
	if file.reader != nil {
		file.reader.Close()
	}
	if file.troubled != nil {
		file.troubled.close()
	}
}

// add returns the handle under which file is found until remove.
func (t *openFiles) add(file *openFile) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.free) == 0 {
		var chunks []*fileChunk
		if old := t.chunks.Load(); old != nil {
			chunks = *old
		}
		first := uint64(len(chunks) * len(fileChunk{}))
		// A new slice: get may be looking at the old one.
		chunks = append(chunks[:len(chunks):len(chunks)], new(fileChunk))
		t.chunks.Store(&chunks)
		for i := len(fileChunk{}) - 1; i >= 0; i-- {
			t.free = append(t.free, first+uint64(i))
		}
	}
	fh := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	t.slot(fh).Store(file)
	return fh
}

func (t *openFiles) slot(fh uint64) *atomic.Pointer[openFile] {
	chunks := t.chunks.Load()
	const n = uint64(len(fileChunk{}))
	if chunks == nil || fh/n >= uint64(len(*chunks)) {
		return nil
	}
	return &(*chunks)[fh/n][fh%n]
}

// len returns how many files are open.
func (t *openFiles) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if chunks := t.chunks.Load(); chunks != nil {
		return len(*chunks)*len(fileChunk{}) - len(t.free)
	}
	return 0
}

// get returns the file of a handle, nil if there is none.
func (t *openFiles) get(fh uint64) *openFile {
	if s := t.slot(fh); s != nil {
		return s.Load()
	}
	return nil
}

func (t *openFiles) remove(fh uint64) {
	s := t.slot(fh)
	if s == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if file := s.Swap(nil); file != nil {
		file.close()
		t.free = append(t.free, fh)
	}
}
