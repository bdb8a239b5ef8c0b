package spec

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestParseFiles(t *testing.T) {
	plain := Spec{Dedup: 1, Unit: DefaultUnit, Compress: 1}
	fixed := plain
	fixed.Size = 64 << 10
	for _, c := range []struct {
		in   string
		want Files
		text string // canonical
	}{
		{"64K", Files{Spec: fixed}, "64K"},
		{"64K,total=1P", Files{Spec: fixed, Total: 1 << 50}, "64K,total=1P"},
		{"64K,share=12.50%", Files{Spec: fixed, Share: 125_000_000}, "64K,share=12.5%"},
		{"4K..1M", Files{Spec: plain, Sizes: Sizes{From: 4 << 10, To: 1 << 20}}, "4K..1M"},
		{"1..9223372036854775807", Files{Spec: plain, Sizes: Sizes{From: 1, To: math.MaxInt64}}, "1..9223372036854775807"},
		{"lognormal:64K:1.50", Files{Spec: plain, Sizes: Sizes{Median: 64 << 10, Sigma: 1.5}}, "lognormal:64K:1.5"},
		{"lognormal:1:10,share=100%,seed=7", Files{Spec: Spec{HasSeed: true, Seed: 7, Dedup: 1, Unit: DefaultUnit, Compress: 1}, Sizes: Sizes{Median: 1, Sigma: 10}, Share: Billion}, "lognormal:1:10,seed=7,share=100%"},
		{"normal:140M:47M", Files{Spec: plain, Sizes: Sizes{Mean: 140 << 20, Deviation: 47 << 20}}, "normal:140M:47M"},
		{"normal:1024:5:1..", Files{Spec: plain, Sizes: Sizes{Mean: 1024, Deviation: 5, Min: 1}}, "normal:1K:5:1.."},
		{"normal:1024:5:..2K", Files{Spec: plain, Sizes: Sizes{Mean: 1024, Deviation: 5, Max: 2048}}, "normal:1K:5:..2K"},
		{"lognormal:1K:1:10..1M", Files{Spec: plain, Sizes: Sizes{Median: 1024, Sigma: 1, Min: 10, Max: 1 << 20}}, "lognormal:1K:1:10..1M"},
		{"square:12107:2822.20", Files{Spec: plain, Sizes: Sizes{Side: 12107, SideDeviation: 2822.2}}, "square:12107:2822.2"},
		{"64K,share=0.0000001%,generation=4095,change=0%,phase=999999999", Files{
			Spec:  Spec{Size: 64 << 10, Dedup: 1, Unit: DefaultUnit, Compress: 1, Revision: Revision{Generation: 4095, HasChange: true, Phase: 999999999}},
			Share: 1,
		}, "64K,generation=4095,change=0%,phase=999999999,share=0.0000001%"},
	} {
		got, err := ParseFiles(c.in)
		if got != c.want || err != nil {
			t.Errorf("ParseFiles(%q) = %+v, %v; want %+v", c.in, got, err, c.want)
		}
		if got.String() != c.text {
			t.Errorf("%q is written %q, want %q", c.in, got, c.text)
		}
	}
	for in, want := range map[string]string{
		"4K..":                                 `size "": a size starts with a digit`,
		"4K..1Z":                               `size "1Z": unknown suffix`,
		"0..4K":                                `sizes "0..4K": the smallest size of a range is 1`,
		"4K..4K":                               `sizes "4K..4K": the first one must be the smaller one`,
		"1M..4K":                               `sizes "1M..4K": the first one must be the smaller one`,
		"lognormal:64K":                        `sizes "lognormal:64K": must be lognormal:MEDIAN:SIGMA`,
		"lognormal:0:1":                        `the smallest median is 1`,
		"lognormal:64K:0":                      `sigma, the standard deviation of the natural logarithm, must be from 0.001 to 10`,
		"lognormal:64K:11":                     `from 0.001 to 10`,
		"lognormal:64K:1e1":                    `from 0.001 to 10`,
		"lognormal:64K:-1":                     `from 0.001 to 10`,
		"4K,total=0":                           `total "0": must be 1 byte or more`,
		"4K,total=x":                           `total: size "x"`,
		"4K,share=0%":                          `share "0%": must be more than 0%`,
		"4K,share=2":                           `share "2": must be a percentage, such as 2% or 0.05%`,
		"4K,share=100.1%":                      `share "100.1%": must be at most 100%`,
		"4K,share=0.00000001%":                 `share "0.00000001%": has more than 7 digits after the point`,
		"4K,share=1%,total=1G":                 `total= and share= exclude each other`,
		"4K..1M,scope=group,skew=1":            `sizes "4K..1M": with scope=group, whole files repeat about equally often`,
		"4K..1M,group=0of1":                    `sizes "4K..1M": group= is the place of a file of one size`,
		"4K,generation=4096":                   `generation "4096": a generation is a whole number from 0 to 4095`,
		"4K,change=-1%":                        `change "-1%": must be a percentage`,
		"4K,phase=1000000000":                  `phase "1000000000": a phase is a whole number from 0 to 999999999`,
		"4K,more=1":                            `key "more" is unknown; did you mean mode? there are seed, dedup, unit, run, skew, scope, group, compress, texture, spread, zero, random, region, holes, hole, generation, change, insert, phase, format, shape, dtype, nan, record, columns, rows, rowgroup, members, member, rate, latency, fail, corrupt, mode, uid, gid, mtime, total, share`,
		"4K,share=1%,share=1%":                 `key "share" is given twice`,
		"4K,share":                             `key "share" has no value; write share=VALUE`,
		"99999999999999999999..1M":             `the largest size is 8E-1`,
		"lognormal:lognormal:1:2":              `size "lognormal"`,
		"lognormal:99999999999E:1.5":           `the largest size is 8E-1`,
		"gamma:140M:47M":                       `"gamma" is not a distribution of sizes; there are lognormal:MEDIAN:SIGMA`,
		"normal:140M":                          `sizes "normal:140M": must be normal:MEAN:SIGMA, as in normal:140M:47M, or normal:MEAN:SIGMA:MIN..MAX`,
		"normal:0:1":                           `the smallest mean and the smallest standard deviation are 1`,
		"normal:1:0":                           `the smallest mean and the smallest standard deviation are 1`,
		"normal:1M:1.5":                        `size "1.5"`,
		"normal:1M:1K:5":                       `sizes "normal:1M:1K:5": the smallest and the largest size are MIN..MAX, such as 1..1G`,
		"normal:1M:1K:..":                      `the smallest and the largest size are MIN..MAX`,
		"normal:1M:1K:0..":                     `the smallest size is from 1 to the mean or median`,
		"normal:1M:1K:2M..":                    `the smallest size is from 1 to the mean or median`,
		"lognormal:1M:1:..1K":                  `the largest is not below that`,
		"normal:1M:1K:1..1Z":                   `size "1Z"`,
		"square:100":                           `sizes "square:100": must be square:SIDE:SIGMA`,
		"square:0:1":                           `must be square:SIDE:SIGMA`,
		"square:1K:1":                          `must be square:SIDE:SIGMA`,
		"square:100:101":                       `must be square:SIDE:SIGMA`,
		"square:100:0":                         `must be square:SIDE:SIGMA`,
		"square:100:1:5":                       `must be square:SIDE:SIGMA`,
		"square:16777217:1":                    `up to 16777216`,
		"square:9:1,format=tar":                `sizes "square:9:1": shape: not a key of format=tar`,
		"square:9:1,format=npy,shape=9x9":      `leave out record= and shape=`,
		"square:9:1,format=tfrecord,record=81": `leave out record= and shape=`,
		"square:70000:1,format=jpeg":           `a jpeg is HEIGHTxWIDTH, up to 65535x65535`,
		"uniform:1K,seed=1":                    `"uniform" is not a distribution of sizes`,
		"normal:x":                             `sizes "normal:x": must be normal:MEAN:SIGMA`,
	} {
		if got, err := ParseFiles(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseFiles(%q) = %v, %v; want %s", in, got, err, want)
		}
	}
	// A single file is not many.
	for in, want := range map[string]string{
		"4K..1M":            `sizes "4K..1M": a single file has a single size`,
		"lognormal:64K:1.5": `a single file has a single size`,
		"4K,total=1G":       `key "total" is for many files, not for one; leave it out`,
		"4K,share=1%":       `key "share" is for many files`,
	} {
		if got, err := Parse(in); err == nil || !strings.Contains(err.Error(), want) || got != (Spec{}) {
			t.Errorf("Parse(%q) = %v, %v; want %s", in, got, err, want)
		}
	}
}

