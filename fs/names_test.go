package fs

import (
	"sync"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/hanwen/go-fuse/v2/fuse"
)

func TestSpecNames(t *testing.T) {
	var names specNames
	for _, bad := range []string{"", "x", "1X", ".git", "1G,", "1G,dedup=0"} {
		if _, _, ok := names.lookup(bad, &tree.History{}); ok {
			t.Errorf("the name %q is taken for a spec", bad)
		}
	}
	id, s, ok := names.lookup("1G,seed=7", &tree.History{})
	if !ok || s.Size != 1<<30 || s.Seed != 7 || id&specNameBit == 0 || id>>63 != 0 {
		t.Fatalf("lookup = %#x, %+v, %v", id, s, ok)
	}
	// The same id every time, in every mount; another one for another name,
	// also for one that means the same, because it may have another seed.
	if again, _, _ := names.lookup("1G,seed=7", &tree.History{}); again != id {
		t.Errorf("two look-ups gave %#x and %#x", id, again)
	}
	var other specNames
	if again, _, _ := other.lookup("1G,seed=7", &tree.History{}); again != id {
		t.Errorf("another mount gave %#x, want %#x", again, id)
	}
	if same, _, _ := names.lookup("1024M,seed=7", &tree.History{}); same == id {
		t.Errorf("two names have the id %#x", id)
	}

	if got, name, ok := names.get(id); !ok || got != s || name != "1G,seed=7" {
		t.Errorf("get = %+v, %q, %v", got, name, ok)
	}
	names.forget(id, 1) // of two
	if _, _, ok := names.get(id); !ok {
		t.Error("forgotten too early")
	}
	names.forget(id, 1)
	if _, _, ok := names.get(id); ok {
		t.Error("not forgotten")
	}
	names.forget(id, 1) // of none
	if again, _, _ := names.lookup("1G,seed=7", &tree.History{}); again != id {
		t.Errorf("after forgetting: %#x, want %#x", again, id)
	}
	names.forget(id, 1<<63) // more than there were
	if len(names.nodes) != 1 {
		t.Errorf("%d names are left, want 1", len(names.nodes))
	}
}

// Two names of one hash get different ids, and both are found.
func TestSpecNamesThatCollide(t *testing.T) {
	var names specNames
	id, _, _ := names.lookup("1G", &tree.History{})
	names.forget(id, 1)
	names.nodes[id] = &specName{name: "an intruder", lookups: 1}
	moved, _, _ := names.lookup("1G", &tree.History{})
	if moved == id {
		t.Fatal("two names share an id")
	}
	if _, name, ok := names.get(moved); !ok || name != "1G" {
		t.Errorf("get(%#x) = %q, %v", moved, name, ok)
	}
	if _, name, _ := names.get(id); name != "an intruder" {
		t.Errorf("get(%#x) = %q", id, name)
	}
}

func TestSpecNamesConcurrently(t *testing.T) {
	var names specNames
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				for _, name := range []string{"1G", "2G", "3G,dedup=2"} {
					id, want, _ := names.lookup(name, &tree.History{})
					if s, got, ok := names.get(id); !ok || got != name || s != want {
						t.Errorf("get = %+v, %q, %v for %q", s, got, ok, name)
					}
					names.forget(id, 1)
				}
			}
		})
	}
	wg.Wait()
	if len(names.nodes) != 0 {
		t.Errorf("%d names are left", len(names.nodes))
	}
}

// A name in the root that another part of the tree has is a spec only if that says
// the same.
func TestNamesOfOtherParts(t *testing.T) {
	same, _ := spec.Parse("1M")
	other, _ := spec.Parse("7")
	for _, part := range []uint64{0, 1} {
		tr, err := tree.New([]tree.Entry{{Pattern: "1M", Spec: same}, {Pattern: "5M", Spec: other}}, tree.Options{Shard: tree.Shard{Index: part, Count: 2}})
		if err != nil {
			t.Fatal(err)
		}
		f := New(Options{Tree: tr})
		for name, size := range map[string]uint64{"1M": 1 << 20, "5M": 7, "2M": 2 << 20} {
			h, out := header(fuse.FUSE_ROOT_ID), fuse.EntryOut{}
			f.Lookup(nil, &h, name, &out)
			_, _, shown := tr.Lookup(tree.Root, name)
			if found := out.NodeId != 0; found != (shown || name != "5M") || found && out.Size != size {
				t.Errorf("part %d: %s, listed: %v, is found: %v, with %d bytes", part, name, shown, found, out.Size)
			}
		}
	}
}
