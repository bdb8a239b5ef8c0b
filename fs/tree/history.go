package tree

import (
	"errors"
	"fmt"
	"math"
	"sort"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// History is how a tree changes from generation to generation, and which of them
// is shown. Generation 0 is the tree as it is without; the zero value is that.
// Shares are in billionths, of spec.Billion.
//
// The files of an entry stand in a row, in an order of their own. Each generation
// takes a share of those that there are away from its front, and adds a share of
// as many at its end. So the oldest ones go first, and no name comes again. What
// is added stands beside the files of generation 0 and is called like them, with
// a number before the ending: 0017.eml, 0017+1.eml, 0017+2.eml.
//
// Directories stay, also when they are empty.
type History struct {
	Generation int    // 0 to spec.MaxGeneration
	Change     uint64 // of the distinct units of every file, replaced by each generation
	Grow       uint64 // of the files, added by each generation
	Delete     uint64 // of the files, removed by each generation
}

// maxRounds is how many times the files of generation 0 a tree may have added.
const maxRounds = 100

// ErrHistory is returned by New for a history that cannot be shown.
var ErrHistory = errors.New("cannot be shown")

// Of returns the spec that a file has in this generation. What it says about
// change by itself stays. Phase, from 0 to spec.Billion-1, is that of the file.
func (h *History) Of(s spec.Spec, phase uint64) spec.Spec {
	if h.Generation == 0 || s.Generation != 0 {
		return s
	}
	if !s.HasChange {
		s.HasChange, s.Change = true, h.Change
	}
	s.Generation = h.Generation
	if s.Phase == 0 {
		s.Phase = phase
	}
	return s
}

// moves is what the generations up to the one that is shown have added and
// removed, in multiples of the files of generation 0.
type moves struct{ added, removed []float64 } // by generation

// newMoves returns nil if no file comes or goes.
func newMoves(h *History) (*moves, error) {
	if h.Generation == 0 || h.Grow == 0 && h.Delete == 0 {
		return nil, nil
	}
	grow, shrink := float64(h.Grow)/spec.Billion, float64(h.Delete)/spec.Billion
	m := &moves{added: []float64{0}, removed: []float64{0}}
	var added, removed float64
	for range h.Generation {
		present := 1 + added - removed
		// The conversions keep CPUs from rounding a product and a sum at once,
		// which would not be the same on all of them.
		added += float64(grow * present)
		removed = min(removed+float64(shrink*present), 1+added)
		if added > maxRounds {
			return nil, fmt.Errorf("%w: it has added more than %d times the files of generation 0; grow less, or show an earlier one", ErrHistory, maxRounds)
		}
		m.added = append(m.added, added)
		m.removed = append(m.removed, removed)
	}
	return m, nil
}

// rounds returns how many times the names of an entry of so many files are there
// with a number, at most.
func (m *moves) rounds() int { return int(math.Ceil(m.added[len(m.added)-1])) }

// row is the row of the files of an entry, of which there are so many in
// generation 0.
type row struct {
	*moves
	files uint64
	carry float64 // of a file, from the start, so that of many small entries some change in each generation
}

// behind returns the place behind the last file that was there up to generation g.
func (r *row) behind(g int) uint64 {
	return r.files + uint64(float64(float64(r.files)*r.added[g])+r.carry)
}

// front returns the place of the first file that is left.
func (r *row) front() uint64 {
	g := len(r.removed) - 1
	return min(uint64(float64(float64(r.files)*r.removed[g])+r.carry), r.behind(g))
}

// has reports whether the file at a place is there.
func (r *row) has(place uint64) bool {
	return place >= r.front() && place < r.behind(len(r.added)-1)
}

// born returns the generation that added the file at a place.
func (r *row) born(place uint64) int {
	return sort.Search(len(r.added)-1, func(g int) bool { return place < r.behind(g) })
}

// left returns which files are there of those that were added in a round: those from
// number begin of the round up to below end, in the order of the row.
func (r *row) left(round uint64) (begin, end uint64) {
	first := round * r.files
	begin, end = max(first, r.front()), min(first+r.files, r.behind(len(r.added)-1))
	if begin >= end {
		return 0, 0
	}
	return begin - first, end - first
}

// present returns how many files are there of those that were added in a round.
func (r *row) present(round uint64) uint64 {
	begin, end := r.left(round)
	return end - begin
}
