package format

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash/adler32"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dgenfs/dgenfs/gen"
)

// payloadOf returns what gen says that the payload of a file is, and compares got with
// it: floats with the bit cleared, and but for the word at the end of each cell that
// its checksum is chosen by.
func comparePayload(t *testing.T, d Description, cfg gen.Config, got []byte) {
	t.Helper()
	f, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Size = f.PayloadSize()
	want, err := gen.Generate(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("payload has %d bytes, not %d", len(got), len(want))
	}
	width := int(d.DType.Width())
	for i := range want {
		if d.DType.isFloat() && !d.NaN && i%width == width-1 {
			want[i] &= 0xbf
		}
		if f.neutral != nil && i%gen.Cell >= gen.Cell-8 && i/gen.Cell < len(want)/gen.Cell {
			continue
		}
		if got[i] != want[i] {
			t.Fatalf("byte %d of the payload is %#x, not %#x", i, got[i], want[i])
		}
	}
}

// The CRC by arithmetic is that of hash/crc32.
func TestZeros(t *testing.T) {
	for _, c := range []*checksum{ieee(), castagnoli()} {
		for _, n := range []int64{0, 1, 2, 3, 7, 8, 100, 4096, 100_000} {
			for _, register := range []uint32{0, 1, 0x80000000, 0xdeadbeef, start} {
				if got, want := c.zeros(register, n), c.update(register, make([]byte, n)); got != want {
					t.Errorf("%#x after %d zeros: %#x, not %#x", register, n, got, want)
				}
			}
		}
	}
}

// A neutral cell does to a register what zeros do, keeps the bits outside the mask,
// and everything but its last word.
func TestNeutral(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, c := range []*checksum{ieee(), castagnoli()} {
		for dtype := range dtypes {
			word := dtype.finite()[7]
			n := newNeutralizer(c, word)
			for range 100 {
				cell := make([]byte, gen.Cell)
				for i := range cell {
					cell[i] = byte(rnd.Uint32())
				}
				m := dtype.finite()
				m.apply(cell, 0)
				before := bytes.Clone(cell)
				n.fix(cell)
				if c.update(0, cell) != 0 {
					t.Fatalf("%v: register is not 0", dtype)
				}
				if !bytes.Equal(cell[:gen.Cell-8], before[:gen.Cell-8]) {
					t.Fatalf("%v: changed more than a word", dtype)
				}
				if v := binary.LittleEndian.Uint64(cell[gen.Cell-8:]); v&^word != 0 {
					t.Fatalf("%v: %#x has bits outside of %#x", dtype, v, word)
				}
			}
		}
		n := newNeutralizer(c, jpegMask[7])
		cell := bytes.Repeat([]byte{0x55}, gen.Cell)
		if n.fix(cell); c.update(0, cell) != 0 || cell[gen.Cell-1]&0x80 != 0 {
			t.Error("jpeg: not neutral within the mask")
		}
	}
}

// Equal units stay equal and different ones different, where a CRC is forced, bits are
// masked, or both.
func TestDistinctUnits(t *testing.T) {
	const unit, units = 8 << 10, 240
	for _, d := range []Description{
		describe(t, "npz", Any, "shape", "1966080"),
		describe(t, "npz", Any, "shape", "491520", "dtype", "f4"),
		describe(t, "npz", Any, "shape", "983040", "dtype", "f2"),
		describe(t, "gz", 18+1966080+5*31),
		describe(t, "png", pngHead+pngZlib+1966080+32*(pngChunk+pngBlock)+pngAdler+pngTail),
		describe(t, "pt", Any, "shape", "983040", "dtype", "bf16"),
		describe(t, "jpeg", Any, "shape", "1536x1280"),
	} {
		for _, compress := range []float64{1, 3} {
			cfg := gen.Config{Seed: 9, Dedup: 3, Unit: unit, Compress: compress}
			f, r := open(t, d, cfg)
			if f.PayloadSize() != unit*units {
				t.Fatalf("%s: payload of %d bytes", d.Format, f.PayloadSize())
			}
			w := &work{payload: &r.payload}
			p := make([]byte, unit)
			seen := map[[32]byte]bool{}
			for i := range int64(units) {
				if err := w.read(p, i*unit, nil); err != nil {
					t.Fatal(err)
				}
				seen[sha256.Sum256(p)] = true
			}
			if len(seen) != units/3 {
				t.Errorf("%s of %v, compress %v: %d distinct units, not %d", d.Format, d.DType, compress, len(seen), units/3)
			}
		}
	}
}

