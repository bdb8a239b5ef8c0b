package main

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Asynchronous reads by plain system calls: a piece in several reads that are in
// flight together. Structures and numbers are those of linux/io_uring.h and
// linux/aio_abi.h.

// parallel is how many reads are in flight.
const parallel = 8

// parts returns where each of the parallel reads of n bytes begins and ends.
func parts(n int) (all [parallel][2]int) {
	for i := range all {
		all[i] = [2]int{n * i / parallel, n * (i + 1) / parallel}
	}
	return all
}

// gather joins what the parts have: all must be whole, but for the end of the file.
// A part that was cut short is read again from where it ends.
func (r *reader) gather(fd int, off int64, p []byte, lengths *[parallel]int) ([]byte, error) {
	total := 0
	for i, part := range parts(len(p)) {
		rest, err := r.preadFrom(fd, p[part[0]+lengths[i]:part[1]], off+int64(part[0]+lengths[i]))
		if err != nil {
			return nil, err
		}
		total += lengths[i] + len(rest)
	}
	return p[:total], nil
}

// either chooses a descriptor: with O_DIRECT or without.
func (r *reader) either() int {
	if r.rand.IntN(2) == 0 {
		return r.direct
	}
	return r.fd
}

// --- io_uring

type ringParams struct {
	sqEntries, cqEntries, flags, sqThreadCPU, sqThreadIdle, features, wqFd uint32
	_                                                                      [3]uint32
	sq                                                                     struct {
		head, tail, ringMask, ringEntries, flags, dropped, array, _ uint32
		_                                                           uint64
	}
	cq struct {
		head, tail, ringMask, ringEntries, overflow, cqes, flags, _ uint32
		_                                                           uint64
	}
}

type ringSubmission struct {
	opcode, flags uint8
	ioprio        uint16
	fd            int32
	off, addr     uint64
	len, rwFlags  uint32
	userData      uint64
	_             [3]uint64
}

type ringCompletion struct {
	userData uint64
	res      int32
	flags    uint32
}

const (
	ringOffsetSubmissions = 0
	ringOffsetCompletions = 0x8000000
	ringOffsetEntries     = 0x10000000
	ringOpRead            = 22
	ringGetEvents         = 1
)

func (r *reader) uring(off int64, n int) (int64, []byte, error) {
	var params ringParams
	number, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, parallel, uintptr(unsafe.Pointer(&params)), 0)
	if errno != 0 {
		return 0, nil, errno
	}
	ring := int(number)
	defer unix.Close(ring)
	var maps [3][]byte
	for i, m := range []struct{ off, length int }{
		{ringOffsetSubmissions, int(params.sq.array + 4*params.sqEntries)},
		{ringOffsetCompletions, int(params.cq.cqes) + int(params.cqEntries)*int(unsafe.Sizeof(ringCompletion{}))},
		{ringOffsetEntries, int(params.sqEntries) * int(unsafe.Sizeof(ringSubmission{}))},
	} {
		var err error
		if maps[i], err = unix.Mmap(ring, int64(m.off), m.length, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
			return 0, nil, err
		}
		defer unix.Munmap(maps[i])
	}
	word := func(m []byte, at uint32) *uint32 { return (*uint32)(unsafe.Pointer(&m[at])) }
	submissions := unsafe.Slice((*ringSubmission)(unsafe.Pointer(&maps[2][0])), params.sqEntries)
	completions := unsafe.Slice((*ringCompletion)(unsafe.Pointer(&maps[1][params.cq.cqes])), params.cqEntries)

	fd := r.either()
	for i, part := range parts(n) {
		submissions[i] = ringSubmission{
			opcode: ringOpRead, fd: int32(fd), off: uint64(off) + uint64(part[0]), userData: uint64(i),
			addr: uint64(uintptr(unsafe.Pointer(&r.buf[part[0]]))), len: uint32(part[1] - part[0]),
		}
		*word(maps[0], params.sq.array+4*uint32(i)) = uint32(i)
	}
	atomic.StoreUint32(word(maps[0], params.sq.tail), parallel)
	var lengths [parallel]int
	var failed error
	for submit, done := parallel, 0; done < parallel; {
		m, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(ring), uintptr(submit), 1, ringGetEvents, 0, 0)
		if errno == unix.EINTR {
			continue
		} else if errno != 0 {
			return 0, nil, errno
		}
		submit -= int(m)
		head := word(maps[1], params.cq.head)
		for h := atomic.LoadUint32(head); h != atomic.LoadUint32(word(maps[1], params.cq.tail)); h++ {
			c := completions[h&(params.cqEntries-1)]
			atomic.StoreUint32(head, h+1)
			done++
			if c.res < 0 && failed == nil && unix.Errno(-c.res) != unix.EINTR && unix.Errno(-c.res) != unix.EAGAIN {
				failed = unix.Errno(-c.res)
			}
			lengths[c.userData] = max(0, int(c.res))
		}
	}
	if failed != nil {
		return 0, nil, failed
	}
	got, err := r.gather(fd, off, r.buf[:n], &lengths)
	return off, got, err
}

// --- libaio

type aioControl struct {
	data   uint64
	_      [2]uint32 // key and flags, in an order that depends on the machine
	opcode uint16
	_      int16
	fd     uint32
	buf    uint64
	length uint64
	offset int64
	_      uint64
	_      [2]uint32
}

type aioEvent struct {
	data, _ uint64
	res, _  int64
}

const aioPread = 0

func (r *reader) aio(off int64, n int) (int64, []byte, error) {
	var context uintptr
	if _, _, errno := unix.Syscall(unix.SYS_IO_SETUP, parallel, uintptr(unsafe.Pointer(&context)), 0); errno != 0 {
		return 0, nil, errno
	}
	defer unix.Syscall(unix.SYS_IO_DESTROY, context, 0, 0)
	fd := r.either()
	var controls [parallel]aioControl
	var list [parallel]*aioControl
	for i, part := range parts(n) {
		controls[i] = aioControl{
			data: uint64(i), opcode: aioPread, fd: uint32(fd), offset: off + int64(part[0]),
			buf: uint64(uintptr(unsafe.Pointer(&r.buf[part[0]]))), length: uint64(part[1] - part[0]),
		}
		list[i] = &controls[i]
	}
	for sent := 0; sent < parallel; {
		m, _, errno := unix.Syscall(unix.SYS_IO_SUBMIT, context, uintptr(parallel-sent), uintptr(unsafe.Pointer(&list[sent])))
		if errno == unix.EINTR {
			continue
		} else if errno != 0 {
			return 0, nil, errno
		}
		sent += int(m)
	}
	var lengths [parallel]int
	var failed error
	for done := 0; done < parallel; {
		var events [parallel]aioEvent
		m, _, errno := unix.Syscall6(unix.SYS_IO_GETEVENTS, context, 1, parallel, uintptr(unsafe.Pointer(&events)), 0, 0)
		if errno == unix.EINTR {
			continue
		} else if errno != 0 {
			return 0, nil, errno
		}
		for _, e := range events[:m] {
			if e.res < 0 && failed == nil && unix.Errno(-e.res) != unix.EINTR {
				failed = unix.Errno(-e.res)
			}
			lengths[e.data] = max(0, int(e.res))
		}
		done += int(m)
	}
	if failed != nil {
		return 0, nil, failed
	}
	got, err := r.gather(fd, off, r.buf[:n], &lengths)
	return off, got, err
}
