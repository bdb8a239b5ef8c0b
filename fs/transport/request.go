package transport

import (
	"math"
	"syscall"
)

// replyRoom returns the room for the data of replies in bytes: the largest read
// and a page, which the kernel wants of rings because of MaxPages, or the largest
// extended attribute, XATTR_SIZE_MAX.
func replyRoom(request int) int { return max(request+pageSize, 64<<10) }

// read answers a READ into data and returns the number of bytes.
func (s *Server) read(r *readArgs, data []byte) (int, syscall.Errno) {
	if r.offset > math.MaxInt64 || int64(r.size) > int64(s.request) {
		return 0, syscall.EINVAL
	}
	return s.fs.ReadFile(r.fh, int64(r.offset), data[:r.size])
}
