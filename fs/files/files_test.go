package files_test

import (
	"fmt"
	"testing"

	"github.com/dgenfs/dgenfs/fs/files"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/gen"
)

func set(t *testing.T, o tree.Options, entries ...[2]string) files.Set {
	t.Helper()
	var all []tree.Entry
	for _, e := range entries {
		s, err := spec.ParseFiles(e[1])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, tree.Entry{Pattern: e[0], Spec: s.Spec, Sizes: s.Sizes})
	}
	tr, err := tree.New(all, o)
	if err != nil {
		t.Fatal(err)
	}
	return files.Set{Tree: tr, Seed: 9}
}

// Seeds follow from the path, or from the pattern of a group; a spec's own seed stays.
func TestSpec(t *testing.T) {
	f := set(t, tree.Options{}, [2]string{"d/a{0..9}", "1M"}, [2]string{"own", "1M,seed=5"}, [2]string{"g{0..3}", "1M,scope=group,dedup=2"})
	for path, want := range map[string]string{
		"d/a3": "1M,seed=" + fmt.Sprint(gen.DeriveSeed(9, "d/a3")),
		"own":  "1M,seed=5",
		"g2":   "1M,seed=" + fmt.Sprint(gen.DeriveSeed(9, "g{0..3}")) + ",dedup=2,group=16of32",
	} {
		id, n, ok := f.Lookup(path)
		if !ok || n.IsDir {
			t.Fatalf("%s: %+v, %v", path, n, ok)
		}
		if got := f.Spec(id, n.Spec).String(); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	if id, n, ok := f.Lookup(""); id != tree.Root || !n.IsDir || !ok {
		t.Errorf("the root: %d, %+v, %v", id, n, ok)
	}
	if _, n, ok := f.Lookup("d"); !n.IsDir || !ok {
		t.Errorf("a directory: %+v, %v", n, ok)
	}
	for _, path := range []string{"x", "d/x", "own/x", "/own", "d/", "1M"} {
		if id, _, ok := f.Lookup(path); ok {
			t.Errorf("%q is found, %d", path, id)
		}
	}
}

func TestNamed(t *testing.T) {
	f := set(t, tree.Options{History: tree.History{Generation: 3, Change: 5}}, [2]string{"a", "1M"})
	for name, want := range map[string]string{
		"1M":                     "1M,seed=" + fmt.Sprint(gen.DeriveSeed(9, "1M")) + ",generation=3,change=0.0000005%,phase=500000000",
		"4K,seed=7,dedup=2":      "4K,seed=7,dedup=2,generation=3,change=0.0000005%,phase=500000000",
		"1M,scope=group,dedup=2": "1M,seed=" + fmt.Sprint(gen.DeriveSeed(9, spec.SeedName("1M,scope=group,dedup=2"))) + ",dedup=2,generation=3,change=0.0000005%,phase=500000000",
		"1M.npy":                 "1M,seed=" + fmt.Sprint(gen.DeriveSeed(9, spec.SeedName("1M.npy"))) + ",generation=3,change=0.0000005%,phase=500000000,format=npy",
		"1M,seed=1,rate=5M":      "1M,seed=1,generation=3,change=0.0000005%,phase=500000000,rate=5M",
		"1K,generation=7,seed=1": "1K,seed=1,generation=7",
	} {
		got, err := f.Named(name)
		if err != nil || got.String() != want {
			t.Errorf("%s is %s, %v; want %s", name, got, err, want)
		}
	}
	if _, err := f.Named("a"); err == nil {
		t.Error("a name that is not a spec")
	}
}

// Where the sizes of a group are drawn, whole files repeat: as many as were asked for are
// distinct, with the sizes of the distribution, in every generation and in every shard.
func TestDrawnGroups(t *testing.T) {
	const count = 1000
	for _, sizes := range []string{"lognormal:64K:1.4", "4K..1M", "4K..1M,seed=7", "4K..1M,unit=4K,compress=2"} {
		for _, generation := range []int{0, 2} {
			for _, dedup := range []float64{1, 1.5, 3, 700, 5000} {
				o := tree.Options{History: tree.History{Generation: generation, Change: spec.Billion / 20}}
				f := set(t, o, [2]string{"d{0..9}/f{00..99}", fmt.Sprintf("%s,dedup=%v,scope=group", sizes, dedup)})
				o.Shard = tree.Shard{Index: 1, Count: 3}
				part := set(t, o, [2]string{"d{0..9}/f{00..99}", fmt.Sprintf("%s,dedup=%v,scope=group", sizes, dedup)})
				copies := make(map[spec.Spec]int)
				seeds := make(map[uint64]bool)
				var sum int64
				for i := range count {
					path := fmt.Sprintf("d%d/f%02d", i/100, i%100)
					id, n, ok := f.Lookup(path)
					if !ok {
						t.Fatal(path)
					}
					s := f.Spec(id, n.Spec)
					copies[s]++
					seeds[s.Seed] = true
					sum += s.Size
					if s.Group || s.Units != 0 || s.Dedup != 1 {
						t.Fatalf("%s is %v", path, s)
					}
					if id, n, ok := part.Lookup(path); ok && part.Spec(id, n.Spec) != s {
						t.Errorf("%s is another file in a shard", path)
					}
				}
				want := max(1, int(count/dedup+0.5))
				if len(copies) != want || len(seeds) != want {
					t.Errorf("%s, dedup %v: %d files and %d seeds, want %d", sizes, dedup, len(copies), len(seeds), want)
				}
				for s, n := range copies {
					if n < count/want || n > count/want+1 {
						t.Errorf("%s, dedup %v: %v occurs %d times", sizes, dedup, s, n)
					}
				}
				if off := float64(sum)/float64(f.Tree.Bytes()) - 1; off < -0.001 || off > 0.001 {
					t.Errorf("%s, dedup %v: %d bytes, and the tree says %d", sizes, dedup, sum, f.Tree.Bytes())
				}
			}
		}
	}
}
