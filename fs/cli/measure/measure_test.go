package measure

import (
	"io"
	"reflect"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// A sample gives the same counts, and nearly the same ratios, whoever takes it.
func TestSample(t *testing.T) {
	var sources []Source
	for _, text := range []string{"1M,dedup=4,compress=2", "1M,compress=4"} {
		s, err := spec.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, Source{Name: text, Kind: Spec, Size: s.Size, Spec: s})
	}
	results := func(sample int64, workers int) []*Result {
		r, err := Run(sources, Options{Sample: sample, Workers: workers, Progress: io.Discard})
		if err != nil {
			t.Fatal(err)
		}
		return append(r.Arguments, r.Together)
	}
	all, one, four := results(64<<20, 4), results(256<<10, 1), results(256<<10, 4)
	if !reflect.DeepEqual(one, four) {
		t.Error("one worker and four differ")
	}
	for i := range all {
		for j, a := range all[i].Sizes {
			s := one[i].Sizes[j]
			if a.Blocks != s.Blocks || a.Distinct != s.Distinct {
				t.Errorf("%s: %d of %d blocks of %d, by a sample %d of %d", all[i].Name, a.Distinct, a.Blocks, a.Block, s.Distinct, s.Blocks)
			}
			if a.Deflated != a.Blocks*a.Block || s.Deflated > 2<<20 || s.Deflated == 0 {
				t.Errorf("%s: blocks of %d: deflated %d and %d bytes", all[i].Name, a.Block, a.Deflated, s.Deflated)
			}
			for _, ratio := range [][2]float64{{a.Deflate, s.Deflate}, {a.Both, s.Both}} {
				if q := ratio[0] / ratio[1]; q < 0.97 || q > 1.03 {
					t.Errorf("%s: blocks of %d: ratio %v, by a sample %v", all[i].Name, a.Block, ratio[0], ratio[1])
				}
			}
		}
	}
}
