// Package corrupt makes the bytes that storage gives back which lies: those of a file,
// but for damage in places that follow from the file's seed. So they are the same ones
// at every read, of whatever size, in every mount and on every machine, and can be
// computed without reading; see [File.Places].
//
//	bit    one bit of the place is flipped
//	zero   the place is zeros
//	stale  the bytes of the generation before, as of a write that was lost; where a file
//	       has not changed, they are right
//	swap   the bytes of another place of the same file, some whole cells away, as of a
//	       write or a read that went astray; where data repeat, they may be right
//	torn   from a sector of 512 bytes inside the place on, unrelated bytes, as of a write
//	       that was interrupted
//	short  the file seems to end here: a read ends before the place, and one that begins
//	       in it returns nothing; what is behind it can be read
//
// A place is a range that corrupt= names, or a cell of 4 KiB, the last one as far as the
// file goes, that is drawn for a share. Each kind draws from all cells, so that those of
// 0.001% are among those of 0.1%, whatever else there is. Of several kinds that draw the
// same cell, the first one gets it; cells that a range touches are not drawn. Where a
// drawn cell has no sector inside, or the file no other place, it is not damaged.
//
// Formats and textures make no difference: damage is done to the bytes of the file.
package corrupt

import (
	"fmt"
	"iter"
	"math/bits"
	"slices"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen"
	"github.com/dgenfs/dgenfs/gen/keyed"
)

// Place is where a file is damaged.
type Place struct {
	Kind   spec.Damage
	Offset int64 // of the first byte that is damaged, or missing
	Length int64 // in bytes, 1 or more
	Bit    int   // of bit: which one is flipped; 0 is the lowest
	From   int64 // of swap: the offset of the bytes that are read instead
}

// File is the damage of a file. It is safe for concurrent use.
type File struct {
	size   int64
	ranges []damage // by offset
	shares []damage // in the order of corrupt=
}

// damage is an item of corrupt=.
type damage struct {
	spec.Corruption
	key uint64 // of what is drawn
}

// Of returns the damage that a spec has; its seed, and its place in its group, are those
// of the file.
func Of(s spec.Spec) *File {
	f := &File{size: s.Size}
	for _, c := range s.Trouble.Corrupt.List() {
		d := damage{Corruption: c}
		if c.Share != 0 {
			d.key = gen.DeriveSeed(s.Seed, fmt.Sprintf("corrupt %s %d", c.Kind, s.First))
			f.shares = append(f.shares, d)
		} else if first, length := c.Range(s.Size); length > 0 {
			d.key = gen.DeriveSeed(s.Seed, fmt.Sprintf("corrupt %s %d at %d", c.Kind, s.First, first))
			d.First, d.Length = first, length
			f.ranges = append(f.ranges, d)
		}
	}
	slices.SortFunc(f.ranges, func(a, b damage) int { return int(min(1, max(-1, a.First-b.First))) })
	return f
}

// Places yields the places that touch n bytes at an offset, in order. It takes some
// nanoseconds for each range, and for each share of each cell.
func (f *File) Places(off, n int64) iter.Seq[Place] {
	return func(yield func(Place) bool) {
		if off >= f.size || n <= 0 {
			return
		}
		end := off + min(n, f.size-off)
		show := func(p Place, ok bool) bool {
			return !ok || p.Offset >= end || p.Offset+p.Length <= off || yield(p)
		}
		next := 0 // of f.ranges
		for cell := off / spec.Cell; len(f.shares) > 0 && cell <= (end-1)/spec.Cell; cell++ {
			first := cell * spec.Cell
			length := min(spec.Cell, f.size-first)
			for ; next < len(f.ranges) && f.ranges[next].First < first+length; next++ {
				if !show(f.ranges[next].place(f.size)) {
					return
				}
			}
			if next > 0 && f.ranges[next-1].end() > first {
				continue
			}
			for _, d := range f.shares {
				draw := keyed.Mix(d.key + uint64(cell+1)*keyed.Phi)
				if below(draw, spec.Billion) >= d.Share {
					continue
				}
				d.First, d.Length, d.key = first, length, draw
				if p, ok := d.place(f.size); ok {
					if !show(p, ok) {
						return
					}
					break
				}
			}
		}
		for _, d := range f.ranges[next:] {
			if d.First >= end || !show(d.place(f.size)) {
				return
			}
		}
	}
}

func (d *damage) end() int64 { return d.First + d.Length }

// place returns what is damaged of a range, and false if nothing can be.
func (d *damage) place(size int64) (Place, bool) {
	p := Place{Kind: d.Kind, Offset: d.First, Length: d.Length}
	draw := keyed.Mix(d.key + keyed.Phi)
	switch d.Kind {
	case spec.FlippedBit:
		p.Offset += below(draw, d.Length)
		p.Length = 1
		p.Bit = int(below(keyed.Mix(draw), 8))
	case spec.Torn:
		sectors := (d.end()-1)/spec.Sector - d.First/spec.Sector // that begin inside
		if sectors == 0 {
			return Place{}, false
		}
		p.Offset = (d.First/spec.Sector + 1 + below(draw, sectors)) * spec.Sector
		p.Length = d.end() - p.Offset
	case spec.Swapped:
		before := d.First / spec.Cell // places that are whole cells away
		behind := (size - d.end()) / spec.Cell
		if before+behind == 0 {
			return Place{}, false
		}
		cells := below(draw, before+behind) - before
		if cells >= 0 {
			cells++
		}
		p.From = d.First + cells*spec.Cell
	}
	return p, true
}

// below turns a number that was drawn from all into one below n.
func below(draw uint64, n int64) int64 {
	high, _ := bits.Mul64(draw, uint64(n))
	return int64(high)
}
