package gen

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// inGeneration returns c in generation g.
func (c Config) inGeneration(g int) Config {
	c.Revision.Generation = g
	return c
}

// A share of the distinct units is replaced by contents that never occurred
// before, copies together, each unit once before any is replaced again. What is
// equal to what stays.
func TestRevisionReplacesItsShare(t *testing.T) {
	const units = 600
	for _, shape := range []struct {
		name  string
		files uint64
		Config
	}{
		{"dedup=1", 1, Config{}},
		{"dedup=3", 1, Config{Dedup: 3}},
		{"dedup=3,skew=3", 1, Config{Dedup: 3, Skew: 3}},
		{"dedup=600", 1, Config{Dedup: units}},
		{"group", 20, Config{}},
		{"dedup=4,group", 20, Config{Dedup: 4}},
		{"dedup=1.5,skew=1,group", 60, Config{Dedup: 1.5, Skew: 1}},
	} {
		for _, revision := range []Revision{
			{Generation: 0, Share: 0, Phase: 999_999_999}, {Generation: 0, Share: 1e7, Phase: 0}, {Generation: 0, Share: 1_234_567, Phase: 9e8}, {Generation: 0, Share: 333_333_333, Phase: 5e8}, {Generation: 0, Share: 999_999_999, Phase: 999_999_999}, {Generation: 0, Share: 1e9, Phase: 5},
		} {
			t.Run(fmt.Sprintf("%s,share=%d", shape.name, revision.Share), func(t *testing.T) {
				cfg := shape.Config
				cfg.Size, cfg.Unit, cfg.Threads, cfg.Revision = units*Cell, Cell, 1, revision
				h := history{seen: map[uint64]uint64{}, times: map[uint64]int{}}
				for g := range 12 {
					changed := h.add(t, groupHashes(t, cfg.inGeneration(g), shape.files))
					ref := reference(cfg)
					if want := ref.replacements(g) - ref.replacements(max(g-1, 0)); uint64(changed) != want {
						t.Errorf("generation %d replaces %d distinct units, want %d", g, changed, want)
					}
					if n := distinct(h.now); uint64(n) != ref.distinct() {
						t.Errorf("generation %d: %d distinct units, want %d", g, n, ref.distinct())
					}
				}
			})
		}
	}
}

// groupHashes returns a hash of every unit, of a cell, of so many files that
// together have the size of whole.
func groupHashes(t *testing.T, whole Config, files uint64) []uint64 {
	if files == 1 {
		return unitHashes(t, open(t, whole), Cell, Cell)
	}
	var hashes []uint64
	for i := range files {
		file, units := whole, uint64(whole.Size/Cell)
		file.Size /= int64(files)
		file.Group = Group{Units: units, First: i * units / files}
		hashes = append(hashes, unitHashes(t, open(t, file), Cell, Cell)...)
	}
	return hashes
}

// history has the units' contents in all generations so far. A
// distinct unit is known by its contents in generation 0.
type history struct {
	first, now []uint64          // contents of all units in generation 0 and in the last one
	seen       map[uint64]uint64 // the distinct unit that has or had some contents
	times      map[uint64]int    // that a distinct unit was replaced
}

// add adds the contents of the next generation, checks them, and returns how many
// distinct units it has replaced.
func (h *history) add(t *testing.T, contents []uint64) (changed int) {
	t.Helper()
	if h.first == nil {
		h.first, h.now = contents, contents
	}
	copies := map[uint64]uint64{} // contents of each distinct unit
	for i, unit := range h.first {
		if other, ok := copies[unit]; ok {
			if other != contents[i] {
				t.Fatalf("unit %d is no longer equal to its copies", i)
			}
			continue
		}
		copies[unit] = contents[i]
		owner, old := h.seen[contents[i]]
		if old && owner != unit {
			t.Fatalf("unit %d has what another has or had", i)
		}
		h.seen[contents[i]] = unit
		if contents[i] != h.now[i] {
			changed++
			h.times[unit]++
			if old {
				t.Fatalf("unit %d is back to what it was", i)
			}
		}
	}
	most, least := 0, math.MaxInt
	for unit := range copies {
		most, least = max(most, h.times[unit]), min(least, h.times[unit])
	}
	if most-least > 1 {
		t.Errorf("a unit was replaced %d times, another %d times", most, least)
	}
	h.now = contents
	return changed
}

