package verify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// committer makes the report of what comes from the workers, in the order of the walk.
type committer struct {
	*session
	report  *Report
	started time.Time
	err     error // of the log

	current     *progressed // the file whose parts are coming
	damaged     map[string]*Damaged
	order       int
	pending     []region // that nothing explains so far
	additionals []extra

	saved    time.Time // when the state was
	located  time.Duration
	inVain   int // times in a row that no place was found
	resuming savedState
}

// progressed is what is known of a file, some of whose parts have come.
type progressed struct {
	file  file
	state state
	last  *Run // that the next part may go on with

	different, short, long, unread, changed, gone, irregular bool
}

// region is a run that nothing explains so far.
type region struct {
	file file
	size int64 // of the copy
	run  Run
}

// extra is a file that the tree has not.
type extra struct {
	Path string `json:"path"`
	Size int64  `json:"size"` // -1 if it is not a regular file
}

const (
	// maxPending is how many regions are kept before their places are looked for.
	maxPending = 4096
	// maxInVain is how often in a row they are looked for in vain.
	maxInVain = 4
)

func newCommitter(s *session) *committer {
	c := &committer{session: s, started: time.Now(), saved: time.Now(), damaged: map[string]*Damaged{}}
	c.report = &Report{Kinds: tally{}, Damage: []Run{}, Damaged: []*Damaged{}, Missings: []string{}, Additionals: []string{}, Renames: []Rename{}, Problems: []Problem{}}
	if s.Quick != 0 {
		c.report.QuickSeed = &s.QuickSeed
	}
	return c
}

// commit adds an item to the report. The error is one of writing the log or the state.
func (c *committer) commit(i item) error {
	switch i.finding {
	case missing:
		c.missing(i.name)
	case additional:
		if i.size >= 0 && len(c.additionals) < maxTried {
			c.additionals = append(c.additionals, extra{i.path, i.size})
		} else {
			c.additional(i.path)
		}
	case unreadable:
		c.problem(i.path, 0, 0, i.err)
		if errors.Is(i.err, errNotDirectory) || errors.Is(i.err, errNotSymlink) {
			c.report.Irregular++
		} else {
			c.report.Unreadable++
		}
	case linked:
		c.report.Links++
	case joined:
		c.report.HardLinks++
	case separate:
		c.report.HardLinks++
		c.report.Separate++
		c.log("%s: a file of its own, and a hard link of %s in the tree; no difference", i.path, i.name)
	case retargeted:
		c.report.Links++
		c.report.Retargeted++
		c.problem(i.path, 0, 0, i.err)
	default:
		c.part(i.part)
		if len(c.pending) >= maxPending {
			c.resolve(context.Background())
		}
		if i.resume && time.Since(c.saved) >= c.saveEvery {
			return errors.Join(c.err, c.save(savedState{Target: i.target, File: i.part.file.name, Offset: i.part.end}))
		}
	}
	return c.err
}

// part adds what came of a part.
func (c *committer) part(p *part) {
	if c.current == nil || c.current.file.path != p.file.path {
		c.endFile()
		c.current = &progressed{file: p.file, state: p.state}
		if r := &c.resuming; r.Current != nil && r.File == p.file.name {
			r.Current.restore(c.current)
			r.Current = nil
		}
	}
	f := c.current
	switch {
	case p.err == nil:
	case isMissing(p.err):
		f.gone = true
	case errors.Is(p.err, errNotRegular):
		f.irregular = true
	default:
		if !f.unread {
			c.problem(f.file.path, p.off, p.end-p.off, p.err)
		}
		f.unread = true
	}
	for _, u := range p.unread {
		c.problem(f.file.path, u.off, u.length, u.err)
		f.unread = true
	}
	f.changed = f.changed || p.changed || p.err == nil && f.state != (state{}) && p.state != f.state
	c.report.Bytes += p.compared
	for _, r := range p.runs {
		if c.enough() {
			break
		}
		r.eof = r.eof || r.End() >= min(p.state.size, p.file.spec.Size)
		c.add(r)
	}
	for _, kind := range kindsOf(p.dropped) {
		if c.enough() {
			break
		}
		n := p.dropped[kind]
		c.log("%s: between offsets %d and %d, more than are remembered: %s of %s: %s", f.file.path, p.off, p.end, plural(n.Runs, "more run"), plural(n.Bytes, "byte"), kind)
		c.report.Runs += n.Runs
		c.report.Kinds.addAll(tally{kind: n})
		if d := c.damagedFile(f); d != nil {
			d.Runs += n.Runs
			d.Bytes += n.Bytes
			d.Kinds.addAll(tally{kind: n})
		}
	}
	if p.last {
		c.endFile()
	}
}

// enough reports whether there have been MaxErrors findings.
func (c *committer) enough() bool {
	n := c.report.findings() + int64(len(c.additionals)+len(c.pending))
	if f := c.current; f != nil && f.last != nil {
		n++
	}
	return c.MaxErrors > 0 && n >= c.MaxErrors
}

// add adds a run of the file whose parts are coming.
func (c *committer) add(r Run) {
	f := c.current
	f.different = true
	f.short = f.short || r.Kind == Truncated
	f.long = f.long || r.Kind == Excess
	if f.last != nil && f.last.joins(&r) {
		f.last.join(&r)
		f.last.eof = f.last.eof || r.eof
		return
	}
	c.flush()
	c.order++
	r.order = c.order
	f.last = &r
}

