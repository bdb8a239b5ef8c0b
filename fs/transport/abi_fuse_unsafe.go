package transport

import (
	"syscall"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// The part of <linux/fuse.h> that is handled here rather than by go-fuse, which
// has the structs of requests and replies. All are in the byte order of the
// machine.

// Values of enum fuse_opcode.
const (
	opLookup      = 1
	opForget      = 2
	opGetAttr     = 3
	opOpen        = 14
	opRead        = 15
	opWrite       = 16
	opRelease     = 18
	opReadDir     = 28
	opInit        = 26
	opInterrupt   = 36
	opBatchForget = 42
	opReadDirPlus = 44
)

// notifyStore is FUSE_NOTIFY_STORE of enum fuse_notify_code.
const notifyStore = 4

// Values of enum fuse_uring_cmd, and FUSE_DEV_IOC_CLONE, _IOR(229, 0, uint32_t).
const (
	cmdRegister       = 1
	cmdCommitAndFetch = 2

	ioctlClone = 0x8004e500
)

// Sizes of fuse_in_header, fuse_out_header, and of an INTERRUPT and of a WRITE without
// its data, with their headers, in bytes.
const (
	requestHeader = int(unsafe.Sizeof(fuse.InHeader{}))
	replyHeader   = int(unsafe.Sizeof(fuse.OutHeader{}))
	interruptSize = int(unsafe.Sizeof(fuse.InterruptIn{}))
	writeSize     = int(unsafe.Sizeof(fuse.WriteIn{}))
	storeHeader   = replyHeader + int(unsafe.Sizeof(fuse.NotifyStoreOut{}))
)

// entryHeader is a struct fuse_uring_req_header.
type entryHeader struct {
	inOut    [128]byte // fuse_in_header of the request, fuse_out_header of the reply
	op       [128]byte // the fixed struct of the request
	flags    uint64    // from here on a struct fuse_uring_ent_in_out
	commitID uint64
	payload  uint32 // bytes
	_        uint32
	_        uint64
}

// readArgs is a struct fuse_read_in, as far as it matters.
type readArgs struct {
	fh, offset uint64
	size       uint32
}

// writeArgs is a struct fuse_write_in, as far as it matters, and has its size.
type writeArgs struct {
	fh, offset uint64
	size       uint32
	_          [writeRest]byte
}

// writeRest is the bytes of a struct fuse_write_in behind its size: write_flags,
// lock_owner, flags and padding.
const writeRest = 20

// view returns the T that p begins with. It panics if p is shorter.
func view[T any](p []byte) *T {
	var t T
	_ = p[unsafe.Sizeof(t)-1]
	return (*T)(unsafe.Pointer(unsafe.SliceData(p)))
}

// argsOf returns a request whose struct, with its header, is T; false if it is shorter.
func argsOf[T any](in []byte) (*T, bool) {
	var t T
	if len(in) < int(unsafe.Sizeof(t)) {
		return nil, false
	}
	return view[T](in), true
}

// batchForget is a struct fuse_batch_forget_in with its header, and forgetOne a struct
// fuse_forget_one, of which it is followed by count.
type batchForget struct {
	fuse.InHeader
	count, _ uint32
}

type forgetOne struct{ node, lookups uint64 }

// forgets returns what a BATCH_FORGET names, as far as it is complete.
func (b *batchForget) forgets(in []byte) []forgetOne {
	rest := in[unsafe.Sizeof(*b):]
	n := min(int(b.count), len(rest)/int(unsafe.Sizeof(forgetOne{})))
	return unsafe.Slice((*forgetOne)(unsafe.Pointer(unsafe.SliceData(rest))), n)
}

// putStore writes the header of a FUSE_NOTIFY_STORE of n bytes, the first ones of a node, to
// p, which they follow.
func putStore(p []byte, node uint64, n int) {
	h := view[fuse.OutHeader](p)
	*h = fuse.OutHeader{Length: uint32(storeHeader + n), Status: notifyStore}
	*view[fuse.NotifyStoreOut](p[replyHeader:]) = fuse.NotifyStoreOut{Nodeid: node, Size: uint32(n)}
}

// bytesOf returns the memory of v.
func bytesOf[T any](v *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v))
}

func header(in []byte) *fuse.InHeader          { return view[fuse.InHeader](in) }
func readOf(in []byte) *readArgs               { return view[readArgs](in[requestHeader:]) }
func writeOf(in []byte) *writeArgs             { return view[writeArgs](in[requestHeader:]) }
func interruptOf(in []byte) *fuse.InterruptIn  { return view[fuse.InterruptIn](in) }
func (h *entryHeader) request() *fuse.InHeader { return view[fuse.InHeader](h.inOut[:]) }
func (h *entryHeader) read() *readArgs         { return view[readArgs](h.op[:]) }
func (h *entryHeader) write() *writeArgs       { return view[writeArgs](h.op[:]) }

// isRead reports whether a request is a READ, all of it.
func isRead(in []byte) bool {
	return header(in).Opcode == opRead && len(in) >= requestHeader+int(unsafe.Sizeof(readArgs{}))
}

// isWrite reports whether a request is a WRITE with all of its data.
func isWrite(in []byte) bool {
	return header(in).Opcode == opWrite && len(in) >= writeSize && len(in)-writeSize == int(writeOf(in).size)
}

// putWritten writes the struct fuse_write_out of n bytes to p, and returns its length.
func putWritten(p []byte, n int) int {
	out := view[fuse.WriteOut](p)
	*out = fuse.WriteOut{Size: uint32(n)}
	return len(bytesOf(out))
}

// isReadDir reports whether a request is READDIR or READDIRPLUS, which have the
// arguments of READ.
func isReadDir(in []byte) bool {
	opcode := header(in).Opcode
	return (opcode == opReadDir || opcode == opReadDirPlus) && len(in) >= requestHeader+int(unsafe.Sizeof(readArgs{}))
}

// putHeader writes the header of a reply of n bytes.
func putHeader(p []byte, unique uint64, errno syscall.Errno, n int) {
	h := view[fuse.OutHeader](p)
	h.Length = uint32(replyHeader + n)
	h.Status = -int32(errno)
	h.Unique = unique
}

// replyErrno returns the error that a reply's header has.
func replyErrno(p []byte) syscall.Errno { return syscall.Errno(-view[fuse.OutHeader](p).Status) }

// newEntryHeader returns the header that lies at the beginning of p.
func newEntryHeader(p []byte) *entryHeader { return view[entryHeader](p) }

// setBuffers says where an entry is, for REGISTER: header and payload.
func (e *entry) setBuffers() {
	e.iov[0].Base = (*byte)(unsafe.Pointer(e.header))
	e.iov[0].SetLen(int(unsafe.Sizeof(*e.header)))
	e.iov[1].Base = unsafe.SliceData(e.payload)
	e.iov[1].SetLen(len(e.payload))
}

// buffers returns the address of what setBuffers has set. The memory of entries is
// not Go's, and their array is kept by rings.
func (e *entry) buffers() uint64 { return uint64(uintptr(unsafe.Pointer(&e.iov))) }

// readRequest and writeReply never wait, so that the Go runtime need not know of
// them.
func readRequest(fd int, in []byte) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(in))), uintptr(len(in)))
	return int(n), errno
}

func writeReply(fd int, reply []byte) syscall.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(reply))), uintptr(len(reply)))
	return errno
}

// yield lets another thread run on this CPU.
func yield() { unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }
