package verify

import (
	"bytes"
	"context"
	"errors"
	iofs "io/fs"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen/keyed"
)

const (
	// bufferSize is how much is read, generated and compared at a time, in bytes. Both
	// buffers together stay in the level 2 cache of most CPUs.
	bufferSize = 256 << 10
	// partSize is how much of a file one goroutine compares before others take over, so
	// that one large file keeps all of them busy. It is a multiple of bufferSize.
	partSize = 64 << 20
	// maxNarrowed is how many failed reads of a part are repeated in pieces to find what
	// of them can be read. Each may take a disk many seconds.
	maxNarrowed = 64
	// maxRuns is how many runs of a part are kept in full; others are counted.
	maxRuns = 4096
)

// part is a piece of a file to be compared.
type part struct {
	file file
	off  int64 // a multiple of partSize
	end  int64 // within the right size
	last bool  // of the file

	done chan struct{} // is closed when what follows is there
	partResult
}

// partResult is what came of comparing a part.
type partResult struct {
	state    state // when it was opened
	runs     []Run
	dropped  tally    // of runs beyond maxRuns
	unread   []extent // that could not be read
	err      error    // why nothing could be read
	changed  bool     // the file has changed since it was found
	compared int64    // bytes
}

// extent is a piece of a file that could not be read.
type extent struct {
	off, length int64
	err         error
}

// comparer compares parts, one after the other. Each is used by one goroutine.
type comparer struct {
	*session
	actual, expected, scratch []byte
	window                    []byte
}

func newComparer(s *session) *comparer {
	return &comparer{session: s, actual: aligned(bufferSize), expected: aligned(bufferSize), scratch: make([]byte, scratchSize)}
}

// compare compares a part.
func (c *comparer) compare(ctx context.Context, p *part) {
	defer close(p.done)
	f, err := c.openCopy(p.file.path)
	if err == nil {
		defer f.Close()
		p.state, err = f.Stat()
	}
	if err != nil {
		p.err = err
		c.progress.Bytes.Add(p.end - p.off)
		return
	}
	r, err := open(p.file.spec)
	if err != nil {
		p.err = err
		return
	}
	defer r.Close()
	x := &examiner{file: &p.file, reader: r, unfilled: c.unfilled, variants: &c.variants, scratch: c.scratch, window: c.window, dropped: &p.dropped}
	defer func() {
		c.window = x.window
		p.runs = x.runs
		x.close()
	}()
	end := min(p.end, p.state.size)
	for off := p.off; off < end && ctx.Err() == nil; off += bufferSize {
		n := int(min(bufferSize, end-off))
		if !c.chosen(&p.file, off) {
			c.progress.Bytes.Add(int64(n))
			continue
		}
		if !c.buffer(p, f, r, x, off, n) {
			break
		}
	}
	switch {
	case p.last && p.state.size > p.end && ctx.Err() == nil:
		c.excess(p, f, x)
	case p.off <= p.state.size && p.state.size < p.end: // the part before may end there, too
		x.truncated(p.state.size)
	}
	if p.off == 0 && len(x.runs) > 0 && x.runs[0].Offset < sector {
		c.packed(f, x)
	}
	if now, err := f.Stat(); err != nil {
		p.err = err
	} else {
		p.changed = p.changed || now != p.state
	}
}

// buffer compares n bytes from offset off on. It returns false if the file has become
// shorter than that.
func (c *comparer) buffer(p *part, f copied, r spec.Reader, x *examiner, off int64, n int) bool {
	c.poison(c.actual[:n])
	// A direct read has to be of whole blocks, also at the end of the file.
	got, err := readFull(f, c.actual[:roundUp(n, page)], off)
	got = min(got, n)
	want := c.expected[:n]
	if _, rerr := r.ReadAt(want, off); rerr != nil {
		p.err = rerr
		return false
	}
	switch {
	case err != nil:
		c.narrow(p, f, x, off, n, err)
		return true
	case got < n: // truncated meanwhile
		p.changed = true
	}
	p.compared += int64(got)
	c.progress.Bytes.Add(int64(got))
	if !bytes.Equal(c.actual[:got], want[:got]) {
		x.examine(c.actual[:got], want[:got], off)
	}
	return got == n
}

