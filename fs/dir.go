package fs

import (
	"syscall"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// stale is the error for a node id that stands for nothing.
const stale = syscall.ESTALE

// Lookup finds a name in a directory. In the root, a name that is a valid spec exists
// even if no entry has it, and so does the control directory.
func (f *FS) Lookup(_ <-chan struct{}, in *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	if len(name) > maxName {
		return fuse.Status(syscall.ENAMETOOLONG) // the kernel's own limit is higher
	}
	out.SetEntryTimeout(valid)
	if name == "." || name == ".." {
		return f.lookupHandle(in.NodeId, name, out)
	}
	if f.sink != nil && f.sink.made != nil {
		if n := f.sink.made.lookup(in.NodeId, name); n != nil {
			f.entry(n.id, out)
			return fuse.OK
		}
	}
	if id, n, ok := f.tree.Lookup(tree.ID(in.NodeId), name); ok {
		if f.sink != nil && f.sink.isGone(uint64(id), in.NodeId, name) {
			return fuse.OK
		}
		return f.found(uint64(id), treeNode(n), out)
	}
	if id, ok := f.controlLookup(in.NodeId, name); ok {
		f.entry(id, out)
		return fuse.OK
	}
	if in.NodeId == fuse.FUSE_ROOT_ID && !f.isOther(name) {
		if id, n, ok := f.specID(name); ok {
			return f.found(id, n, out)
		}
	}
	// Without a node id, the kernel remembers that the name does not exist.
	return fuse.OK
}

// found answers a lookup, unless the name was removed.
func (f *FS) found(id uint64, n node, out *fuse.EntryOut) fuse.Status {
	if f.sink != nil && f.sink.isRemoved(id) {
		return fuse.OK
	}
	if errno := f.failsFile("stat", id, &n); errno != 0 {
		return fuse.Status(errno)
	}
	f.fillEntry(id, n, out)
	return fuse.OK
}

// lookupHandle finds the node that a file handle of NFS or open_by_handle_at(2) stands
// for, or its directory.
func (f *FS) lookupHandle(id uint64, name string, out *fuse.EntryOut) fuse.Status {
	if name == ".." {
		id = f.parent(id)
	}
	n, ok := f.node(id)
	if !ok {
		return fuse.Status(stale)
	}
	return f.found(id, n, out)
}

// parent returns the directory that holds a node, the root for the root itself; 0 if
// there is no such node.
func (f *FS) parent(id uint64) uint64 {
	switch {
	case isMade(id):
		if n, ok := f.madeNode(id); ok {
			return f.sink.made.parentOf(n.made)
		}
		return 0
	case id&specNameBit != 0, id == controlBit:
		return fuse.FUSE_ROOT_ID
	case id&controlBit != 0:
		return controlBit
	}
	return uint64(f.tree.Parent(tree.ID(id)))
}

// isOther reports whether a name in the root that this part of the tree does not show
// is that of a file which is not what the name says, such as one called 5M of 7 bytes.
// Such a name does not exist here, instead of being a file of another size than in the
// part that shows it.
func (f *FS) isOther(name string) bool {
	hidden, ok := f.tree.Hides(name)
	if !ok {
		return false
	}
	s, err := spec.ParseName(name)
	return err != nil || s != hidden
}

// entry is about an entry of a listing. If looking it up would fail, there are no
// attributes, and the kernel looks it up itself when it is used.
func (f *FS) entry(id uint64, out *fuse.EntryOut) {
	n, _ := f.node(id)
	f.found(id, n, out)
}

func (f *FS) fillEntry(id uint64, n node, out *fuse.EntryOut) {
	out.NodeId = id
	out.Generation = f.generation
	out.Attr = f.attr(id, n)
	out.SetEntryTimeout(valid)
	out.SetAttrTimeout(valid)
}

// OpenDir needs no state: an offset is all that a listing goes on from.
func (f *FS) OpenDir(_ <-chan struct{}, in *fuse.OpenIn, _ *fuse.OpenOut) fuse.Status {
	if n, ok := f.node(in.NodeId); !ok {
		return fuse.Status(stale)
	} else if !n.dir {
		return fuse.ENOTDIR
	}
	return fuse.OK
}

// ReadDir lists a directory from an offset on.
func (f *FS) ReadDir(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return f.listAll(in, func(e fuse.DirEntry) bool {
		return out.AddDirEntry(e)
	})
}

// ReadDirPlus lists a directory with the attributes of its entries.
func (f *FS) ReadDirPlus(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return f.listAll(in, func(e fuse.DirEntry) bool {
		entry := out.AddDirLookupEntry(e)
		if entry == nil {
			return false
		}
		// The kernel ignores attributes of "." and "..".
		if e.Off > dots {
			f.entry(e.Ino, entry)
		}
		return true
	})
}

// dots is the number of entries before the first child: "." and "..".
const dots = 2

// list calls add with the entries of a directory from in.Offset on until add
// returns false. Entry k, counted from 0 with "." and "..", is at offset k, also
// where some are not shown, so an offset stays valid forever. It reports whether that
// were all.
func (f *FS) list(in *fuse.ReadIn, add func(fuse.DirEntry) bool) (status fuse.Status, ended bool) {
	if errno := f.failsListing(in.NodeId); errno != 0 {
		return fuse.Status(errno), false
	}
	dir := tree.ID(in.NodeId)
	off := in.Offset
	if off == 0 {
		off++
		if !add(fuse.DirEntry{Name: ".", Mode: fuse.S_IFDIR, Ino: uint64(dir), Off: off}) {
			return fuse.OK, false
		}
	}
	if off == 1 {
		off++
		if !add(fuse.DirEntry{Name: "..", Mode: fuse.S_IFDIR, Ino: f.parent(in.NodeId), Off: off}) {
			return fuse.OK, false
		}
	}
	if dir == controlBit {
		for i := off - dots; i < uint64(len(f.control)); i++ {
			off++
			if !add(fuse.DirEntry{Name: f.control[i].name, Mode: fuse.S_IFREG, Ino: controlBit + i + 1, Off: off}) {
				break
			}
		}
		return fuse.OK, true
	}
	if isMade(uint64(dir)) {
		return fuse.OK, true
	}
	found := off != in.Offset // "." or ".."
	fits := true
	_, more := f.tree.List(dir, off-dots, listSteps, func(child tree.Child) bool {
		found = true
		e := fuse.DirEntry{Name: string(child.Name), Mode: fuse.S_IFREG, Ino: uint64(child.ID), Off: dots + child.Next}
		if child.IsSymlink {
			e.Mode = fuse.S_IFLNK
		}
		if child.IsDir {
			e.Mode = fuse.S_IFDIR
		} else if f.sink != nil && f.sink.isGone(e.Ino, in.NodeId, e.Name) {
			return true
		}
		fits = add(e)
		return fits
	})
	if !found && more {
		return fuse.EAGAIN, false // an empty reply would be the end of the directory
	}
	return fuse.OK, fits && !more
}

// listSteps is how many names one request looks at, shown or not: some milliseconds.
const listSteps = 1 << 15

// SkipNames returns the offset of the first entry of a directory from off on, or of
// its end. It looks at as many names as that takes, until cancel is closed.
func (f *FS) SkipNames(node, off uint64, cancel <-chan struct{}) uint64 {
	off -= min(off, dots)
	for more := true; more; {
		select {
		case <-cancel:
			return dots + off
		default:
		}
		found := false
		start := off
		off, more = f.tree.List(tree.ID(node), start, listSteps, func(child tree.Child) bool {
			found = true
			start = child.Next - 1
			return false
		})
		if found {
			return dots + start
		}
	}
	return dots + off
}