func TestSeedName(t *testing.T) {
	for name, want := range map[string]string{
		"1M": "1M", "1024K,change=5%": "1024K,change=5%", "1M,generation=3,change=5%": "1M,change=5%", "1M,change=5%,generation=3": "1M,change=5%",
	} {
		if got := SeedName(name); got != want {
			t.Errorf("SeedName(%q) = %q, want %q", name, got, want)
		}
	}
}

// Close to what package math has, on this CPU.
func TestExactFunctions(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		x := random.Float64()*126 - 63
		if got, want := exp2(x), math.Exp2(x); math.Abs(got/want-1) > 1e-14 {
			t.Fatalf("exp2(%v) = %v, want %v", x, got, want)
		}
		y := math.Exp2(x)
		if got, want := log2(y), math.Log2(y); math.Abs(got-want) > 1e-14*max(1, math.Abs(want)) {
			t.Fatalf("log2(%v) = %v, want %v", y, got, want)
		}
		p := math.Exp2(-1 - 60*random.Float64()*random.Float64())
		if got, want := normalQuantile(p), -math.Sqrt2*math.Erfinv(1-2*p); p > 1e-9 && math.Abs(got-want) > 1e-6 {
			t.Fatalf("normalQuantile(%v) = %v, want %v", p, got, want)
		}
	}
	// Where 1-2p is rounded too much, Erfc tells.
	for _, p := range []float64{1e-10, 1e-12, 1e-15, 1e-17, math.Exp2(-61)} {
		if got := math.Erfc(-normalQuantile(p)/math.Sqrt2) / 2; math.Abs(got/p-1) > 1e-5 {
			t.Errorf("%v of the distribution is below normalQuantile(%v)", got, p)
		}
	}
}

