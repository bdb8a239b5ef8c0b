package transport

import (
	"testing"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// address returns where p lies.
func address(p []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(p))) }

// The kernel knows these structs by their layout only: <linux/io_uring.h> and
// <linux/fuse.h>.
func TestLayout(t *testing.T) {
	var s submission
	var h entryHeader
	var r readArgs
	var e entry
	for _, test := range []struct {
		what      string
		got, want uintptr
	}{
		{"size of io_uring_sqe with SQE128", unsafe.Sizeof(s), 128},
		{"sqe.opcode", unsafe.Offsetof(s.opcode), 0},
		{"sqe.flags", unsafe.Offsetof(s.flags), 1},
		{"sqe.fd", unsafe.Offsetof(s.fd), 4},
		{"sqe.off", unsafe.Offsetof(s.off), 8},
		{"sqe.addr", unsafe.Offsetof(s.addr), 16},
		{"sqe.len", unsafe.Offsetof(s.len), 24},
		{"sqe.poll32_events", unsafe.Offsetof(s.opFlags), 28},
		{"sqe.user_data", unsafe.Offsetof(s.userData), 32},
		{"fuse_uring_cmd_req.flags", unsafe.Offsetof(s.cmdFlags), 48},
		{"fuse_uring_cmd_req.commit_id", unsafe.Offsetof(s.commitID), 56},
		{"fuse_uring_cmd_req.qid", unsafe.Offsetof(s.queueID), 64},
		{"size of fuse_uring_req_header", unsafe.Sizeof(h), 288},
		{"fuse_uring_req_header.op_in", unsafe.Offsetof(h.op), 128},
		{"fuse_uring_ent_in_out.flags", unsafe.Offsetof(h.flags), 256},
		{"fuse_uring_ent_in_out.commit_id", unsafe.Offsetof(h.commitID), 264},
		{"fuse_uring_ent_in_out.payload_sz", unsafe.Offsetof(h.payload), 272},
		{"fuse_read_in.fh", unsafe.Offsetof(r.fh), 0},
		{"fuse_read_in.offset", unsafe.Offsetof(r.offset), 8},
		{"fuse_read_in.size", unsafe.Offsetof(r.size), 16},
		{"size of fuse_in_header", unsafe.Sizeof(fuse.InHeader{}), 40},
		{"size of fuse_out_header", unsafe.Sizeof(fuse.OutHeader{}), 16},
		{"size of fuse_init_out", unsafe.Sizeof(fuse.InitOut{}), 64},
		{"size of fuse_entry_out", unsafe.Sizeof(fuse.EntryOut{}), 128},
		{"size of fuse_interrupt_in, with its header", unsafe.Sizeof(fuse.InterruptIn{}), 48},
		{"size of two struct iovec", unsafe.Sizeof(e.iov), 4 * unsafe.Sizeof(uintptr(0))},
		{"room for headers", headerRoom % 64, 0},
	} {
		if test.got != test.want {
			t.Errorf("%s: %d, want %d", test.what, test.got, test.want)
		}
	}
}

// Memory behind what is too short is not read.
func TestViewIsBounded(t *testing.T) {
	for n := range 40 {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d bytes are taken for a header of 40", n)
				}
			}()
			header(make([]byte, n, 100))
		}()
	}
	if h := header(make([]byte, 40)); h.Unique != 0 {
		t.Errorf("%+v", h)
	}
	for n, want := range map[int]bool{40: false, 63: false, 64: true, 80: true} {
		in := make([]byte, n)
		header(in).Opcode = opRead
		if isRead(in) != want {
			t.Errorf("a READ of %d bytes: %v", n, !want)
		}
	}
}
