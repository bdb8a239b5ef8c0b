package fs

import (
	"math/bits"
	"time"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/gen/keyed"
)

const (
	// epoch is the modification time of directories in generation 0, 2000-01-01 UTC: it
	// is constant, so that incremental tools see nothing change. Each generation is a
	// day later.
	epoch = 946684800 // seconds from 1970 on
	day   = 24 * 60 * 60
)

// changed returns when a file or directory was last changed. Files have times in the day
// before that of their generation, spread at random: borg takes a file with the latest
// time of a backup for one that may still change, and reads it again next time. Of what
// has a mtime=, that is the time in generation 0, and later generations are days after it.
func (f *FS) changed(id uint64, n *node) time.Time {
	return f.timeIn(f.lastChange(id, n), id, n)
}

// birth returns when a file or directory was made: the time that it has in the generation
// that added it, but not later than its last change. What users have made can have any
// times but this one.
func (f *FS) birth(id uint64, n *node, changed time.Time) time.Time {
	if n.made != nil {
		return time.Unix(0, n.made.btime)
	}
	if t := f.timeIn(n.born, id, n); t.Before(changed) {
		return t
	}
	return changed
}

// timeIn returns the time of what a generation has changed or added.
func (f *FS) timeIn(generation int, id uint64, n *node) time.Time {
	own := n.spec.Attributes.MTime
	if own != (spec.Times{}) && generation == 0 {
		return own.At(f.draw(id, n))
	}
	t := time.Unix(epoch, 0)
	if own != (spec.Times{}) {
		t = own.To.Time()
	}
	seconds := int64(generation) * day
	if !n.dir && n.control == nil {
		before, _ := bits.Mul64(keyed.Mix(f.draw(id, n)), day)
		seconds -= int64(before)
	}
	return t.Add(time.Duration(seconds) * time.Second)
}

// draw returns the number that what is drawn of the times of a file or directory follows
// from.
func (f *FS) draw(id uint64, n *node) uint64 {
	if n.dir {
		return id
	}
	// In the root, several names may be generations of one file, and one of the tree
	// may be a spec that exists without it, in another shard.
	name := n.name
	if name == "" && n.inRoot {
		name = string(f.tree.AppendPath(nil, tree.ID(id)))
	}
	if name != "" {
		return keyed.Seed(0, spec.SeedName(name))
	}
	return id
}

// lastChange returns the last generation, up to the one that is shown, that has changed
// or added a file. A directory counts as changed by every generation that adds or
// removes files: to find out whether one of them is in it, each would have to be
// looked at.
func (f *FS) lastChange(id uint64, n *node) int {
	h := f.tree.History()
	switch {
	case n.control != nil:
		return 0
	case n.dir && h.Grow == 0 && h.Delete == 0:
		return 0
	case n.dir:
		return h.Generation
	case !n.spec.Moves():
		return n.born
	}
	s := n.spec
	if s.Group || s.Units != 0 {
		s = f.fileSpec(id, *n) // which units of the group are the file's depends on its seed
	}
	last, err := s.Config().LastChange()
	if err != nil {
		f.log.Printf("when %s has changed: %v", n.spec, err)
	}
	return max(last, n.born)
}
