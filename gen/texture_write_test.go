package gen

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
)

// forEachKernel runs test for each implementation but the reference, and each texture of
// tokens.
func forEachKernel(t *testing.T, test func(t *testing.T, x, reference *textured)) {
	for _, impl := range built {
		for _, texture := range tokenTextures {
			t.Run(fmt.Sprintf("impl=%v/texture=%v", impl, texture), func(t *testing.T) {
				mustRun(t, impl)
				x := textured{textures[texture](), texture.profile(), impl}
				reference := x
				reference.impl = Generic
				test(t, &x, &reference)
			})
		}
	}
}

func TestLiterals(t *testing.T) {
	forEachKernel(t, func(t *testing.T, x, reference *textured) {
		for rows := 1; rows <= cellRows; rows += rows/8 + 1 {
			for _, flat := range []uint64{0, 1, 134, 512, 1000, 1024} {
				got, want := make([]byte, rows*rowSize+rowSize), make([]byte, rows*rowSize+rowSize)
				drawn, wantDrawn := flat*phi, flat*phi
				for i := range got {
					got[i], want[i] = 0xa5, 0xa5
				}
				x.moreLiterals(got[:rows*rowSize], flat, &drawn)
				reference.pool.literalsGeneric(want[:rows*rowSize], flat, &wantDrawn)
				if drawn != wantDrawn || !bytes.Equal(got, want) {
					t.Fatalf("%d rows, %d of 1024 flat: differ, or what is behind them has changed", rows, flat)
				}
			}
		}
	})
}

// A cell of every table is what the reference writes, however many literals there are at a
// time, and nothing is written behind the slack.
func TestWriteTokens(t *testing.T) {
	type room struct {
		out    [Cell + slack]byte
		behind [64]byte
		sc     scratch
	}
	forEachKernel(t, func(t *testing.T, x, reference *textured) {
		for number := range x.dials {
			var rooms [2]room
			var writers [2]writer
			for i, with := range []*textured{x, reference} {
				r, w := &rooms[i], &writers[i]
				for i := range r.behind {
					r.behind[i] = 0xa5
				}
				n := uint64(number)
				drawn := n * phi2
				*w = writer{
					out: &r.out, literals: &r.sc.literals, table: &x.dials[number], pool: &x.pool,
					keys: [round]uint32{1, uint32(n * phi), uint32(n * phi >> 32)}, end: int(n * phi >> 47),
					drawn: uint32(n * phi2), step: uint32(n*phi2>>32) | 1, next: number % rounds * round,
				}
				if x.lines {
					r.sc.clock.set(n * 1000)
					w.clock = &r.sc.clock
				}
				for rows := 5; w.pos < Cell; rows = 4 + number%3 {
					x.moreLiterals(w.literals[w.have:][:rows*rowSize], 500, &drawn)
					w.have += rows * rowSize
					with.write(w)
				}
			}
			got, want := &writers[0], &writers[1]
			got.out, got.literals, got.clock = want.out, want.literals, want.clock
			if *got != *want {
				t.Fatalf("table %d: %+v, want %+v", number, *got, *want)
			}
			if p := want.pos; !bytes.Equal(rooms[0].out[:p], rooms[1].out[:p]) {
				t.Fatalf("table %d: bytes differ", number)
			}
			if rooms[0].behind != rooms[1].behind {
				t.Fatalf("table %d: wrote behind the slack", number)
			}
		}
	})
}

// Reads of every length and alignment are the same with every implementation, and no byte
// beside them is written.
func TestTextureImplementations(t *testing.T) {
	forEachImplementation(t, func(t *testing.T, impl implementation) {
		for _, texture := range append(tokenTextures, Flat) {
			cfg := Config{Seed: 9, Texture: texture, Size: 1 << 40}
			g := impl.open(t, cfg)
			cfg.Implementation = Generic
			want := textureBytes(t, cfg, 0, 64<<10)
			p := make([]byte, len(want)+1)
			for n := 1; n < len(want); n += n/3 + 1 {
				for _, off := range []int{0, 1, 511, 4095, 4096, 10_000} {
					if off+n > len(want) {
						continue
					}
					for i := range p {
						p[i] = 0xa5
					}
					mustRead(t, g, p[1:][:n], int64(off))
					mustEqual(t, p[1:][:n], want[off:off+n], int64(off))
					if p[0] != 0xa5 || p[n+1] != 0xa5 {
						t.Fatalf("%v, %d bytes at %d: wrote beside them", texture, n, off)
					}
				}
			}
		}
	})
}

// None but binary cells have tokens of zeros, and kernels rely on the bounds of tokens.
func TestTokens(t *testing.T) {
	for _, texture := range tokenTextures {
		x := textures[texture]()
		if zero := zeros(x.pool.bytes[:maxCopy]); zero == x.utf8 {
			t.Errorf("%v: the pool begins with zeros: %v", texture, zero)
		}
		for number := range x.dials {
			d := &x.dials[number]
			for i, shape := range d.shape {
				c, kind := choice(shape)<<32, shape>>(8*kindByte)&255
				if kind == zeroToken && x.utf8 {
					t.Fatalf("%v, table %d: a token of zeros", texture, number)
				}
				if kind >= tokenKinds || c.literals() > maxLiterals || c.length() < minCopy || c.length() > maxCopy {
					t.Fatalf("%v, table %d: token %d is out of bounds", texture, number, i)
				}
			}
		}
	}
}

// Fills that several threads work on, in smaller blocks than those of random bytes, are
// what one thread makes.
func TestTextureShared(t *testing.T) {
	cfg := Config{Seed: 3, Texture: Code, Size: 1 << 40}
	want := textureBytes(t, cfg, 0, 2<<20)
	cfg.Threads = 3
	g, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	var readers sync.WaitGroup
	for reader := range 4 {
		readers.Go(func() {
			p := make([]byte, len(want))
			for n := textureShareFrom - 1; n < len(want)-5000; n += n/2 + 1 {
				off := 1021 * reader
				if _, err := g.ReadAt(p[:n], int64(off)); err != nil || !bytes.Equal(p[:n], want[off:off+n]) {
					t.Errorf("%d bytes at %d differ, error %v", n, off, err)
				}
			}
		})
	}
	readers.Wait()
}
