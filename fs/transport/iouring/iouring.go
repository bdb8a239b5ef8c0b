// Package iouring has what users of io_uring by plain system calls share: the layout of
// what the kernel shares with them, and a reader of files for tests. What an operation
// has in its submissions is the matter of those who use it.
package iouring

import "errors"

// ErrUnsupported is returned where the kernel does not have io_uring, or does not allow
// it; the kernel's error is in it, too.
var ErrUnsupported = errors.New("io_uring")

// From <linux/io_uring.h>, as are the structures.
const (
	OffsetRing    = 0          // of the rings in the descriptor's memory; both, since Linux 5.4
	OffsetEntries = 0x10000000 // of the submissions

	EnterGetEvents = 1 << 0

	opRead = 22
)

// Params is a struct io_uring_params, with its struct io_sqring_offsets and struct
// io_cqring_offsets.
type Params struct {
	SQEntries, CQEntries, Flags, SQThreadCPU, SQThreadIdle, Features, WQFD uint32

	_  [3]uint32
	SQ struct {
		Head, Tail, Mask, Entries, Flags, Dropped, Array, _ uint32
		_                                                   uint64
	}
	CQ struct {
		Head, Tail, Mask, Entries, Overflow, CQEs, Flags, _ uint32
		_                                                   uint64
	}
}

// Completion is a struct io_uring_cqe.
type Completion struct {
	UserData uint64
	Res      int32
	Flags    uint32
}

// submission is a struct io_uring_sqe of 64 bytes, for a read.
type submission struct {
	opcode, flags uint8
	_             uint16
	fd            int32
	off, addr     uint64
	len, rwFlags  uint32
	userData      uint64
	_             [3]uint64
}
