package measure

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// most is how many digests a counter keeps. Beyond that it keeps those of one in 2^n that
// begin with n zero bits, and counts are estimates: with 2^19 to 2^20 of them, the number of
// distinct ones is within 0.5 % of what is right, 997 times of 1000.
const most = 1 << 20

// digest is half of a SHA-256: that any two of 2^40 different blocks have the
// same one has a probability of 2^-49, and nobody can make such blocks either.
type digest [16]byte

// counter counts blocks or chunks, and how many of them are distinct.
type counter struct {
	most  int // digests kept; see the constant
	n     int64
	bytes int64
	shift uint // of 2^shift digests, one is kept
	seen  map[digest]occurrences
}

type occurrences struct{ times, bytes int64 }

func (c *counter) add(d digest, size int64) {
	c.n++
	c.bytes += size
	if !c.keeps(d) {
		return
	}
	if c.seen == nil {
		c.seen = map[digest]occurrences{}
	}
	o := c.seen[d]
	c.seen[d] = occurrences{o.times + 1, size}
	for len(c.seen) > c.most {
		c.shift++
		for d := range c.seen {
			if !c.keeps(d) {
				delete(c.seen, d)
			}
		}
	}
}

func (c *counter) keeps(d digest) bool {
	return binary.BigEndian.Uint64(d[:])>>1>>(63-c.shift) == 0
}

// distinct returns how many are distinct, and how many times as many bytes there are
// altogether.
func (c *counter) distinct() (n int64, ratio float64) {
	var all, once int64
	for _, o := range c.seen {
		all += o.times * o.bytes
		once += o.bytes
	}
	if once == 0 {
		return 0, 0
	}
	if c.shift == 0 {
		return int64(len(c.seen)), float64(c.bytes) / float64(once)
	}
	ratio = float64(all) / float64(once)
	return int64(len(c.seen)) << c.shift, ratio
}

// tally is about blocks of one size.
type tally struct {
	counter
	samples []deflated
}

// deflated is a block that was deflated on behalf of weight blocks.
type deflated struct {
	digest digest
	bytes  int64
	weight float64
}

// row sums up. Of a block that occurs n times, each sample stands for 1/n of
// the one that a store keeps.
func (t *tally) row(block int64) Row {
	r := Row{Block: block, Blocks: t.n, Estimated: t.shift > 0}
	if t.n == 0 {
		return r
	}
	r.Distinct, r.Dedup = t.distinct()
	// In an order of their own: sums of fractions depend on it.
	slices.SortFunc(t.samples, func(a, b deflated) int {
		return cmp.Or(bytes.Compare(a.digest[:], b.digest[:]), cmp.Compare(a.weight, b.weight))
	})
	var in, out, kept, keptOut float64
	for _, s := range t.samples {
		in, out = in+s.weight, out+s.weight*float64(s.bytes)
		if o, ok := t.seen[s.digest]; ok {
			share := s.weight / float64(o.times)
			kept, keptOut = kept+share, keptOut+share*float64(s.bytes)
		}
	}
	r.Deflate = in * float64(r.Block) / out
	r.Both = r.Dedup * r.Deflate
	if keptOut > 0 {
		r.Both = r.Dedup * kept * float64(r.Block) / keptOut
	}
	r.Deflated = int64(len(t.samples)) * r.Block
	return r
}

// chunks are of one average size.
type chunks struct{ counter }

func (c *chunks) row(average int64) Chunks {
	r := Chunks{Average: average, Chunks: c.n, Estimated: c.shift > 0}
	if c.n > 0 {
		r.Mean = c.bytes / c.n
		r.Distinct, r.Dedup = c.distinct()
	}
	return r
}