// narrow compares what can be read of n bytes from offset off on, where reading all of them
// has failed.
func (c *comparer) narrow(p *part, f copied, x *examiner, off int64, n int, err error) {
	c.progress.Bytes.Add(int64(n))
	if len(p.unread) >= maxNarrowed {
		p.cannotRead(off, int64(n), err)
		return
	}
	for at := 0; at < n; at += page {
		piece := c.actual[at:roundUp(min(at+page, n), page)]
		c.poison(piece)
		got, err := readFull(f, piece, off+int64(at))
		length := min(page, n-at)
		switch got = min(got, length); {
		case err != nil:
			p.cannotRead(off+int64(at), int64(length), err)
			continue
		case got < length:
			p.changed = true
		}
		p.compared += int64(got)
		x.examine(c.actual[at:at+got], c.expected[at:at+got], off+int64(at))
	}
}

// cannotRead notes that bytes could not be read.
func (p *part) cannotRead(off, length int64, err error) {
	if n := len(p.unread); n > 0 {
		if last := &p.unread[n-1]; last.off+last.length == off && errors.Is(err, last.err) {
			last.length += length
			return
		}
	}
	p.unread = append(p.unread, extent{off, length, err})
}

// excess examines the beginning of what a file has behind its right end. Nothing is expected there, so all
// of it differs.
func (c *comparer) excess(p *part, f copied, x *examiner) {
	r := Run{File: p.file.name, Offset: p.end, Length: p.state.size - p.end, Kind: Excess, Bytes: p.state.size - p.end, eof: true}
	before := x.runs
	x.runs = nil
	begin := p.end / page * page
	n := min(bufferSize, roundUp(p.state.size, page)-begin)
	got, err := readFull(f, c.actual[:n], begin)
	skip := int(p.end - begin)
	r.Text = plural(r.Length, "byte") + " too many"
	switch {
	case err != nil:
		p.cannotRead(p.end, r.Length, err)
	case got > skip && got-skip < gap:
		r.Text += ": " + describe(c.actual[skip:got])
	case got > skip:
		for i, b := range c.actual[:got] {
			c.expected[i] = ^b
		}
		copy(c.expected[:skip], c.actual[:skip])
		x.examine(c.actual[:got], c.expected[:got], begin)
	}
	if len(x.runs) > 0 {
		first := x.runs[0]
		if first.sourced() {
			r.From, r.FromOffset, r.Shift = first.From, first.FromOffset, first.Shift
		}
		r.key, r.Text = "excess", r.Text+": "+first.what()
		if first.Kind == Other {
			r.key = "excess other"
		}
	}
	x.runs = append(before, r)
}

// packed replaces the runs of a copy that is a compressed file as a whole.
func (c *comparer) packed(f copied, x *examiner) {
	p := c.actual
	n, err := readFull(f, p, 0)
	if err != nil {
		return
	}
	if r, ok := x.packed(p[:n]); ok {
		first := x.runs[0]
		for _, other := range x.runs[1:] {
			if other.Kind == Excess || other.Kind == Truncated {
				continue
			}
			first.join(&other)
		}
		r.File, r.Offset, r.Length, r.Bytes, r.Bits = first.File, first.Offset, first.Length, first.Bytes, first.Bits
		x.runs = append([]Run{r}, keepEnds(x.runs)...)
	}
}

// keepEnds returns the runs that say that a file has the wrong length.
func keepEnds(runs []Run) (kept []Run) {
	for _, r := range runs {
		if r.Kind == Excess || r.Kind == Truncated {
			kept = append(kept, r)
		}
	}
	return kept
}

// poison sets p to what storage has not, so that a read is noticed that returns and has not
// written to all of it. p begins at a multiple of len(c.pattern) of a buffer.
func (c *session) poison(p []byte) {
	for n := copy(p, c.pattern); n < len(p); n *= 2 {
		copy(p[n:], p[:n])
	}
}

// chosen reports whether the buffer at an offset is compared: all of them are, without
// --quick.
func (c *session) chosen(f *file, off int64) bool {
	if c.Quick == 0 {
		return true
	}
	h := keyed.Mix(keyed.Seed(c.QuickSeed, f.name) + uint64(off/bufferSize)*keyed.Phi)
	return h>>32*spec.Billion>>32 < c.Quick
}

func roundUp[T int | int64](n, to T) T { return (n + to - 1) / to * to }

// isMissing reports whether an error says that there is no such file.
func isMissing(err error) bool { return errors.Is(err, iofs.ErrNotExist) }

// truncated adds the run of what the copy has not.
func (x *examiner) truncated(size int64) {
	n := x.reader.Size() - size
	x.add(Run{Offset: size, Length: n, Bytes: n, Kind: Truncated, Text: plural(n, "byte") + " missing at the end", eof: true})
}
