package verify

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen"
	"github.com/dgenfs/dgenfs/gen/keyed"
)

// sample is a piece of a copy whose place is looked for.
type sample struct {
	file *file
	off  int64 // in the copy
	data []byte
	fine bool // the place may begin at any sector of a cell, and with none of a cell

	place *place // where it was found
}

// place is where the data of a sample are.
type place struct {
	file  file
	off   int64 // in that file, of the beginning of the sample
	order int64 // of several places, the one with the lowest is taken
}

const (
	// printSize is how many bytes are compared where cells have no marks.
	printSize = 64
	// maxMarks and maxPrints bound how many cells of a tree are looked at: some ten seconds.
	maxMarks  = 1 << 32
	maxPrints = 1 << 24
	// unitCells is how many cells are looked at in one go.
	unitCells = 1 << 16
)

// at is a position in a sample.
type at struct {
	sample int32
	pos    int32
}

// locator finds the places of samples.
type locator struct {
	source  *source
	samples []*sample
	marks   table // by the first eight bytes of a cell, or a sector
	prints  table // by printSize bytes

	mu   sync.Mutex
	left int // samples that have not been found
}

// table finds positions by a number.
type table struct {
	filter []uint64 // a bit for each, so that few lookups in the map are in vain
	of     map[uint64][]at
}

const filterBits = 22

func (t *table) add(key uint64, a at) {
	if t.of == nil {
		t.of, t.filter = map[uint64][]at{}, make([]uint64, 1<<filterBits/64)
	}
	if same := t.of[key]; len(same) < 4 {
		t.of[key] = append(same, a)
	}
	h := key * keyed.Phi >> (64 - filterBits)
	t.filter[h/64] |= 1 << (h % 64)
}

func (t *table) find(key uint64) []at {
	h := key * keyed.Phi >> (64 - filterBits)
	if t.filter == nil || t.filter[h/64]>>(h%64)&1 == 0 {
		return nil
	}
	return t.of[key]
}

// printOf returns a number for printSize bytes.
func printOf(p []byte) (h uint64) {
	for i := 0; i < printSize; i += 8 {
		h = (h ^ word(p[i:])) * keyed.Phi
		h ^= h >> 29
	}
	return h
}

// newLocator returns the locator for samples of printSize bytes or more.
func newLocator(s *source, samples []*sample) *locator {
	l := &locator{source: s, samples: samples, left: len(samples)}
	for i, s := range samples {
		for pos := 0; pos+printSize <= len(s.data); pos++ {
			if s.data[pos] == 0 && plain(s.data[pos:pos+printSize]) < 4 {
				continue // zeros are everywhere
			}
			a := at{int32(i), int32(pos)}
			l.marks.add(word(s.data[pos:]), a)
			l.prints.add(printOf(s.data[pos:]), a)
		}
	}
	return l
}

// unit is a piece of a file whose cells are looked at in one go.
type unit struct {
	file   file
	reader spec.Reader
	first  uint64 // cell
	cells  int
	fine   bool
	order  int64
}

// locate finds the places of samples in their own files, and then in all files of the tree
// unless these have nothing to do with what is verified.
func (l *locator) locate(ctx context.Context, all bool) {
	var own []file
	anyFine := false
	for _, s := range l.samples {
		if !slices.ContainsFunc(own, func(f file) bool { return f.name == s.file.name }) && len(own) < maxListed {
			own = append(own, *s.file)
		}
		anyFine = anyFine || s.fine
	}
	each := func(yield func(file) bool) {
		for _, f := range own {
			if !yield(f) {
				return
			}
		}
	}
	every := func(yield func(file) bool) {
		for id, n := range l.source.all {
			if !yield(l.source.file(id, n)) {
				return
			}
		}
	}
	l.look(ctx, each, false)
	if anyFine { // takes longer
		l.look(ctx, each, true)
	}
	if !all {
		return
	}
	l.look(ctx, every, false)
	if anyFine {
		l.look(ctx, every, true)
	}
}

