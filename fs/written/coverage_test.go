package written

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// expectCoverage checks a coverage against one flag for each so many bytes.
func expectCoverage(t *testing.T, c *Coverage, flags []bool, unit int64) {
	t.Helper()
	covered, count := int64(0), len(c.whole)
	for _, flag := range flags {
		if flag {
			covered += unit
		}
	}
	gap := int64(slices.Index(flags, false)) * unit
	if gap < 0 {
		gap = int64(len(flags)) * unit
	}
	for region, list := range c.partial {
		count += len(*list)
		if len(*list) == 0 || (*list)[0].from < region*regionSize || (*list)[len(*list)-1].to > (region+1)*regionSize || c.whole.has(region*regionSize) {
			t.Fatalf("region %d has %v, whole ones are %v", region, *list, c.whole)
		}
	}
	for i := 1; i < len(c.whole); i++ {
		if c.whole[i].from <= c.whole[i-1].to {
			t.Fatalf("whole regions: %v", c.whole)
		}
	}
	if c.bytes != covered || c.FirstGap() != gap || c.count != count {
		t.Fatalf("%d bytes, the first gap at %d, %d pieces; want %d, %d, %d", c.bytes, c.FirstGap(), c.count, covered, gap, count)
	}
}

func TestCoverage(t *testing.T) {
	const unit = regionSize / 16
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		flags := make([]bool, 16*6)
		var c Coverage
		for range 100 {
			from := r.IntN(len(flags))
			to := min(len(flags), from+1+r.IntN(1<<r.IntN(7)))
			covers := r.IntN(3) > 0
			for i := from; i < to; i++ {
				flags[i] = covers
			}
			if covers {
				if !c.Add(int64(from)*unit, int64(to)*unit, false) {
					t.Fatal("refused")
				}
			} else {
				c.Remove(int64(from)*unit, int64(to)*unit)
			}
			expectCoverage(t, &c, flags, unit)
		}
		c.Remove(0, math.MaxInt64)
		expectCoverage(t, &c, make([]bool, len(flags)), unit)
		if c.count != 0 || len(c.partial) != 0 {
			t.Fatalf("%d pieces of nothing", c.count)
		}
	}
}

// A file that is written from its beginning to its end takes one piece, or two.
func TestCoverageInOrder(t *testing.T) {
	var c Coverage
	for off := int64(0); off < 1<<40; off += 3 << 20 {
		c.Add(off, off+3<<20, off > 0)
		if c.count > 2 {
			t.Fatalf("%d pieces after %d bytes", c.count, off)
		}
	}
}

// When there must be no more pieces, those that are there may still grow.
func TestCoverageFull(t *testing.T) {
	var c Coverage
	c.Add(0, 10, false)
	if c.Add(20, 30, true) || c.bytes != 10 {
		t.Errorf("a new piece; %d bytes", c.bytes)
	}
	if !c.Add(10, 20, true) || c.bytes != 20 || c.count != 1 {
		t.Errorf("the piece did not grow: %d bytes, %d pieces", c.bytes, c.count)
	}
	if c.Add(15, regionSize+1, true) || c.bytes != regionSize {
		t.Errorf("a new region: %d bytes", c.bytes)
	}
}

// A file has 2^63-1 bytes at most, so that the end of its last region is no multiple of
// the size of regions.
func TestCoverageOfTheEnd(t *testing.T) {
	var c Coverage
	const start = math.MaxInt64 / regionSize * regionSize
	for _, p := range []piece{{math.MaxInt64 - 1, math.MaxInt64}, {start - 1, start + 5}, {start, math.MaxInt64}} {
		if !c.Add(p.from, p.to, false) {
			t.Fatalf("%v is refused", p)
		}
	}
	if c.bytes != math.MaxInt64-start+1 || c.count != 2 || !c.whole.has(start) {
		t.Errorf("%d bytes in %d pieces", c.bytes, c.count)
	}
	c.Remove(math.MaxInt64-1, math.MaxInt64)
	if c.bytes != math.MaxInt64-start || c.count != 2 || c.whole.has(start) {
		t.Errorf("%d bytes in %d pieces after the last byte was removed", c.bytes, c.count)
	}
}
