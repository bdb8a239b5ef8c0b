package fs

import (
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// Statx implements statx(2) for those who ask for the time of birth, from Linux 6.6 on;
// the kernel makes the rest of statx of what GetAttr says. It always gets all there is,
// whatever the mask, as the kernel caches only answers with all basic attributes.
//
// There are no other attributes, such as STATX_ATTR_IMMUTABLE: the kernel does not take
// them from FUSE servers. FS_IOC_GETFLAGS, which it would pass on, gets ENOTTY, because
// backup tools, such as borg, would make what they restore immutable.
func (f *FS) Statx(_ <-chan struct{}, in *fuse.StatxIn, out *fuse.StatxOut) fuse.Status {
	n, ok := f.node(in.NodeId)
	if !ok {
		return fuse.Status(stale)
	}
	if errno := f.failsFile("stat", in.NodeId, &n); errno != 0 {
		return fuse.Status(errno)
	}
	a := f.attr(in.NodeId, n)
	out.Statx = fuse.Statx{
		Mask:      unix.STATX_BASIC_STATS | unix.STATX_BTIME,
		Blksize:   a.Blksize,
		Nlink:     a.Nlink,
		Uid:       a.Uid,
		Gid:       a.Gid,
		Mode:      uint16(a.Mode),
		Ino:       a.Ino,
		Size:      a.Size,
		Blocks:    a.Blocks,
		Atime:     fuse.SxTime{Sec: a.Atime, Nsec: a.Atimensec},
		Btime:     sxTime(f.birth(in.NodeId, &n, a.ModTime())),
		Ctime:     fuse.SxTime{Sec: a.Ctime, Nsec: a.Ctimensec},
		Mtime:     fuse.SxTime{Sec: a.Mtime, Nsec: a.Mtimensec},
		RdevMajor: unix.Major(uint64(a.Rdev)),
		RdevMinor: unix.Minor(uint64(a.Rdev)),
	}
	out.SetTimeout(valid)
	return fuse.OK
}

func sxTime(t time.Time) fuse.SxTime {
	return fuse.SxTime{Sec: uint64(t.Unix()), Nsec: uint32(t.Nanosecond())}
}
