package spec

import (
	"math"
	"strings"
	"testing"
)

// with returns what a spec of one byte says, after change.
func with(change func(*Spec)) Spec {
	s := Spec{Size: 1, Dedup: 1, Unit: DefaultUnit, Compress: 1}
	change(&s)
	return s
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Spec
		text string // canonical
	}{
		{"1", with(func(s *Spec) {}), "1"},
		{"0", with(func(s *Spec) { s.Size = 0 }), "0"},
		{"1024KiB", with(func(s *Spec) { s.Size = 1 << 20 }), "1M"},
		{"1,dedup=1,unit=128K,compress=1.0", with(func(s *Spec) {}), "1"},
		{"1,seed=0", with(func(s *Spec) { s.HasSeed = true }), "1,seed=0"},
		{"1,seed=7", with(func(s *Spec) { s.HasSeed, s.Seed = true, 7 }), "1,seed=7"},
		{"1,seed=0xfF", with(func(s *Spec) { s.HasSeed, s.Seed = true, 255 }), "1,seed=255"},
		{"1,dedup=3", with(func(s *Spec) { s.Dedup = 3 }), "1,dedup=3"},
		{"1,dedup=01.250", with(func(s *Spec) { s.Dedup = 1.25 }), "1,dedup=1.25"},
		{"1,dedup=10000000000000000000000", with(func(s *Spec) { s.Dedup = 1e22 }), "1,dedup=10000000000000000000000"},
		{"1,unit=4K", with(func(s *Spec) { s.Unit = MinUnit }), "1,unit=4K"},
		{"1,unit=1G", with(func(s *Spec) { s.Unit = MaxUnit }), "1,unit=1G"},
		{"1,unit=12288", with(func(s *Spec) { s.Unit = 12 << 10 }), "1,unit=12K"},
		{"1,compress=100", with(func(s *Spec) { s.Compress = 100 }), "1,compress=100"},
		{"1,compress=2.5,unit=1M,dedup=3,seed=9",
			Spec{Size: 1, Seed: 9, HasSeed: true, Dedup: 3, Unit: 1 << 20, Compress: 2.5},
			"1,seed=9,dedup=3,unit=1M,compress=2.5"},
	} {
		got, err := Parse(c.in)
		if got != c.want || err != nil {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", c.in, got, err, c.want)
		}
		if got.String() != c.text {
			t.Errorf("Parse(%q).String() = %q, want %q", c.in, got, c.text)
		}
		checkRoundTrip(t, got)
	}
}

