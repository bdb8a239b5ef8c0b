package tree

import (
	"errors"
	"fmt"
	"math"
	"sort"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// History is how a tree changes from generation to generation, and which generation
// is shown. The zero value is generation 0, the tree without a history. Shares are in
// billionths, of spec.Billion.
//
// The files of an entry form a queue, in random order. Each generation removes a share
// of the files present from its front, and adds a share of as many at its end. So the
// oldest files go first, and no name is used again. Added files have the names of those
// of generation 0, with a number before the ending: 0017.eml, 0017+1.eml, 0017+2.eml.
//
// Directories stay, even when they are empty.
type History struct {
	Generation int    // 0 to spec.MaxGeneration
	Change     uint64 // of the distinct units of every file, replaced by each generation
	Insert     uint64 // of the size of every file, inserted by each generation
	Grow       uint64 // of the files, added by each generation
	Delete     uint64 // of the files, removed by each generation
}

// maxRounds is how many times the files of generation 0 a tree may have added.
const maxRounds = 100

// ErrHistory is returned by New for a history that cannot be shown.
var ErrHistory = errors.New("cannot be shown")

// Of returns the spec of a file in this generation. A generation, change, insert or
// phase that the spec gives itself stays. The phase of other files is from 0 to spec.Billion-1.
func (h *History) Of(s spec.Spec, phase uint64) spec.Spec {
	if h.Generation == 0 || s.Generation != 0 {
		return s
	}
	if !s.HasChange {
		s.HasChange, s.Change = true, h.Change
	}
	s.Generation = h.Generation
	if !s.HasInsert && h.Insert != 0 {
		s.HasInsert, s.Insert = true, h.Insert
	}
	if s.Phase == 0 {
		s.Phase = phase
	}
	return s
}

// moves reports whether files come or go.
func (h *History) moves() bool { return h.Generation > 0 && (h.Grow > 0 || h.Delete > 0) }

// moves is what the generations up to the one shown have added and removed, in
// multiples of the number of files in generation 0.
type moves struct{ added, removed []float64 } // by generation

// newMoves returns nil if no files come or go.
func newMoves(h *History) (*moves, error) {
	if !h.moves() {
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

// rounds returns the highest number in the names of added files: each round adds as
// many files as generation 0 has.
func (m *moves) rounds() int { return int(math.Ceil(m.added[len(m.added)-1])) }

// row is the queue of the files of an entry.
type row struct {
	*moves
	files uint64  // of generation 0
	carry float64 // of a file, at the start, so that each generation changes some of many small entries
}

// behind returns the place behind the last file that generations up to g have added.
func (r *row) behind(g int) uint64 {
	return r.files + uint64(float64(float64(r.files)*r.added[g])+r.carry)
}

// front returns the place of the first file that is left.
func (r *row) front() uint64 {
	g := len(r.removed) - 1
	return min(uint64(float64(float64(r.files)*r.removed[g])+r.carry), r.behind(g))
}

// has reports whether the file at a place is present.
func (r *row) has(place uint64) bool {
	return place >= r.front() && place < r.behind(len(r.added)-1)
}

// born returns the generation that added the file at a place.
func (r *row) born(place uint64) int {
	return sort.Search(len(r.added)-1, func(g int) bool { return place < r.behind(g) })
}

// left returns which files of a round are present: those from begin to end-1, in the
// order of the row.
func (r *row) left(round uint64) (begin, end uint64) {
	first := round * r.files
	begin, end = max(first, r.front()), min(first+r.files, r.behind(len(r.added)-1))
	if begin >= end {
		return 0, 0
	}
	return begin - first, end - first
}

// present returns how many files of a round are present.
func (r *row) present(round uint64) uint64 {
	begin, end := r.left(round)
	return end - begin
}
