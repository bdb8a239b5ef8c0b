package fs

import (
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// madeNode is a file, directory, symbolic link or the like. What writes change may be
// changed at any time, the rest with made.mu.
type madeNode struct {
	id     uint64
	kind   uint32 // S_IFREG and the like; never changes
	mode   uint32 // permissions
	owner  fuse.Owner
	device uint32
	target string // of a symbolic link
	parent uint64 // the directory that has its latest name
	links  int    // names
	open   int    // handles

	length       atomic.Int64
	atime, mtime atomic.Int64 // nanoseconds since 1970
	ctime        atomic.Int64
	btime        int64 // never changes
}

func (n *madeNode) isDir() bool { return n.kind == syscall.S_IFDIR }

// write counts bytes that are dropped.
func (n *madeNode) write(off int64, size int) {
	for {
		old := n.length.Load()
		if end := off + int64(size); end <= old || n.length.CompareAndSwap(old, end) {
			break
		}
	}
	n.mtime.Store(time.Now().UnixNano())
}

// read reads what a made file holds.
func (n *madeNode) read(off int64, p []byte) int {
	p = p[:min(int64(len(p)), max(0, n.length.Load()-off))]
	clear(p)
	return len(p)
}

// madePath returns the latest path of what was made.
func (f *FS) madePath(n *madeNode) string {
	m := f.sink.made
	m.mu.Lock()
	defer m.mu.Unlock()
	path := ""
	for n != nil {
		name := fmt.Sprintf("file %d", n.id) // it has none any more
		if d := m.dirs[n.parent]; d != nil {
			for _, found := range d.byName {
				if found.node == n {
					name = found.name
					break
				}
			}
		}
		path = "/" + name + path
		if !isMade(n.parent) {
			return strings.TrimPrefix(string(f.tree.AppendPath(nil, tree.ID(n.parent)))+path, "/")
		}
		n = m.nodes[n.parent]
	}
	return strings.TrimPrefix(path, "/")
}

func (m *made) attr(n *madeNode) fuse.Attr {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := fuse.Attr{
		Ino:     n.id,
		Size:    uint64(n.length.Load()),
		Mode:    n.kind | n.mode,
		Nlink:   uint32(n.links),
		Owner:   n.owner,
		Rdev:    n.device,
		Blksize: blockSize,
	}
	for _, t := range []struct {
		at   *atomic.Int64
		sec  *uint64
		nsec *uint32
	}{{&n.atime, &a.Atime, &a.Atimensec}, {&n.mtime, &a.Mtime, &a.Mtimensec}, {&n.ctime, &a.Ctime, &a.Ctimensec}} {
		when := time.Unix(0, t.at.Load())
		*t.sec, *t.nsec = uint64(when.Unix()), uint32(when.Nanosecond())
	}
	return a
}

// set changes what a SETATTR says.
func (m *made) set(n *madeNode, in *fuse.SetAttrIn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if mode, ok := in.GetMode(); ok {
		n.mode = mode & 0o1777
	}
	if uid, ok := in.GetUID(); ok {
		n.owner.Uid = uid
	}
	if gid, ok := in.GetGID(); ok {
		n.owner.Gid = gid
	}
	if size, ok := in.GetSize(); ok && size <= math.MaxInt64 {
		n.length.Store(int64(size))
		n.mtime.Store(now.UnixNano())
	}
	if t, ok := in.GetATime(); ok {
		n.atime.Store(t.UnixNano())
	}
	if t, ok := in.GetMTime(); ok {
		n.mtime.Store(t.UnixNano())
	}
	n.ctime.Store(now.UnixNano())
}
