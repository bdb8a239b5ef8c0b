package spec

import (
	"math"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/gen"
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
		{"1,skew=0", with(func(s *Spec) {}), "1"},
		{"1,skew=08", with(func(s *Spec) { s.Skew = 8 }), "1,skew=8"},
		{"1,scope=file", with(func(s *Spec) {}), "1"},
		{"1,scope=group", with(func(s *Spec) { s.Group = true }), "1,scope=group"},
		{"1,group=0of1", with(func(s *Spec) { s.Units = 1 }), "1,group=0of1"},
		{"1,group=07of010", with(func(s *Spec) { s.First, s.Units = 7, 10 }), "1,group=7of10"},
		{"1,insert=2.50%,generation=1", with(func(s *Spec) { s.Generation, s.HasInsert, s.Insert = 1, true, 25e6 }), "1,generation=1,insert=2.5%"},
		{"0,group=5of5", with(func(s *Spec) { s.Size, s.First, s.Units = 0, 5, 5 }), "0,group=5of5"},
		{"32K,group=2of10,unit=4K", with(func(s *Spec) { s.Size, s.First, s.Units, s.Unit = 32<<10, 2, 10, 4<<10 }), "32K,unit=4K,group=2of10"},
		{"1,group=2251799813685247of2251799813685248,unit=4K",
			with(func(s *Spec) { s.First, s.Units, s.Unit = 1<<51-1, 1<<51, 4<<10 }), "1,unit=4K,group=2251799813685247of2251799813685248"},
		{"9223372036854775807,group=0of70368744177664", with(func(s *Spec) { s.Size, s.Units = math.MaxInt64, 1<<46 }), "9223372036854775807,group=0of70368744177664"},
		{"1,compress=2.5,unit=1M,dedup=3,seed=9",
			Spec{Size: 1, Seed: 9, HasSeed: true, Dedup: 3, Unit: 1 << 20, Compress: 2.5},
			"1,seed=9,dedup=3,unit=1M,compress=2.5"},
		{"1,compress=2,scope=group,skew=3,unit=1M,dedup=3,seed=9",
			Spec{Size: 1, Seed: 9, HasSeed: true, Dedup: 3, Unit: 1 << 20, Skew: 3, Group: true, Compress: 2},
			"1,seed=9,dedup=3,unit=1M,skew=3,scope=group,compress=2"},
		{"1,compress=2,group=3of8,skew=3,unit=1M,dedup=3,seed=9",
			Spec{Size: 1, Seed: 9, HasSeed: true, Dedup: 3, Unit: 1 << 20, Skew: 3, First: 3, Units: 8, Compress: 2},
			"1,seed=9,dedup=3,unit=1M,skew=3,group=3of8,compress=2"},
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
					s.Skew, s.Group = 5, true
					checkRoundTrip(t, s)
					s.Group, s.Units = false, maxUnits(unit)
					s.First = s.Units - s.units()
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
	const (
		skew  = "a skew is a whole number from 0 to 8"
		place = "must be NofM, the number of the file's first unit, counted from 0, and how many units the group has, as in 8of800"
	)
	const ratio = "a ratio is a plain number of 1 or more, such as 3 or 1.25"
	for s, want := range map[string]string{
		"":                            `size "": a size starts with a digit`,
		"dedup=3":                     `size "dedup=3": a size starts with a digit`,
		",dedup=3":                    `size "": a size starts with a digit`,
		"64X,dedup=3":                 `size "64X": unknown suffix "X"`,
		"8E,dedup=3":                  `size "8E": the largest size is 8E-1`,
		"1,":                          `"1," has an empty part; write SIZE,KEY=VALUE,KEY=VALUE without an extra comma`,
		"1,,dedup=3":                  `"1,,dedup=3" has an empty part`,
		"1,dedup=3,":                  `"1,dedup=3," has an empty part`,
		"1,dedupe=3":                  `key "dedupe" is unknown; did you mean dedup? there are seed, dedup, unit, run, skew, scope, group, compress, texture, spread, zero, random, region, holes, hole, generation, change, insert, phase, format, shape, dtype, nan, record, columns, rows, rowgroup, members, member, rate, latency, fail`,
		"1,Dedup=3":                   `key "Dedup" is unknown; did you mean dedup?`,
		"1,5G":                        `size "1,5G": sizes are whole numbers; write 1536M`,
		"1,5G,dedup=3":                `size "1,5G": sizes are whole numbers; write 1536M`,
		"1,compression=3":             `key "compression" is unknown; there are`,
		"1G,5=3":                      `key "5" is unknown; there are`,
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
		"1,skew=":                     `skew "": ` + skew,
		"1,skew=9":                    `skew "9": ` + skew,
		"1,skew=-1":                   `skew "-1": ` + skew,
		"1,skew=+1":                   `skew "+1": ` + skew,
		"1,skew=1.5":                  `skew "1.5": ` + skew,
		"1,skew=0x1":                  `skew "0x1": ` + skew,
		"1,skew=18446744073709551616": `skew "18446744073709551616": ` + skew,
		"1,scope=":                    `scope "": a scope is file or group`,
		"1,scope=Group":               `scope "Group": a scope is file or group`,
		"1,scope=group,group=0of1":    `scope= and group= exclude each other; leave out scope=`,
		"1,group=0of1,scope=file":     `scope= and group= exclude each other; leave out scope=`,
		"1,group=":                    `group "": ` + place,
		"1,group=1":                   `group "1": ` + place,
		"1,group=1of":                 `group "1of": ` + place,
		"1,group=of1":                 `group "of1": ` + place,
		"1,group=1/2":                 `group "1/2": ` + place,
		"1,group=0 of 1":              `group "0 of 1": ` + place,
		"1,group=-1of2":               `group "-1of2": ` + place,
		"1,group=0of1of2":             `group "0of1of2": ` + place,
		"1,group=0of+1":               `group "0of+1": ` + place,
		"1,group=0of0":                `group "0of0": a group has at least one unit`,
		"0,group=0of0":                `group "0of0": a group has at least one unit`,
		"1,group=1of1":                `group "1of1": the file has 1 units of 128K, so its first one has at most the number 0`,
		"0,group=2of1":                `group "2of1": the file has 0 units of 128K, so its first one has at most the number 1`,
		"1M,group=93of100":            `group "93of100": the file has 8 units of 128K, so its first one has at most the number 92`,
		"1M,group=0of7":               `group "0of7": the file alone has 8 units of 128K`,
		"1M,group=0of255,unit=4K":     `group "0of255": the file alone has 256 units of 4K`,
		"1,group=0of70368744177665":   `group "0of70368744177665": a group has at most 70368744177664 units of 128K`,
		"1,group=18446744073709551615of18446744073709551615": `a group has at most 70368744177664 units of 128K`,
		"1,group=0of18446744073709551616":                    `a group has at most 2251799813685248 units`,
		"1,group=18446744073709551616of1":                    `a group has at most 2251799813685248 units`,
		"1,seed=":                                            `seed "": a seed is a decimal number, or 0x and hexadecimal digits`,
		"1,seed=x":                                           `seed "x": a seed is a decimal number`,
		"1,seed=0x":                                          `seed "0x": a seed is a decimal number`,
		"1,seed=0xg":                                         `seed "0xg": a seed is a decimal number`,
		"1,seed=ff":                                          `seed "ff": a seed is a decimal number`,
		"1,seed=-1":                                          `seed "-1": a seed is a decimal number`,
		"1,seed=+1":                                          `seed "+1": a seed is a decimal number`,
		"1,seed=0x-1":                                        `seed "0x-1": a seed is a decimal number`,
		"1,seed=1_0":                                         `seed "1_0": a seed is a decimal number`,
		"1,seed=0x1_0":                                       `seed "0x1_0": a seed is a decimal number`,
		"1,seed=1K":                                          `seed "1K": a seed is a decimal number`,
		"1,seed=18446744073709551616":                        `the largest seed is 18446744073709551615`,
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

// checkConfig checks that the generator takes what the grammar does.
func checkConfig(t *testing.T, s Spec) {
	t.Helper()
	c := s.Config()
	c.Threads = 1
	g, err := s.Open(c)
	if err != nil {
		t.Errorf("%s: %v", s, err)
		return
	}
	defer g.Close()
	if g.Size() != s.Size {
		t.Errorf("%s has %d bytes", s, g.Size())
	}
}

func TestConfig(t *testing.T) {
	for _, text := range []string{
		"0", "8191P", "9223372036854775807,seed=7,dedup=3,unit=4K,skew=8,compress=100,generation=4095,change=100%,phase=999999999",
		"1M,unit=1G,group=5of6,generation=1,change=0.0000001%", "1M,unit=4K,group=2251799813684991of2251799813685247,generation=1,change=1%",
	} {
		s, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		checkConfig(t, s)
	}
	s, _ := Parse("5M,seed=7,dedup=3,unit=8K,skew=2,group=1of900,compress=4,generation=5,change=2%,phase=6")
	want := gen.Config{
		Size: 5 << 20, Seed: 7, Dedup: 3, Unit: 8 << 10, Skew: 2, Group: gen.Group{First: 1, Units: 900}, Compress: 4,
		Revision: gen.Revision{Generation: 5, Share: 2e7, Phase: 6},
	}
	if got := s.Config(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"64G,dedup=3,compress=2,seed=7", "1kB,unit=8K", "0,seed=0x1f", "1.5G", "1M,skew=3,scope=group", "1M,group=8of800,unit=128K", "9E,group=0of1", "1G,rate=5MB,latency=1.5s,fail=eio:0.001%", "1G,latency=12.345us,fail=estale@1M+4K", "1,dedup=1e2", "1,,",
		"1M,format=npz,dtype=f4,nan=yes", "12M,format=tar,members=7", "96,format=safetensors,shape=3x4", "1G,format=parquet,columns=13xf4+26xi4,rows=100,rowgroup=7", "64K,format=tfrecord,record=1K,group=0of9"} {
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
			sp.Unit < MinUnit || sp.Unit > MaxUnit || sp.Unit%Cell != 0 || sp.Seed != 0 && !sp.HasSeed || sp.Skew < 0 || sp.Skew > MaxSkew ||
			sp.Group && sp.Units != 0 || sp.First > sp.Units || sp.Units != 0 && sp.units() > sp.Units-sp.First || sp.Units > maxUnits(sp.Unit) ||
			sp.Trouble.Rate < 0 || sp.Trouble.Latency < 0 || sp.Trouble.Latency > MaxLatency || sp.Trouble.Fail.Share > Billion || (sp.Trouble.Fail.Share > 0) == (sp.Trouble.Fail.Length > 0) && sp.Trouble.Fail != (Fail{}) {
			t.Errorf("Parse(%q) = %+v, out of bounds", s, sp)
		}
		checkConfig(t, sp)
		checkRoundTrip(t, sp)
	})
}
