package measure

import (
	"bytes"
	"cmp"
	"compress/flate"
	"crypto/sha256"
	"math"
	"slices"
	"sync"
)

// tallies count one argument, or all of them, by size of block.
type tallies [len(blockSizes)]tally

type tally struct {
	mu      sync.Mutex
	blocks  int64
	counts  map[digest]uint32
	samples []deflated
}

// digest is half of a SHA-256: that any two of 2^40 different blocks have the
// same one has a probability of 2^-49, and nobody can make such blocks either.
type digest [16]byte

// deflated is a block that was deflated on behalf of weight blocks.
type deflated struct {
	digest digest
	bytes  int64
	weight float64
}

// measurer is what one worker has for itself.
type measurer struct {
	source   Source
	sample   int64
	one, all *tallies
	pieces   []byte // digests of the chunk's pieces
	digests  []digest
	samples  []deflated
	writer   *flate.Writer
	count    countingWriter
}

type countingWriter int64

func (c *countingWriter) Write(p []byte) (int, error) {
	*c += countingWriter(len(p))
	return len(p), nil
}

// add counts the blocks of p, which begins at off, a multiple of chunkSize.
// A block is as distinct as the list of its pieces' digests.
func (w *measurer) add(p []byte, off int64) {
	w.pieces = w.pieces[:0]
	for q := p; len(q) >= pieceSize; q = q[pieceSize:] {
		sum := sha256.Sum256(q[:pieceSize])
		w.pieces = append(w.pieces, sum[:]...)
	}
	for i, size := range blockSizes {
		total, limit := w.source.Size/size, max(1, w.sample/size)
		stride := (total + limit - 1) / limit
		if stride > 1 {
			stride |= 1 // out of step with what repeats in powers of 2
		}
		w.digests, w.samples = w.digests[:0], w.samples[:0]
		for b := int64(0); (b+1)*size <= int64(len(p)); b++ {
			list := size / pieceSize * sha256.Size
			sum := sha256.Sum256(w.pieces[b*list : (b+1)*list])
			d := digest(sum[:])
			w.digests = append(w.digests, d)
			if (off/size+b)%stride == 0 {
				weight := float64(total) / float64((total+stride-1)/stride)
				w.samples = append(w.samples, deflated{d, w.deflate(p[b*size : (b+1)*size]), weight})
			}
		}
		w.one[i].add(w.digests, w.samples)
		if w.all != nil {
			w.all[i].add(w.digests, w.samples)
		}
	}
}

// deflate returns how many bytes a block takes.
func (w *measurer) deflate(block []byte) int64 {
	w.count = 0
	if w.writer == nil {
		w.writer, _ = flate.NewWriter(&w.count, 6) // fails for unknown levels only
	}
	w.writer.Reset(&w.count)
	w.writer.Write(block) // to memory: never fails
	w.writer.Close()
	return min(int64(w.count), int64(len(block)))
}

func (t *tally) add(digests []digest, samples []deflated) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[digest]uint32{}
	}
	for _, d := range digests {
		t.counts[d] += min(1, math.MaxUint32-t.counts[d])
	}
	t.blocks += int64(len(digests))
	t.samples = append(t.samples, samples...)
}

// rows sums up. Of a block that occurs n times, each sample stands for 1/n of
// the one that a store keeps.
func (ts *tallies) rows() []Row {
	rows := make([]Row, len(ts))
	for i := range ts {
		t, r := &ts[i], &rows[i]
		r.Block, r.Blocks, r.Distinct = blockSizes[i], t.blocks, int64(len(t.counts))
		if t.blocks == 0 {
			continue
		}
		// In an order of their own: sums of fractions depend on it.
		slices.SortFunc(t.samples, func(a, b deflated) int {
			return cmp.Or(bytes.Compare(a.digest[:], b.digest[:]), cmp.Compare(a.weight, b.weight))
		})
		var in, out, kept, keptOut float64
		for _, s := range t.samples {
			share := s.weight / float64(t.counts[s.digest])
			in, out = in+s.weight, out+s.weight*float64(s.bytes)
			kept, keptOut = kept+share, keptOut+share*float64(s.bytes)
		}
		r.Dedup = float64(r.Blocks) / float64(r.Distinct)
		r.Deflate = in * float64(r.Block) / out
		r.Both = r.Dedup * kept * float64(r.Block) / keptOut
		r.Deflated = int64(len(t.samples)) * r.Block
	}
	return rows
}
