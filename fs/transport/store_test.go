package transport

import (
	"bytes"
	"log"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/dgenfs/dgenfs/fs/transport/counters"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Nodes of testFS that are stored when they are opened: whole pages, and not.
const (
	storedNode = 3 * 4096
	tailNode   = storedNode + 5
)

func (*testFS) StoreSize(fh uint64) int {
	switch fh {
	case storedNode, tailNode, badStoreFH, lateStoreFH:
		return int(fh)
	}
	return 0
}

// opener is a server whose requests the test calls itself.
type opener struct {
	*Server
	*kernel
	log    bytes.Buffer
	counts counters.Thread
}

func newOpener(t *testing.T) *opener {
	k, fd := newKernel(t)
	t.Cleanup(func() { syscall.Close(fd) })
	o := &opener{kernel: k}
	o.Server = &Server{fd: fd, fs: newTestFS(), stores: new(stores), zeroesTail: true, request: testRequest, log: log.New(&o.log, "", 0)}
	o.ahead = o.newAhead()
	return o
}

// do answers a request of one struct, and returns the reply.
func do[T any](o *opener, v *T, h *fuse.InHeader, opcode uint32, node uint64) ([]byte, syscall.Errno) {
	h.Opcode, h.NodeId, h.Length = opcode, node, uint32(len(bytesOf(v)))
	data := make([]byte, replyRoom(testRequest))
	n, errno, _ := o.other(bytesOf(v), make([]byte, replyHeader), data, &o.counts)
	return data[:n], errno
}

// open opens a node, and checks that its bytes are sent before, or not.
func (o *opener) open(node uint64, flags uint32, stored bool) {
	o.t.Helper()
	in := fuse.OpenIn{Flags: flags}
	before := o.counts.Served().Bytes
	reply, errno := do(o, &in, &in.InHeader, opOpen, node)
	if errno != 0 || len(reply) != len(bytesOf(&fuse.OpenOut{})) || view[fuse.OpenOut](reply).Fh != node {
		o.t.Fatalf("OPEN of %d: %v, %v", node, reply, errno)
	}
	if got := o.counts.Served().Bytes - before; got != 0 != stored {
		o.t.Errorf("OPEN of %d, flags %#x: %d bytes were stored, want that: %v", node, flags, got, stored)
	}
	if !stored {
		return
	}
	r := o.receive()
	want := make([]byte, node)
	fill(want, 0)
	if r.unique != 0 || -int32(r.errno) != notifyStore || len(r.data) != 24+int(node) || !bytes.Equal(r.data[24:], want) {
		o.t.Fatalf("OPEN of %d: a message of %d bytes, unique %d, code %d", node, len(r.data), r.unique, -int32(r.errno))
	}
	if out := *view[fuse.NotifyStoreOut](r.data); out != (fuse.NotifyStoreOut{Nodeid: node, Size: uint32(node)}) {
		o.t.Errorf("OPEN of %d: %+v", node, out)
	}
}

func (o *opener) release(node uint64) {
	in := fuse.ReleaseIn{Fh: node}
	do(o, &in, &in.InHeader, opRelease, node)
}

func TestStore(t *testing.T) {
	o := newOpener(t)
	const direct = syscall.O_DIRECT
	o.open(100, 0, false)
	o.release(100)
	o.open(storedNode, 0, true)
	o.open(storedNode, 0, false) // the other one may be read meanwhile
	o.release(storedNode)
	o.release(storedNode)
	o.open(storedNode, 0, false) // the kernel may still have it
	forget := fuse.ForgetIn{Nlookup: 1}
	do(o, &forget, &forget.InHeader, opForget, storedNode)
	o.open(storedNode, 0, false) // it is open
	o.release(storedNode)
	o.release(storedNode)
	o.open(storedNode, direct, false)
	o.release(storedNode)
	o.open(storedNode, 0, true)
	o.release(storedNode)

	all := struct {
		batchForget
		of [3]forgetOne
	}{batchForget{count: 4}, [3]forgetOne{{5, 1}, {storedNode, 2}, {6, 1}}} // one is missing
	do(o, &all, &all.InHeader, opBatchForget, 0)
	if n := o.fs.(*testFS).forgotten.Load(); n != 5 {
		t.Errorf("5 lookups were forgotten, and the file system knows of %d", n)
	}
	o.open(storedNode, 0, true)

	o.open(tailNode, 0, true)
	o.release(tailNode)
	o.forget(tailNode, 1)
	o.zeroesTail = false
	o.open(tailNode, 0, false)
	if o.log.Len() != 0 {
		t.Errorf("the log is %q", &o.log)
	}
}

// Whoever opens a file that cannot be read all the same gets it, and the error when it
// reads; also if the kernel does not take it.
func TestStoreFails(t *testing.T) {
	o := newOpener(t)
	o.open(badStoreFH, 0, false)
	o.open(lateStoreFH, 0, false)
	if n := o.fs.(*testFS).cancelled.Load(); n != 1 {
		t.Errorf("%d reads were cancelled, want 1", n)
	}
	if o.log.Len() != 0 {
		t.Errorf("the log is %q", &o.log)
	}
	syscall.Shutdown(o.kernel.fd, syscall.SHUT_RD)
	o.open(storedNode, 0, false)
	if o.log.Len() == 0 {
		t.Error("an error of storing is not logged")
	}
}

// Nobody gets a handle of a node while it is stored, and nodes are stored only while
// nobody has one: otherwise storing could wait for a READ.
func TestNoHandleWhileStored(t *testing.T) {
	var s stores
	var handles, stored atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 2000 {
				s.opened(7, func() bool {
					for range 3 {
						if n := handles.Load(); n != 0 {
							t.Errorf("stored while there are %d handles", n)
						}
						runtime.Gosched()
					}
					stored.Add(1)
					return true
				})
				handles.Add(1)
				runtime.Gosched()
				handles.Add(-1)
				s.forgotten(7)
				s.released(7)
			}
		})
	}
	all.Wait()
	slot, _ := s.at(7)
	if slot.open != 0 || stored.Load() == 0 {
		t.Errorf("%d handles are left; stored %d times", slot.open, &stored)
	}
}

// Nodes that share a slot are told apart, as far as it goes.
func TestStoresOfOneSlot(t *testing.T) {
	var s stores
	slot, mark := s.at(1)
	other := uint64(2)
	for {
		if o, m := s.at(other); o == slot && m != mark {
			break
		}
		other++
	}
	n := 0
	store := func() bool { n++; return true }
	for i, node := range []uint64{1, 1, other, other, 1} {
		s.opened(node, store)
		s.released(node)
		if want := []int{1, 1, 2, 2, 3}[i]; n != want {
			t.Fatalf("stored %d times after step %d, want %d", n, i, want)
		}
	}
	s.forgotten(other)
	s.opened(1, store)
	s.opened(other, store)
	if n != 3 {
		t.Errorf("stored %d times, want 3: a node that is stored, and one that shares its slot", n)
	}
}
