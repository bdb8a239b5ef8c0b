package fs

import (
	"syscall"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// Requests that change something. Without a sink the mount is read-only, and the kernel
// refuses them itself, unless root remounts it writable: then these methods do.
//
// Of files of the tree, owners, modes, times and extended attributes can be set, as
// tools do behind what they have written, and stay as they are. Lengths can be changed,
// and files can be removed and made again, as tar does; directories of the tree cannot,
// and nothing of the tree gets another name.

// openSink opens a file of the tree that may change. file reads what it holds.
func (f *FS) openSink(in *fuse.OpenIn, s spec.Spec, file *openFile, writes bool, out *fuse.OpenOut) fuse.Status {
	return f.addSinkHandle(in.NodeId, s, file, &sinkHandle{opener: in.Pid, writes: writes}, out)
}

// addSinkHandle makes file a handle of a file of the tree that may be written. Unless it
// has trouble, it is read through what is kept about the file.
func (f *FS) addSinkHandle(id uint64, s spec.Spec, file *openFile, h *sinkHandle, out *fuse.OpenOut) fuse.Status {
	r := file.reader
	if r == nil {
		var status fuse.Status
		if r, status = f.openReader(s); status != fuse.OK {
			file.close()
			return status
		}
	}
	file.reader = nil
	f.sink.acquire(h, id, s.Size, r)
	if m, ok := s.HoleMap(); ok {
		h.file.setHoles(m)
	}
	file.sunk = h
	if file.troubled != nil {
		file.troubled.sunk = h.file
	}
	out.Fh = f.files.add(file)
	out.OpenFlags = fuse.FOPEN_DIRECT_IO | fuse.FOPEN_PARALLEL_DIRECT_WRITES
	if !h.writes {
		out.OpenFlags |= fuse.FOPEN_NOFLUSH
	}
	return fuse.OK
}

// openMade opens a file that was made.
func (f *FS) openMade(in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	n := f.sink.made.acquire(in.NodeId)
	if n == nil {
		return fuse.Status(stale)
	}
	f.addMadeHandle(n, out)
	return fuse.OK
}

func (f *FS) addMadeHandle(n *madeNode, out *fuse.OpenOut) {
	out.Fh = f.files.add(&openFile{sunk: &sinkHandle{node: n}})
	out.OpenFlags = fuse.FOPEN_DIRECT_IO | fuse.FOPEN_PARALLEL_DIRECT_WRITES | fuse.FOPEN_NOFLUSH
}

// readSunk reads from a file that may be written.
func (f *FS) readSunk(h *sinkHandle, off int64, p []byte) (int, syscall.Errno) {
	if h.node != nil {
		return h.node.read(off, p), 0
	}
	return f.outcome(h.file.read(off, p))
}

// madeNode returns what the id of something that was made stands for.
func (f *FS) madeNode(id uint64) (node, bool) {
	if f.sink == nil || f.sink.made == nil {
		return node{}, false
	}
	n := f.sink.made.node(id)
	return node{made: n, dir: n != nil && n.isDir()}, n != nil
}

// length returns the length of a file of the tree, of which the tree says size.
func (s *sink) length(id, size uint64) uint64 {
	if file := s.known(id); file != nil {
		return uint64(file.length.Load())
	}
	return size
}

func (s *sink) isRemoved(id uint64) bool {
	file := s.known(id)
	return file != nil && file.isRemoved()
}

// isGone reports whether a name of a node was removed.
func (s *sink) isGone(id, dir uint64, name string) bool {
	file := s.known(id)
	return file != nil && file.isGone(dir, name)
}

// inTree returns the file or directory of the tree, or the file that a name in the root
// stands for, whether it was removed or not.
func (f *FS) inTree(dir uint64, name string) (uint64, node, bool) {
	if id, n, ok := f.tree.Lookup(tree.ID(dir), name); ok {
		return uint64(id), treeNode(n), true
	}
	if dir == fuse.FUSE_ROOT_ID && !f.isOther(name) {
		return f.specID(name)
	}
	return 0, node{}, false
}

// mayMake returns an error if no name can be made in a directory.
func (f *FS) mayMake(dir uint64, name string) fuse.Status {
	switch n, ok := f.node(dir); {
	case f.sink == nil || dir == controlBit:
		return fuse.EROFS
	case !ok:
		return fuse.Status(stale)
	case !n.dir:
		return fuse.ENOTDIR
	case len(name) > maxName:
		return fuse.Status(syscall.ENAMETOOLONG)
	case f.sink.made == nil:
		return f.refuse(name)
	}
	return fuse.OK
}

// refuse refuses a name that the tree does not have.
func (f *FS) refuse(name string) fuse.Status {
	f.sink.counts.refused.Add(1)
	f.sink.printf("%q: the tree has no such name; --discard accepts it, and drops what is written to it. Tools that write to temporary names and then rename them, as rsync and rclone do, have a flag --inplace", name)
	return fuse.EPERM
}

// make makes a node with a name.
func (f *FS) make(in *fuse.InHeader, name string, mode, device uint32, target string, out *fuse.EntryOut) fuse.Status {
	if status := f.mayMake(in.NodeId, name); status != fuse.OK {
		return status
	}
	n, errno := f.sink.made.add(in.NodeId, name, mode, in.Owner, device, target, false)
	if errno != 0 {
		return fuse.Status(errno)
	}
	f.sink.counts.made.Add(1)
	f.entry(n.id, out)
	return fuse.OK
}

// Create makes a file, or gives one of the tree its name back, and opens it.
func (f *FS) Create(_ <-chan struct{}, in *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	if f.sink == nil || in.NodeId == controlBit {
		return fuse.EROFS
	}
	switch id, n, ok := f.inTree(in.NodeId, name); {
	case ok && !n.link:
		return f.createAgain(in, name, id, n, out)
	case ok && f.sink.made == nil:
		return f.refuseLink(name, "is a symbolic link in the tree; tar first makes a file of those that point up or to the root, unless it has the flag -P")
	}
	if status := f.mayMake(in.NodeId, name); status != fuse.OK {
		return status
	}
	n, errno := f.sink.made.add(in.NodeId, name, syscall.S_IFREG|in.Mode, in.Owner, 0, "", true)
	if errno != 0 {
		return fuse.Status(errno)
	}
	f.sink.counts.made.Add(1)
	f.entry(n.id, &out.EntryOut)
	f.addMadeHandle(n, &out.OpenOut)
	return fuse.OK
}

// createAgain makes a file of the tree again, which was removed.
func (f *FS) createAgain(in *fuse.CreateIn, name string, id uint64, n node, out *fuse.CreateOut) fuse.Status {
	if n.dir {
		return fuse.Status(syscall.EISDIR)
	}
	s := f.fileSpec(id, n)
	file, status := f.openFile(id, s)
	if status != fuse.OK {
		return status
	}
	h := &sinkHandle{opener: in.Pid, writes: true}
	if status := f.addSinkHandle(id, s, file, h, &out.OpenOut); status != fuse.OK {
		return status
	}
	if h.file.isGone(in.NodeId, name) {
		h.file.truncate(0)
		h.file.remove(false)
	}
	f.fillEntry(id, n, &out.EntryOut)
	return fuse.OK
}

// Tmpfile is not supported: no tool needs it to write into a directory.
func (f *FS) Tmpfile(<-chan struct{}, *fuse.CreateIn, *fuse.CreateOut) fuse.Status {
	if f.sink == nil {
		return fuse.EROFS
	}
	return fuse.Status(syscall.EOPNOTSUPP)
}

func (f *FS) Mknod(_ <-chan struct{}, in *fuse.MknodIn, name string, out *fuse.EntryOut) fuse.Status {
	if f.sink == nil {
		return fuse.EROFS
	}
	if id, n, ok := f.inTree(in.NodeId, name); ok && n.hasBytes() && in.Mode&syscall.S_IFMT == syscall.S_IFREG && f.sink.isGone(id, in.NodeId, name) {
		file := f.sink.file(id, n.spec.Size)
		file.truncate(0)
		file.remove(false)
		f.fillEntry(id, n, out)
		return fuse.OK
	}
	return f.make(&in.InHeader, name, in.Mode, in.Rdev, "", out)
}

func (f *FS) Mkdir(_ <-chan struct{}, in *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	return f.make(&in.InHeader, name, syscall.S_IFDIR|in.Mode, 0, "", out)
}

// Unlink removes a file that was made, or takes the name of one of the tree away until
// it is made again.
func (f *FS) Unlink(_ <-chan struct{}, in *fuse.InHeader, name string) fuse.Status {
	return f.remove(in.NodeId, name, false)
}

// Rmdir removes a directory that was made.
func (f *FS) Rmdir(_ <-chan struct{}, in *fuse.InHeader, name string) fuse.Status {
	return f.remove(in.NodeId, name, true)
}

func (f *FS) remove(dir uint64, name string, isDir bool) fuse.Status {
	if f.sink == nil || dir == controlBit {
		return fuse.EROFS
	}
	if f.sink.made != nil {
		if found, errno := f.sink.made.remove(dir, name, isDir); found {
			return fuse.Status(errno)
		}
	}
	id, n, ok := f.inTree(dir, name)
	switch {
	case !ok:
		if _, ok := f.controlLookup(dir, name); ok {
			return fuse.EROFS
		}
		return fuse.ENOENT
	case n.dir || isDir:
		return fuse.EPERM
	}
	if file := f.sink.file(id, n.spec.Size); n.more > 0 && f.sink.Check {
		file.removeName(dir, name)
	} else {
		file.remove(true)
	}
	return fuse.OK
}

// Rename gives what was made another name. With Check, it cannot be that of a file of the
// tree, as what was written has been dropped unseen.
func (f *FS) Rename(_ <-chan struct{}, in *fuse.RenameIn, name, newName string) fuse.Status {
	if status := f.mayMake(in.Newdir, newName); status != fuse.OK {
		return status
	}
	moved := f.sink.made.lookup(in.NodeId, name)
	replace := in.Flags&unix.RENAME_NOREPLACE == 0
	switch id, n, ok := f.inTree(in.Newdir, newName); {
	case moved == nil:
		if _, _, ok := f.inTree(in.NodeId, name); !ok {
			return fuse.ENOENT
		}
		return fuse.EPERM
	case in.Flags&^unix.RENAME_NOREPLACE != 0:
		return fuse.EINVAL
	case !ok || f.sink.isGone(id, in.Newdir, newName) && f.sink.made.lookup(in.Newdir, newName) != nil:
	case n.dir || moved.isDir():
		return fuse.EPERM
	case f.sink.Check:
		f.sink.counts.refused.Add(1)
		f.sink.printf("%q to %q: what was written to the former was not compared, as the tree has the latter alone. Give rsync or rclone the flag --inplace", name, newName)
		return fuse.EPERM
	case !replace && !f.sink.isGone(id, in.Newdir, newName):
		return fuse.Status(syscall.EEXIST)
	case n.link || moved.kind != syscall.S_IFREG: // which takes the place of what the tree has
		f.sink.file(id, n.spec.Size).remove(true)
	default:
		file := f.sink.file(id, n.spec.Size)
		file.truncate(moved.length.Load())
		file.remove(false)
		_, errno := f.sink.made.remove(in.NodeId, name, false)
		return fuse.Status(errno)
	}
	return fuse.Status(f.sink.made.rename(in.NodeId, name, in.Newdir, newName, replace))
}
