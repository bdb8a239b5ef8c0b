package measure

import (
	"crypto/sha256"
	"math"
	"sync"
)

// tallies count one argument, or all of them. What is cut by content belongs to the
// goroutines that cut, and all else to mu.
type tallies struct {
	mu     sync.Mutex
	blocks [len(blockSizes)]tally
	packed packed
	values [256]int64 // how often each byte occurs
	zero   int64      // pieces that are all zero
	chunks [len(averages)]chunks
}

func newTallies(most int) *tallies {
	t := new(tallies)
	for i := range t.blocks {
		t.blocks[i].most = most
	}
	for i := range t.chunks {
		t.chunks[i].most = most
	}
	return t
}

// fill writes what was counted to r.
func (t *tallies) fill(r *Result) {
	for i, size := range blockSizes {
		r.Sizes = append(r.Sizes, t.blocks[i].row(size))
	}
	r.Zero = t.zero * pieceSize
	r.Codecs = t.packed.rows()
	for i, average := range averages {
		r.Chunks = append(r.Chunks, t.chunks[i].row(average))
	}
	var total int64
	for _, n := range t.values {
		total += n
	}
	for _, n := range t.values {
		if n > 0 {
			p := float64(n) / float64(total)
			r.Entropy -= p * math.Log2(p)
		}
	}
}

// worker is what one of those that hash and compress has for itself.
type worker struct {
	source  Source
	sample  int64
	to      []*tallies
	pieces  []byte // digests of the chunk's pieces
	digests []digest
	samples []deflated
	codecs  *codecs
}

// add counts the blocks of p, which begins at off, a multiple of chunkSize.
// A block is as distinct as the list of its pieces' digests.
func (w *worker) add(p []byte, off int64) {
	w.pieces = w.pieces[:0]
	var zero int64
	for q := p; len(q) >= pieceSize; q = q[pieceSize:] {
		sum := sha256.Sum256(q[:pieceSize])
		w.pieces = append(w.pieces, sum[:]...)
		if sum == zeroPiece {
			zero++
		}
	}
	var values [256]int64
	for _, b := range p {
		values[b]++
	}
	var packed packed
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
				left := w.pack(p[b*size:(b+1)*size], &packed)
				w.samples = append(w.samples, deflated{d, left, weight})
			}
		}
		for _, t := range w.to {
			t.mu.Lock()
			for _, d := range w.digests {
				t.blocks[i].add(d, size)
			}
			t.blocks[i].samples = append(t.blocks[i].samples, w.samples...)
			t.mu.Unlock()
		}
	}
	for _, t := range w.to {
		t.mu.Lock()
		t.zero += zero
		for b, n := range values {
			t.values[b] += n
		}
		t.packed.add(&packed)
		t.mu.Unlock()
	}
}

// zeroPiece is what a piece of zeros hashes to.
var zeroPiece = sha256.Sum256(make([]byte, pieceSize))

// pack compresses a block by all codecs, or by deflate alone if it is of another size
// than they are measured with, and returns what deflate left.
func (w *worker) pack(block []byte, to *packed) (left int64) {
	if w.codecs == nil {
		w.codecs = newCodecs()
	}
	for b, size := range codecBlocks {
		if size != int64(len(block)) {
			continue
		}
		for i := range codecNames {
			n := w.codecs.size(i, block)
			to[b][i] = append(to[b][i], int32(n))
			if i == deflateSix {
				left = n
			}
		}
		return left
	}
	return w.codecs.size(deflateSix, block)
}
