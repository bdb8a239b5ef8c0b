package verify

import (
	"bytes"
	"math"
	"slices"

	"github.com/dgenfs/dgenfs/fs/spec"
)

const (
	maxHints = 8
	// scratchSize is how much of a model's bytes is compared at a time.
	scratchSize = 64 << 10
	// maxSearches bounds how often a file is searched for data that are shifted, which
	// takes a millisecond.
	maxSearches = 64
	sector      = 512
	page        = 4096
)

// examiner explains what differs in one file. It looks at one buffer after the other, in
// order, and learns from what it has found. It is used by one goroutine.
type examiner struct {
	file       *file
	reader     spec.Reader // what is right
	unfilled   *model      // what the buffers hold before a read; nil if that is not known
	hints      []*model    // that have explained something, the last one first
	variants   *variants   // other seeds and generations
	opened     []*model    // some of these, of this file
	translated *translated
	searches   int
	lastShift  int64
	reordered  []*model // made when they are first needed
	window     []byte   // that was searched last
	scratch    []byte

	runs    []Run
	dropped *tally // of runs beyond maxRuns; may be nil
}

// close closes what the examiner has opened itself.
func (x *examiner) close() {
	for _, m := range x.opened {
		m.close()
	}
}

// examine explains the differences of a buffer, which the copy has from offset off on, a
// multiple of a page.
func (x *examiner) examine(actual, expected []byte, off int64) {
	for pos := 0; pos < len(actual); {
		if n := min(len(actual)-pos, page); bytes.Equal(actual[pos:pos+n], expected[pos:pos+n]) {
			pos += n
			continue
		}
		pos += mismatch(actual[pos:], expected[pos:])
		if pos < len(actual) {
			pos = x.explain(actual, expected, off, pos)
		}
	}
}

// explain adds the run that begins at pos, where the first byte differs, and what must be
// between, and returns the end.
func (x *examiner) explain(actual, expected []byte, off int64, pos int) int {
	if t := x.translated; t != nil {
		// It goes on a few bytes before or behind the first one that differs.
		from := int(t.at - off)
		if from >= 0 && from < len(actual) && abs(int64(from-pos)) < page {
			r, n, ok := x.continueTranslation(actual[from:], t.at, t.from, t.translation)
			if end := from + n; ok && end > pos {
				r.Offset, r.Length = off+int64(pos), int64(end-pos)
				r.count(actual[pos:end], expected[pos:end])
				x.add(r)
				return end
			}
		}
		x.translated = nil
	}
	if n := mark(actual); off == 0 && pos < n {
		if r, got, ok := x.translate(actual[n:], int64(n), 0); ok {
			x.add(Run{Length: int64(n), Kind: Inserted, Bytes: int64(n), Text: "a byte order mark"})
			r.count(actual[n:n+got], expected[n:n+got])
			x.add(r)
			return n + got
		}
	}
	end := cluster(actual, expected, pos)
	if m, n := x.hinted(actual, expected, off, pos); m != nil {
		return x.explained(m, actual, expected, off, pos, pos+n)
	}
	// What was translated may begin with some right bytes.
	for from := pos; from >= 0 && from > pos-4 && (from == pos || actual[from] >= 0x80); from-- {
		if r, n, ok := x.translate(actual[from:], off+int64(from), off+int64(from)-x.lastShift); ok && from+n > pos {
			r.Offset, r.Length = off+int64(pos), int64(from+n-pos)
			r.count(actual[pos:from+n], expected[pos:from+n])
			x.add(r)
			return from + n
		}
	}
	if r, end, ok := lanes(actual, expected, off, pos); ok {
		r.count(actual[pos:end], expected[pos:end])
		x.add(r)
		return end
	}
	if r, ok := flips(actual, expected, off, pos, end); ok {
		x.add(r)
		return end
	}
	// What is at pos itself may be of no known kind, and what follows of one.
	for try, q := 0, pos; q < end; try++ {
		if m, n := x.find(actual, expected, off, q, end, try); m != nil {
			begin := q - m.backward(actual, off, pos, q, x.scratch)
			if begin > pos {
				x.other(actual, expected, off, pos, begin)
			}
			return x.explained(m, actual, expected, off, begin, q+n)
		}
		switch try {
		case 0:
			q += 32
		case 1:
			q += 256
		default:
			q += sector - int((off+int64(q))%sector)
		}
	}
	x.other(actual, expected, off, pos, end)
	return end
}

