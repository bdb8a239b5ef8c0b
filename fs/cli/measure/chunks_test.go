package measure

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"slices"
	"testing"
)

type chunk struct {
	sum digest
	n   int64
}

// cutBy returns the chunks of p, given to the chunker in parts of up to most bytes.
func cutBy(p []byte, average int64, most int) []chunk {
	var chunks []chunk
	c := newChunker(average, func(d digest, n int64) { chunks = append(chunks, chunk{d, n}) })
	for len(p) > 0 {
		n := min(len(p), most)
		c.add(p[:n])
		p = p[n:]
	}
	c.end()
	return chunks
}

func random(n int, seed byte) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(p)
	return p
}

// Chunks make up the whole, within their bounds, however the stream is handed over.
func TestChunks(t *testing.T) {
	const average = 8 << 10
	data := random(1<<20+77, 1)
	copy(data[300_000:], make([]byte, 100_000)) // where no hash ends a chunk
	chunks := cutBy(data, average, len(data))
	rest := data
	for i, c := range chunks {
		if c.n > 4*average || c.n < average/4 && i < len(chunks)-1 {
			t.Errorf("chunk %d has %d bytes", i, c.n)
		}
		sum := sha256.Sum256(rest[:c.n])
		if c.sum != digest(sum[:]) {
			t.Fatalf("chunk %d is not the next %d bytes", i, c.n)
		}
		rest = rest[c.n:]
	}
	if len(rest) > 0 {
		t.Errorf("%d bytes are in no chunk", len(rest))
	}
	if mean := len(data) / len(chunks); mean < average/2 || mean > 2*average {
		t.Errorf("chunks have %d bytes on average", mean)
	}
	for _, most := range []int{1, 63, 4096, 100_000} {
		if !slices.Equal(cutBy(data, average, most), chunks) {
			t.Errorf("in parts of %d bytes, other chunks", most)
		}
	}
	if len(cutBy(nil, average, 1)) > 0 {
		t.Error("nothing has chunks")
	}
}

// What is inserted changes the chunks around it alone.
func TestChunksFindInsertion(t *testing.T) {
	const average = 8 << 10
	data := random(1<<20, 2)
	longer := slices.Concat(data[:500_001], []byte("inserted"), data[500_001:])
	all := cutBy(data, average, len(data))
	seen := map[digest]bool{}
	for _, c := range all {
		seen[c.sum] = true
	}
	var others int
	for _, c := range cutBy(longer, average, len(longer)) {
		if !seen[c.sum] {
			others++
		}
	}
	if others == 0 || others > 5 {
		t.Errorf("%d of %d chunks are others", others, len(all))
	}
}

// A counter that keeps few digests is exact up to there, and near the truth beyond.
func TestCounter(t *testing.T) {
	for _, test := range []struct {
		distinct  int
		estimated bool
	}{{1 << 10, false}, {1<<10 + 1, true}, {200_000, true}} {
		c := counter{most: 1 << 10}
		for i := range 3 * test.distinct {
			sum := sha256.Sum256([]byte{byte(i % test.distinct), byte(i % test.distinct >> 8), byte(i % test.distinct >> 16)})
			c.add(digest(sum[:]), 100)
		}
		n, ratio := c.distinct()
		if (c.shift > 0) != test.estimated || len(c.seen) > c.most || c.n != int64(3*test.distinct) {
			t.Errorf("%d distinct: shift %d, %d kept, %d in all", test.distinct, c.shift, len(c.seen), c.n)
		}
		within := 0.0
		if test.estimated {
			within = 0.2 // five deviations of 1/sqrt(512)
		}
		if far := float64(n)/float64(test.distinct) - 1; far > within || far < -within {
			t.Errorf("%d distinct: counted %d", test.distinct, n)
		}
		if ratio != 3 {
			t.Errorf("%d distinct, each three times: ratio %v", test.distinct, ratio)
		}
	}
}

// The codecs find what there is to find, and leave no block larger than it is.
func TestCodecs(t *testing.T) {
	c := newCodecs()
	zeros, noise := make([]byte, 128<<10), random(128<<10, 3)
	few := make([]byte, 128<<10) // one of 16 values each, in random order
	for i, b := range noise {
		few[i] = b & 15
	}
	repeated := bytes.Repeat(noise[:8<<10], 16)
	for i, name := range codecNames {
		if n := c.size(i, zeros); n > 128<<10/15 && name != "huffman" || n > 128<<10/7 {
			t.Errorf("%s: zeros take %d bytes", name, n)
		}
		if n := c.size(i, noise); n != 128<<10 {
			t.Errorf("%s: random bytes take %d bytes", name, n)
		}
		entropic := name != "lz4" && name != "snappy"
		if n := c.size(i, few); entropic != (n < 70<<10) {
			t.Errorf("%s: 4 of 8 bits take %d bytes", name, n)
		}
		if n := c.size(i, repeated); (name != "huffman") != (n < 25<<10) {
			t.Errorf("%s: 8 KiB, 16 times, take %d bytes", name, n)
		}
	}
}
