package gen

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"testing"
	"time"
	"unicode/utf8"
)

// tokenTextures are those whose cells are made of tokens.
var tokenTextures = []Texture{Text, Code, Log, Binary}

// textureBytes returns n bytes of cfg from off on.
func textureBytes(t testing.TB, cfg Config, off int64, n int) []byte {
	t.Helper()
	if cfg.Size == 0 {
		cfg.Size = math.MaxInt64
	}
	g, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	p := make([]byte, n)
	if _, err := g.ReadAt(p, off); err != nil {
		t.Fatal(err)
	}
	return p
}

// deflated returns the ratio of deflate, level 6, on blocks of a length.
func deflated(t *testing.T, p []byte, block int) float64 {
	t.Helper()
	var in, out int
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 6)
	if err != nil {
		t.Fatal(err)
	}
	for ; len(p) >= block; p = p[block:] {
		b.Reset()
		w.Reset(&b)
		w.Write(p[:block])
		w.Close()
		in, out = in+block, out+b.Len()
	}
	return float64(in) / float64(out)
}

// What deflate makes of blocks of 128 KiB is near what zstd -3 does, and larger blocks
// compress better than smaller ones.
func TestTextureRatios(t *testing.T) {
	ratios := []float64{1.5, 2, 3, 5, 9}
	if raceEnabled() {
		ratios = ratios[2:3] // only one goroutine runs
	}
	for _, texture := range tokenTextures {
		for _, ratio := range ratios {
			p := textureBytes(t, Config{Texture: texture, Compress: ratio}, 0, 4<<20)
			small, large := deflated(t, p, Cell), deflated(t, p, 128<<10)
			if large < 0.8*ratio || large > 1.25*ratio {
				t.Errorf("%v, compress %v: deflate makes %.2f of it", texture, ratio, large)
			}
			if small >= large {
				t.Errorf("%v, compress %v: 4 KiB compress by %.2f, 128 KiB by %.2f", texture, ratio, small, large)
			}
		}
	}
}

func TestTextureBounds(t *testing.T) {
	for _, texture := range tokenTextures {
		lowest, highest, usual := texture.Ratios()
		for _, c := range []struct {
			ratio float64
			ok    bool
		}{
			{lowest, true}, {highest, true}, {usual, true}, {0, true},
			{lowest - 0.01, false}, {highest + 0.01, false}, {math.NaN(), false}, {-1, false},
		} {
			g, err := New(Config{Size: 1, Texture: texture, Compress: c.ratio})
			if err == nil {
				g.Close()
			}
			if (err == nil) != c.ok {
				t.Errorf("%v, compress %v: %v", texture, c.ratio, err)
			}
		}
	}
	if _, err := New(Config{Texture: Texture(len(textureNames))}); err == nil {
		t.Error("a texture beyond the last one: no error")
	}
}

func TestParseTexture(t *testing.T) {
	for i, name := range textureNames {
		texture, err := ParseTexture(name)
		if err != nil || texture != Texture(i) || texture.String() != name {
			t.Errorf("%s: %v, %v", name, texture, err)
		}
	}
	for _, name := range []string{"", "Text", "lz"} {
		if _, err := ParseTexture(name); err == nil {
			t.Errorf("%q: no error", name)
		}
	}
}

// Text is valid UTF-8, with lines, at the end of every cell, too.
func TestTextureIsText(t *testing.T) {
	for _, texture := range []Texture{Text, Code, Log} {
		for _, ratio := range []float64{1.5, 2, 4, 10} {
			p := textureBytes(t, Config{Seed: 5, Texture: texture, Compress: ratio}, 1<<40, 2<<20)
			var lines int
			for ; len(p) > 0; p = p[Cell:] {
				cell := p[:Cell]
				if !utf8.Valid(cell) || cell[Cell-1] != '\n' {
					t.Fatalf("%v, compress %v: a cell is not lines of UTF-8: %q", texture, ratio, cell)
				}
				if i := bytes.IndexFunc(cell, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }); i >= 0 {
					t.Fatalf("%v, compress %v: control character %q", texture, ratio, cell[i])
				}
				lines += bytes.Count(cell, []byte("\n"))
			}
			if mean := 2 << 20 / lines; mean > 400 {
				t.Errorf("%v, compress %v: lines of %d bytes", texture, ratio, mean)
			}
		}
	}
}

