package fs

import (
	"github.com/hanwen/go-fuse/v2/fuse"
)

// madeOffset is the offset in a directory from which on there are the names that were
// made, behind all others. It is followed by the place of the last one that was listed.
const madeOffset = 1 << 62

// listAll is list with the names that were made.
func (f *FS) listAll(in *fuse.ReadIn, add func(fuse.DirEntry) bool) fuse.Status {
	if f.sink == nil || f.sink.made == nil || in.NodeId == controlBit {
		status, _ := f.list(in, add)
		return status
	}
	if in.Offset < madeOffset {
		if status, ended := f.list(in, add); !ended {
			return status
		}
	}
	place := max(in.Offset, madeOffset) - madeOffset
	for {
		names := f.sink.made.list(in.NodeId, place)
		for _, n := range names {
			place = n.place
			e := fuse.DirEntry{Name: n.name, Mode: n.node.kind, Ino: n.node.id, Off: madeOffset + place}
			if !add(e) {
				return fuse.OK
			}
		}
		if len(names) < listMade {
			return fuse.OK
		}
	}
}
