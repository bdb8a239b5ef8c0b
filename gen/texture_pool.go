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

	literalSpan = 1 << 17 // literals to choose from
	maskSpan    = 1 << 12
)

// pieces is the pool: bytes that the cells of a texture are cut out from. It is made
// of atoms, words with what follows them, instructions, records, and copies begin and
// end where atoms do.
type pieces struct {
	bytes [poolSize + poolPad]byte
	atom  [poolSize + poolPad]uint8 // how far on the next atom begins
	line  [poolSize + poolPad]uint8 // how far on the next line begins, at most 255

	// A row of literals is made of two, which begin at any place: each byte is from the one
	// or from the other, as masks say, which are 0 or 255. Those of kind 0 are as frequent as
	// in the pool, those of kind 1 about equally frequent.
	literals [2][literalSpan + rowSize]byte
	masks    [maskSpan + rowSize]byte
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
	next := len(b.atom)
	for i := len(b.atom) - 1; i >= 0; i-- {
		if k := len(starts) - 1; k >= 0 && starts[k] == i {
			next, starts = i, starts[:k]
		}
		b.atom[i] = uint8(min(next-i, 255))
	}
	next = len(b.line)
	for i := len(b.line) - 1; i >= 0; i-- {
		if b.bytes[i] == '\n' {
			next = i + 1
		}
		b.line[i] = uint8(min(next-i, 255))
	}
	b.finishLiterals(text)
}

// finishLiterals makes the literals and their masks.
func (b *builder) finishLiterals(text bool) {
	var literals []byte
	for _, c := range b.bytes[:poolSize] {
		if !text || c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			literals = append(literals, c)
		}
	}
	for i := range b.literals[0] {
		b.literals[0][i] = literals[b.below(len(literals))]
	}
	for i := range b.literals[1] {
		if text {
			b.literals[1][i] = '!' + byte(b.below('~'-'!'+1))
		} else {
			b.literals[1][i] = byte(b.below(256))
		}
	}
	for i := range b.masks {
		b.masks[i] = -byte(b.below(2))
	}
}