// minLocated is the length of the shortest run whose place is looked for, in bytes.
const minLocated = 32

// flush records the last run, or leaves it for resolve.
func (c *committer) flush() {
	f := c.current
	if f == nil || f.last == nil {
		return
	}
	r := *f.last
	f.last = nil
	unknown := r.Kind == Other && r.Length >= minLocated || r.Kind == Excess && r.key == "excess other"
	if unknown && c.inVain < maxInVain {
		c.damagedFile(f) // in the order of the walk
		c.pending = append(c.pending, region{f.file, f.state.size, r})
		return
	}
	c.record(&f.file, f.state.size, r)
}

// record adds a run to the report.
func (c *committer) record(f *file, size int64, r Run) {
	r.finish()
	r.File = f.name
	r.Text = r.text()
	c.report.Runs++
	c.report.Kinds.add(&r)
	if d := c.damagedFile(&progressed{file: *f, state: state{size: size}}); d != nil {
		d.Runs++
		d.Bytes += r.Bytes
		d.Kinds.add(&r)
		d.mark(&r)
	}
	c.log("%s: offset %d, %s: %s", f.path, r.Offset, plural(r.Length, "byte"), named(&r))
	c.report.Damage = append(c.report.Damage, r)
	if len(c.report.Damage) >= 2*maxListed {
		c.firstRuns()
	}
}

// firstRuns leaves the first runs in the report.
func (c *committer) firstRuns() {
	slices.SortStableFunc(c.report.Damage, func(a, b Run) int { return a.order - b.order })
	c.report.Damage = c.report.Damage[:min(len(c.report.Damage), maxListed)]
}

// damagedFile returns the record of a damaged file; nil if there are too many.
func (c *committer) damagedFile(f *progressed) *Damaged {
	if d := c.damaged[f.file.path]; d != nil || len(c.damaged) >= maxListed {
		return d
	}
	d := &Damaged{File: f.file.name, Path: f.file.path, Size: f.file.spec.Size, Length: f.state.size, Kinds: tally{}}
	c.damaged[f.file.path] = d
	c.report.Damaged = append(c.report.Damaged, d)
	return d
}

// endFile counts the file whose parts have all come.
func (c *committer) endFile() {
	f := c.current
	if f == nil {
		return
	}
	c.flush()
	c.current = nil
	r := c.report
	c.progress.Files.Add(1)
	switch {
	case f.gone:
		c.missing(f.file.name)
		return
	case f.irregular:
		r.Irregular++
		c.problem(f.file.path, 0, 0, errNotRegular)
		return
	}
	r.Files++
	count := func(is bool, n *int64) {
		if is {
			*n++
		}
	}
	count(f.unread, &r.Unreadable)
	count(f.changed, &r.Changed)
	if f.changed {
		c.problem(f.file.path, 0, 0, errChanged)
	} else {
		count(f.different, &r.Different)
		count(f.short, &r.Short)
		count(f.long, &r.Long)
	}
	count(!f.unread && !f.changed && !f.different, &r.Equal)
}

// errChanged is the error about a file that somebody writes to.
var errChanged = errors.New("changed while it was read; what differs in it is not counted as damage")

func (c *committer) missing(name string) {
	c.report.Missing++
	c.log("%s: missing", name)
	if len(c.report.Missings) < maxListed {
		c.report.Missings = append(c.report.Missings, name)
	}
}

func (c *committer) additional(path string) {
	c.report.Additional++
	c.log("%s: additional", path)
	if len(c.report.Additionals) < maxListed {
		c.report.Additionals = append(c.report.Additionals, path)
	}
}

func (c *committer) problem(path string, off, length int64, err error) {
	p := Problem{path, off, length, err.Error()}
	c.log("%s", p)
	if len(c.report.Problems) < maxListed {
		c.report.Problems = append(c.report.Problems, p)
	}
}

func (p Problem) String() string {
	if p.Length == 0 {
		return fmt.Sprintf("%s: %s", p.Path, p.Error)
	}
	return fmt.Sprintf("%s: offset %d, %s: %s", p.Path, p.Offset, plural(p.Length, "byte"), p.Error)
}

// log writes a line to the log.
func (c *committer) log(format string, args ...any) {
	if c.Log == nil || c.err != nil {
		return
	}
	line := c.Printable(fmt.Sprintf(format, args...))
	if _, err := fmt.Fprintln(c.Log, line); err != nil {
		c.err = fmt.Errorf("writing the log: %w", reason(err))
	}
}

// end finishes the report.
func (c *committer) end(ctx context.Context) (*Report, error) {
	r := c.report
	complete := !r.Interrupted && !r.Stopped && c.err == nil
	if complete {
		c.endFile()
	} else {
		c.flush()
		if f := c.current; f != nil && f.different {
			r.Different++ // as far as it was compared
		}
	}
	if r.Interrupted { // somebody waits
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
	}
	c.resolve(ctx)
	if complete {
		c.identify()
	} else {
		for _, a := range c.additionals {
			c.additional(a.Path)
		}
	}
	c.firstRuns()
	slices.SortFunc(r.Renames, func(a, b Rename) int { return strings.Compare(a.Path, b.Path) })
	r.Seconds += seconds(c.started)
	if complete && c.Resume != "" {
		if err := os.Remove(c.Resume); err != nil && !isMissing(err) {
			c.err = fmt.Errorf("removing %q: %w", c.Resume, reason(err))
		}
	}
	return r, c.err
}
