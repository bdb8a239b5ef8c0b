// Package fs serves a namespace of generated files through FUSE: it turns the
// kernel's requests into positions of a [tree.Tree] and fills read requests
// with [gen.Generator], or what package format makes of
// it, straight into the reply.
//
// Nodes are stateless. A node id, which is also the inode number, is a position of
// the tree, or the name of a file in the root that is a spec. What has to be
// remembered is only the open files, and some names that are too long to be numbers.
// What is generated never changes, so the kernel may cache names and attributes for as
// long as it likes. A mount is read-only unless it has a [Sink], and then what is written
// is compared or dropped. The kernel knows of what its users have written; all of it can
// be forgotten here, except while it is open.
//
// A process must never use a mount that it serves itself: the request would wait for
// a thread that waits for the request.
package fs

import (
	"io"
	"log"
	"math"
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/dgenfs/dgenfs/fs/files"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/hanwen/go-fuse/v2/fuse"
)

const (
	// blockSize is the largest st_blksize: what cp, cat and buffered readers read at a
	// time, one or two requests.
	blockSize = 1 << 20
	maxName   = 255 // bytes of a name, as everywhere on Linux
	pageSize  = 4 << 10
	// statfsBlock is the unit of statfs in bytes, both f_bsize and f_frsize: node_exporter,
	// gopsutil and NFS servers multiply by the former, df by the latter.
	statfsBlock = 4 << 10
	// valid is how long the kernel may keep names and attributes.
	valid = 365 * 24 * time.Hour
)

// Options says what a file system holds. The zero value of all fields but Tree
// is useful.
type Options struct {
	Tree     *tree.Tree
	Seed     uint64       // of files whose spec has none
	UID, GID uint32       // owner of everything
	Mode     uint32       // permissions of files; 0 means 0444, or 0644 with a Sink
	Trouble  spec.Trouble // Rate is that of all files together; the others apply to files whose spec has none
	Log      *log.Logger  // for what goes wrong while serving; nil discards it

	// NoTroubleNames says that names in the root that are specs with rate=,
	// latency=, fail= or corrupt= do not exist. Otherwise everybody who has access can start
	// reads that wait for an hour, and over io_uring only some of these can wait
	// at a time; others fail with EBUSY.
	NoTroubleNames bool

	Sink Sink // what becomes of writes
}

// FS is a file system of generated files. It is safe for concurrent use.
type FS struct {
	fuse.RawFileSystem // answers ENOSYS to requests that FS has no method for
	tree               *tree.Tree
	seed               uint64
	owner              fuse.Owner
	mode               uint32
	log                *log.Logger
	trouble            spec.Trouble
	limiter            *limiter // of all files together; nil if there is none
	limiters           fileLimiters
	damaged            atomic.Uint64 // reads of places that corrupt= damages
	noTroubleNames     bool
	generation         uint64 // of all nodes, in file handles
	names              longNames
	files              openFiles
	control            []controlFile
	controlMask        uint32 // of the permission bits that these files have
	sink               *sink  // nil if nothing is written
}

// New returns a file system that can be mounted once.
func New(o Options) *FS {
	if o.Log == nil {
		o.Log = log.New(io.Discard, "", 0)
	}
	if o.Mode == 0 {
		o.Mode = 0o444
		if o.Sink != (Sink{}) {
			o.Mode = 0o644
		}
	}
	f := &FS{
		RawFileSystem: fuse.NewDefaultRawFileSystem(),
		tree:          o.Tree,
		seed:          o.Seed,
		owner:         fuse.Owner{Uid: o.UID, Gid: o.GID},
		mode:          o.Mode,
		controlMask:   0o555,
		log:           o.Log,
		trouble:       o.Trouble,
		names:         longNames{log: o.Log},

		noTroubleNames: o.NoTroubleNames,
		generation:     handleGeneration(o.Tree, o.Seed),

		sink: newSink(o.Sink, o.Log),
	}
	if rate := o.Trouble.Rate; rate != 0 {
		f.limiter = newLimiter(rate, time.Now())
	}
	return f
}

// String names the file system for go-fuse.
func (f *FS) String() string { return "dgenfs" }

// node is what a node id stands for.
type node struct {
	dir    bool
	spec   spec.Spec // of a file
	born   int       // the generation that added a file
	link   bool      // a symbolic link of the tree, whose length the spec has
	more   uint64    // names of a file of the tree besides the first one: hard links
	name   string    // of a file in the root that exists by its name alone
	inRoot bool      // a file or link of the tree, in the root

	control *controlFile // if it is one
	made    *madeNode    // if it is one
}

