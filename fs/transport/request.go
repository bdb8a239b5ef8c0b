package transport

import (
	"bytes"
	"math"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// replyRoom returns the room for the data of replies in bytes: the largest read
// and a page, which the kernel wants of rings because of MaxPages, or the largest
// extended attribute, XATTR_SIZE_MAX.
func replyRoom(request int) int { return max(request+pageSize, 64<<10) }

// read answers a READ into data and returns the number of bytes, or how it is to be
// answered later.
func (s *Server) read(r *readArgs, data []byte) (n int, delayed *Delayed, errno syscall.Errno) {
	if r.offset > math.MaxInt64 || int64(r.size) > int64(s.request) {
		return 0, nil, syscall.EINVAL
	}
	defer s.guard(&n, &errno)
	return s.fs.ReadFile(r.fh, int64(r.offset), data[:r.size])
}

// other answers what is neither READ nor INTERRUPT into data, and returns the number
// of bytes. No reply must be sent if hasReply is false. What is in head, a reply's
// header, is not used.
func (s *Server) other(in, head, data []byte) (n int, errno syscall.Errno, hasReply bool) {
	hasReply = true
	defer s.guard(&n, &errno)
	if header(in).Opcode == opLookup {
		n, errno = s.lookup(in, data)
		return n, errno, true
	}
	n, status := s.protocol.HandleRequest([][]byte{in}, [][]byte{head, data})
	switch {
	case !status.Ok():
		s.log.Printf("request of kind %d: %v", header(in).Opcode, status)
		return 0, syscall.EIO, true
	case n < replyHeader: // FORGET
		return 0, 0, false
	}
	return n - replyHeader, replyErrno(head), true
}

// lookup answers LOOKUP. To go-fuse's own server one name in the root,
// .go-fuse-epoll-hack, is a file of its own, which it opens when it mounts; nobody
// mounts that way here, and the name is one like any other.
func (s *Server) lookup(in, data []byte) (int, syscall.Errno) {
	name, _, ok := bytes.Cut(in[requestHeader:], []byte{0})
	if !ok {
		s.log.Printf("LOOKUP of %d bytes: its name has no end", len(in))
		return 0, syscall.EIO
	}
	out := view[fuse.EntryOut](data)
	*out = fuse.EntryOut{}
	if status := s.fs.Lookup(nil, header(in), string(name), out); !status.Ok() {
		return 0, syscall.Errno(status)
	}
	return len(bytesOf(out)), 0
}