// Generation 0, and any of a share that replaces nothing, is the file without a
// revision.
func TestRevisionOfNothing(t *testing.T) {
	for _, shape := range goldenShapes {
		plain := shape.Config
		plain.Revision = Revision{}
		want := mustRead(t, open(t, plain), make([]byte, 300_000), 12345)
		if shape.Revision.Share > 0 && shape.Revision.Generation > 0 {
			got := mustRead(t, open(t, shape.Config), make([]byte, 10<<20), 0)
			if bytes.Equal(got, mustRead(t, open(t, plain), make([]byte, 10<<20), 0)) {
				t.Errorf("%s: nothing is replaced, and nothing tested", shape.name)
			}
		}
		revisions := []Revision{{Generation: MaxGeneration, Share: 0, Phase: 999_999_999}}
		if shape.Revision.Share > 0 { // the groups are small enough
			revisions = append(revisions, Revision{Generation: 0, Share: 1e9, Phase: 999_999_999}, Revision{Generation: 0, Share: 1, Phase: 1})
		}
		for _, revision := range revisions {
			cfg := plain
			cfg.Revision = revision
			mustEqual(t, mustRead(t, open(t, cfg), make([]byte, len(want)), 12345), want, 12345)
			if g, err := cfg.LastChange(); g != 0 || err != nil {
				t.Errorf("%s, %+v: LastChange() = %d, %v, want 0", shape.name, revision, g, err)
			}
		}
	}
}

// LastChange agrees with the bytes.
func TestLastChange(t *testing.T) {
	const generations = 30
	sizes := []int64{0, 16, 4095, Cell, Cell + 16, 3 * Cell, 12*Cell + 100, 41 * Cell}
	if testing.Short() || raceEnabled() {
		sizes = sizes[:6]
	}
	shapes := []Config{
		{Unit: Cell},
		{Unit: 2 * Cell},
		{Unit: 5 * Cell},
		{Unit: Cell, Dedup: 3},
		{Unit: 2 * Cell, Dedup: 2, Skew: 2},
		{Unit: Cell, Dedup: 1000},
		{Unit: Cell, Group: Group{Units: 41}},
		{Unit: Cell, Group: Group{Units: 50, First: 9}},
		{Unit: Cell, Group: Group{Units: 1000, First: 500}},
		{Unit: 2 * Cell, Group: Group{Units: 1 << 51, First: 1<<51 - 21}},
		{Unit: Cell, Dedup: 4, Group: Group{Units: 200, First: 150}},
		{Unit: Cell, Dedup: 2, Skew: 3, Group: Group{Units: 1000, First: 959}},
	}
	for _, shape := range shapes {
		for _, size := range sizes {
			for _, share := range []uint64{0, 1, 1e7, 123_456_789, 5e8, 999_999_999, 1e9} {
				for _, phase := range []uint64{0, 5e8, 999_999_999} {
					cfg := shape
					cfg.Size, cfg.Threads = size, 1
					cfg.Seed = uint64(size) + share
					cfg.Revision = Revision{Share: share, Phase: phase}
					checkLastChange(t, cfg, generations)
				}
			}
		}
	}
}

