package transport

import (
	"bytes"
	"math"
	"syscall"

	"github.com/dgenfs/dgenfs/fs/transport/counters"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// replyRoom returns the room for the data of a reply in bytes: the largest read and a
// page, which the kernel requires over rings because of MaxPages, or the largest
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
// of bytes. If hasReply is false, no reply must be sent. head is scratch memory of the
// size of a reply's header, and c counts what is stored.
//
// What small files consist of is answered here, without the allocations of go-fuse.
func (s *Server) other(in, head, data []byte, c *counters.Thread) (n int, errno syscall.Errno, hasReply bool) {
	hasReply = true
	defer s.guard(&n, &errno)
	switch header(in).Opcode {
	case opLookup:
		n, errno = s.lookup(in, data)
		return n, errno, true
	case opGetAttr:
		if args, ok := argsOf[fuse.GetAttrIn](in); ok {
			n, errno = s.getAttr(args, data)
			return n, errno, true
		}
	case opOpen:
		if args, ok := argsOf[fuse.OpenIn](in); ok {
			n, errno = s.open(args, data, c)
			return n, errno, true
		}
	case opRelease:
		if args, ok := argsOf[fuse.ReleaseIn](in); ok {
			s.ahead.Forget(args.Fh)
			s.release(args)
			return 0, 0, true
		}
	case opForget:
		hasReply = false
		if args, ok := argsOf[fuse.ForgetIn](in); ok {
			s.forget(args.NodeId, args.Nlookup)
		}
		return 0, 0, false
	case opBatchForget:
		hasReply = false
		if args, ok := argsOf[batchForget](in); ok {
			for _, one := range args.forgets(in) {
				s.forget(one.node, one.lookups)
			}
		}
		return 0, 0, false
	}
	if isReadDir(in) {
		// A listing may be as long as max_pages says, which may be that of a write.
		args := readOf(in)
		args.size = min(args.size, uint32(len(data)))
	}
	n, status := s.protocol.HandleRequest([][]byte{in}, [][]byte{head, data})
	switch {
	case !status.Ok():
		s.log.Printf("request with opcode %d: %v", header(in).Opcode, status)
		return 0, syscall.EIO, true
	case n < replyHeader: // FORGET
		return 0, 0, false
	}
	return n - replyHeader, replyErrno(head), true
}

// lookup answers LOOKUP. go-fuse would answer for one name in the root itself,
// .go-fuse-epoll-hack, a file that its own server opens after it has mounted. That
// server is not used here, so the name is like any other.
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

// getAttr answers GETATTR.
func (s *Server) getAttr(in *fuse.GetAttrIn, data []byte) (int, syscall.Errno) {
	out := view[fuse.AttrOut](data)
	*out = fuse.AttrOut{}
	if status := s.fs.GetAttr(nil, in, out); !status.Ok() {
		return 0, syscall.Errno(status)
	}
	return len(bytesOf(out)), 0
}

// skipLater returns how a READDIR is to be answered that got EAGAIN.
func (s *Server) skipLater(in []byte) *Delayed {
	in = bytes.Clone(in)
	args := readOf(in)
	return &Delayed{
		Prepare: func(cancel <-chan struct{}) {
			var n int
			var errno syscall.Errno
			defer s.guard(&n, &errno)
			args.offset = s.fs.SkipNames(header(in).NodeId, args.offset, cancel)
		},
		Read: func(p []byte) (int, syscall.Errno) {
			n, errno, _ := s.other(in, make([]byte, replyHeader), p, new(counters.Thread))
			return n, errno
		},
		Cancel: func() {},
	}
}
