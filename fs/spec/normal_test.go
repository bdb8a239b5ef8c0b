package spec

import (
	"math"
	"strings"
	"testing"
)

func sizesOf(t *testing.T, in string) Files {
	t.Helper()
	f, err := ParseFiles(in)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// checkSum compares the sum of some files with what is added up.
func checkSum(t *testing.T, in string, n uint64) (mean, deviation float64) {
	t.Helper()
	f := sizesOf(t, in)
	var sum, squares float64
	for i := range n {
		size := float64(f.Drawn(f.Sizes, i, n).Size)
		sum += size
		squares += size * size
	}
	// Sizes are rounded to whole bytes.
	if got := float64(f.SumSizes(f.Sizes, n)); math.Abs(got-sum) > float64(n)+sum/1000 || n <= 1000 && math.Abs(got-sum) > float64(n) {
		t.Errorf("%s: %d files have %.0f bytes, want %.0f", in, n, got, sum)
	}
	mean = sum / float64(n)
	return mean, math.Sqrt(squares/float64(n) - mean*mean)
}

func TestNormalSizes(t *testing.T) {
	for _, n := range []uint64{1, 2, 3, 10, 999, 1000, 1025, 100_001} {
		mean, deviation := checkSum(t, "normal:140M:30M", n)
		if math.Abs(mean/(140<<20)-1) > 1e-6 || n > 1000 && math.Abs(deviation/(30<<20)-1) > 1e-3 {
			t.Errorf("%d files have a mean of %.0f, deviation %.0f; want 140M, 30M", n, mean, deviation)
		}
	}
	for _, in := range []string{"normal:1K:1K:1..2K", "lognormal:64K:3:1K..1M", "normal:100:60:1..", "lognormal:10:2:..50"} {
		for _, n := range []uint64{1, 2, 1000, 5000} {
			checkSum(t, in, n)
			f := sizesOf(t, in)
			if err := f.Sizes.Check(n); err != nil {
				t.Error(err)
			}
			for i := range n {
				if size := f.Sizes.At(i, n); size < f.Sizes.Min || f.Sizes.Max > 0 && size > f.Sizes.Max {
					t.Fatalf("%s: size %d of %d is %d", in, i, n, size)
				}
			}
		}
	}
	if err := sizesOf(t, "normal:140M:47M").Sizes.Check(10_000); err == nil || !strings.Contains(err.Error(), "the smallest of 10000 files has -") || !strings.Contains(err.Error(), "as normal:140M:47M:1.. does") {
		t.Errorf("sizes below zero: %v", err)
	}
	if err := sizesOf(t, "normal:8191P:1P").Sizes.Check(10_000); err == nil || !strings.Contains(err.Error(), "or the mean smaller") {
		t.Errorf("sizes that are too large: %v", err)
	}
}

// Products have the moments of those of independent normal numbers: mean m^2, variance
// 2 m^2 s^2 + s^4. DLIO rounds sides down.
func TestProducts(t *testing.T) {
	const m, s = 12107 - 0.5, 2822.0
	want := math.Sqrt(2*m*m*s*s + s*s*s*s)
	for n, near := range map[uint64]float64{168: 1e-2, 1000: 2e-3, 7200: 5e-4, 50_000: 1e-4} {
		mean, deviation := checkSum(t, "square:12107:2822", n)
		if math.Abs(mean/(m*m)-1) > near || math.Abs(deviation/want-1) > 10*near {
			t.Errorf("%d files have a mean of %.0f, deviation %.0f; want %.0f, %.0f", n, mean, deviation, m*m, want)
		}
		for _, format := range []string{"format=npz", "format=npy,dtype=f4", "format=tfrecord", "format=hdf5"} {
			checkSum(t, "square:1210:282,"+format, min(n, 2000))
		}
	}
	checkSum(t, "square:3:3", 1000)
}

// A format has the sides that were drawn, and the size that follows from them.
func TestProductsInFormats(t *testing.T) {
	for in, want := range map[string]string{
		"square:100:9":                      "7140",
		"square:100:9,format=npz":           "7638,format=npz,shape=70x102x1",
		"square:100:9,format=npy,dtype=f4":  "28688,format=npy,shape=70x102x1,dtype=float32",
		"square:100:9,format=tfrecord":      "7194,format=tfrecord",
		"square:100:9,format=jpeg":          "7628,format=jpeg,shape=70x102",
		"square:100:9,format=png,seed=3":    "7278,seed=3,format=png,shape=70x102",
		"square:12107:2822,format=npz":      "36543732,format=npz,shape=2821x12954x1",
		"square:12107:2822,format=tfrecord": "36543300,format=tfrecord",
	} {
		f := sizesOf(t, in)
		const n = 1000
		if err := f.CheckSizes(f.Sizes, n); err != nil {
			t.Error(err)
			continue
		}
		s := f.Drawn(f.Sizes, 0, n)
		if s.String() != want {
			t.Errorf("%s: %s, want %s", in, s, want)
		}
		if again, err := Parse(s.String()); err != nil || again != s {
			t.Errorf("%s is read as %v, %v", s, again, err)
		}
	}
	f := sizesOf(t, "square:60000:5000,format=jpeg")
	if err := f.CheckSizes(f.Sizes, 1000); err == nil || !strings.HasPrefix(err.Error(), `sizes "square:60000:5000": shape`) {
		t.Errorf("images that are too large: %v", err)
	}
}
