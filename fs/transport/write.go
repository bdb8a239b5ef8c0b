package transport

import (
	"math"
	"syscall"
)

// DefaultMaxWrite is the default of the largest write, in bytes. It is larger than
// DefaultRequest, as it does not have to fit into a pipe: writes of 1 MiB were faster by a
// tenth in one request than in two.
const DefaultMaxWrite = 1 << 20

// scratchSize is the room in bytes that WriteFile gets to compute in. What is computed
// there is compared at once, and is still in a level 1 or 2 cache then. From 16 to
// 128 KiB made no difference.
const scratchSize = 32 << 10

// inputRoom returns the room for a request in bytes.
func inputRoom(maxWrite int) int { return max(inputSize, writeSize+maxWrite) }

// inputOffset is where a request is put in memory that begins with a page, so that the
// data of a WRITE begins with one.
var inputOffset = pageSize - writeSize

// write hands the data of a WRITE to the file system and returns how much of it was
// taken.
func (s *Server) write(w *writeArgs, data, scratch []byte) (n int, errno syscall.Errno) {
	switch {
	case s.maxWrite == 0:
		return 0, syscall.EROFS
	case w.offset > math.MaxInt64-uint64(len(data)):
		return 0, syscall.EFBIG
	}
	defer s.guard(&n, &errno)
	return s.fs.WriteFile(w.fh, int64(w.offset), data, scratch)
}
