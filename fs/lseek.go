package fs

import (
	"math"
	"syscall"

	"github.com/dgenfs/dgenfs/fs/holes"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// Lseek answers SEEK_HOLE and SEEK_DATA, for every file: if it were ENOSYS once, the kernel
// would take all files of the mount to have no holes. It does the rest of lseek(2) itself.
func (f *FS) Lseek(_ <-chan struct{}, in *fuse.LseekIn, out *fuse.LseekOut) fuse.Status {
	n, ok := f.node(in.NodeId)
	if !ok {
		return fuse.Status(stale)
	}
	if in.Whence != unix.SEEK_DATA && in.Whence != unix.SEEK_HOLE {
		return fuse.EINVAL
	}
	size := f.attr(in.NodeId, n).Size
	if in.Offset >= size || in.Offset > math.MaxInt64 {
		return fuse.Status(syscall.ENXIO)
	}
	m, sparse := f.holesOf(in.NodeId, n)
	off, ok := int64(in.Offset), true
	switch {
	case !sparse && in.Whence == unix.SEEK_HOLE:
		off = int64(size)
	case !sparse:
	case in.Whence == unix.SEEK_HOLE:
		off, ok = m.NextHole(off)
	default:
		off, ok = m.NextData(off)
	}
	if !ok {
		return fuse.Status(syscall.ENXIO)
	}
	out.Offset = uint64(off)
	return fuse.OK
}

// holesOf returns where the holes of a file are; false if it has none, or has been written
// to.
func (f *FS) holesOf(id uint64, n node) (holes.Map, bool) {
	if !n.hasBytes() || n.spec.Holes.Share == 0 || f.sink != nil && f.sink.known(id) != nil {
		return holes.Map{}, false
	}
	return f.fileSpec(id, n).HoleMap()
}