func TestLogTimesRise(t *testing.T) {
	const layout = "2006-01-02 15:04:05"
	for _, off := range []int64{0, 1 << 30, 1<<42 + 1<<20} {
		p := textureBytes(t, Config{Texture: Log}, off, 1<<20)
		var last time.Time
		for line := range bytes.Lines(p) {
			if len(line) <= len(layout) {
				continue // the end of a cell cut it
			}
			at, err := time.Parse(layout, string(line[:len(layout)]))
			if err != nil {
				t.Fatalf("line %q: %v", line, err)
			}
			if at.Before(last) {
				t.Fatalf("%v comes after %v", at, last)
			}
			last = at
		}
		if want := time.Unix(946684800+(off+1<<20)/bytesPerSecond, 0).UTC(); last.After(want) || want.Sub(last) > time.Minute {
			t.Errorf("the log ends at %v, not about %v", last, want)
		}
	}
}

func zeros(p []byte) bool { return len(bytes.Trim(p, "\x00")) == 0 }

// textureShapes are what the golden hashes of textures are made of.
func textureShapes() []Config {
	var shapes []Config
	for _, texture := range append(tokenTextures, Flat) {
		for _, ratio := range []float64{0, 1.5, 3, 10} {
			shapes = append(shapes, Config{Texture: texture, Compress: ratio})
		}
		shapes = append(shapes, Config{Texture: texture, Dedup: 3, Unit: 64 << 10, Size: 10<<20 + 3},
			Config{Texture: texture, Spread: 0.5, Zero: 1e8, Random: 5e7, Region: 12 << 10})
	}
	shapes = append(shapes, Config{Zero: 2e8, Random: 1e8, Compress: 3},
		Config{Dedup: 3, Unit: 4 << 10, Run: 1 << 20, Size: 10<<20 + 3},
		Config{Dedup: 3, Unit: 4 << 10, Run: 64 << 10, Skew: 2, Revision: Revision{Generation: 3, Share: 1e8}})
	return shapes
}

func textureHash(t *testing.T, cfg Config) string {
	h := sha256.New()
	for _, off := range []int64{0, 1<<20 - 5, 9 << 20, 1<<50 + 1234} {
		if cfg.Size == 0 || off < cfg.Size {
			h.Write(textureBytes(t, cfg, off, 200_000))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// The bytes of textures are the same on every machine. They are a draft: a change of
// them changes these hashes, and has to be meant.
func TestTextureGolden(t *testing.T) {
	for i, cfg := range textureShapes() {
		cfg.Seed = uint64(i)
		got := textureHash(t, cfg)
		if *updateGolden {
			fmt.Printf("\t%q,\n", got)
			continue
		}
		if i >= len(textureHashes) || got != textureHashes[i] {
			t.Errorf("%v, compress %v, dedup %v: hash %s", cfg.Texture, cfg.Compress, cfg.Dedup, got)
		}
	}
}

func FuzzTextureSplit(f *testing.F) {
	f.Add(uint64(1), uint8(Text), uint8(30), uint32(4000), uint16(9000), uint16(4096))
	f.Add(uint64(2), uint8(Log), uint8(90), uint32(0), uint16(60000), uint16(1))
	f.Add(uint64(3), uint8(Binary), uint8(20), uint32(77), uint16(100), uint16(50))
	f.Add(uint64(4), uint8(Flat), uint8(25), uint32(4095), uint16(8194), uint16(2))
	f.Add(uint64(5), uint8(Code), uint8(60), uint32(1<<20), uint16(12288), uint16(4097))
	f.Fuzz(func(t *testing.T, seed uint64, texture, tenths uint8, off uint32, n, cut uint16) {
		cfg := Config{Seed: seed, Texture: Texture(1 + texture%5), Size: math.MaxInt64}
		lowest, highest, _ := cfg.Texture.Ratios()
		cfg.Compress = min(max(float64(tenths)/10, lowest), highest)
		whole := textureBytes(t, cfg, int64(off), int(n))
		k := int(cut) % (int(n) + 1)
		parts := append(textureBytes(t, cfg, int64(off), k), textureBytes(t, cfg, int64(off)+int64(k), int(n)-k)...)
		if !bytes.Equal(whole, parts) {
			t.Fatalf("[%d, +%d) cut at %d differs from the whole", off, n, k)
		}
	})
}

func TestDate(t *testing.T) {
	for _, days := range []uint64{0, 58, 59, 60, 365, 366, 1460, 36524, 36525, 40000, 73049, 146096, 146097, 2_000_000, 20*146097 - 1} {
		want := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(days))
		year, month, day := date(days)
		if got := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC); got != want {
			t.Errorf("day %d is %v, want %v", days, got, want)
		}
	}
}
