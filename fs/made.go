package fs

import (
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// madeBit is set, beside controlBit, in the node ids of what was made by Sink.Discard.
// They are given out in order, and none twice.
const madeBit = 1 << 60

func isMade(id uint64) bool { return id&^(madeBit-1) == controlBit|madeBit }

// Bounds of what can be made. When there are so many, files are forgotten in the order
// in which they were made, so that cp -r of any number of them goes on; what cannot be
// forgotten, directories above all, gets ENOSPC.
const (
	maxMade      = 128 << 10
	maxMadeBytes = 16 << 20 // of names, and of what symbolic links say
	forgetTries  = 64       // how many files are looked at for one that is not open
)

// made is the names that were made: what tools look at again after they have written,
// to set owners, modes and times, and to go through directories. A file has the length
// that was written to it and no blocks: a hole, which reads as zeros.
//
// It is safe for concurrent use. Its bounds hold for all users together: one who makes
// directories up to them keeps others from making more.
type made struct {
	mu    sync.Mutex
	last  uint64 // id, and also the place of a name in its directory
	nodes map[uint64]*madeNode
	dirs  map[uint64]*madeDir // directories with names that were made; those of the tree, too
	bytes int
	max   int // of nodes and names each

	// Names of files in the order in which they were made: a ring with this as both ends.
	files madeName
	names int
}

// madeName is an entry of a directory.
type madeName struct {
	name         string
	dir          uint64
	place        uint64 // in the directory; later ones are greater
	node         *madeNode
	older, newer *madeName // of files
}

// madeDir is the names in a directory.
type madeDir struct {
	byName map[string]*madeName
	order  []*madeName // by place; some may be gone, and are not in byName then
}

func newMade() *made {
	m := &made{nodes: make(map[uint64]*madeNode), dirs: make(map[uint64]*madeDir), max: maxMade}
	m.files.older, m.files.newer = &m.files, &m.files
	return m
}

// node returns the node of an id, nil if there is none (any more).
func (m *made) node(id uint64) *madeNode {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.nodes[id]
}

// lookup returns the node of a name in a directory, nil if none was made.
func (m *made) lookup(dir uint64, name string) *madeNode {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := m.find(dir, name); n != nil {
		return n.node
	}
	return nil
}

func (m *made) find(dir uint64, name string) *madeName {
	if d := m.dirs[dir]; d != nil {
		return d.byName[name]
	}
	return nil
}

// add makes a new node with a name, or returns an error. open counts a handle of it.
func (m *made) add(dir uint64, name string, mode uint32, owner fuse.Owner, device uint32, target string, open bool) (*madeNode, syscall.Errno) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if errno := m.mayName(dir, name, len(target)); errno != 0 {
		return nil, errno
	}
	m.last++
	n := &madeNode{id: controlBit | madeBit | m.last, kind: mode & syscall.S_IFMT, mode: mode & 0o1777, owner: owner, device: device, target: target, parent: dir}
	n.length.Store(int64(len(target)))
	now := time.Now().UnixNano()
	n.atime.Store(now)
	n.mtime.Store(now)
	n.ctime.Store(now)
	n.btime = now
	if open {
		n.open = 1
	}
	m.nodes[n.id] = n
	m.bytes += len(target)
	m.link(dir, name, n)
	return n, 0
}

// mayName makes room for a name in a directory, and for more bytes.
func (m *made) mayName(dir uint64, name string, more int) syscall.Errno {
	switch {
	case isMade(dir) && m.nodes[dir] == nil:
		return syscall.ENOENT
	case m.find(dir, name) != nil:
		return syscall.EEXIST
	}
	for tries := 0; m.names >= m.max || len(m.nodes) >= m.max || m.bytes+len(name)+more > maxMadeBytes; tries++ {
		oldest := m.files.newer
		if oldest == &m.files || tries == forgetTries {
			return syscall.ENOSPC
		}
		if oldest.node.open > 0 {
			m.queue(oldest)
			continue
		}
		m.unlink(oldest)
	}
	return 0
}

// queue makes a name the last one to be forgotten.
func (m *made) queue(n *madeName) {
	m.unqueue(n)
	n.older, n.newer = m.files.older, &m.files
	n.older.newer, n.newer.older = n, n
}

func (m *made) unqueue(n *madeName) {
	if n.older != nil {
		n.older.newer, n.newer.older = n.newer, n.older
		n.older, n.newer = nil, nil
	}
}

