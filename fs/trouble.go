package fs

import (
	"fmt"
	"math/bits"
	"syscall"
	"time"

	"github.com/dgenfs/dgenfs/fs/corrupt"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/transport"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/gen"
	"github.com/dgenfs/dgenfs/gen/keyed"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// troubledFile is an open file that is slow or fails, as its spec or the mount's
// options say. Reads of other files do not pay for this: all but these and control
// files have openFile.reader, which is tried first.
type troubledFile struct {
	spec.Trouble
	fs       *FS
	id       uint64
	reader   spec.Reader
	damage   *corrupt.Reader // reader, if it damages what it reads; nil otherwise
	cells    uint64          // what decides which cells fail
	limiters []*limiter      // its own, and the mount's
	sunk     *sinkFile       // of a mount that can be written, else nil
}

// troubleOf returns the trouble of a file: what its spec says, or else what the mount's
// options say. The mount's rate is not part of it.
func (f *FS) troubleOf(s spec.Spec) spec.Trouble {
	t := s.Trouble
	if t.Latency == 0 {
		t.Latency = f.trouble.Latency
	}
	if t.Fail == (spec.Fail{}) {
		t.Fail = f.trouble.Fail
	}
	if t.Corrupt == (spec.Corrupt{}) {
		t.Corrupt = f.trouble.Corrupt
	}
	return t
}

// hasBefore reports whether there are stale bytes of a file, if it is to have any.
func (f *FS) hasBefore(s spec.Spec) bool {
	s.Trouble = f.troubleOf(s)
	return s.CheckStale() == nil
}

// newOpenFile returns an open file; s has its seed and its place in its group. If there
// is an error, it has closed r.
func (f *FS) newOpenFile(id uint64, s spec.Spec, r spec.Reader) (*openFile, error) {
	t := f.troubleOf(s)
	t.Fail = t.Fail.OfReads()
	if t == (spec.Trouble{}) && f.limiter == nil {
		return &openFile{reader: r}, nil
	}
	file := &troubledFile{Trouble: t, fs: f, id: id, reader: r}
	if t.Corrupt != (spec.Corrupt{}) {
		var err error
		s.Trouble = t
		if file.damage, err = corrupt.NewReader(s, r); err != nil {
			return nil, err
		}
		file.reader = file.damage
	}
	// Files of a group have the same seed, but fail in different places.
	file.cells = gen.DeriveSeed(s.Seed, fmt.Sprintf("fail %d", s.First))
	if t.Rate != 0 {
		file.limiters = append(file.limiters, f.limiters.open(id, t.Rate))
	}
	if f.limiter != nil {
		file.limiters = append(file.limiters, f.limiter)
	}
	return &openFile{troubled: file}, nil
}

func (t *troubledFile) close() {
	t.reader.Close()
	if t.Rate != 0 {
		t.fs.limiters.close(t.id)
	}
}

// isSlow reports whether reads are answered later than they come.
func (t *troubledFile) isSlow() bool { return t.Latency != 0 || len(t.limiters) > 0 }

// isDirect reports whether reads have to bypass the page cache, also those of a file
// opened with O_DIRECT: of those, the kernel reads the rest of a short one through the
// page cache, and the end of the file would depend on what is in it.
func (t *troubledFile) isDirect() bool { return t.isSlow() || t.Corrupt.Has(spec.Short) }

// IsSlow implements [transport.FileSystem].
func (f *FS) IsSlow(fh uint64) bool {
	file := f.files.get(fh)
	return file != nil && file.troubled != nil && file.troubled.isSlow()
}

// read fills p, or fails. If any part of it fails, all of it does: the kernel takes a
// short read for the end of the file, and fills the page of a mapped file with zeros.
func (t *troubledFile) read(off int64, p []byte) (int, syscall.Errno) {
	n := t.length(off, len(p))
	if t.fails(off, n) {
		return 0, t.Fail.Errno
	}
	if t.damage != nil {
		for range t.damage.Places(off, int64(n)) {
			t.fs.damaged.Add(1)
			break
		}
	}
	return t.fs.outcome(t.reader.ReadAt(p[:n], off))
}

// length returns how many of n bytes at an offset the file has.
func (t *troubledFile) length(off int64, n int) int {
	size := t.reader.Size()
	if t.sunk != nil {
		size = min(size, t.sunk.length.Load())
	}
	return int(min(int64(n), max(0, size-off)))
}

// fails reports whether any of n bytes fails. A cell of 4 KiB does if what its number
// is mixed to, with what follows from the file's seed, is among the lowest; so the
// same cells fail at every read of a file, and of any file with the same spec and
// seed.
func (t *troubledFile) fails(off int64, n int) bool {
	f := t.Fail
	if f.Errno == 0 || n == 0 {
		return false
	}
	last := off + int64(n) - 1
	if f.Share == 0 {
		return last >= f.First && off < f.First+f.Length
	}
	for cell := off / spec.Cell; cell <= last/spec.Cell; cell++ {
		// The draw is a whole number below Billion.
		if draw, _ := bits.Mul64(keyed.Mix(t.cells+uint64(cell+1)*keyed.Phi), spec.Billion); draw < uint64(f.Share) {
			return true
		}
	}
	return false
}

// failsCall returns the error of a call about what has a path, or 0. A share of all paths
// fail: those for which what path, call and the mount's seed are mixed to is among the
// lowest. So they are the same ones at every call, and in every mount.
func (f *FS) failsCall(name string, c spec.FailCall, path []byte) syscall.Errno {
	if c.Errno == 0 {
		return 0
	}
	if draw, _ := bits.Mul64(gen.DeriveSeed(f.seed, name+" "+string(path)), spec.Billion); draw >= uint64(c.Share) {
		return 0
	}
	return c.Errno
}

// failsFile returns the error of open or stat of a file, or 0. Every stat asks, so nothing
// is copied.
func (f *FS) failsFile(name string, id uint64, n *node) syscall.Errno {
	fail := &n.spec.Trouble.Fail
	if *fail == (spec.Fail{}) {
		fail = &f.trouble.Fail
	}
	call := fail.Stat
	if name == "open" {
		call = fail.Open
	}
	if call.Errno == 0 || n.dir || n.control != nil || n.made != nil {
		return 0
	}
	return f.failsCall(name, call, f.path(id, n.name))
}

// path returns the path of a node, relative to the root, or the name of a file that exists
// by its name alone.
func (f *FS) path(id uint64, name string) []byte {
	if name != "" {
		return []byte(name)
	}
	return f.tree.AppendPath(nil, tree.ID(id))
}

// failsListing returns the error of listing a directory, or 0. The root can always be
// listed: without it, there would be nothing else to find.
func (f *FS) failsListing(id uint64) syscall.Errno {
	if f.trouble.Fail.ReadDir.Errno == 0 || id == controlBit || id == fuse.FUSE_ROOT_ID || isMade(id) {
		return 0
	}
	return f.failsCall("readdir", f.trouble.Fail.ReadDir, f.path(id, ""))
}

// delay returns a read that came now, of size bytes: it is answered when it has taken
// the latency and its bytes have passed the limiters, whichever is later. One that
// fails takes the latency, too; it transfers nothing.
func (t *troubledFile) delay(now time.Time, off int64, size int) *transport.Delayed {
	due := now.Add(t.Latency)
	n := t.length(off, size)
	if t.fails(off, n) {
		n = 0
	}
	if n > 0 {
		for _, l := range t.limiters {
			if end := l.reserve(now, n); end.After(due) {
				due = end
			}
		}
	}
	return &transport.Delayed{
		Due:  due,
		Read: func(p []byte) (int, syscall.Errno) { return t.read(off, p) },
		Cancel: func() {
			for _, l := range t.limiters {
				l.giveBack(n)
			}
		},
	}
}

// hasSlowFiles reports whether files of the tree are slow. Names in the root that are
// specs may be, too.
func (f *FS) hasSlowFiles() bool {
	isSlow := func(t spec.Trouble) bool { return t.Rate != 0 || t.Latency != 0 }
	if isSlow(f.trouble) {
		return true
	}
	for s := range f.tree.Specs() {
		if isSlow(s.Trouble) {
			return true
		}
	}
	return false
}