// explained adds the run that a model explains from begin to end, which ends with the last
// byte that differs, or at the border of the sector.
func (x *examiner) explained(m *model, actual, expected []byte, off int64, begin, end int) int {
	x.learn(m)
	least := 0 // what is before is not its own
	if n := len(x.runs); n > 0 {
		least = int(max(0, x.runs[n-1].End()-off))
	}
	limit := end
	// Where the model says the same as the file, nothing shows which one it is.
	for end > begin && actual[end-1] == expected[end-1] {
		end--
	}
	if border := end + sector - int((off+int64(end)+sector-1)%sector) - 1; border <= limit {
		end = border
	} else if limit == len(actual) {
		end = limit // the copy ends here, or the next buffer begins
	}
	if border := begin - int((off+int64(begin))%sector); border >= least && border < begin && m.backward(actual, off, border, begin, x.scratch) == begin-border {
		begin = border
	}
	r := m.run(off+int64(begin), int64(end-begin))
	r.count(actual[begin:end], expected[begin:end])
	x.add(r)
	if m.kind == Shifted {
		x.lastShift = m.delta
		// Shifted data go on as translated ones where a line ends.
		if end < len(actual) && limit == end {
			if r, n, ok := x.translate(actual[end:], off+int64(end), off+int64(end)-m.delta); ok {
				r.count(actual[end:end+n], expected[end:end+n])
				x.add(r)
				return end + n
			}
		}
	}
	return end
}

// other adds a run that nothing explains.
func (x *examiner) other(actual, expected []byte, off int64, begin, end int) {
	r := Run{Offset: off + int64(begin), Length: int64(end - begin), Kind: Other, key: "other"}
	r.count(actual[begin:end], expected[begin:end])
	r.Text = describe(actual[begin:end])
	x.add(r)
}

// learn makes a model the first one that is tried.
func (x *examiner) learn(m *model) {
	if i := slices.IndexFunc(x.hints, func(h *model) bool { return h.key == m.key }); i >= 0 {
		x.hints = slices.Delete(x.hints, i, i+1)
	}
	x.hints = slices.Insert(x.hints, 0, m)
	x.hints = x.hints[:min(len(x.hints), maxHints)]
}

// hinted returns the model that has explained what was before and explains what is at pos,
// too, and how many bytes.
func (x *examiner) hinted(actual, expected []byte, off int64, pos int) (*model, int) {
	for _, m := range x.hints {
		n := m.forward(actual[pos:], off+int64(pos), x.scratch)
		if n < gap {
			continue
		}
		if m.sourced() && plain(actual[pos:pos+n]) < 8 {
			continue // zeros are everywhere
		}
		if wrong, _ := differ(actual[pos:pos+n], expected[pos:pos+n]); m.sourced() || wrong >= 8 {
			return m, n
		}
	}
	return nil, 0
}

// find returns the model that explains most of what is at q, and how many bytes. try is how
// often that was tried in vain before.
func (x *examiner) find(actual, expected []byte, off int64, q, end, try int) (best *model, most int) {
	at := off + int64(q)
	consider := func(m *model) {
		if m.refuted(at, off, actual[q], expected) {
			return
		}
		n := m.forward(actual[q:], at, x.scratch)
		if n <= most {
			return
		}
		wrong, _ := differ(actual[q:q+n], expected[q:q+n])
		if wrong >= int64(m.least) && (!m.sourced() || telling(actual[q:q+n], q+n >= end)) {
			best, most = m, n
		}
	}
	for _, m := range x.hints {
		consider(m)
	}
	consider(zeros)
	consider(ones)
	if x.unfilled != nil {
		consider(x.unfilled)
	}
	if m := patternIn(actual[q:], at); m != nil {
		consider(m)
	}
	if most >= sector {
		return best, most
	}
	consider(combined(x.reader, actual[q]^expected[q]))
	for _, m := range x.reorderings() {
		consider(m)
	}
	for _, m := range x.others() {
		consider(m)
	}
	if most < gap && try&(try-1) == 0 { // at the beginning, and then ever more seldom
		if m := x.search(actual[q:min(end, len(actual))], at); m != nil {
			consider(m)
		}
	}
	return best, most
}

