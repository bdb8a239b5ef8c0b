// Package transport carries the requests of a FUSE connection from the kernel
// to a file system and the replies back: over the descriptor of /dev/fuse, or
// over rings of io_uring.
//
// Most requests go through go-fuse's fuse.ProtocolServer. READ, of which there can be
// hundreds of thousands a second, is decoded in place and answered into the memory that
// the kernel copies from, without an allocation, a lock or a look at the clock. So is
// WRITE, whose data stays where the kernel has copied it.
//
// The threads of this package are pinned to CPUs. If a read is answered on the CPU of
// its reader, waking either of them takes no interrupt, and the two share a cache. Of
// the designs that were measured, those that achieve this most often were fastest.
package transport

import (
	"errors"
	"log"
	"runtime"
	"syscall"

	"github.com/dgenfs/dgenfs/fs/transport/ahead"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// FileSystem is what is served. Its methods are called by many threads at once.
type FileSystem interface {
	fuse.RawFileSystem

	// ReadFile fills p with the bytes from offset off on of the open file fh,
	// and returns their number, which is less than len(p) at the end of the
	// file only. It must not block, nor keep p. It answers READ; the method
	// Read is never called.
	//
	// A read that is to take longer must not keep its thread waiting, because there
	// are hardly more threads than CPUs: ReadFile returns a Delayed at once, which
	// is answered when it is due.
	//
	// If this or any other method panics, the request gets EIO, and the panic is
	// logged.
	ReadFile(fh uint64, off int64, p []byte) (int, *Delayed, syscall.Errno)

	// WriteFile takes p, which is to be written at offset off of the open file fh, and
	// returns how many bytes of it were taken: all of them, unless there is an error.
	// It must neither block nor keep p. It answers WRITE, if Options.MaxWrite is not 0; the
	// methods Write and Writev are never called. scratch is memory
	// of 32 KiB to compute in.
	WriteFile(fh uint64, off int64, p, scratch []byte) (int, syscall.Errno)

	// WorthAhead reports whether the bytes of the open file fh take long to make, so that
	// ReadFile is called for what a reader in sequence reads next before it asks for it.
	// The bytes must always be the same then. Of a file that is not open, it is false.
	WorthAhead(fh uint64) bool

	// StoreSize returns the number of bytes of the open file fh if the kernel is to get
	// all of them, in its page cache, when the file is opened, so that it need not ask
	// for them: there is no READ then. It returns 0 for other files, and the same for
	// all handles of a node.
	StoreSize(fh uint64) int

	// IsSlow reports whether reads of the open file fh are delayed. It is called
	// when a file has just been opened, to make room for reads that wait.
	IsSlow(fh uint64) bool

	// SkipNames returns the offset of the first entry of a directory from off on, or
	// of its end, or an offset between if cancel is closed. It may take long: it is
	// called on a goroutine of its own after ReadDir or ReadDirPlus has returned
	// EAGAIN, which they do instead of looking at more names than some milliseconds
	// allow. They are called once more with the offset.
	SkipNames(node, off uint64, cancel <-chan struct{}) uint64
}

// Kind is a way to carry requests.
type Kind string

const (
	Auto  Kind = "auto"  // Uring if it is available, and reads are not known to wait; otherwise Dev
	Dev   Kind = "dev"   // read(2) and write(2) on /dev/fuse
	Uring Kind = "uring" // FUSE over io_uring: Linux 6.14 or later, if root has enabled it
)

// Kinds are the values of Kind.
var Kinds = []Kind{Auto, Dev, Uring}

// Options says how to serve. The zero value of all fields but Placement is useful.
type Options struct {
	Kind    Kind        // "" means Auto
	Request int         // bytes of the largest read: a multiple of the page size; 0 means DefaultRequest
	Why     string      // Request is what it is, for the report
	Log     *log.Logger // for errors of the connection; nil means the standard logger

	// SlowFiles says that the file system is known to delay reads. Auto means Dev
	// then, and the kernel may keep more requests in flight.
	SlowFiles bool

	// MaybeSlow says that it may delay reads, though of no file that is known yet.
	// The kernel may keep more requests in flight then, too. Without SlowFiles, only
	// so many reads can wait at a time, which others do not notice; the rest fail
	// with EBUSY.
	MaybeSlow bool

	// MaxWrite is the bytes of the largest write request, a multiple of the page size.
	// Every buffer for requests has room for one. 0 means that nothing is written.
	MaxWrite int

	Placement Placement // has to name a CPU
}

// ErrNoUring is what New returns, with the reason, if the Kind is Uring and that is not
// available, or if the kernel has refused the rings when it was too late to use
// /dev/fuse instead.
var ErrNoUring = errors.New("FUSE over io_uring is not available")

// Why a connection is not over io_uring; see [Report].NoUring, which may also be an
// error of setting up the rings.
var (
	ErrDevChosen  = errors.New("/dev/fuse was chosen")
	ErrSlowFiles  = errors.New("some files are slow, and over io_uring only a few reads can wait at a time")
	ErrNotOffered = errors.New("the kernel does not support FUSE over io_uring; Linux 6.14 and later do if they are built with CONFIG_FUSE_IO_URING")
	ErrDisabled   = errors.New("FUSE over io_uring is off; root turns it on by echo Y >" + enableUring)
)

// ErrNotNeeded is why large replies over io_uring do not go through pipes; see
// [Report].NoSplice.
var ErrNotNeeded = errors.New("not needed over io_uring")

// Server serves one connection.
type Server struct {
	fd       int
	fs       FileSystem
	protocol *fuse.ProtocolServer
	log      *log.Logger
	request  int // bytes of the largest read
	why      string
	slow     bool // files are known to be

	maybeSlow bool
	maxWrite  int // bytes of the largest write; 0 if there is none
	delays    delays
	panics    panics
	ahead     *ahead.Maker

	stores     *stores
	zeroesTail bool // the kernel does so to the last page of what is stored

	*ending
	placement Placement

	pool    *pool
	rings   *rings // nil over /dev/fuse
	noUring error  // why
}

// New starts the connection behind fd, a descriptor of /dev/fuse that was
// mounted with max_read=o.Request: it answers the kernel's first request, which
// settles what both sides can do. Readers wait until Serve is called. The
// descriptor belongs to the server, also if there is an error.
//
// If a Kind of Uring is not available, the error is ErrNoUring and says why.
func New(fd int, fs FileSystem, o Options) (*Server, error) {
	s := &Server{fd: fd, fs: fs, log: o.Log, request: o.Request, why: o.Why, slow: o.SlowFiles, maybeSlow: o.MaybeSlow, maxWrite: o.MaxWrite, stores: new(stores), placement: o.Placement}
	if s.request == 0 {
		s.request = DefaultRequest
	}
	if s.log == nil {
		s.log = log.Default()
	}
	if err := s.start(o.Kind); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// Close ends a connection that is not to be served, instead of Serve.
func (s *Server) Close() { s.close() }

// close ends what the server has started, except for reads that wait, and closes
// its descriptors.
func (s *Server) close() {
	if s.rings != nil {
		s.rings.stop()
	}
	if s.pool != nil {
		s.pool.close()
	}
	unix.Close(s.fd)
	if s.ending != nil {
		unix.Close(s.ending.fd)
	}
}

func (s *Server) start(kind Kind) error {
	if err := s.placement.check(); err != nil {
		return err
	}
	s.ahead = s.newAhead()
	if err := unix.SetNonblock(s.fd, true); err != nil {
		return err
	}
	var err error
	if s.ending, err = newEnding(); err != nil {
		return err
	}
	if err := s.negotiate(kind); err != nil {
		return err
	}
	if !s.slow && s.rings == nil {
		s.delays.limit = maxDelayed
	}
	// A thread that copies in the kernel keeps its P, the Go runtime's right to run
	// Go code, of which there are GOMAXPROCS; the rest of the process needs some,
	// too.
	threads := max(len(s.placement.CPUs), minAwake)
	if s.rings != nil {
		threads += len(s.rings.threads)
	}
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), threads+2))
	s.pool, err = newPool(s)
	return err
}

