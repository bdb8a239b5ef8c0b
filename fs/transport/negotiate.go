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
	// minBackground is how many requests of asynchronous I/O the kernel may keep
	// in flight: more than the depths that people test with. Parts of a large
	// direct read are such requests, too. It is backgroundPerCPU for each CPU that
	// answers them, if that is more, so that none is idle while the kernel holds
	// requests back. The kernel caps it for mounts without privilege.
	minBackground    = 64
	backgroundPerCPU = 4

	// slowBackground is the same where files can be slow. Reads that wait are among
	// those in flight: 64 asynchronous ones of a slow file would otherwise hold back
	// all asynchronous reads of everybody.
	slowBackground = 4096

	// maxDelayed is how many reads may wait where no file is known to be slow; those
	// beyond it get EBUSY, so that the rest of slowBackground is left to others.
	maxDelayed = slowBackground * 3 / 4

	// minWrite is the smallest max_write that the kernel allows, in bytes. It is in
	// force where nothing is written, as the size of the buffers that the kernel
	// requires for requests depends on it.
	minWrite = 4 << 10

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
		return fmt.Errorf("the kernel's first request has opcode %d and %d bytes, want opcode %d", h.Opcode, len(in), opInit)
	}
	var init fuse.InitIn
	copy(bytesOf(&init), in) // older kernels send less of it
	s.zeroesTail = init.Minor >= minorZeroesTail

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
	out.MaxWrite = uint32(max(s.maxWrite, minWrite))
	// One page more than a request has: a reader's buffer that is not aligned
	// touches one more. Otherwise such a read would be split into a request of
	// all pages and one of a few bytes. The kernel caps it.
	out.MaxPages = uint16(min(max(s.request, s.maxWrite)/pageSize+1, math.MaxUint16))
	if s.rings == nil {
		out.Flags2 &^= fuse.CAP_OVER_IO_URING >> 32
	}
	if _, err := unix.Write(s.fd, reply[:n]); err != nil {
		return fmt.Errorf("answering the kernel's first request: %w", err)
	}
	if s.rings != nil {
		// From here on, the kernel holds all requests back until every queue has
		// an entry.
		if err := s.rings.register(); err != nil {
			return fmt.Errorf("%w: registering rings: %w", ErrNoUring, err)
		}
	}
	return nil
}

// newProtocol returns what answers requests other than READ.
func (s *Server) newProtocol() *fuse.ProtocolServer {
	// With CAP_ASYNC_DIO the kernel splits large and asynchronous direct reads, and
	// writes, into requests that run side by side. With CAP_EXPORT_SUPPORT it asks for
	// "." and ".." of node ids that it has forgotten, as NFS servers need it.
	extra := uint64(fuse.CAP_ASYNC_DIO | fuse.CAP_DIRECT_IO_ALLOW_MMAP | fuse.CAP_OVER_IO_URING | fuse.CAP_EXPORT_SUPPORT)
	if s.maxWrite > 0 {
		// Otherwise the kernel asks for the attribute security.capability before every
		// write, to find out whether there are privileges to be taken away.
		extra |= fuse.CAP_HANDLE_KILLPRIV_V2
	}
	return fuse.NewProtocolServer(s.fs, &fuse.MountOptions{
		Name:              s.fs.String(),
		Logger:            s.log,
		MaxWrite:          s.request, // from which go-fuse derives the largest read
		ExtraCapabilities: extra,
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
	if s.slow || s.maybeSlow {
		least = slowBackground
	}
	return min(max(backgroundPerCPU*len(s.placement.CPUs), least), math.MaxUint16)
}

// firstRequest receives the kernel's first request.
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

// enableUring is the parameter of the kernel module that enables FUSE over io_uring.
const enableUring = "/sys/module/fuse/parameters/enable_uring"

// whyNotOffered returns why the kernel does not offer FUSE over io_uring.
func whyNotOffered() error {
	if text, err := os.ReadFile(enableUring); err == nil && strings.TrimSpace(string(text)) == "N" {
		return ErrDisabled
	}
	return ErrNotOffered
}
