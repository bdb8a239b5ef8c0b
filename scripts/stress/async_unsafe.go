package main

import (
	"unsafe"

	"github.com/dgenfs/dgenfs/fs/transport/iouring"
	"golang.org/x/sys/unix"
)

// Asynchronous reads: a piece in several reads that are in flight together. Structures
// and numbers are those of linux/aio_abi.h.

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

func (r *reader) uring(off int64, n int) (int64, []byte, error) {
	got, err := iouring.Read(r.either(), r.buf[:n], off, n/parallel+1, parallel)
	return off, r.buf[:got], err
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