const (
	// searchWindow is how far data are looked for before and behind their place, in bytes.
	searchWindow = 1 << 20
	// maxHits is how many places that begin alike are compared.
	maxHits = 64
)

// likelier reports whether data that are as long at two places, as in compressible cells,
// which repeat, rather come from the first: blocks are exchanged as a whole.
func (x *examiner) likelier(a, b int64) bool {
	for _, border := range []int64{page, sector} {
		if (a%border == 0) != (b%border == 0) {
			return a%border == 0
		}
	}
	return abs(a-x.lastShift) < abs(b-x.lastShift)
}

// telling reports whether so many bytes are not the same in two places by chance; all says
// that they are all that is damaged. In text, phrases repeat.
func telling(p []byte, all bool) bool {
	switch n := len(p); {
	case n >= sector:
		return plain(p) >= 4
	case n >= gap/2 && entropy(p[:min(n, gap)]) > 0.9*math.Log2(float64(min(n, gap))):
		return true // random bytes have 0.91 and more, text has 0.89 and less
	default:
		return all && n >= 2*gap && plain(p) >= 4
	}
}

// search looks for p, which the copy has at offset off, in the file nearby.
func (x *examiner) search(p []byte, off int64) *model {
	const probe = 24 // bytes
	if len(p) < probe || x.searches >= maxSearches {
		return nil
	}
	x.searches++
	if x.window == nil {
		x.window = make([]byte, 2*searchWindow)
	}
	// A stretch that is not all zeros or blanks.
	at := 0
	for at+2*probe < min(len(p), 1024) && plain(p[at:at+probe]) < 8 {
		at += probe
	}
	want := p[at : at+probe]
	here := off + int64(at)
	for _, center := range []int64{here - x.lastShift, here} {
		from := max(0, center-searchWindow)
		n, _ := x.reader.ReadAt(x.window, from)
		window := x.window[:n]
		var best *model
		longest := 0
		for i, hits := 0, 0; hits < maxHits; hits++ {
			j := bytes.Index(window[i:], want)
			if j < 0 {
				break
			}
			i += j
			if delta := here - from - int64(i); delta != 0 {
				m := placed(x.reader, true, x.file.name, delta)
				n := m.forward(p, off, x.scratch)
				if n > longest || n == longest && best != nil && x.likelier(delta, best.delta) {
					best, longest = m, n
				}
			}
			i++
		}
		if best != nil {
			return best
		}
		if x.lastShift == 0 {
			break
		}
	}
	return nil
}

func abs(n int64) int64 { return max(n, -n) }

// add adds a run, to the one before if both are one.
func (x *examiner) add(r Run) {
	r.File = x.file.name
	if n := len(x.runs); n > 0 && x.runs[n-1].joins(&r) {
		x.runs[n-1].join(&r)
		return
	} else if n > 0 && x.runs[n-1].Kind == Other && r.Kind == Shifted {
		before := int64(0)
		if n > 1 {
			before = x.runs[n-2].Shift
		}
		if last := &x.runs[n-1]; r.Shift-before == last.Length {
			last.Kind, last.key = Inserted, ""
		}
	}
	if len(x.runs) >= maxRuns && x.dropped != nil {
		// The last one stays, as others may join it.
		if *x.dropped == nil {
			*x.dropped = tally{}
		}
		last := &x.runs[len(x.runs)-1]
		last.finish()
		x.dropped.add(last)
		*last = r
		return
	}
	x.runs = append(x.runs, r)
}

// joins reports whether a run goes on with another.
func (r *Run) joins(next *Run) bool {
	if r.key == "" || r.key != next.key || r.File != next.File {
		return false
	}
	near := int64(gap) // bytes that are right by chance
	switch r.Kind {
	case Lane:
		near *= 4
	case Translated:
		near = page // in which there is nothing to translate
	}
	return next.Offset-r.End() <= near
}

// join adds the next run to r.
func (r *Run) join(next *Run) {
	r.Length = next.End() - r.Offset
	r.Bytes += next.Bytes
	r.Bits += next.Bits
	if r.Kind == Translated {
		r.Text, r.Shift = next.Text, next.Shift
	}
}
