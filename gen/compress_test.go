package gen

import (
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math"
	"testing"
)

// packer measures how well flate compresses at its default level.
type packer struct {
	w    *flate.Writer
	size int
}

func newPacker(tb testing.TB) *packer {
	var p packer
	var err error
	if p.w, err = flate.NewWriter(&p, 6); err != nil {
		tb.Fatal(err)
	}
	return &p
}

func (p *packer) Write(b []byte) (int, error) {
	p.size += len(b)
	return len(b), nil
}

// ratio returns by what b compresses on its own.
func (p *packer) ratio(b []byte) float64 {
	p.size = 0
	p.w.Reset(p)
	p.w.Write(b)
	p.w.Close()
	return float64(len(b)) / float64(p.size)
}

// cellRatios returns the lowest, the mean and the highest ratio of the cells
// in p, each compressed on its own.
func cellRatios(tb testing.TB, p []byte) (lowest, mean, highest float64) {
	packer := newPacker(tb)
	lowest = math.Inf(1)
	var size float64
	for at := 0; at < len(p); at += Cell {
		r := packer.ratio(p[at : at+Cell])
		lowest, highest = min(lowest, r), max(highest, r)
		size += Cell / r
	}
	return lowest, float64(len(p)) / size, highest
}

// Of the cells, one in 65536 is where the choice of the longer layout ends. It
// must be there that it ends, so that the share of random words is exact.
func TestCompressLayoutBoundary(t *testing.T) {
	for _, ratio := range []float64{1.25, 2, 7, 30, 60} {
		cfg := Config{Size: math.MaxInt64, Seed: 1, Compress: ratio}
		ref := reference(cfg)
		boundary := uint64(0) // the lowest part of K1 that gets the shorter layout
		for boundary < 1<<16-1 && ref.randomWords(boundary) == ref.randomWords(0) {
			boundary++
		}
		if ref.randomWords(boundary) == ref.randomWords(0) {
			t.Fatalf("compress %v has one layout only, and tests nothing", ratio)
		}
		for _, k1 := range []uint64{boundary - 1, boundary, 0, 1<<16 - 1} {
			q := uint64(0)
			for refMix(refMix(cfg.Seed+2*refPhi)+q*refPhi)%65536 != k1 {
				q++
			}
			off := int64(q) * Cell
			want := ref.bytes(off, 3*Cell)
			for _, impl := range testedImplementations {
				g := impl.open(t, cfg)
				mustEqual(t, mustRead(t, g, make([]byte, 3*Cell), off), want, off)
			}
		}
	}
}

// Single cells and larger pieces compress by the configured ratio: within 6 % at the
// ratio that most people use.
func TestCompressTwo(t *testing.T) {
	const ratio, tolerance = 2, 0.06
	p := mustRead(t, open(t, Config{Size: 1 << 20, Compress: ratio}), make([]byte, 1<<20), 0)
	lowest, mean, highest := cellRatios(t, p)
	for what, got := range map[string]float64{
		"worst cell": lowest, "mean of cells": mean, "best cell": highest,
		"64 KiB": newPacker(t).ratio(p[:64<<10]), "1 MiB": newPacker(t).ratio(p),
	} {
		if math.Abs(got/ratio-1) > tolerance {
			t.Errorf("%s compresses by %.3f, want %v within %v", what, got, ratio, tolerance)
		}
	}
}

// Asking for more gives more, though what deflate itself takes up keeps small
// pieces from the full ratio beyond 10 or so.
func TestCompressIsMonotone(t *testing.T) {
	before := 0.0
	for _, ratio := range []float64{1, 1.25, 1.5, 2, 3, 4, 6, 10, 20, 30, 40, 50, 75, 100} {
		p := mustRead(t, open(t, Config{Size: 1 << 20, Compress: ratio}), make([]byte, 256<<10), 0)
		lowest, mean, highest := cellRatios(t, p)
		if mean <= before {
			t.Errorf("compress %v: mean %.3f, %.3f at the ratio below", ratio, mean, before)
		}
		// At 100, a cell has one random word or three.
		if lowest < mean*0.7 || highest > mean*1.6 {
			t.Errorf("compress %v: cells compress by %.3f to %.3f, far from the mean %.3f", ratio, lowest, highest, mean)
		}
		before = mean
	}
}

func TestIncompressible(t *testing.T) {
	for _, cfg := range []Config{{}, {Compress: 1}, {Dedup: 2, Unit: 1 << 20}} {
		cfg.Size = 512 << 10
		p := mustRead(t, open(t, cfg), make([]byte, cfg.Size), 0)
		if _, _, highest := cellRatios(t, p); highest > 1 {
			t.Errorf("%+v: a cell compresses by %.4f", cfg, highest)
		}
		if got := newPacker(t).ratio(p); got > 1 {
			t.Errorf("%+v: all compresses by %.4f", cfg, got)
		}
	}
}

// Without Dedup, nothing that a store may look for occurs twice: no sector does. Above
// 40, a cell has too few random words for that.
func TestCompressibleSectorsAreDistinct(t *testing.T) {
	const sector = 512
	size := int64(64 << 20)
	if testing.Short() || raceEnabled() {
		size = 8 << 20
	}
	buffer := make([]byte, 1<<20)
	for _, ratio := range []float64{1, 1.25, 2, 3, 4, 10, 20, 40} {
		t.Run(fmt.Sprintf("compress=%v", ratio), func(t *testing.T) {
			g := open(t, Config{Size: size, Compress: ratio})
			seen := make(map[uint64]int64, size/sector)
			for off := int64(0); off < size; off += int64(len(buffer)) {
				p := mustRead(t, g, buffer, off)
				for at := 0; at < len(p); at += sector {
					h := maphash.Bytes(hashSeed, p[at:at+sector])
					if before, ok := seen[h]; ok {
						t.Fatalf("the sectors at %d and %d are equal", before, off+int64(at))
					}
					seen[h] = off + int64(at)
				}
			}
		})
	}
}

// No two cells share a word, and so no cell is all zero.
func TestCellsShareNoWords(t *testing.T) {
	size := int64(64 << 20)
	if testing.Short() || raceEnabled() {
		size = 8 << 20
	}
	buffer := make([]byte, 1<<20)
	for _, ratio := range []float64{1.25, 2, 40, 50, 100} {
		g := open(t, Config{Size: size, Compress: ratio})
		seen := make(map[uint64]int64, size/Cell)
		for off := int64(0); off < size; off += int64(len(buffer)) {
			p := mustRead(t, g, buffer, off)
			for at := 0; at < len(p); at += Cell {
				for _, place := range []int{0, Cell/2 + 8, Cell - 8} {
					w := binary.LittleEndian.Uint64(p[at+place:])
					cell := off + int64(at)
					if before, ok := seen[w]; ok && before != cell {
						t.Fatalf("compress %v: the cells at %d and %d share the word %#x", ratio, before, cell, w)
					}
					seen[w] = cell
				}
			}
		}
	}
}