func checkRoundTrip(t *testing.T, s Spec) {
	t.Helper()
	if back, err := Parse(s.String()); back != s || err != nil {
		t.Errorf("Parse(%q) = %+v, %v; want %+v", s.String(), back, err, s)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, size := range []int64{0, 1, 4096, 1e12, math.MaxInt64} {
		for _, dedup := range []float64{1, math.Nextafter(1, 2), 1.1, 3, 1e21, math.MaxFloat64} {
			for _, unit := range []int64{MinUnit, DefaultUnit, 12 << 10, MaxUnit} {
				for _, compress := range []float64{1, 4. / 3, 100} {
					s := Spec{Size: size, Dedup: dedup, Unit: unit, Compress: compress}
					checkRoundTrip(t, s)
					s.Seed, s.HasSeed = uint64(size)*3, true
					checkRoundTrip(t, s)
				}
			}
		}
	}
}

func TestStringOfZeroValues(t *testing.T) {
	if got := (Spec{Size: 5}).String(); got != "5" {
		t.Errorf("Spec{Size: 5} is %q, want 5", got)
	}
}

func TestParseErrors(t *testing.T) {
	const ratio = "a ratio is a plain number of 1 or more, such as 3 or 1.25"
	for s, want := range map[string]string{
		"":                            `size "": a size starts with a digit`,
		"dedup=3":                     `size "dedup=3": a size starts with a digit`,
		",dedup=3":                    `size "": a size starts with a digit`,
		"64X,dedup=3":                 `size "64X": unknown suffix "X"`,
		"8E,dedup=3":                  `size "8E": the largest size is 8E-1`,
		"1,":                          `"1," has an empty part; write SIZE,KEY=VALUE,KEY=VALUE with no comma too many`,
		"1,,dedup=3":                  `"1,,dedup=3" has an empty part`,
		"1,dedup=3,":                  `"1,dedup=3," has an empty part`,
		"1,dedupe=3":                  `key "dedupe" is unknown; there are seed, dedup, unit, compress`,
		"1,Dedup=3":                   `key "Dedup" is unknown`,
		"1, dedup=3":                  `key " dedup" is unknown`,
		"1,dedup =3":                  `key "dedup " is unknown`,
		"1,=3":                        `key "" is unknown`,
		"1,2":                         `key "2" is unknown`,
		"1,ded\nup=3":                 `key "ded\nup" is unknown`,
		"1,dedup":                     `key "dedup" has no value; write dedup=VALUE`,
		"1,dedup=3,dedup=3":           `key "dedup" is given twice; give it once`,
		"1,seed=1,unit=4K,seed=2":     `key "seed" is given twice`,
		"1,dedup=":                    `dedup "": ` + ratio,
		"1,dedup=0.5":                 `dedup "0.5": ` + ratio,
		"1,dedup=0":                   `dedup "0": ` + ratio,
		"1,dedup=-2":                  `dedup "-2": ` + ratio,
		"1,dedup=+2":                  `dedup "+2": ` + ratio,
		"1,dedup=1e2":                 `dedup "1e2": ` + ratio,
		"1,dedup=0x2":                 `dedup "0x2": ` + ratio,
		"1,dedup=1_0":                 `dedup "1_0": ` + ratio,
		"1,dedup=inf":                 `dedup "inf": ` + ratio,
		"1,dedup=NaN":                 `dedup "NaN": ` + ratio,
		"1,dedup=2.":                  `dedup "2.": ` + ratio,
		"1,dedup=.5":                  `dedup ".5": ` + ratio,
		"1,dedup=1.2.3":               `dedup "1.2.3": ` + ratio,
		"1,dedup=3=3":                 `dedup "3=3": ` + ratio,
		"1,dedup=3 ":                  `dedup "3 ": ` + ratio,
		"1,dedup=3\n":                 `dedup "3\n": ` + ratio,
		"1,dedup=2" + zeros(308):      `a ratio is at most 1.8e308`,
		"1,compress=0.99":             `compress "0.99": ` + ratio,
		"1,compress=1e1":              `compress "1e1": ` + ratio,
		"1,compress=100.1":            `compress "100.1": the highest ratio is 100`,
		"1,unit=0":                    `unit "0": a unit is a multiple of 4K, from 4K to 1G`,
		"1,unit=2K":                   `unit "2K": a unit is a multiple of 4K`,
		"1,unit=6K":                   `unit "6K": a unit is a multiple of 4K`,
		"1,unit=128KB":                `unit "128KB": a unit is a multiple of 4K`,
		"1,unit=1028M":                `unit "1028M": a unit is a multiple of 4K`,
		"1,unit=":                     `unit: size "": a size starts with a digit`,
		"1,unit=4X":                   `unit: size "4X": unknown suffix "X"`,
		"1,seed=":                     `seed "": a seed is a decimal number, or 0x and hexadecimal digits`,
		"1,seed=x":                    `seed "x": a seed is a decimal number`,
		"1,seed=0x":                   `seed "0x": a seed is a decimal number`,
		"1,seed=0xg":                  `seed "0xg": a seed is a decimal number`,
		"1,seed=ff":                   `seed "ff": a seed is a decimal number`,
		"1,seed=-1":                   `seed "-1": a seed is a decimal number`,
		"1,seed=+1":                   `seed "+1": a seed is a decimal number`,
		"1,seed=0x-1":                 `seed "0x-1": a seed is a decimal number`,
		"1,seed=1_0":                  `seed "1_0": a seed is a decimal number`,
		"1,seed=0x1_0":                `seed "0x1_0": a seed is a decimal number`,
		"1,seed=1K":                   `seed "1K": a seed is a decimal number`,
		"1,seed=18446744073709551616": `the largest seed is 18446744073709551615`,
	} {
		got, err := Parse(s)
		if err == nil {
			t.Errorf("Parse(%q) = %+v, want an error", s, got)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): %v; want %s", s, err, want)
		}
		if strings.Contains(err.Error(), "\n") || got != (Spec{}) {
			t.Errorf("Parse(%q) = %+v, %q; want no spec and one line", s, got, err)
		}
	}
}

func zeros(n int) string { return strings.Repeat("0", n) }

func TestParseSeed(t *testing.T) {
	for s, want := range map[string]uint64{
		"0": 0, "007": 7, "18446744073709551615": math.MaxUint64,
		"0x0": 0, "0xDEADbeef": 0xdeadbeef, "0xffffffffffffffff": math.MaxUint64,
	} {
		if got, err := ParseSeed(s); got != want || err != nil {
			t.Errorf("ParseSeed(%q) = %d, %v; want %d", s, got, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"64G,dedup=3,compress=2,seed=7", "1kB,unit=8K", "0,seed=0x1f", "1.5G", "1,dedup=1e2", "1,,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sp, err := Parse(s)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("Parse(%q): %q is more than one line", s, err)
			}
			return
		}
		if sp.Size < 0 || !(sp.Dedup >= 1) || math.IsInf(sp.Dedup, 0) || !(sp.Compress >= 1 && sp.Compress <= MaxCompress) ||
			sp.Unit < MinUnit || sp.Unit > MaxUnit || sp.Unit%Cell != 0 || sp.Seed != 0 && !sp.HasSeed {
			t.Errorf("Parse(%q) = %+v, out of bounds", s, sp)
		}
		checkRoundTrip(t, sp)
	})
}
