package written

import (
	"cmp"
	"math"
	"slices"
)

// regionSize is the bytes of a file whose pieces are kept together. Of a region that is
// covered as a whole, no pieces are kept. So no list is so long that it takes much time
// to change: writes of 4 KiB in any order make two thousand pieces of a region at most.
const regionSize = 16 << 20

// regionEnd returns where the region that begins at start ends. The last one is shorter
// than the others by a byte, as a file has 2^63-1 bytes at most.
func regionEnd(start int64) int64 { return start + min(regionSize, math.MaxInt64-start) }

// Coverage is which bytes of a file have been written. A region is either among those
// that are covered as a whole, or has a list of pieces. The zero value covers nothing. It is
// not safe for concurrent use.
type Coverage struct {
	whole   pieces            // that begin and end with regions
	partial map[int64]*pieces // by the number of a region; none is empty
	bytes   int64             // that are covered
	count   int               // pieces in all lists
}

// Bytes returns how many bytes are covered.
func (c *Coverage) Bytes() int64 { return c.bytes }

// Pieces returns how many pieces of the file it keeps, 16 bytes of memory each.
func (c *Coverage) Pieces() int { return c.count }

// Add covers [from, to). If full is true, there must be no more pieces than before, and
// it returns false if that keeps bytes from being covered.
func (c *Coverage) Add(from, to int64, full bool) bool {
	for from < to {
		region := from / regionSize
		start := region * regionSize
		end := min(to, regionEnd(start))
		if !c.whole.has(start) {
			list := c.partial[region]
			if list == nil {
				list = new(pieces)
			}
			if full && !list.touches(from, end) {
				return false
			}
			c.change(region, list, func() int64 { return list.add(from, end) })
			if (*list)[0] == (piece{start, regionEnd(start)}) {
				delete(c.partial, region)
				c.count--
				c.count -= len(c.whole)
				c.whole.add(start, regionEnd(start))
				c.count += len(c.whole)
			}
		}
		from = end
	}
	return true
}

// Remove uncovers [from, to).
func (c *Coverage) Remove(from, to int64) {
	if from >= to {
		return
	}
	first, last := from/regionSize, (to-1)/regionSize
	for _, region := range []int64{first, last} {
		start := region * regionSize
		if c.whole.has(start) && (from > start || to < regionEnd(start)) {
			c.count -= len(c.whole)
			c.whole.remove(start, regionEnd(start))
			c.count += len(c.whole) + 1
			c.keep(region, &pieces{{start, regionEnd(start)}})
		}
	}
	c.count -= len(c.whole)
	c.bytes -= c.whole.remove(from, to)
	c.count += len(c.whole)
	trim := func(region int64, list *pieces) {
		c.change(region, list, func() int64 { return -list.remove(from, to) })
	}
	if last-first < int64(len(c.partial)) {
		for region := first; region <= last; region++ {
			if list := c.partial[region]; list != nil {
				trim(region, list)
			}
		}
		return
	}
	for region, list := range c.partial {
		if first <= region && region <= last {
			trim(region, list)
		}
	}
}

// change counts what f does to the list of a region, and keeps the list.
func (c *Coverage) change(region int64, list *pieces, f func() (gained int64)) {
	c.count -= len(*list)
	c.bytes += f()
	c.count += len(*list)
	c.keep(region, list)
}

func (c *Coverage) keep(region int64, list *pieces) {
	if c.partial == nil {
		c.partial = make(map[int64]*pieces)
	}
	c.partial[region] = list
	if len(*list) == 0 {
		delete(c.partial, region)
	}
}

// FirstGap returns the first byte that is not covered.
func (c *Coverage) FirstGap() (at int64) {
	for {
		list := &c.whole
		if !list.has(at) {
			if list = c.partial[at/regionSize]; list == nil || !list.has(at) {
				return at
			}
		}
		i, _ := list.span(at, at)
		if (*list)[i].to == at { // this piece ends where the one looked for begins
			i++
		}
		at = (*list)[i].to
	}
}

// piece is the bytes from one place up to another.
type piece struct{ from, to int64 }

// pieces are in order and do not touch each other.
type pieces []piece

// span returns which pieces overlap or touch [from, to].
func (p pieces) span(from, to int64) (first, end int) {
	first, _ = slices.BinarySearchFunc(p, from, func(q piece, at int64) int { return cmp.Compare(q.to, at) })
	for end = first; end < len(p) && p[end].from <= to; end++ {
	}
	return first, end
}

func (p pieces) touches(from, to int64) bool {
	first, end := p.span(from, to)
	return first < end
}

// has reports whether the byte at a place is in a piece.
func (p pieces) has(at int64) bool {
	first, end := p.span(at, at)
	return slices.ContainsFunc(p[first:end], func(q piece) bool { return q.from <= at && at < q.to })
}

// add adds [from, to), which is not empty, and returns how many bytes of it are new.
func (p *pieces) add(from, to int64) (gained int64) {
	first, end := p.span(from, to)
	for _, q := range (*p)[first:end] {
		from, to = min(from, q.from), max(to, q.to)
		gained -= q.to - q.from
	}
	*p = slices.Replace(*p, first, end, piece{from, to})
	return gained + to - from
}

// remove takes [from, to) out, and returns how many bytes that were.
func (p *pieces) remove(from, to int64) (lost int64) {
	first, end := p.span(from, to)
	var left [2]piece
	rest := left[:0]
	for _, q := range (*p)[first:end] {
		lost += max(0, min(to, q.to)-max(from, q.from))
		if q.from < from {
			rest = append(rest, piece{q.from, min(from, q.to)})
		}
		if q.to > to {
			rest = append(rest, piece{max(to, q.from), q.to})
		}
	}
	*p = slices.Replace(*p, first, end, rest...)
	return lost
}
