package gen

import (
	"bytes"
	"crypto/sha256"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// No sectors of different cells are equal.
func TestTextureSectorsDiffer(t *testing.T) {
	for _, texture := range append(tokenTextures, Flat) {
		for _, ratio := range []float64{2, 10} {
			p := textureBytes(t, Config{Texture: texture, Compress: ratio}, 0, 8<<20)
			seen := make(map[[16]byte]int, len(p)/Sector)
			equal := 0
			for off := 0; off < len(p); off += Sector {
				sum := sha256.Sum256(p[off : off+Sector])
				key := [16]byte(sum[:])
				if at, ok := seen[key]; ok && at/Cell != off/Cell && !zeros(p[off:off+Sector]) {
					equal++
					t.Logf("%q", p[off:off+Sector])
				}
				seen[key] = off
			}
			if equal > 0 {
				t.Errorf("%v, compress %v: %d sectors are equal to others", texture, ratio, equal)
			}
		}
	}
}

// The marks of a cell make its last sectors, and no others, unlike those of any other cell, and
// leave whole characters.
func TestMarkText(t *testing.T) {
	var row [rowSize]byte
	for i := range row {
		row[i] = '!' + byte(i)
	}
	for _, text := range []string{"éé", "aé"} {
		for n := range Cell/Sector + 1 {
			before := strings.Repeat(text, Cell)[:Cell-1] + "\n"
			cell := [Cell]byte([]byte(before))
			markText(&cell, n, &row)
			for i := range Cell / Sector {
				at := i * Sector
				literals := string(row[i*word:][:marked])
				got := cell[at:][:Sector]
				if unmarked := i < Cell/Sector-n; unmarked != (string(got[:Sector-2]) == before[at:][:Sector-2]) ||
					unmarked == bytes.Contains(got, []byte(literals)) {
					t.Fatalf("%q, %d sectors: sector %d ends with %q", text, n, i, got[Sector-16:])
				}
			}
			cell[Cell-1] = '\n'
			if n == Cell/Sector && !utf8.Valid(cell[:]) {
				t.Errorf("%q: not UTF-8", text)
			}
		}
	}
}

// A sector, wherever it begins, has bytes that depend on numbers of its cell's own: literals,
// choices between pieces, the cell's pieces, or a time. There are enough bits of such numbers
// by the tables alone, even if all copies are long, or else all sectors are marked. Binary cells
// have no marks in sectors that are less than half zeros: those of the upper tables are compared
// by TestTextureSectorsDiffer alone.
func TestTextureSectorsAreFresh(t *testing.T) {
	const (
		enough = 20
		longer = 16 // Copies end with an atom. Some are longer, but not all of a sector.
	)
	for _, texture := range tokenTextures {
		x := textures[texture]()
		atom, line := longest(x.pool.atom[:]), longest(x.pool.line[:poolSize])
		for number := range x.dials {
			if x.marked(number) == Cell/Sector {
				continue
			}
			for first := range entries {
				if got := x.freshBits(number, first, min(atom, longer), line); got < enough {
					t.Fatalf("%v, table %d: a sector from token %d on has %d bits of its own", texture, number, first, got)
				}
			}
		}
	}
}

// freshBits returns how many bits there are in a sector that begins behind the first byte of
// a token, if copies are so much longer than tokens say, up to a line of a log.
func (x *tables) freshBits(number, first, longer, line int) int {
	const (
		perChar   = 6
		perPlace  = 12 // there are 23 thousand atoms and more
		perTime   = 32
		firstByte = 1
	)
	d := &x.dials[number]
	pieces := make(map[uint32]bool) // of the cell
	fresh, length := 0, -firstByte
	for i := first; ; i++ {
		class, shape := d.class[i%entries], d.shape[i%entries]
		c := choice(shape) << 32
		copied := c.length() + longer
		timed := x.lines && i%half == 0
		if x.lines {
			copied = min(copied, line)
		}
		length += c.literals() + copied
		if timed {
			length += timeLength
		}
		if length > Sector {
			return fresh
		}
		if i == first { // of which a part may be before the sector
			continue
		}
		fresh += perChar*c.literals() + bits.Len32(class>>16)
		if timed {
			fresh += perTime
		}
		if kind := shape >> (8 * kindByte) & 255; kind == cellToken && !pieces[class] {
			pieces[class] = true
			fresh += perPlace
		}
	}
}

func longest(lengths []uint8) int { return int(slices.Max(lengths)) }
