package transport

import "github.com/dgenfs/dgenfs/fs/transport/iouring"

// The part of <linux/io_uring.h> that is needed here; package iouring has the rest.
const (
	setupClamp        = 1 << 4
	setupSQE128       = 1 << 10
	setupSingleIssuer = 1 << 12
	setupDeferTaskrun = 1 << 13

	opPollAdd  = 6
	opMsgRing  = 40
	opUringCmd = 46

	sqeSkipSuccess = 1 << 6 // no completion unless there is an error
)

// completion is what the kernel says of a submission.
type completion = iouring.Completion

// submission is a struct io_uring_sqe of 128 bytes. What the fields mean depends
// on the operation; those of a command of FUSE are a struct fuse_uring_cmd_req of
// <linux/fuse.h>, from cmdFlags on.
type submission struct {
	opcode   uint8
	flags    uint8
	_        uint16
	fd       int32
	off      uint64 // a command's number, in its lower half
	addr     uint64
	len      uint32
	opFlags  uint32
	userData uint64
	_        uint64
	cmdFlags uint64
	commitID uint64
	queueID  uint16
	_        [62]byte
}