// Serve answers requests until the connection ends: the file system is
// unmounted and its last user is gone, or somebody aborts it. It must be called
// once, and closes the descriptor.
func (s *Server) Serve() {
	if s.rings != nil {
		s.rings.serve()
	}
	s.pool.serve()
	s.delays.stop()
	s.close()
}

// Report says how a connection is served and, for what is not used, why not.
type Report struct {
	Kind      Kind
	NoUring   error  // why not over io_uring; nil if it is
	Workers   int    // threads that answer reads, at most
	Request   int    // bytes of the largest read
	Why       string // it is that; may be empty
	MaxWrite  int    // bytes of the largest write; 0 if there is none
	NoSplice  error  // why large replies do not go through pipes; nil if they do
	NoClone   error  // why not every worker has a descriptor of its own; nil if it has
	MaxMemory int    // bytes of all buffers, once all have been used
}

// Report returns how the connection is served.
func (s *Server) Report() Report {
	first := s.pool.workers[0]
	r := Report{Kind: Dev, NoUring: s.noUring, Request: s.request, Why: s.why, MaxWrite: s.maxWrite, NoClone: first.noClone}
	if s.rings != nil {
		r.Kind = Uring
		r.Workers = len(s.rings.threads)
		r.NoSplice = ErrNotNeeded
		r.MaxMemory = s.rings.memory()
		return r
	}
	r.Workers = len(s.pool.workers)
	r.NoSplice = first.noSplice
	r.MaxMemory = len(s.pool.workers)*mappedSize(workerMemory(s.request, s.maxWrite)) + s.ahead.Memory(mappedSize(s.replyMemory())) + delayedBuffers*(replyHeader+s.request)
	return r
}