// Masked floats are finite and below 2, at any offset.
func TestFinite(t *testing.T) {
	p := bytes.Repeat([]byte{0xff}, 64)
	for _, test := range []struct {
		dtype DType
		value func(p []byte) float64
	}{
		{Float32, func(p []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(p))) }},
		{Float64, func(p []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(p)) }},
		{BFloat16, func(p []byte) float64 {
			return float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(p)) << 16))
		}},
		{Float16, func(p []byte) float64 {
			v := binary.LittleEndian.Uint16(p)
			if v&0x7c00 == 0x7c00 {
				return math.Inf(1)
			}
			return math.Ldexp(1+float64(v&0x3ff)/1024, int(v>>10&31)-15)
		}},
	} {
		m := test.dtype.finite()
		for off := range int64(64) {
			b := bytes.Clone(p)
			m.apply(b[off:], off)
			m.apply(b[:off], 0)
			for i := int64(0); i < 64; i += test.dtype.Width() {
				if v := math.Abs(test.value(b[i:])); !(v < 2) {
					t.Fatalf("%v is %v", test.dtype, v)
				}
			}
		}
	}
}

// Cells of every kind get the sums that an image's Adler-32 is computed from.
func TestImageNeutral(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	cells := map[string][]byte{"zeros": make([]byte, gen.Cell), "ones": bytes.Repeat([]byte{0xff}, gen.Cell)}
	random := make([]byte, gen.Cell)
	for i := range random {
		random[i] = byte(rnd.Uint32())
	}
	cells["random"] = random
	low := make([]byte, gen.Cell)
	for i := range low {
		low[i] = byte(rnd.Uint32() % 30)
	}
	cells["low"] = low
	image := newImageNeutral()
	for name, cell := range cells {
		before := bytes.Clone(cell)
		image.fix(cell)
		if got := (adlerSum{}).update(cell); got != cellSums {
			t.Errorf("%s: sums are %v, not %v", name, got, cellSums)
		}
		if register := ieee().update(0, cell); register != 0 {
			t.Errorf("%s: a register of 0 becomes %#x", name, register)
		}
		changed := 0
		for i := range cell {
			if cell[i] != before[i] {
				changed++
			}
		}
		t.Logf("%s: %d bytes changed", name, changed)
		if name == "random" && changed > gen.Cell/20 {
			t.Errorf("%d bytes of a random cell changed", changed)
		}
		again := bytes.Clone(cell)
		again = append(again, cell...)
		again = append(again, cell...)
		if got, want := adlerOfCells(3), adlerStart.update(again).value(); got != want {
			t.Errorf("%s: Adler-32 of three is %#x, not %#x", name, got, want)
		}
	}
	for n := range 1000 {
		p := random[:min(len(random), n*n%977+n)]
		if got, want := adlerStart.update(p).value(), adler32.Checksum(p); got != want {
			t.Fatalf("%d bytes: Adler-32 %#x, not %#x", len(p), got, want)
		}
	}
	large := bytes.Repeat([]byte{0xff}, 100_000)
	if got, want := adlerStart.update(large).value(), adler32.Checksum(large); got != want {
		t.Errorf("Adler-32 %#x, not %#x", got, want)
	}
	if got, want := castagnoli().update(start, []byte("123456789")), ^crc32.Checksum([]byte("123456789"), crc32.MakeTable(crc32.Castagnoli)); got != want {
		t.Errorf("register %#x, not %#x", got, want)
	}
}