// node returns what id stands for, or false if there is no such node.
func (f *FS) node(id uint64) (node, bool) {
	if isMade(id) {
		return f.madeNode(id)
	}
	if id&specNameBit != 0 {
		return f.nameNode(id)
	}
	if id&controlBit != 0 {
		return f.controlNode(id)
	}
	n, ok := f.tree.Node(tree.ID(id))
	return treeNode(n), ok
}

func treeNode(n tree.Node) node {
	return node{dir: n.IsDir, spec: n.Spec, born: n.Born, link: n.IsSymlink, more: n.Names, inRoot: n.InRoot}
}

// hasBytes reports whether a node is a file with generated bytes.
func (n *node) hasBytes() bool { return !n.dir && !n.link && n.control == nil && n.made == nil }

// fileSpec returns the spec of file id that gives its bytes anywhere: with the
// seed that it has, and its place in its group.
func (f *FS) fileSpec(id uint64, n node) spec.Spec {
	all := files.Set{Tree: f.tree, Seed: f.seed}
	if n.name != "" {
		return all.SpecOfName(n.name, n.spec)
	}
	return all.Spec(tree.ID(id), n.spec)
}

func (f *FS) attr(id uint64, n node) fuse.Attr {
	if n.made != nil {
		return f.sink.made.attr(n.made)
	}
	mode := f.mode
	if n.control != nil || id == controlBit {
		mode &= f.controlMask
	}
	a := fuse.Attr{
		Ino:     id,
		Blksize: blockSize,
		Owner:   f.owner,
		// One link, also for directories: tools that count subdirectories by the
		// links of a directory take it for "unknown".
		Nlink: 1 + uint32(min(n.more, math.MaxUint32-1)),
		// Read permission for files implies search permission for directories.
		Mode: fuse.S_IFDIR | mode | mode&0o444>>2,
	}
	own := n.spec.Attributes
	if own.HasUID {
		a.Uid = own.UID
	}
	if own.HasGID {
		a.Gid = own.GID
	}
	if own.HasMode {
		mode = own.Mode
		a.Mode = fuse.S_IFDIR | mode
	}
	changed := f.changed(id, &n)
	a.SetTimes(&changed, &changed, &changed)
	if n.link {
		a.Mode = fuse.S_IFLNK | 0o777
		a.Size = uint64(n.spec.Size)
		return a
	}
	if !n.dir {
		a.Mode = fuse.S_IFREG | mode
		a.Size = uint64(n.spec.Size)
		if n.control != nil {
			a.Size = uint64(n.control.contents().Size())
		} else if f.sink != nil {
			a.Size = f.sink.length(id, a.Size)
		}
		a.Blksize = blockSizeOf(a.Size)
		// All of it but for holes, which cp looks for in a file with fewer blocks.
		a.Blocks = (a.Size + 511) / 512
		if n.spec.Holes.Share != 0 && a.Size == uint64(n.spec.Size) {
			a.Blocks = uint64(n.spec.Data()+511) / 512
		}
	}
	return a
}

// blockSizeOf returns the st_blksize of a file: the power of two, as the kernel keeps no
// other numbers, that holds it, since readers take as large a buffer, of which the kernel
// pins every page for each request.
func blockSizeOf(size uint64) uint32 {
	if size >= blockSize {
		return blockSize
	}
	return 1 << bits.Len64(max(size, pageSize)-1)
}

// GetAttr implements stat(2).
func (f *FS) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	n, ok := f.node(in.NodeId)
	if !ok {
		return fuse.Status(stale)
	}
	if errno := f.failsFile("stat", in.NodeId, &n); errno != 0 {
		return fuse.Status(errno)
	}
	out.Attr = f.attr(in.NodeId, n)
	out.SetTimeout(valid)
	return fuse.OK
}

// StatFs implements statfs(2): the size is that of all files that are listed. All of it
// is reported as available, though nothing is stored. With nothing available, df
// would say 100 %, as it does of squashfs and ISO 9660, and monitoring takes that for a
// full disk: it leaves those two out by their types, of which fuse.dgenfs is none. File
// systems of object stores that are mounted by FUSE do the same.
func (f *FS) StatFs(_ <-chan struct{}, _ *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	bytes := f.tree.Bytes()
	if bytes > math.MaxUint64-statfsBlock {
		bytes = math.MaxUint64 - statfsBlock
	}
	// df hides what has no blocks at all, and others divide by them.
	out.Blocks = max(1, (bytes+statfsBlock-1)/statfsBlock)
	out.Bfree, out.Bavail = out.Blocks, out.Blocks
	out.Files = f.tree.Files() + f.tree.Dirs()
	out.Ffree = out.Files
	out.Bsize = statfsBlock
	out.Frsize = statfsBlock
	if f.sink != nil && f.sink.Discard {
		f.sink.addSpace(out)
	}
	out.NameLen = maxName
	return fuse.OK
}
