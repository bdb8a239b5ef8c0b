package transport

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strings"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

const (
	// minBackground is how many requests of asynchronous I/O, which parts of a
	// large read past the page cache are, too, the kernel keeps in flight at
	// least, more than the depths that people test with; and backgroundPerCPU
	// for each CPU that answers them, so that none waits for work that the
	// kernel holds back. It caps them for mounts without privilege.
	minBackground    = 64
	backgroundPerCPU = 4

	// waitingBackground is the same where reads wait, so that those that need not
	// are seldom held back because others do.
	waitingBackground = 4096

	// maxWrite is the least that the kernel lets a server take in one write,
	// in bytes. Nothing is ever written here, and what the kernel wants the
	// buffers for requests to hold depends on it.
	maxWrite = 4 << 10

	// minInit is the size of struct fuse_init_in in bytes before it had a flags2.
	minInit = 16
)

// negotiate answers INIT.
func (s *Server) negotiate(kind Kind) error {
	in, err := s.firstRequest()
	if err != nil {
		return fmt.Errorf("receiving the kernel's first request: %w", err)
	}
	if h := header(in); h.Opcode != opInit || len(in) < requestHeader+minInit {
		return fmt.Errorf("the kernel's first request is of kind %d, %d bytes; want %d", h.Opcode, len(in), opInit)
	}
	var init fuse.InitIn
	copy(bytesOf(&init), in) // all of which older kernels do not send

	switch {
	case kind == Dev:
		s.noUring = ErrDevChosen
	case kind != Uring && s.slow:
		s.noUring = ErrSlowFiles
	case init.Flags64()&fuse.CAP_OVER_IO_URING == 0:
		s.noUring = whyNotOffered()
	default:
		s.rings, s.noUring = newRings(s)
	}
	if kind == Uring && s.rings == nil {
		return fmt.Errorf("%w: %w", ErrNoUring, s.noUring)
	}

	s.protocol = s.newProtocol()
	reply := make([]byte, 256)
	n, status := s.protocol.HandleRequest([][]byte{in}, [][]byte{reply})
	if !status.Ok() || n < replyHeader {
		return fmt.Errorf("answering the kernel's first request: %v", status)
	}
	if errno := replyErrno(reply); errno != 0 {
		return fmt.Errorf("speaking version %d.%d of the protocol: %w; is the kernel older than 4.20?", init.Major, init.Minor, errno)
	}
	out := view[fuse.InitOut](reply[replyHeader:])
	out.MaxWrite = maxWrite
	// One more than a request has: memory that does not begin with a page takes
	// part of another one. Otherwise such a read would be cut where its pages
	// end, and have a rest of a few bytes. The kernel caps it.
	out.MaxPages = uint16(min(s.request/pageSize+1, math.MaxUint16))
	if s.rings == nil {
		out.Flags2 &^= fuse.CAP_OVER_IO_URING >> 32
	}
	if _, err := unix.Write(s.fd, reply[:n]); err != nil {
		return fmt.Errorf("answering the kernel's first request: %w", err)
	}
	if s.rings != nil {
		// From here on the kernel holds every request back until there is an
		// entry in every queue.
		if err := s.rings.register(); err != nil {
			return fmt.Errorf("%w: registering rings: %w", ErrNoUring, err)
		}
	}
	return nil
}

// newProtocol returns what answers requests other than READ.
func (s *Server) newProtocol() *fuse.ProtocolServer {
	return fuse.NewProtocolServer(s.fs, &fuse.MountOptions{
		Name:     s.fs.String(),
		Logger:   s.log,
		MaxWrite: s.request, // what go-fuse derives the largest read from
		// Reading past the page cache, the kernel splits large and
		// asynchronous reads into requests that run side by side.
		ExtraCapabilities: fuse.CAP_ASYNC_DIO | fuse.CAP_DIRECT_IO_ALLOW_MMAP | fuse.CAP_READDIRPLUS_AUTO | fuse.CAP_OVER_IO_URING,
		MaxBackground:     s.maxBackground(),
		PanicHandler: func(value any) fuse.Status {
			s.panicked(value)
			return fuse.EIO
		},
	})
}

// maxBackground returns how many requests the kernel may keep in flight.
func (s *Server) maxBackground() int {
	least := minBackground
	if s.slow {
		least = waitingBackground
	}
	return min(max(backgroundPerCPU*len(s.placement.CPUs), least), math.MaxUint16)
}

// firstRequest reads what the kernel has sent by the time that it is mounted.
func (s *Server) firstRequest() ([]byte, error) {
	in := make([]byte, inputSize)
	for {
		n, err := unix.Read(s.fd, in)
		switch err {
		case nil:
			if n < requestHeader {
				return nil, errors.New("too short")
			}
			return in[:n:n], nil
		case unix.EINTR, unix.ENOENT:
		case unix.EAGAIN:
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}, -1); err != nil && err != unix.EINTR {
				return nil, err
			}
		default:
			return nil, err
		}
	}
}

// enableUring is where root lets FUSE use io_uring.
const enableUring = "/sys/module/fuse/parameters/enable_uring"

// whyNotOffered returns why the kernel does not offer FUSE over io_uring.
func whyNotOffered() error {
	if text, err := os.ReadFile(enableUring); err == nil && strings.TrimSpace(string(text)) == "N" {
		return ErrDisabled
	}
	return ErrNotOffered
}