// Sizes are the same on every machine, and for good: golden values.
func TestSizesGolden(t *testing.T) {
	for in, want := range map[string][]int64{
		"4K..1M":              {4097, 6513, 65536, 659433, 1048285},
		"lognormal:64K:1.5":   {191, 8257, 65536, 520130, 22438290},
		"lognormal:1:10":      {0, 0, 1, 994366, 78837379005452832},
		"1..8E":               {1, 39, 3037000500, 239130695304869344, 9203257579264832512},
		"lognormal:16G:0.001": {17113158760, 17156160399, 17179869184, 17203610733, 17246839658},
		"normal:140M:30M":     {24412432, 103358576, 146800640, 190242704, 269188848},
		"normal:1K:1K:1..2K":  {1, 1, 1024, 2048, 2048},
		"square:12107:2822":   {14599158, 86859429, 173880734, 167625896, 392000280},
	} {
		f, err := ParseFiles(strings.Replace(in, "8E", "9223372036854775807", 1))
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, place := range []uint64{0, 836, 5000, 9164, 10000} {
			got = append(got, f.Sizes.At(place, 10001))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", in, got, want)
		}
	}
}

// The distribution is what it says it is.
func TestSizesAreDistributed(t *testing.T) {
	const n = 100_001
	for _, in := range []string{"4K..1M", "1..3", "lognormal:64K:1.5", "lognormal:1G:3", "lognormal:5:0.1"} {
		f, err := ParseFiles(in)
		if err != nil {
			t.Fatal(err)
		}
		var sum, mean, square float64
		before := int64(0)
		for i := range uint64(n) {
			size := f.Sizes.At(i, n)
			if size < before {
				t.Fatalf("%s: size %d of %d is %d, after %d", in, i, n, size, before)
			}
			before = size
			sum += f.Sizes.at(i, n)
			l := math.Log(f.Sizes.at(i, n))
			mean += l / n
			square += l * l / n
		}
		wantMean, wantDeviation := math.Log(float64(f.Sizes.Median)), f.Sizes.Sigma
		if f.Sizes.To > 0 {
			from, to := math.Log(float64(f.Sizes.From)), math.Log(float64(f.Sizes.To))
			wantMean, wantDeviation = (from+to)/2, (to-from)/math.Sqrt(12)
		}
		if deviation := math.Sqrt(square - mean*mean); math.Abs(mean-wantMean) > 1e-3 || math.Abs(deviation/wantDeviation-1) > 1e-3 {
			t.Errorf("%s: logarithms of mean %v, deviation %v; want %v, %v", in, mean, deviation, wantMean, wantDeviation)
		}
		if got := float64(f.Sizes.Sum(n)); math.Abs(got/sum-1) > 1e-3 {
			t.Errorf("%s: sum %v, want %v", in, got, sum)
		}
		for _, few := range []uint64{1, 2, 3, 10, 1000, 1024, 1025, 3000} {
			sum := 0.0
			for i := range few {
				sum += f.Sizes.at(i, few)
			}
			if got := float64(f.Sizes.Sum(few)); math.Abs(got-sum) > 1+sum/1000 {
				t.Errorf("%s: %d files have %v bytes, want %v", in, few, got, sum)
			}
		}
	}
}

