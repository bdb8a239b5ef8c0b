package gen

import (
	"encoding/binary"
	"fmt"
	"testing"
)

// Marks are the words that are read at the beginning of sectors.
func TestMarks(t *testing.T) {
	for _, c := range []Config{
		{},
		{Seed: 7, Compress: 2},
		{Compress: 1.3},
		{Compress: 50},
		{Compress: 100},
		{Dedup: 3, Unit: 8 << 10},
		{Dedup: 3, Unit: 8 << 10, Skew: 3, Compress: 3},
		{Dedup: 2, Unit: 8 << 10, Run: 64 << 10},
		{Unit: 8 << 10, Group: Group{Units: 1000, First: 77}, Dedup: 2},
		{Unit: 8 << 10, Revision: Revision{Generation: 3, Share: billion / 10}},
		{Texture: Flat, Compress: 3},
		{Texture: Flat, Compress: 10, Spread: 0.5},
		{Zero: billion / 5, Random: billion / 5, Compress: 4, Region: 8 << 10},
	} {
		c.Size = 300*Cell + 100
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			whole, err := Generate(c)
			if err != nil {
				t.Fatal(err)
			}
			g, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			defer g.Close()
			for sector := range Cell / Sector {
				for _, first := range []int{0, 3, 290} {
					got := make([]uint64, 300-first)
					if !g.Marks(got, uint64(first), sector) {
						t.Fatal("there are no marks")
					}
					for i, mark := range got {
						at := (first+i)*Cell + sector*Sector
						if want := binary.LittleEndian.Uint64(whole[at:]); mark != want {
							t.Fatalf("cell %d, sector %d: the mark is %#x, want %#x", first+i, sector, mark, want)
						}
					}
				}
			}
		})
	}
}

// Textures that are made of tokens have none, nor have files with insertions.
func TestNoMarks(t *testing.T) {
	for _, c := range []Config{{Texture: Text}, {Texture: Code}, {Texture: Log}, {Texture: Binary}, {Revision: Revision{Generation: 3, Insert: billion / 2}}} {
		c.Size, c.Threads = 100*Cell, 1
		g, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		mark := []uint64{7}
		if g.Marks(mark, 0, 0) || mark[0] != 7 {
			t.Errorf("%+v: there are marks", c)
		}
		g.Close()
	}
}

func BenchmarkMarks(b *testing.B) {
	for _, sector := range []int{0, 1, 7} {
		b.Run(fmt.Sprintf("sector=%d", sector), func(b *testing.B) {
			g, err := New(Config{Size: 1 << 40, Threads: 1})
			if err != nil {
				b.Fatal(err)
			}
			marks := make([]uint64, 1024)
			cell := uint64(0)
			for b.Loop() {
				g.Marks(marks, cell, sector)
				cell += uint64(len(marks))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(cell), "ns/cell")
		})
	}
}
