package verify

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

const (
	// maxWindows is how many regions are looked up at every offset of their first cell: of
	// others, only a few are, which suffices where the data begin at a border of sectors.
	maxWindows = 256
	// perRegion is how many pieces of a region are looked up.
	perRegion = 16
	// rounds is how often what is left is looked up again.
	rounds = 3
	// patience is how long looking up may take once, and a quarter of all the time if that
	// is longer in all.
	patience = 30 * time.Second
)

// resolve looks for the places of the data that nothing has explained so far, examines
// these regions once more with what was found, and records them.
func (c *committer) resolve(ctx context.Context) {
	regions := c.pending
	c.pending = nil
	for round := range rounds {
		if len(regions) == 0 {
			return
		}
		start := time.Now()
		hints := c.places(ctx, regions)
		c.located += time.Since(start)
		if len(hints) == 0 {
			if round == 0 {
				c.inVain++
			}
			if round > 0 {
				break
			}
		} else {
			c.inVain = 0
		}
		var left []region
		for i := range regions {
			left = append(left, c.again(&regions[i], hints[i], round)...)
		}
		regions = left
		if c.located > patience && c.located > time.Since(c.started)/4 || len(hints) == 0 {
			break
		}
	}
	for i := range regions {
		c.record(&regions[i].file, regions[i].size, regions[i].run)
	}
}

// places returns explanations for regions, by their index.
func (c *committer) places(ctx context.Context, regions []region) map[int][]*model {
	explained := map[int][]*model{}
	var samples []*sample
	var of []int
	probes := map[int]*probe{}
	for i := range regions {
		if ctx.Err() != nil {
			return explained
		}
		taken := c.samples(&regions[i], i < maxWindows)
		if len(taken) > 0 && i < maxWindows {
			first := taken[0]
			if p, ok := c.variants.probe(first.file, first.data, first.off); ok {
				if m := p.generations(); m != nil {
					explained[i] = append(explained[i], m)
				} else {
					probes[i] = p
				}
			}
		}
		for _, s := range taken {
			if len(s.data) >= printSize {
				samples, of = append(samples, s), append(of, i)
			}
		}
	}
	for i, m := range c.locate(ctx, samples) {
		if m != nil {
			explained[of[i]] = append(explained[of[i]], m)
		}
	}
	for i := range regions {
		if p := probes[i]; p != nil && explained[i] == nil && ctx.Err() == nil {
			m := p.generations() // or what the last one has found
			if m == nil {
				m = p.seeds()
			}
			if m != nil {
				explained[i] = append(explained[i], m)
			}
		}
	}
	return explained
}

// locate returns an explanation for each sample whose place is found, or nil.
func (c *committer) locate(ctx context.Context, samples []*sample) []*model {
	if len(samples) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	l := newLocator(&c.source, samples)
	l.locate(ctx, c.ofTree())
	if ctx.Err() != nil {
		c.inVain = maxInVain // the tree is too large
	}
	models := make([]*model, len(samples))
	for i, s := range samples {
		if s.place == nil {
			continue
		}
		if r, err := open(s.place.file.spec); err == nil {
			models[i] = placed(r, s.place.file.name == s.file.name, s.place.file.name, s.off-s.place.off)
		}
	}
	return models
}

// ofTree reports whether any target is of the tree, rather than a file whose name is a spec.
func (c *committer) ofTree() bool {
	for _, g := range c.goals {
		if g.dir != 0 || g.file.id != 0 {
			return true
		}
	}
	return false
}

// samples reads pieces of a region again.
func (c *committer) samples(r *region, windows bool) (samples []*sample) {
	f, err := c.openCopy(r.file.path)
	if err != nil {
		return nil
	}
	defer f.Close()
	p := aligned(4 * page)
	take := func(off, length int64, windows bool) {
		begin := off / page * page
		n, err := readFull(f, p, begin)
		skip := off - begin
		if err != nil || int64(n) <= skip {
			return
		}
		data := p[skip:min(int64(n), skip+length)]
		if !windows {
			data = data[:min(len(data), printSize)]
		}
		samples = append(samples, &sample{file: &r.file, off: off, data: bytes.Clone(data), fine: r.run.Length < page})
	}
	take(r.run.Offset, min(r.run.Length, page+printSize), windows)
	// The region may have data of many places.
	begin := roundUp(r.run.Offset+1, page)
	step := max(page, roundUp(r.run.Length/perRegion, page))
	for off := begin; off+printSize <= r.run.End(); off += step {
		take(off, min(page, r.run.End()-off), windows && len(samples) < 2)
	}
	return samples
}

// again examines a region once more, records what is explained now, and returns the rest.
func (c *committer) again(r *region, hints []*model, round int) (left []region) {
	f, err := c.openCopy(r.file.path)
	if err != nil {
		return []region{*r}
	}
	defer f.Close()
	reader, err := open(r.file.spec)
	if err != nil {
		return []region{*r}
	}
	defer reader.Close()
	if r.run.Kind == Excess {
		c.excessAgain(r, hints)
		return nil
	}
	x := &examiner{file: &r.file, reader: reader, variants: &c.variants, scratch: make([]byte, scratchSize), hints: hints}
	defer x.close()
	actual, expected := aligned(bufferSize), make([]byte, bufferSize)
	begin, end := r.run.Offset, r.run.End()
	// The rest of the sector may be right by chance.
	border := min(roundUp(end, sector), r.size, r.file.spec.Size)
	if from := end / page * page; border > end {
		got, err := readFull(f, actual[:page], from)
		n, _ := reader.ReadAt(expected[:page], from)
		if a, b := end-from, border-from; err == nil && int64(min(n, got)) >= b && bytes.Equal(actual[a:b], expected[a:b]) {
			end = border
		}
	}
	right := true
	for off := begin / page * page; off < end; off += bufferSize {
		n := int(min(bufferSize, end-off))
		got, err := readFull(f, actual[:roundUp(n, page)], off)
		if got = min(got, n); err != nil || got < n {
			return []region{*r}
		}
		reader.ReadAt(expected[:n], off)
		if skip := int(max(0, begin-off)); skip > 0 {
			copy(actual[:skip], expected[:skip]) // it belongs to the run before
		}
		right = right && bytes.Equal(actual[:n], expected[:n])
		x.examine(actual[:n], expected[:n], off)
	}
	if right {
		run := r.run
		run.Kind, run.Text, run.key = Transient, "right when it was read again; at first: "+run.Text, "transient"
		c.record(&r.file, r.size, run)
		return nil
	}
	for _, run := range x.runs {
		run.order, run.eof = r.run.order, r.run.eof && run.End() >= end
		if run.Kind == Other && run.Length >= printSize && run.Length < r.run.Length && round+1 < rounds {
			left = append(left, region{r.file, r.size, run})
		} else if run.Kind == Other && len(hints) == 0 {
			left = append(left, region{r.file, r.size, run})
		} else {
			c.record(&r.file, r.size, run)
		}
	}
	return left
}

// excessAgain records what a file has too much, of which the place may have been found.
func (c *committer) excessAgain(r *region, hints []*model) {
	run := r.run
	if len(hints) > 0 {
		at := run.Offset - hints[0].delta
		run.From, run.FromOffset = hints[0].from, &at
		run.Text = fmt.Sprintf("%s too many: those of offset %d of %s", plural(run.Length, "byte"), at, run.From)
	}
	c.record(&r.file, r.size, run)
}