// link gives a node a name.
func (m *made) link(dir uint64, name string, node *madeNode) {
	d := m.dirs[dir]
	if d == nil {
		d = &madeDir{byName: make(map[string]*madeName)}
		m.dirs[dir] = d
	}
	m.last++
	n := &madeName{name: name, dir: dir, place: m.last, node: node}
	d.byName[name] = n
	d.order = append(d.order, n)
	m.names++
	m.bytes += len(name)
	node.links++
	node.parent = dir
	if !node.isDir() {
		m.queue(n)
	}
}

// unlink takes a name away, and forgets its node if that was the last one.
func (m *made) unlink(n *madeName) {
	d := m.dirs[n.dir]
	delete(d.byName, n.name)
	switch {
	case len(d.byName) == 0:
		delete(m.dirs, n.dir)
	case len(d.byName) < len(d.order)/2:
		d.order = slices.DeleteFunc(d.order, func(o *madeName) bool { return d.byName[o.name] != o })
	}
	m.unqueue(n)
	m.names--
	m.bytes -= len(n.name)
	n.node.links--
	n.node.ctime.Store(time.Now().UnixNano())
	m.drop(n.node)
}

// drop forgets a node that has no name and is not open.
func (m *made) drop(n *madeNode) {
	if n.links == 0 && n.open == 0 && m.nodes[n.id] != nil {
		m.bytes -= len(n.target)
		delete(m.nodes, n.id)
	}
}

// acquire counts a handle of a node.
func (m *made) acquire(id uint64) *madeNode {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.nodes[id]
	if n != nil {
		n.open++
	}
	return n
}

func (m *made) release(n *madeNode) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n.open--
	m.drop(n)
}

// remove takes a name away: that of an empty directory, or of anything else.
func (m *made) remove(dir uint64, name string, isDir bool) (found bool, errno syscall.Errno) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.find(dir, name)
	if n == nil {
		return false, 0
	}
	if errno := m.mayRemove(n, isDir); errno != 0 {
		return true, errno
	}
	m.unlink(n)
	return true, 0
}

func (m *made) mayRemove(n *madeName, isDir bool) syscall.Errno {
	switch {
	case isDir && !n.node.isDir():
		return syscall.ENOTDIR
	case !isDir && n.node.isDir():
		return syscall.EISDIR
	case m.dirs[n.node.id] != nil:
		return syscall.ENOTEMPTY
	}
	return 0
}

// rename gives a node another name, in place of the one that has it. The name must not
// be one of the tree.
func (m *made) rename(dir uint64, name string, newDir uint64, newName string, replace bool) syscall.Errno {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.find(dir, name)
	if n == nil {
		return syscall.ENOENT
	}
	node := n.node
	if old := m.find(newDir, newName); old != nil {
		if !replace {
			return syscall.EEXIST
		}
		if old.node == node {
			return 0
		}
		if errno := m.mayRemove(old, node.isDir()); errno != 0 {
			return errno
		}
		m.unlink(old)
	}
	if isMade(newDir) && m.nodes[newDir] == nil {
		return syscall.ENOENT
	}
	if m.bytes+len(newName)-len(name) > maxMadeBytes {
		return syscall.ENOSPC
	}
	node.links++ // not to be dropped
	m.unlink(n)
	node.links--
	m.link(newDir, newName, node)
	return 0
}

// hardLink gives a file one more name.
func (m *made) hardLink(id, dir uint64, name string) (*madeNode, syscall.Errno) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.nodes[id]
	if n == nil {
		return nil, stale
	}
	n.links++ // not to be forgotten to make room
	errno := m.mayName(dir, name, 0)
	n.links--
	if errno != 0 {
		m.drop(n) // its names may have been the first to be forgotten
		return nil, errno
	}
	m.link(dir, name, n)
	return n, 0
}

// list returns the names of a directory behind a place, up to listMade of them.
func (m *made) list(dir, place uint64) (names []madeName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.dirs[dir]
	if d == nil {
		return nil
	}
	first, _ := slices.BinarySearchFunc(d.order, place, func(n *madeName, at uint64) int {
		if n.place <= at {
			return -1
		}
		return 1
	})
	for _, n := range d.order[first:] {
		if len(names) == listMade {
			break
		}
		if d.byName[n.name] == n {
			names = append(names, *n)
		}
	}
	return names
}

// parentOf returns the directory that a node is in.
func (m *made) parentOf(n *madeNode) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return n.parent
}

// listMade is how many names list returns at most, some more than a reply has room for.
const listMade = 256
