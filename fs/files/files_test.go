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