// So many files that nobody adds them up.
func TestSumOfMany(t *testing.T) {
	for _, n := range []uint64{1e9, 1e12, 1 << 60} {
		d := Sizes{Median: 2, Sigma: 0.5}
		mean := 2 * math.Exp(0.125)
		if got := float64(d.Sum(n)) / float64(n); math.Abs(got/mean-1) > 1e-3 {
			t.Errorf("%d files have a mean size of %v, want %v", n, got, mean)
		}
	}
	if got := (Sizes{Median: 1 << 40, Sigma: 1}).Sum(1 << 60); got != math.MaxUint64 {
		t.Errorf("a sum of more than 2^64 is %d", got)
	}
}

// Rounding does not go beyond the bounds of a range.
func TestSizesStayWithinBounds(t *testing.T) {
	for _, d := range []Sizes{{From: 1<<50 + 1, To: 1<<50 + 3}, {From: math.MaxInt64 - 1, To: math.MaxInt64}, {From: 1, To: 2}} {
		for n := uint64(1); n < 12; n++ {
			for i := range n {
				if size := d.At(i, n); size < d.From || size > d.To || d.Check(n) != nil {
					t.Errorf("%v: size %d of %d is %d, %v", d, i, n, size, d.Check(n))
				}
			}
		}
	}
}

func TestSizesCheck(t *testing.T) {
	d := Sizes{Median: 1 << 40, Sigma: 5}
	if err := d.Check(10); err != nil {
		t.Error(err)
	}
	if err := d.Check(1e9); err == nil || !strings.Contains(err.Error(), "the largest of 1000000000 files has") {
		t.Errorf("sizes that are too large: %v", err)
	}
}

func FuzzParseFiles(f *testing.F) {
	for _, s := range []string{"64K", "4K..1M,total=1P", "lognormal:64K:1.5,share=2.5%,compress=2", "normal:1K:5:1..,total=1G", "lognormal:9:1:..1E", "square:9:1.5,format=npz", "1,generation=3,change=2%,phase=5"} {
		f.Add(s, uint64(3), uint64(10))
	}
	f.Fuzz(func(t *testing.T, s string, place, n uint64) {
		files, err := ParseFiles(s)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q is more than one line", err)
			}
			return
		}
		again, err := ParseFiles(files.String())
		if err != nil || again != files {
			t.Errorf("%q is written %q, which is %+v, %v; not %+v", s, files, again, err, files)
		}
		n = n%(1<<61) + 1
		if !files.Sizes.IsZero() && files.Sizes.Check(n) == nil {
			if size := files.Sizes.At(place%n, n); size < 0 {
				t.Errorf("%q: size %d", s, size)
			}
		}
	})
}
