package gen

import (
	"math"
	"testing"
)

func TestMixtureShares(t *testing.T) {
	for _, c := range []struct{ zero, random uint64 }{
		{0, billion / 2}, {billion / 4, 0}, {billion / 3, billion / 3}, {billion, 0}, {0, billion}, {1, 1},
	} {
		cfg := Config{Size: 1 << 40, Texture: Binary, Zero: c.zero, Random: c.random}
		cfg, err := cfg.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		s := newStream(cfg)
		const regions = 1 << 16
		var count [3]int
		for r := range uint64(regions) {
			kind, _ := s.mixture.region(r, s.b)
			count[kind]++
		}
		for kind, share := range map[regionKind]uint64{zeroRegion: c.zero, randomRegion: c.random} {
			got, want := float64(count[kind])/regions, float64(share)/billion
			if math.Abs(got-want) > 0.002 {
				t.Errorf("zero %d, random %d: kind %d is %.4f of the regions", c.zero, c.random, kind, got)
			}
		}
	}
}

func TestMixtureBytes(t *testing.T) {
	const region = 8 << 10
	for _, texture := range []Texture{Random, Flat, Text} {
		p := textureBytes(t, Config{Texture: texture, Zero: billion / 4, Random: billion / 4, Region: region}, 0, 16<<20)
		var zero int
		for off := 0; off < len(p); off += region {
			if zeros(p[off : off+region]) {
				zero++
			}
		}
		if got := float64(zero) * region / float64(len(p)); math.Abs(got-0.25) > 0.01 {
			t.Errorf("%v: %.3f of the regions are zeros, 0.25 asked for", texture, got)
		}
	}
}

// All ratios together compress by the one that is asked for.
func TestSpreadKeepsRatio(t *testing.T) {
	ratios := []float64{2, 3, 5}
	if raceEnabled() {
		ratios = ratios[:1] // only one goroutine runs
	}
	for _, r := range ratios {
		for _, spread := range []float64{0.1, 0.3, 0.5} {
			ratios := spreadRatios(r, spread, 1.05, 40)
			var sum, logs, squares float64
			for _, x := range ratios {
				v := float64(x) / ratioOne
				sum += 1 / v
				logs += math.Log(v)
				squares += math.Log(v) * math.Log(v)
			}
			n := float64(len(ratios))
			if got := n / sum; math.Abs(got/r-1) > 0.001 {
				t.Errorf("compress %v, spread %v: together %.4f", r, spread, got)
			}
			if got := math.Sqrt(squares/n - logs/n*logs/n); math.Abs(got/spread-1) > 0.1 {
				t.Errorf("compress %v, spread %v: a spread of %.3f", r, spread, got)
			}
		}
	}
	for _, texture := range append(tokenTextures, Flat) {
		none := deflated(t, textureBytes(t, Config{Texture: texture, Compress: 3}, 0, 16<<20), 64<<10)
		some := deflated(t, textureBytes(t, Config{Texture: texture, Compress: 3, Spread: 0.4}, 0, 16<<20), 64<<10)
		if math.Abs(some/none-1) > 0.07 {
			t.Errorf("%v: a spread changes the ratio from %.3f to %.3f", texture, none, some)
		}
	}
}

func TestMixtureBounds(t *testing.T) {
	for _, cfg := range []Config{
		{Spread: 0.5}, // of random bytes
		{Texture: Text, Spread: 1.01},
		{Texture: Text, Spread: -0.1},
		{Texture: Text, Spread: math.NaN()},
		{Zero: billion + 1},
		{Zero: billion, Random: 1},
		{Zero: math.MaxUint64, Random: 2},
		{Zero: 1, Region: Cell + 1},
		{Zero: 1, Region: MaxUnit + Cell},
		{Run: Cell},
		{Run: DefaultUnit + Cell},
		{Run: -DefaultUnit},
		{Run: MaxRun + DefaultUnit},
		{Run: DefaultUnit, Size: DefaultUnit + 1, Dedup: 2, Group: Group{Units: 5}},
		{Run: DefaultUnit, Size: DefaultUnit + 1, Dedup: 2, Group: Group{Units: 6, First: 1}},
	} {
		if g, err := New(cfg); err == nil {
			g.Close()
			t.Errorf("%+v: no error", cfg)
		}
	}
}

func TestVersion(t *testing.T) {
	for _, cfg := range []Config{{}, {Compress: 3}, {Dedup: 2}, {Region: Cell}} {
		if v := cfg.Version(); v != Version {
			t.Errorf("%+v: version %d", cfg, v)
		}
	}
	for _, cfg := range []Config{{Texture: Flat}, {Zero: 1}, {Random: 1}, {Dedup: 2, Run: DefaultUnit}, {Texture: Text, Spread: 0.1}} {
		if v := cfg.Version(); v != DraftVersion {
			t.Errorf("%+v: version %d", cfg, v)
		}
	}
}
