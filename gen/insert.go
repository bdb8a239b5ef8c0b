package gen

import (
	"math/bits"
	"sort"

	"github.com/dgenfs/dgenfs/gen/keyed"
)

// minPieces is how many times as long as a piece a file is at least.
const minPieces = 8

// insertion is what the generations up to one have inserted into a file. The file is cut
// into segments. A generation inserts a piece at one place of each, in front of the pieces
// that are there, and what then is behind the segment's end is gone: what follows is
// shifted, the file's size stays, and where a byte comes from takes constant time.
type insertion struct {
	pieces  uint64 // in each segment; 0 if there are none
	piece   uint64 // bytes, an odd number, so that what follows leaves the borders of blocks
	segment uint64 // bytes
	places  uint64 // bytes from the start of a segment, among which is its place
	seed    uint64
	key     uint64
}

// newInsertion returns the insertions into the file of c up to its generation.
func newInsertion(c *Config, key uint64) insertion {
	if c.Revision.Insert == 0 || c.Size == 0 {
		return insertion{}
	}
	piece, segments, each := c.insertions()
	segment := ceilDiv(uint64(c.Size), segments)
	return insertion{
		pieces:  c.Revision.total(c.Revision.Generation, each),
		piece:   piece,
		segment: segment,
		places:  segment/16 + 1,
		seed:    keyed.Mix(keyed.Mix(c.Seed^phi2) + c.Group.First*phi),
		key:     key,
	}
}

// insertions returns how long an inserted piece is, into how many segments the file is
// cut, and how many pieces a generation inserts into each, in billionths.
func (c *Config) insertions() (piece, segments, each uint64) {
	size := uint64(c.Size)
	piece = (max(min(uint64(max(c.Run, c.Unit)), size/minPieces), 1) - 1) | 1
	hi, lo := bits.Mul64(size, c.Revision.Insert)
	inserted, _ := bits.Div64(hi, lo, billion) // bytes of a generation, at most size
	segments = max(1, inserted/piece)
	each, _ = bits.Div64(hi, lo, segments*piece)
	return piece, segments, each
}

// total returns how many pieces the generations up to g insert into a segment, if each
// inserts so many billionths of one.
func (r Revision) total(g int, each uint64) uint64 { return (uint64(g)*each + r.Phase) / billion }

// lastInsertion returns the last generation up to c's own that inserted something.
func (c *Config) lastInsertion() int {
	if c.Revision.Insert == 0 || c.Size == 0 {
		return 0
	}
	_, _, each := c.insertions()
	last := c.Revision.total(c.Revision.Generation, each)
	return sort.Search(c.Revision.Generation, func(g int) bool { return c.Revision.total(g, each) >= last })
}

// place returns where pieces are inserted into segment k, in bytes from its start.
func (i *insertion) place(k uint64) uint64 {
	at, _ := bits.Mul64(keyed.Mix(^i.key+k*phi), i.places)
	return at
}

// fillInserted generates p, the bytes from offset off on, of a file with insertions.
func (s *stream) fillInserted(p []byte, off uint64, nt bool) {
	in := &s.insertion
	inserted := in.pieces * in.piece
	for len(p) > 0 {
		k, at := off/in.segment, off%in.segment
		place := in.place(k)
		n := min(uint64(len(p)), in.segment-at)
		switch {
		case at < place:
			n = min(n, place-at)
			s.fillFrom(p[:n], off, nt)
		case at-place < inserted:
			number, skip := in.pieces-1-(at-place)/in.piece, (at-place)%in.piece
			n = min(n, in.piece-skip)
			piece := s.alone(keyed.Mix(keyed.Mix(in.seed+k*phi) + number*phi))
			piece.fillFrom(p[:n], skip, nt)
		default:
			s.fillFrom(p[:n], off-inserted, nt)
		}
		p, off = p[n:], off+n
	}
}

// alone returns the stream of a file with another seed that is like s, but does not
// repeat or change.
func (s *stream) alone(seed uint64) stream {
	t := *s
	t.setSeed(seed)
	t.first, t.byUnit, t.insertion = 0, false, insertion{}
	return t
}
