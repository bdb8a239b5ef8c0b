package transport

import (
	"bytes"
	"math"
	"strings"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// sendWrite sends a WRITE.
func (k *kernel) sendWrite(unique, fh, off uint64, data []byte) {
	k.t.Helper()
	in := fuse.WriteIn{Fh: fh, Offset: off, Size: uint32(len(data))}
	in.Opcode, in.Unique, in.Length = opWrite, unique, uint32(writeSize+len(data))
	if n, err := unix.Write(k.fd, append(bytes.Clone(bytesOf(&in)), data...)); n != int(in.Length) || err != nil {
		k.t.Errorf("sending a WRITE: %d bytes, %v", n, err)
	}
}

// writeCases are writes and what becomes of them. The byte at wrong differs, if that is
// not negative.
var writeCases = []struct {
	fh, off uint64
	size    int
	wrong   int
	errno   syscall.Errno
}{
	{1, 0, 0, -1, 0},
	{1, 0, 1, -1, 0},
	{1, 0, 1, 0, syscall.EIO},
	{1, 12345, 4096, -1, 0},
	{1, 7, testRequest, -1, 0},
	{1, 7, testRequest, testRequest - 1, syscall.EIO},
	{1, 7, testRequest, scratchSize - 7, syscall.EIO},
	{1, 4096, scratchSize, -1, 0},
	{1, math.MaxInt64 - 100, 100, -1, 0},
	{1, math.MaxInt64 - 99, 100, -1, syscall.EFBIG},
	{1, math.MaxUint64, 100, -1, syscall.EFBIG},
	{badFH, 0, 100, -1, syscall.EBADF},
	{1, 5, 100, -1, 0},
}

// written returns the data of a case.
func written(off uint64, size, wrong int) []byte {
	p := make([]byte, size)
	fill(p, int64(off))
	if wrong >= 0 {
		p[wrong] ^= 0x10
	}
	return p
}

func wantServed() (want Served) {
	for _, test := range writeCases {
		if test.errno == 0 {
			want.Writes++
			want.WriteBytes += uint64(test.size)
		} else {
			want.WriteErrors++
		}
	}
	return want
}

func TestWrite(t *testing.T) {
	c := connectWith(t, Options{MaxWrite: testRequest})
	for i, test := range writeCases {
		unique := uint64(i)<<32 | 2
		c.sendWrite(unique, test.fh, test.off, written(test.off, test.size, test.wrong))
		r := c.receive()
		checkWrite(t, r, unique, test.size, test.errno)
	}
	if got := c.server.Served(); got != wantServed() {
		t.Errorf("served %+v, want %+v", got, wantServed())
	}
	c.end()
}

func checkWrite(t *testing.T, r reply, unique uint64, size int, errno syscall.Errno) {
	t.Helper()
	switch {
	case r.unique != unique || r.errno != errno || errno != 0 && len(r.data) != 0:
		t.Errorf("a WRITE of %d bytes: %+v, want %v", size, r, errno)
	case errno == 0 && (len(r.data) != 8 || view[fuse.WriteOut](r.data).Size != uint32(size)):
		t.Errorf("a WRITE of %d bytes: %x", size, r.data)
	}
}

// The kernel is told how large writes may be, if they are accepted.
func TestMaxWrite(t *testing.T) {
	for _, most := range []int{0, testRequest, 2 * testRequest} {
		k, fd := newKernel(t)
		k.sendInit(45, fuse.CAP_HANDLE_KILLPRIV_V2)
		s, err := New(fd, newTestFS(), Options{Kind: Dev, Request: testRequest, MaxWrite: most, Placement: testPlacement})
		if err != nil {
			t.Fatal(err)
		}
		out := k.receiveInit()
		pages := uint16(max(most, testRequest)/pageSize + 1)
		if out.MaxWrite != uint32(max(most, minWrite)) || out.MaxPages != pages || (out.Flags64()&fuse.CAP_HANDLE_KILLPRIV_V2 != 0) != (most > 0) {
			t.Errorf("writes of %d bytes: max_write %d, max_pages %d, flags %#x", most, out.MaxWrite, out.MaxPages, out.Flags64())
		}
		s.close()
	}
}

// A WRITE that should not come is refused.
func TestNoWrites(t *testing.T) {
	c := connect(t)
	c.sendWrite(2, 1, 0, written(0, 10, -1))
	checkWrite(t, c.receive(), 2, 10, syscall.EROFS)
	c.end()
}

func TestWriteOverRing(t *testing.T) {
	s := simulate(t, 1)
	s.register()
	var script []func()
	for i, test := range writeCases {
		unique := uint64(2*i + 2)
		script = append(script, func() {
			if i > 0 {
				s.checkWrite(i-1, unique-2)
			}
			s.requestWrite(0, unique, test.fh, test.off, written(test.off, test.size, test.wrong))
		})
	}
	last := len(writeCases) - 1
	s.runAll(append(script, func() { s.checkWrite(last, uint64(2*last+2)) })...)
	if got := s.thread.counts.Served(); got != wantServed() {
		t.Errorf("served %+v; want %+v", got, wantServed())
	}
}

// A WRITE whose data is not what it says gets an error.
func TestWriteOverRingOfOtherSize(t *testing.T) {
	s := simulate(t, 1)
	s.register()
	s.run(
		func() {
			s.request(0, opWrite, 2, bytesOf(&writeArgs{fh: 1, size: 11}), written(0, 10, -1))
		},
		func() {
			s.expectCommit(0, 2)
			checkWrite(t, s.reply(0), 2, 11, syscall.EIO)
		},
	)
	if !strings.Contains(s.log.String(), "a WRITE of 11 bytes has 10") {
		t.Errorf("the log is %q", &s.log)
	}
}

func (s *simulation) requestWrite(n int, unique, fh, off uint64, data []byte) {
	s.request(n, opWrite, unique, bytesOf(&writeArgs{fh: fh, offset: off, size: uint32(len(data))}), data)
}

// checkWrite checks that entry 0 was committed with the reply to a case.
func (s *simulation) checkWrite(i int, unique uint64) {
	s.t.Helper()
	s.expectCommit(0, unique)
	checkWrite(s.t.(*testing.T), s.reply(0), unique, writeCases[i].size, writeCases[i].errno)
}
