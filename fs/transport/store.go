package transport

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/dgenfs/dgenfs/fs/transport/counters"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// The bytes of a small file are put into the kernel's page cache when it is opened, by
// FUSE_NOTIFY_STORE before the reply to OPEN, so that there is no READ.
//
// The kernel locks each page for that, and waits if it is locked already: that is, while a
// READ of it is under way. If the thread that stores were the one that has to answer this
// READ, it would wait for itself; over rings, no other thread could answer it. So a file is
// stored only if no READ of it can be under way, nor begin until that is done. READs come
// from open files: the kernel sends RELEASE of one after the end of the last READ, and
// none before it has the reply to OPEN. Hence a file is stored only when no handle of it
// has been given out that is not released, and whoever opens it meanwhile waits for that
// reply until it is stored. Everybody else who locks pages of the page cache, to reclaim,
// move or drop them, does not wait for the server meanwhile.
//
// What the kernel has of a file may be gone again, wholly or in part, when it is read:
// then there is a READ after all.

// storeSlots is how many open files, and nodes stored before, are told apart.
const storeSlots = 1 << 15

// stores says of which nodes handles are open, and which were stored and not forgotten by
// the kernel since. Several nodes may share a slot. Those that are open count together, so
// that one more is not stored; the last one that was stored is remembered. The zero value
// is ready to use.
type stores [storeSlots]storeSlot

type storeSlot struct {
	mu     sync.Mutex    // held while a node is stored
	open   uint32        // handles
	stored atomic.Uint32 // the mark of the last node; 0 if there is none. Changed to a mark with mu only
}

// at returns the slot of a node, and the mark that tells it from most others there.
func (s *stores) at(node uint64) (slot *storeSlot, mark uint32) {
	hi, lo := bits.Mul64(node, 0x9e3779b97f4a7c15) // 2^64 divided by the golden ratio
	h := hi ^ lo
	return &s[h>>32%storeSlots], uint32(h) | 1
}

// opened is called before the reply to OPEN of a node. It calls store, unless the kernel
// has, or is likely to have, the bytes of the node.
func (s *stores) opened(node uint64, store func() bool) {
	slot, mark := s.at(node)
	slot.mu.Lock()
	defer slot.mu.Unlock()
	if slot.open == 0 && store != nil && slot.stored.Load() != mark && store() {
		slot.stored.Store(mark)
	}
	slot.open++
}

// released is called when the kernel has released a handle of a node.
func (s *stores) released(node uint64) {
	slot, _ := s.at(node)
	slot.mu.Lock()
	defer slot.mu.Unlock()
	slot.open--
}

// forgotten is called when the kernel has forgotten a node, and its pages with it.
func (s *stores) forgotten(node uint64) {
	slot, mark := s.at(node)
	slot.stored.CompareAndSwap(mark, 0)
}

// minorZeroesTail is the minor version of the protocol, of Linux 6.12, from which on the
// kernel clears the rest of the last page of what is stored. Kernels before 6.11 may show
// old memory there to those that map the file (CVE-2024-44947).
const minorZeroesTail = 41

// open answers OPEN into data, and stores the file if it is small.
func (s *Server) open(in *fuse.OpenIn, data []byte, c *counters.Thread) (int, syscall.Errno) {
	out := view[fuse.OpenOut](data)
	*out = fuse.OpenOut{}
	if status := s.fs.Open(nil, in, out); !status.Ok() {
		return 0, syscall.Errno(status)
	}
	if size := s.fs.StoreSize(out.Fh); size > 0 {
		var store func() bool
		if in.Flags&syscall.O_DIRECT == 0 && (size%pageSize == 0 || s.zeroesTail) && size <= len(data)-pageSize {
			store = func() bool { return s.store(in.NodeId, out.Fh, data[pageSize-storeHeader:pageSize+size], c) }
		}
		s.stores.opened(in.NodeId, store)
	}
	return len(bytesOf(out)), 0
}

// store puts all bytes of an open file into the kernel's page cache, by a message that it
// makes in p, which has room for a header and the bytes. It counts as a read.
func (s *Server) store(node, fh uint64, p []byte, c *counters.Thread) bool {
	n, delayed, errno := s.fs.ReadFile(fh, 0, p[storeHeader:])
	if delayed != nil {
		s.refuse(delayed)
		return false
	}
	if errno != 0 || n != len(p)-storeHeader {
		return false // whoever reads gets the error
	}
	putStore(p, node, n)
	switch err := writeReply(s.fd, p); err {
	case 0:
		c.Read(n, 0)
		return true
	case unix.ENOENT, unix.ENODEV, unix.ENOMEM, unix.EINTR: // the mount ends, or there is no memory
	default:
		s.log.Printf("storing %d bytes: %v", n, err)
	}
	return false
}

// release answers RELEASE.
func (s *Server) release(in *fuse.ReleaseIn) {
	stored := s.fs.StoreSize(in.Fh) > 0
	s.fs.Release(nil, in)
	if stored {
		s.stores.released(in.NodeId)
	}
}

// forget takes FORGET or BATCH_FORGET of a node.
func (s *Server) forget(node, lookups uint64) {
	s.stores.forgotten(node)
	s.fs.Forget(node, lookups)
}
