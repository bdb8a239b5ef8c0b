package measure

import (
	"crypto/sha256"
	"hash"
	"math/bits"
)

// averages are the mean sizes of chunks, in bytes: what deduplicating file servers, casync
// and restic cut to.
var averages = [...]int64{8 << 10, 64 << 10, 1 << 20}

// gear has a random number for each byte.
var gear = func() (table [256]uint64) {
	var state uint64
	for i := range table {
		// SplitMix64, Steele and others, 2014
		state += 0x9e3779b97f4a7c15
		z := state
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		table[i] = z ^ z>>31
	}
	return table
}()

// chunker cuts a stream into chunks by content, as FastCDC does (Xia and others, USENIX
// ATC 2016), with normalized chunking of level 2: a chunk has a quarter of the average at
// least, four times the average at most, and ends where the upper bits of a hash of the
// last 64 bytes are 0. Below the average there are two bits more of these, and beyond it
// two fewer.
type chunker struct {
	average       int64
	strict, loose uint64 // masks
	sum           hash.Hash
	state         uint64
	length        int64                   // of the chunk so far
	found         func(d digest, n int64) // called for each chunk
}

func newChunker(average int64, found func(d digest, n int64)) *chunker {
	n := bits.Len64(uint64(average)) - 1
	upper := func(n int) uint64 { return ^uint64(0) << (64 - n) }
	return &chunker{average: average, strict: upper(n + 2), loose: upper(n - 2), sum: sha256.New(), found: found}
}

// add goes on with p.
func (c *chunker) add(p []byte) {
	for len(p) > 0 {
		n, ends := c.cut(p)
		c.sum.Write(p[:n])
		c.length += int64(n)
		p = p[n:]
		if ends {
			c.end()
		}
	}
}

// cut returns how many bytes of p belong to the chunk, and whether it ends with them.
func (c *chunker) cut(p []byte) (n int, ends bool) {
	// What is before the least size minus a window has no influence.
	if skip := c.average/4 - 64 - c.length; skip > 0 {
		n = int(min(skip, int64(len(p))))
	}
	state := c.state
	defer func() { c.state = state }()
	for _, part := range [...]struct {
		upTo int64
		mask uint64
	}{{c.average / 4, 0}, {c.average, c.strict}, {4 * c.average, c.loose}} {
		end := int(min(int64(len(p)), part.upTo-c.length))
		if part.mask == 0 {
			for ; n < end; n++ {
				state = state<<1 + gear[p[n]]
			}
			continue
		}
		for ; n < end; n++ {
			state = state<<1 + gear[p[n]]
			if state&part.mask == 0 {
				return n + 1, true
			}
		}
	}
	return n, c.length+int64(n) == 4*c.average
}

// end ends the chunk.
func (c *chunker) end() {
	if c.length == 0 {
		return
	}
	c.found(digest(c.sum.Sum(nil)[:len(digest{})]), c.length)
	c.sum.Reset()
	c.state, c.length = 0, 0
}
