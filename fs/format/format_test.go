package format

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/dgenfs/dgenfs/gen"
)

// describe reads a description as a spec has it: format,KEY=VALUE,...
func describe(t testing.TB, format string, size int64, keys ...string) Description {
	t.Helper()
	d := Description{Format: format, Size: size}
	for i := 0; i < len(keys); i += 2 {
		if err := d.Set(keys[i], keys[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// samples holds at least one description of each format, with all kinds of layouts.
func samples(t testing.TB) map[string]Description {
	m := map[string]Description{}
	add := func(name, format string, size int64, keys ...string) {
		m[name] = describe(t, format, size, keys...)
	}
	add("npy", "npy", 100_000, "dtype", "f4")
	add("npz", "npz", 1_000_001)
	add("npz f2", "npz", Any, "shape", "300x1000", "dtype", "f2")
	add("npz f4", "npz", Any, "shape", "3x100x301", "dtype", "f4")
	add("npz f8", "npz", Any, "shape", "3x10001", "dtype", "f8")
	add("npz small", "npz", 600)
	add("zip", "zip", 300_000)
	add("zip members", "zip", Any, "members", "23", "member", "10001")
	add("zip of jpeg", "zip", Any, "members", "23", "member", "10001.jpg")
	add("zip of npy", "zip", Any, "members", "5", "member", "5000.npy")
	add("pt", "pt", Any, "shape", "1000x100", "dtype", "bf16")
	add("safetensors", "safetensors", Any, "shape", "50000", "dtype", "f4")
	add("tfrecord", "tfrecord", 2825827)
	add("tfrecord small", "tfrecord", 114304*3, "record", "114244")
	add("tfrecord tiny", "tfrecord", 2554*100, "record", "2500")
	add("hdf5", "hdf5", 100_000)
	add("parquet", "parquet", 300_000, "columns", "3xf4+2xi4", "rowgroup", "1000")
	add("parquet rows", "parquet", Any, "columns", "20xf4+3xu8+2xint64+1xf2", "rowgroup", "1000", "rows", "5500")
	add("parquet lists", "parquet", Any, "columns", "2xf4x300+1xf8+1xi4x1", "rowgroup", "100", "rows", "250")
	add("jpeg", "jpeg", 322957)
	add("jpeg shape", "jpeg", Any, "shape", "480x641")
	add("jpeg comments", "jpeg", 204+3*65537+2, "shape", "8x8")
	add("png", "png", 30_000)
	add("png large", "png", 3_000_001)
	add("png shape", "png", Any, "shape", "200x301x3")
	add("tar", "tar", 100*512)
	add("tar of jpeg", "tar", Any, "members", "12", "member", "10001.jpg")
	add("wav", "wav", 100_002)
	add("bmp", "bmp", 100_001)
	add("gz", "gz", 200_000)
	add("gz short", "gz", 10+2*(5+65535)+5+8)
	add("arrow", "arrow", 99_994, "dtype", "f4")
	add("arrow u8", "arrow", Any, "shape", "10001")
	add("gguf", "gguf", Any, "shape", "100x300", "dtype", "bf16")
	add("gpt", "gpt", 3<<20)
	add("lengths", "lengths", 8*5001, "record", "128K")
	add("offsets", "offsets", 8*5001, "record", "128K")
	add("tfindex", "tfindex", IndexSize(TFIndex, 114244, 10_000), "record", "114244")
	add("tfindex tiny", "tfindex", IndexSize(TFIndex, 1, 3_000), "record", "1")
	return m
}

func open(t testing.TB, d Description, cfg gen.Config) (*File, *Reader) {
	t.Helper()
	f, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Open(Generate(cfg))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return f, r
}

func whole(t testing.TB, d Description, cfg gen.Config) []byte {
	t.Helper()
	f, r := open(t, d, cfg)
	b := make([]byte, f.Size())
	if n, err := r.ReadAt(b, 0); n != len(b) || err != nil {
		t.Fatalf("read %d of %d bytes: %v", n, len(b), err)
	}
	return b
}

// Any split of a read equals the whole.
func TestSplitReads(t *testing.T) {
	for name, d := range samples(t) {
		t.Run(name, func(t *testing.T) {
			f, r := open(t, d, gen.Config{Seed: 5})
			b := whole(t, d, gen.Config{Seed: 5})
			rnd := rand.New(rand.NewPCG(1, 2))
			p := make([]byte, 300_000)
			for i := range 1000 {
				off := rnd.Int64N(f.Size())
				if i%4 == 0 { // near the end
					off = max(0, f.Size()-1-rnd.Int64N(5000))
				}
				n := 1 + rnd.IntN(5000)
				if i%16 == 0 {
					n = 1 + rnd.IntN(len(p))
				}
				want := b[off:min(off+int64(n), f.Size())]
				got, err := r.ReadAt(p[:n], off)
				if got != len(want) || err != nil && err != io.EOF || err == io.EOF != (got < n) {
					t.Fatalf("ReadAt(%d bytes, %d) = %d, %v", n, off, got, err)
				}
				if !bytes.Equal(p[:got], want) {
					t.Fatalf("%d bytes at %d differ from the sequential read", n, off)
				}
			}
			for off := int64(0); off < min(f.Size(), 700); off++ {
				if _, err := r.ReadAt(p[:1], off); err != nil || p[0] != b[off] {
					t.Fatalf("byte %d differs: %v", off, err)
				}
			}
		})
	}
}

// Every size is either possible, or its error names the two nearest that are.
func TestSizes(t *testing.T) {
	cases := map[string]Description{}
	for name, d := range samples(t) {
		if d.Shape.IsZero() && d.Rows == 0 && (d.Members == 0 || d.Member.Size == 0) {
			cases[name] = d
		}
	}
	cases["zip members only"] = Description{Format: "zip", Members: 3}
	cases["tar members only"] = Description{Format: "tar", Members: 3}
	cases["zip member only"] = Description{Format: "zip", Member: Member{Size: 100}}
	cases["tar member only"] = Description{Format: "tar", Member: Member{Size: 1000, Format: "jpeg"}}
	for name, d := range cases {
		t.Run(name, func(t *testing.T) {
			const most = 3000
			from := int64(0)
			switch d.Format {
			case "gpt":
				from = 1 << 20
			case "tfrecord":
				from = max(0, d.Record-100)
			}
			last := int64(0)
			var refused []*SizeError
			check := func(above int64) {
				for _, e := range refused {
					if e.Below != last || e.Above != above {
						t.Errorf("size %d: the nearest are %d and %d, not %d and %d", e.Size, last, above, e.Below, e.Above)
					}
				}
				refused = nil
			}
			for size := from; size < from+most || len(refused) > 0 && size < from+200_000; size++ {
				d.Size = size
				f, err := New(d)
				var e *SizeError
				switch {
				case err == nil && f.Size() != size:
					t.Fatalf("size %d: file has %d", size, f.Size())
				case err == nil:
					check(size)
					last = size
				case !errors.As(err, &e):
					t.Fatalf("size %d: %v", size, err)
				default:
					refused = append(refused, e)
				}
			}
			if last == 0 {
				t.Error("no size is possible")
			}
		})
	}
}
