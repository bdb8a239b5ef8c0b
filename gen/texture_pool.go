package gen

import (
	"bytes"
	"math/bits"
	"slices"

	"github.com/dgenfs/dgenfs/gen/keyed"
)

const (
	poolBits = 17
	poolSize = 1 << poolBits
	poolPad  = 1024 // the pool goes on with its beginning for so many bytes

	// Behind that there are zeros, which are atoms of one byte.
	zerosAt = poolSize + poolPad
	zeroPad = maxCopy + 3*chunk
)

// pieces is the pool: bytes that the cells of a texture are cut out from. It is made
// of atoms, words with what follows them, instructions, records, and copies begin and
// end where atoms do.
type pieces struct {
	bytes [zerosAt + zeroPad]byte
	atom  [zerosAt + zeroPad]uint8  // how far on the next atom begins
	line  [poolSize + poolPad]uint8 // how far on the next line begins, at most 255

	// Literals: 256 that are as frequent as in the pool, and then 256 that are about
	// equally frequent, flatFirst + i*flatCount/256.
	literals  [512]byte
	flatFirst byte
	flatCount uint16
}

// dice draws numbers that are the same on every machine.
type dice uint64

func (d *dice) next() uint64 {
	*d += phi
	return keyed.Mix(uint64(*d))
}

// below returns a number from 0 to n-1.
func (d *dice) below(n int) int { return int(d.next() >> 32 * uint64(n) >> 32) }

// chance is true n times in 100.
func (d *dice) chance(n int) bool { return d.below(100) < n }

// zipf returns a number from 0 to 2^octaves - 2, each octave equally often: the
// number n about 1/n times, as words are used.
func (d *dice) zipf(octaves int) int {
	n := d.below(octaves)
	return 1<<n - 1 + d.below(1<<n)
}

// builder appends atoms to the pool.
type builder struct {
	*pieces
	dice
	n      int
	starts []int // where the atoms begin
}

func (b *builder) full() bool { return b.n == poolSize }

// add appends an atom, cut where the pool is full.
func (b *builder) add(atom string) {
	if atom == "" || b.full() {
		return
	}
	b.starts = append(b.starts, b.n)
	b.n += copy(b.bytes[b.n:poolSize], atom)
}

// repeat appends n atoms from before once more, those further back the less often.
func (b *builder) repeat(n int) {
	have := len(b.starts)
	if have <= n {
		return
	}
	back := n + b.zipf(bits.Len(uint(have-n)))%(have-n+1)
	for _, from := range b.starts[have-back:][:n] {
		to := b.n
		if i, _ := slices.BinarySearch(b.starts, from+1); i < len(b.starts) {
			to = b.starts[i]
		}
		b.add(string(b.bytes[from:to]))
	}
}

// repeatLines appends n lines from before once more.
func (b *builder) repeatLines(n int) {
	from := b.below(b.n + 1)
	for ; n > 0; n-- {
		begin := bytes.IndexByte(b.bytes[from:b.n], '\n') + 1
		length := bytes.IndexByte(b.bytes[from+begin:b.n], '\n') + 1
		if begin == 0 || length == 0 {
			return
		}
		from += begin
		for to := from + length; from < to; {
			i, _ := slices.BinarySearch(b.starts, from+1)
			end := b.n
			if i < len(b.starts) {
				end = b.starts[i]
			}
			b.add(string(b.bytes[from:end]))
			from = end
		}
		from--
	}
}

// finish makes the tables that follow from the bytes. Of text, only printing
// characters that stand for themselves become literals.
func (b *builder) finish(text bool) {
	if text && b.bytes[poolSize-1] >= 0x80 {
		b.bytes[poolSize-1] = ' ' // perhaps the first half of a character
	}
	copy(b.bytes[poolSize:], b.bytes[:poolPad])
	starts := b.starts // the first is 0
	for _, s := range b.starts {
		if s < poolPad {
			starts = append(starts, poolSize+s)
		}
	}
	next := zerosAt
	for i := zerosAt - 1; i >= 0; i-- {
		if k := len(starts) - 1; k >= 0 && starts[k] == i {
			next, starts = i, starts[:k]
		}
		b.atom[i] = uint8(min(next-i, 255))
	}
	next = zerosAt
	for i := zerosAt - 1; i >= 0; i-- {
		if b.bytes[i] == '\n' {
			next = i + 1
		}
		b.line[i] = uint8(min(next-i, 255))
	}
	var literals []byte
	for _, c := range b.bytes[:poolSize] {
		if !text || c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			literals = append(literals, c)
		}
	}
	slices.Sort(literals)
	b.flatFirst, b.flatCount = 0, 256
	if text {
		b.flatFirst, b.flatCount = '!', 94
	}
	for i := range 256 {
		b.literals[i] = literals[(2*i+1)*len(literals)/512]
		b.literals[256+i] = b.flatFirst + byte(i*int(b.flatCount)/256)
	}
}
