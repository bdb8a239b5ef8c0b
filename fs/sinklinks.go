package fs

import (
	"syscall"

	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Requests about symbolic and hard links. With Check, tools can make those of the tree
// again, which are compared; with Discard, any others.

// Symlink makes a symbolic link. With Check, one of the tree gets its name back if it has
// the target that it should have.
func (f *FS) Symlink(_ <-chan struct{}, in *fuse.InHeader, target, name string, out *fuse.EntryOut) fuse.Status {
	if f.checks(in.NodeId) {
		if id, n, ok := f.inTree(in.NodeId, name); ok {
			switch {
			case n.dir || !f.sink.isGone(id, in.NodeId, name):
				return fuse.Status(syscall.EEXIST)
			case !n.link:
				return f.refuseLink(name, "is not a symbolic link in the tree")
			}
			if want := string(f.tree.AppendTarget(nil, tree.ID(id))); target != want {
				f.sink.printf("%q: a symbolic link to %q; it should point to %q", name, target, want)
				return fuse.EIO
			}
			f.sink.file(id, n.spec.Size).remove(false)
			f.fillEntry(id, n, out)
			return fuse.OK
		}
	}
	return f.make(in, name, syscall.S_IFLNK|0o777, 0, target, out)
}

// checks reports whether what is made in a directory is compared with the tree.
func (f *FS) checks(dir uint64) bool { return f.sink != nil && f.sink.Check && dir != controlBit }

// refuseLink refuses what is not of the type that the tree says.
func (f *FS) refuseLink(name, reason string) fuse.Status {
	f.sink.counts.refused.Add(1)
	f.sink.printf("%q: %s", name, reason)
	return fuse.EPERM
}

// Readlink returns what a symbolic link says, of the tree or made.
func (f *FS) Readlink(_ <-chan struct{}, in *fuse.InHeader) ([]byte, fuse.Status) {
	n, ok := f.node(in.NodeId)
	switch {
	case !ok:
		return nil, fuse.Status(stale)
	case n.link:
		return f.tree.AppendTarget(nil, tree.ID(in.NodeId)), fuse.OK
	case n.made == nil || n.made.kind != syscall.S_IFLNK:
		return nil, fuse.EINVAL
	}
	return []byte(n.made.target), fuse.OK
}

// Link gives a file that was made one more name. With Check, a file of the tree gets back
// all names that it has there, by any of them. Otherwise, the new name of one of the tree is
// that of a file or link that was made, of the same length and target.
func (f *FS) Link(_ <-chan struct{}, in *fuse.LinkIn, name string, out *fuse.EntryOut) fuse.Status {
	if f.checks(in.NodeId) {
		if id, n, ok := f.inTree(in.NodeId, name); ok {
			switch {
			case n.dir || !f.sink.isGone(id, in.NodeId, name):
				return fuse.Status(syscall.EEXIST)
			case id != in.Oldnodeid:
				return f.refuseLink(name, "has another file in the tree, and is no hard link of this one")
			}
			f.sink.file(id, n.spec.Size).remove(false)
			f.fillEntry(id, n, out)
			return fuse.OK
		}
	}
	if status := f.mayMake(in.NodeId, name); status != fuse.OK {
		return status
	}
	if isMade(in.Oldnodeid) {
		n, errno := f.sink.made.hardLink(in.Oldnodeid, in.NodeId, name)
		if errno != 0 {
			return fuse.Status(errno)
		}
		f.sink.counts.made.Add(1)
		f.entry(n.id, out)
		return fuse.OK
	}
	n, ok := f.node(in.Oldnodeid)
	if !ok {
		return fuse.Status(stale)
	}
	if n.dir || n.control != nil {
		return fuse.EPERM
	}
	a := f.attr(in.Oldnodeid, n)
	var target []byte
	if n.link {
		target = f.tree.AppendTarget(nil, tree.ID(in.Oldnodeid))
	}
	if status := f.make(&in.InHeader, name, a.Mode, 0, string(target), out); status != fuse.OK {
		return status
	}
	f.sink.made.node(out.NodeId).write(int64(a.Size), 0)
	f.entry(out.NodeId, out)
	return fuse.OK
}
