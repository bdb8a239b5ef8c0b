package sum

import (
	"hash"
	"math/bits"

	"lukechampine.com/blake3/guts"
)

// groupChunks is how many chunks of blake3 are compressed at a time: as many as the
// widest vectors hold.
const (
	groupChunks = guts.MaxSIMD
	groupSize   = groupChunks * guts.ChunkSize
)

var groupHeight = bits.TrailingZeros(groupChunks)

// subtree is a complete tree of 2^height chunks.
type subtree struct {
	value  [8]uint32 // chaining value
	height int
}

// blake3Hash hashes a file from a chunk on. The binary tree that is blake3 over chunks of
// 1 KiB has a shape that follows from the number of chunks alone: what is left over from
// complete subtrees are the bits of that number. Parts that begin at a multiple of their
// size, a power of two, are such subtrees, so they can be hashed apart.
type blake3Hash struct {
	first uint64 // chunk
	n     uint64 // chunks so far, without those in group
	done  []subtree

	// The last chunk of a file is hashed in another way, so what may be the end is kept.
	group [groupSize]byte
	size  int // bytes in group
}

func newBlake3(first uint64) *blake3Hash { return &blake3Hash{first: first} }

// push adds a subtree behind those that are there.
func (h *blake3Hash) push(t subtree) {
	h.n += 1 << t.height
	for len(h.done) > 0 && h.done[len(h.done)-1].height == t.height {
		left := h.done[len(h.done)-1].value
		h.done = h.done[:len(h.done)-1]
		t = subtree{guts.ChainingValue(guts.ParentNode(left, t.value, &guts.IV, 0)), t.height + 1}
	}
	h.done = append(h.done, t)
}

func (h *blake3Hash) pushGroup(group *[groupSize]byte) {
	node := guts.CompressBuffer(group, groupSize, &guts.IV, h.first+h.n, 0)
	h.push(subtree{guts.ChainingValue(node), groupHeight})
}

func (h *blake3Hash) Write(p []byte) (int, error) {
	length := len(p)
	if h.size > 0 {
		n := copy(h.group[h.size:], p)
		h.size += n
		p = p[n:]
	}
	if h.size == groupSize && len(p) > 0 {
		h.pushGroup(&h.group)
		h.size = 0
	}
	for len(p) > groupSize {
		h.pushGroup((*[groupSize]byte)(p))
		p = p[groupSize:]
	}
	h.size += copy(h.group[h.size:], p)
	return length, nil
}

// finishPart adds the rest of a part that does not end the file.
func (h *blake3Hash) finishPart() {
	if h.size == groupSize {
		h.pushGroup(&h.group)
		h.size = 0
	}
}

// Sum returns the checksum of the file, of which h has hashed the end, after b.
func (h *blake3Hash) Sum(b []byte) []byte {
	// On a copy, as more may be written.
	end := blake3Hash{first: h.first, n: h.n, done: append([]subtree(nil), h.done...)}
	rest := h.group[:h.size]
	for len(rest) > guts.ChunkSize {
		node := guts.CompressChunk(rest[:guts.ChunkSize], &guts.IV, end.first+end.n, 0)
		end.push(subtree{guts.ChainingValue(node), 0})
		rest = rest[guts.ChunkSize:]
	}
	node := guts.CompressChunk(rest, &guts.IV, end.first+end.n, 0)
	for i := len(end.done) - 1; i >= 0; i-- {
		node = guts.ParentNode(end.done[i].value, guts.ChainingValue(node), &guts.IV, 0)
	}
	node.Flags |= guts.FlagRoot
	block := guts.WordsToBytes(guts.CompressNode(node))
	return append(b, block[:h.Size()]...)
}

func (h *blake3Hash) Size() int      { return 32 }
func (h *blake3Hash) BlockSize() int { return guts.BlockSize }
func (h *blake3Hash) Reset()         { *h = blake3Hash{first: h.first} }

// blake3Joiner puts the subtrees of parts together.
type blake3Joiner struct {
	size int64 // of the file
	off  int64 // of the next part
	all  *blake3Hash
}

func blake3Parts(size int64) (joiner, int64, error) {
	return &blake3Joiner{size: size, all: newBlake3(0)}, partSize, nil
}

func (j *blake3Joiner) part(off int64) hash.Hash { return newBlake3(uint64(off / guts.ChunkSize)) }

func (j *blake3Joiner) join(part hash.Hash, size int64) {
	p := part.(*blake3Hash)
	j.off += size
	if j.off < j.size {
		p.finishPart()
	}
	for _, t := range p.done {
		j.all.push(t)
	}
	j.all.size = copy(j.all.group[:], p.group[:p.size])
}

func (j *blake3Joiner) sum() []byte { return j.all.Sum(nil) }
