package gen

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// Every error names what is wrong, its value, and what would be right.
func TestConfigErrors(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	const (
		size     = "must not be negative"
		dedup    = "1 or more"
		unit     = "multiple of 4096, up to 1073741824"
		compress = "from 1 to 100"
	)
	for _, test := range []struct {
		cfg  Config
		what string
		want string
	}{
		{Config{Size: -1}, "size -1", size},
		{Config{Size: math.MinInt64}, "size -9223372036854775808", size},
		{Config{Dedup: nan}, "dedup NaN", dedup},
		{Config{Dedup: inf}, "dedup +Inf", dedup},
		{Config{Dedup: -inf}, "dedup -Inf", dedup},
		{Config{Dedup: -1}, "dedup -1", dedup},
		{Config{Dedup: 0.99}, "dedup 0.99", dedup},
		{Config{Unit: -4096}, "unit -4096", unit},
		{Config{Unit: 1}, "unit 1", unit},
		{Config{Unit: 4095}, "unit 4095", unit},
		{Config{Unit: 4097}, "unit 4097", unit},
		{Config{Unit: 6144}, "unit 6144", unit},
		{Config{Unit: MaxUnit + Cell}, "unit 1073745920", unit},
		{Config{Unit: 1 << 62}, "unit 4611686018427387904", unit},
		{Config{Compress: nan}, "compress NaN", compress},
		{Config{Compress: inf}, "compress +Inf", compress},
		{Config{Compress: -inf}, "compress -Inf", compress},
		{Config{Compress: -2}, "compress -2", compress},
		{Config{Compress: 0.5}, "compress 0.5", compress},
		{Config{Compress: 100.5}, "compress 100.5", compress},
		{Config{Skew: -1}, "skew -1", "0 to 8"},
		{Config{Skew: 9}, "skew 9", "0 to 8"},
		{Config{Size: 1, Group: Group{First: 1}}, "group of 0 units", "must hold the file's 1 from number 1 on"},
		{Config{Size: 3 << 17, Group: Group{Units: 9, First: 7}}, "group of 9 units", "must hold the file's 3 from number 7 on"},
		{Config{Size: 1, Group: Group{Units: 9, First: math.MaxUint64}}, "group of 9 units", "from number"},
		{Config{Revision: Revision{Generation: -1}}, "generation -1", "0 to 4095"},
		{Config{Revision: Revision{Generation: 4096}}, "generation 4096", "0 to 4095"},
		{Config{Revision: Revision{Share: 1e9 + 1}}, "share 1000000001", "0 to 1000000000 billionths"},
		{Config{Revision: Revision{Phase: 1e9}}, "phase 1000000000", "0 to 999999999 billionths"},
		{Config{Group: Group{Units: 1<<47 + 1}, Revision: Revision{Share: 1}}, "group of 140737488355329 units", "140737488355328 units of 131072 bytes or fewer"},
		{Config{Threads: -1}, "threads -1", "0 to 16384"},
		{Config{Threads: math.MaxInt}, fmt.Sprint("threads ", math.MaxInt), "0 to 16384"},
	} {
		g, err := New(test.cfg)
		if err == nil {
			t.Errorf("%s: no error", test.what)
			g.Close()
			continue
		}
		if text := err.Error(); !strings.HasPrefix(text, "gen: "+test.what+": ") || !strings.Contains(text, test.want) {
			t.Errorf("%s: error %q, want it to say %q", test.what, text, test.want)
		}
		if g != nil {
			t.Errorf("%s: a generator besides the error", test.what)
		}
	}
}

func TestConfigUnknownImplementation(t *testing.T) {
	for _, i := range []Implementation{Generic, AVX2, AVX512, NEON, NEON + 1, 255} {
		g, err := New(Config{Implementation: i})
		if slices.Contains(Implementations(), i) != (err == nil) {
			t.Errorf("implementation %v: error %v, and Implementations are %v", i, err, Implementations())
		}
		if err == nil {
			g.Close()
			continue
		}
		why := "not built into this program"
		if slices.Contains(built, i) {
			why = "not supported by this CPU"
		}
		if want := fmt.Sprintf("gen: implementation %v: %s; must be one of %v", i, why, Implementations()); err.Error() != want {
			t.Errorf("implementation %v: error %q, want %q", i, err, want)
		}
	}
}

func TestConfigLimitsAreValid(t *testing.T) {
	for _, cfg := range []Config{
		{},
		{Size: math.MaxInt64},
		{Size: math.MaxInt64, Dedup: math.MaxFloat64, Unit: MinUnit},
		{Size: math.MaxInt64, Dedup: math.Nextafter(1, 2), Unit: MaxUnit},
		{Size: 5, Dedup: math.SmallestNonzeroFloat64 + 1},
		{Size: 1 << 20, Compress: MaxCompress},
		{Size: 1 << 20, Compress: math.Nextafter(1, 2)},
		{Size: 1 << 20, Threads: 100},
		{Size: math.MaxInt64, Unit: MinUnit, Revision: Revision{Generation: MaxGeneration, Share: 1e9, Phase: 1e9 - 1}},
		{Size: math.MaxInt64, Unit: MaxUnit, Dedup: math.MaxFloat64, Revision: Revision{Generation: MaxGeneration, Share: 1, Phase: 0}},
	} {
		g := open(t, cfg)
		n := min(cfg.Size, 70001)
		off := cfg.Size - n
		got := mustRead(t, g, make([]byte, n), off)
		mustEqual(t, got, reference(cfg).bytes(off, int(n)), off)
	}
}

func TestConfigDefaults(t *testing.T) {
	const size = 3<<20 + 1
	for _, test := range []struct {
		name      string
		zero, set Config
	}{
		{"all", Config{}, Config{Dedup: 1, Unit: 128 << 10, Compress: 1, Threads: 2}},
		{"unit", Config{Dedup: 2}, Config{Dedup: 2, Unit: DefaultUnit}},
		{"unit without dedup", Config{}, Config{Unit: MinUnit}},
		{"unit with a revision", Config{Revision: Revision{Generation: 1, Share: 5e8, Phase: 0}}, Config{Unit: DefaultUnit, Revision: Revision{Generation: 1, Share: 5e8, Phase: 0}}},
	} {
		test.zero.Size, test.set.Size = size, size
		zero := mustRead(t, open(t, test.zero), make([]byte, size), 0)
		set := mustRead(t, open(t, test.set), make([]byte, size), 0)
		t.Run(test.name, func(t *testing.T) { mustEqual(t, zero, set, 0) })
	}
}