func checkLastChange(t *testing.T, cfg Config, generations int) {
	t.Helper()
	var before []byte
	last := 0
	for g := range generations {
		cfg := cfg.inGeneration(g)
		now, err := Generate(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if g > 0 && !bytes.Equal(now, before) {
			last = g
		}
		before = now
		if got, err := cfg.LastChange(); got != last || err != nil {
			t.Fatalf("%+v: LastChange() = %d, %v, want %d", cfg, got, err, last)
		}
	}
}

// Of many files of one unit, phases that are spread evenly let a share change in
// every generation, each once before any changes again.
func TestRevisionPhases(t *testing.T) {
	const files, share = 1000, 20_000_000 // 20 of them
	changes := map[int]int{}
	for i := range uint64(files) {
		before := 0
		for g := 1; g <= 100; g++ {
			last, err := Config{Size: 100, Seed: i, Revision: Revision{Generation: g, Share: share, Phase: i * billion / files}}.LastChange()
			if err != nil {
				t.Fatal(err)
			}
			if last == g {
				changes[g]++
				if before > 0 && g-before != 50 {
					t.Errorf("file %d changes in generations %d and %d", i, before, g)
				}
				before = g
			}
		}
	}
	for g, n := range changes {
		if n != 20 {
			t.Errorf("%d files change in generation %d, want 20", n, g)
		}
	}
	if len(changes) != 100 {
		t.Errorf("files change in generations %v, want all of 100", slices.Sorted(maps.Keys(changes)))
	}
}

// The number of replacements is exact for all that a Config may have.
func TestReplacementsEqualReference(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	check := func(r Revision, units uint64) {
		t.Helper()
		want := reference{Unit: Cell, Group: Group{Units: units}, Revision: r}.replacements(r.Generation)
		got := r.replaced(r.Generation, units)
		if got != want || got > uint64(r.Generation)*units {
			t.Fatalf("%+v replaces %d of %d units, want %d", r, got, units, want)
		}
		if r.Generation > 0 && got-r.replaced(r.Generation-1, units) > units {
			t.Fatalf("%+v replaces more than all of %d units", r, units)
		}
	}
	for _, units := range []uint64{1, 2, 3, 1 << 51, 1<<52 - 1, 1 << 52} {
		for _, share := range []uint64{0, 1, 999_999_999, 1e9} {
			for _, phase := range []uint64{0, 1, 999_999_999} {
				for _, g := range []int{0, 1, 2, MaxGeneration - 1, MaxGeneration} {
					check(Revision{Generation: g, Share: share, Phase: phase}, units)
				}
			}
		}
	}
	// The phase carries into the upper 64 bits.
	check(Revision{Generation: 1, Share: 1_000_003, Phase: 999_999_999}, math.MaxUint64/1_000_003)
	for range 10_000 {
		r := Revision{Generation: random.IntN(MaxGeneration + 1), Share: random.Uint64N(billion + 1), Phase: random.Uint64N(billion)}
		check(r, 1+random.Uint64()>>(12+random.IntN(52)))
	}
}

// The contents of the largest files and groups do not run into how often their
// units have been replaced.
func TestRevisionContentsLimits(t *testing.T) {
	for _, unit := range []int64{Cell, 3 * Cell, 128 << 10, MaxUnit - Cell, MaxUnit} {
		most := uint64(1) << contentsBits / uint64(unit/Cell)
		for _, cfg := range []Config{
			{Size: math.MaxInt64},
			{Size: math.MaxInt64, Dedup: math.Nextafter(1, 2)},
			{Size: unit, Group: Group{Units: most, First: most - 1}},
			{Size: unit - 1, Dedup: 1.5, Group: Group{Units: most, First: most - 1}},
		} {
			cfg.Unit, cfg.Revision = unit, Revision{Generation: MaxGeneration, Share: 1e9, Phase: 999_999_999}
			full, err := cfg.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			s := newStream(full)
			for _, c := range []uint64{0, s.cells - 1, uint64(cfg.Size-1) / Cell} {
				q, n := s.run(c)
				if want := reference(cfg).contents(c); q != want || q>>contentsBits != MaxGeneration || n != s.cells-c%s.cells {
					t.Errorf("%+v: cell %d has the contents %#x and %d alike, want %#x", cfg, c, q, n, want)
				}
			}
			// Beyond the end of the last unit, too.
			if last := s.layout.unit(s.first + uint64(cfg.Size-1)/uint64(unit)); last*s.cells+s.cells > 1<<contentsBits {
				t.Errorf("%+v: unit %d of %d cells is too large", cfg, last, s.cells)
			}
			if g, err := cfg.LastChange(); g != MaxGeneration || err != nil {
				t.Errorf("%+v: LastChange() = %d, %v, want %d", cfg, g, err, MaxGeneration)
			}
		}
		// A group of more is as good as any where nothing is replaced.
		cfg := Config{Unit: unit, Size: 1, Group: Group{Units: most + 1}, Revision: Revision{Generation: 1, Share: 1}}
		if _, err := cfg.LastChange(); err == nil || !strings.Contains(err.Error(), fmt.Sprint(most)) {
			t.Errorf("group of %d units of %d bytes: error %v, want one that says %d", most+1, unit, err, most)
		}
		cfg.Revision.Share = 0
		if _, err := cfg.LastChange(); err != nil {
			t.Error(err)
		}
	}
}

// LastChange fails like New, with the same errors.
func TestLastChangeErrors(t *testing.T) {
	for _, cfg := range []Config{
		{Size: -1},
		{Dedup: 0.5},
		{Unit: 1},
		{Size: 1, Group: Group{First: 1}},
		{Compress: 1000},
		{Threads: -1},
		{Implementation: 255},
		{Revision: Revision{Generation: -1}},
		{Revision: Revision{Generation: MaxGeneration + 1}},
		{Revision: Revision{Share: math.MaxUint64}},
		{Revision: Revision{Phase: billion}},
	} {
		g, err := cfg.LastChange()
		_, want := New(cfg)
		if g != 0 || err == nil || want == nil || err.Error() != want.Error() {
			t.Errorf("%+v: LastChange() = %d, %v, and New says %v", cfg, g, err, want)
		}
	}
}

func TestLastChangeAllocatesNothing(t *testing.T) {
	for _, cfg := range []Config{
		{Size: 1 << 40},
		{Size: 1 << 40, Dedup: 3, Skew: 2},
		{Size: 1 << 20, Dedup: 3, Group: Group{Units: 1 << 30, First: 99}},
	} {
		cfg.Revision = Revision{Generation: 100, Share: 1e7, Phase: 5e8}
		if allocs := testing.AllocsPerRun(50, func() { cfg.LastChange() }); allocs != 0 {
			t.Errorf("%+v: LastChange allocates %v times", cfg, allocs)
		}
	}
}
