package fs

import (
	"fmt"
	"math"
	"strings"
	"syscall"

	"github.com/dgenfs/dgenfs/fs/written"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// SetAttr changes the length of a file, and the rest of what was made.
func (f *FS) SetAttr(_ <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	if f.sink == nil {
		return fuse.EROFS
	}
	n, ok := f.node(in.NodeId)
	size, sized := in.GetSize()
	switch {
	case !ok:
		return fuse.Status(stale)
	case n.control != nil || in.NodeId == controlBit:
		return fuse.EROFS
	case sized && size > math.MaxInt64:
		return fuse.Status(syscall.EFBIG)
	case n.made != nil:
		f.sink.made.set(n.made, in)
	case sized && n.dir:
		return fuse.Status(syscall.EISDIR)
	case sized:
		fh, _ := in.GetFh()
		if status := f.resize(in.NodeId, n, fh, in.Valid&fuse.FATTR_FH != 0, int64(size)); status != fuse.OK {
			return status
		}
	}
	out.Attr = f.attr(in.NodeId, n)
	out.SetTimeout(valid)
	return fuse.OK
}

// resize truncates or extends a file of the tree, perhaps through a handle.
func (f *FS) resize(id uint64, n node, fh uint64, hasHandle bool, size int64) fuse.Status {
	file := f.sink.file(id, n.spec.Size)
	handle := f.files.get(fh)
	if !file.truncate(size) {
		d := written.Difference{File: f.treePath(id, n), Offset: n.spec.Size, Kind: fmt.Sprintf("made %d bytes long; the file has %d", size, n.spec.Size)}
		f.sink.printf("%v", &d)
		f.sink.differences.Add(&d)
		if hasHandle && handle != nil && handle.sunk != nil {
			handle.sunk.failed.Store(true)
		}
		return fuse.EIO
	}
	f.sink.settle(file)
	return fuse.OK
}

// Fallocate extends a file, or makes a hole in it: what is in the hole counts as not
// written.
func (f *FS) Fallocate(_ <-chan struct{}, in *fuse.FallocateIn) fuse.Status {
	if f.sink == nil {
		return fuse.EROFS
	}
	file := f.files.get(in.Fh)
	if file == nil || file.sunk == nil {
		return fuse.EBADF
	}
	if in.Offset > math.MaxInt64 || in.Length > math.MaxInt64-in.Offset {
		return fuse.Status(syscall.EFBIG)
	}
	h, end := file.sunk, int64(in.Offset+in.Length)
	switch in.Mode {
	case unix.FALLOC_FL_KEEP_SIZE:
	case unix.FALLOC_FL_KEEP_SIZE | unix.FALLOC_FL_PUNCH_HOLE:
		if h.file != nil {
			h.file.punch(int64(in.Offset), end)
		}
	case 0:
		switch {
		case h.node != nil:
			h.node.write(end, 0)
		case end <= h.file.size || !f.sink.Check:
			h.file.lengthen(end)
		default:
			n, _ := f.node(in.NodeId)
			return f.resize(in.NodeId, n, in.Fh, true, end)
		}
	default:
		return fuse.Status(syscall.EOPNOTSUPP)
	}
	return fuse.OK
}

// SetXAttr takes an attribute and forgets it: tools copy what the original has. Access
// control lists are not supported: who is told so sets the mode by chmod, as cp -a does.
func (f *FS) SetXAttr(_ <-chan struct{}, in *fuse.SetXAttrIn, name string, _ []byte) fuse.Status {
	status := f.setXAttr(in.NodeId)
	if status.Ok() && strings.HasPrefix(name, "system.posix_acl_") {
		return fuse.Status(syscall.EOPNOTSUPP)
	}
	return status
}

func (f *FS) RemoveXAttr(_ <-chan struct{}, in *fuse.InHeader, _ string) fuse.Status {
	return f.setXAttr(in.NodeId)
}

func (f *FS) setXAttr(id uint64) fuse.Status {
	n, ok := f.node(id)
	switch {
	case f.sink == nil || n.control != nil || id == controlBit:
		return fuse.EROFS
	case !ok:
		return fuse.Status(stale)
	}
	return fuse.OK
}

// addSpace has statfs report room for what is dropped: tools look at it before they
// write.
func (s *sink) addSpace(out *fuse.StatfsOut) {
	const space = 1 << 60 / statfsBlock
	out.Blocks += space
	out.Bfree += space
	out.Bavail += space
	out.Files += maxMade
	out.Ffree += maxMade
}
