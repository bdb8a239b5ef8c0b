package gen

import (
	"bytes"
	"testing"
)

// Every length up to two cells at every place of a cache line: the fastest
// code for parts of cells and for stores that must be aligned.
func TestEveryLengthAndAlignment(t *testing.T) {
	const most, line, margin = 2 * Cell, 64, 64
	step := 1
	if testing.Short() || raceEnabled() {
		step = 61 // prime to 64: the low bits of a length still vary
	}
	forEachImplementation(t, func(t *testing.T, impl implementation) {
		for _, cfg := range []Config{{Size: 1 << 40, Seed: 3}, {Size: 1 << 40, Seed: 3, Compress: 2, Dedup: 2, Unit: Cell}} {
			g := impl.open(t, cfg)
			const off = 5 * Cell
			want := reference(cfg).bytes(off, most)
			arena := bytes.Repeat([]byte{canary}, margin+line+most+margin)
			fresh := bytes.Clone(arena)
			outside := fresh[:margin]
			for n := 0; n <= most; n += step {
				for skew := range line + 1 {
					at := margin + skew
					p := arena[at : at+n]
					if _, err := g.ReadAt(p, off); err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(p, want[:n]) {
						mustEqual(t, p, want[:n], off)
					}
					if !bytes.Equal(arena[at-margin:at], outside) || !bytes.Equal(arena[at+n:at+n+margin], outside) {
						t.Fatalf("a read of %d bytes, %d from the start of a line, wrote outside", n, skew)
					}
					copy(p, fresh)
				}
			}
		}
	})
}
