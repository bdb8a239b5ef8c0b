package transport

import (
	"math"
	"syscall"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// replyHeader is the size of a fuse_out_header: length, error, unique.
const replyHeader = int(unsafe.Sizeof(fuse.OutHeader{}))

func header(in []byte) *fuse.InHeader {
	return (*fuse.InHeader)(unsafe.Pointer(unsafe.SliceData(in)))
}

// replyRoom returns the room for the data of replies in bytes: the largest read
// and a page, which the kernel wants of rings because of MaxPages, or the largest
// extended attribute, XATTR_SIZE_MAX.
func replyRoom(request int) int { return max(request+pageSize, 64<<10) }

// read answers a READ into data and returns the number of bytes.
func (s *Server) read(fh, off uint64, size uint32, data []byte) (int, syscall.Errno) {
	if off > math.MaxInt64 || int64(size) > int64(s.request) {
		return 0, syscall.EINVAL
	}
	return s.fs.ReadFile(fh, int64(off), data[:size])
}

// putHeader writes the header of a reply of n bytes.
func putHeader(p []byte, unique uint64, errno syscall.Errno, n int) {
	h := (*fuse.OutHeader)(unsafe.Pointer(unsafe.SliceData(p)))
	h.Length = uint32(replyHeader + n)
	h.Status = -int32(errno)
	h.Unique = unique
}