// look looks at all cells of some files, in parallel, as long as samples are left.
func (l *locator) look(ctx context.Context, files func(func(file) bool), fine bool) {
	if l.open() == 0 {
		return
	}
	units := make(chan unit, 64)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			marks := make([]uint64, 1<<10)
			for u := range units {
				l.unit(&u, marks)
			}
		})
	}
	var marked, printed, order int64
	most := int64(maxMarks)
	if fine { // each cell has seven more, which take longer
		most /= 64
	}
	for f := range files {
		r, err := open(f.spec)
		if err != nil {
			continue
		}
		g, _ := r.(*gen.Generator)
		hasMarks := g != nil && g.Marks(make([]uint64, 1), 0, 0)
		size := r.Size()
		for first := int64(0); first*gen.Cell < size; first += unitCells {
			n := min(unitCells, (size+gen.Cell-1)/gen.Cell-first)
			count, limit := &marked, most
			if !hasMarks {
				count, limit = &printed, maxPrints
			}
			if *count += n; *count > limit || ctx.Err() != nil || l.open() == 0 {
				break
			}
			order += n
			units <- unit{f, r, uint64(first), int(n), fine, order}
		}
		if ctx.Err() != nil || l.open() == 0 {
			break
		}
	}
	close(units)
	workers.Wait()
	for _, s := range l.samples {
		if s.place != nil {
			s.place.order = -1 // it stays
		}
	}
}

// open returns how many samples have not been found.
func (l *locator) open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left
}

// unit looks at some cells of a file.
func (l *locator) unit(u *unit, marks []uint64) {
	g, _ := u.reader.(*gen.Generator)
	for done := 0; done < u.cells; done += len(marks) {
		marks := marks[:min(len(marks), u.cells-done)]
		cell := u.first + uint64(done)
		sectors := 1
		if u.fine {
			sectors = gen.Cell / gen.Sector
		}
		for sector := range sectors {
			if u.fine && sector == 0 {
				continue
			}
			found := &l.marks
			if g == nil || !g.Marks(marks, cell, sector) {
				found = &l.prints
				l.printsOf(marks, u, cell, sector)
			}
			for i, mark := range marks {
				for _, a := range found.find(mark) {
					l.check(u, a, int64(cell+uint64(i))*gen.Cell+int64(sector)*gen.Sector)
				}
			}
		}
	}
}

// printsOf sets dst to what table prints has for sectors of cells of a file.
func (l *locator) printsOf(dst []uint64, u *unit, cell uint64, sector int) {
	var p [printSize]byte
	for i := range dst {
		dst[i] = 0
		off := int64(cell+uint64(i))*gen.Cell + int64(sector)*gen.Sector
		if n, _ := u.reader.ReadAt(p[:], off); n == printSize {
			dst[i] = printOf(p[:])
		}
	}
}

// least returns how many bytes must be the same: of text, so many are not by chance.
func (l *locator) least(u *unit) int {
	if g, ok := u.reader.(*gen.Generator); ok && g.Marks(make([]uint64, 1), 0, 0) {
		return printSize
	}
	return 4 * printSize
}

// check compares a sample with the place that it seems to have.
func (l *locator) check(u *unit, a at, off int64) {
	s := l.samples[a.sample]
	begin := off - int64(a.pos)
	want := s.data[a.pos:min(len(s.data), int(a.pos)+4*printSize)]
	got := make([]byte, len(want))
	n, _ := u.reader.ReadAt(got, off)
	// The sample may go on with something else, and the file may end.
	if same := mismatch(got[:n], want); same < min(len(want), l.least(u)) || begin == s.off && u.file.name == s.file.name {
		return
	}
	order := u.order + off/gen.Cell%unitCells
	if u.file.name == s.file.name {
		order = abs(begin - s.off) // the nearest one
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case s.place == nil:
		l.left--
	case s.place.order <= order:
		return
	}
	s.place = &place{u.file, begin, order}
}
