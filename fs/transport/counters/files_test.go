package counters

import (
	"math/rand/v2"
	"sync"
	"testing"
)

func none(uint64) bool { return false }

// Of far more files than are counted, those of which most is read are found, and what is
// said of them is true.
func TestFiles(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	threads := make([]files, 3)
	truth := map[uint64]uint64{}
	var total uint64
	for range 200_000 {
		node := 100 + rnd.Uint64N(50_000)
		if rnd.IntN(4) == 0 {
			node = 1 + uint64(rnd.ExpFloat64()*3)
		}
		n := rnd.Uint64N(1 << 20)
		truth[node] += n
		total += n
		threads[rnd.IntN(len(threads))].add(node, n)
	}
	var all Files
	for i := range threads {
		threads[i].merge(&all)
	}
	top := all.Top(1000, none)
	found := map[uint64]bool{}
	for i, f := range top {
		if f.Bytes > truth[f.Node] || f.AtMost < truth[f.Node] {
			t.Errorf("file %d: %d to %d, in truth %d", f.Node, f.Bytes, f.AtMost, truth[f.Node])
		}
		if i > 0 && f.Bytes > top[i-1].Bytes {
			t.Errorf("file %d comes behind one with less", f.Node)
		}
		found[f.Node] = true
	}
	for node, n := range truth {
		if n > total/tracked && !found[node] {
			t.Errorf("file %d, with %d bytes of %d, is not found", node, n, total)
		}
	}
	if got := all.Top(2, func(node uint64) bool { return node == top[0].Node }); len(got) != 2 || got[0] != top[1] || got[1] != top[2] {
		t.Errorf("without the first: %v", got)
	}
}

// As long as there are no more files than are counted, counts are exact.
func TestFewFiles(t *testing.T) {
	var f files
	for i := range uint64(10 * tracked) {
		f.add(1+i%tracked, i)
	}
	var all Files
	f.merge(&all)
	top := all.Top(tracked+1, none)
	if len(top) != tracked {
		t.Fatalf("%d files", len(top))
	}
	for _, file := range top {
		want := 10*(file.Node-1) + tracked*45
		if file.Bytes != want || file.AtMost != want {
			t.Errorf("file %d: %d to %d, want %d", file.Node, file.Bytes, file.AtMost, want)
		}
	}
	var empty Files
	if got := empty.Top(10, none); len(got) != 0 {
		t.Errorf("nothing was counted, and there is %v", got)
	}
}

// Looking while a thread adds sees no file that there is not, and no more than was added.
func TestFilesWhileAdding(t *testing.T) {
	var f files
	var adding sync.WaitGroup
	adding.Go(func() {
		for i := range uint64(100_000) {
			f.add(i%1000+1, 1)
		}
	})
	for range 1000 {
		var all Files
		f.merge(&all)
		for _, file := range all.Top(tracked, none) {
			if file.Node > 1000 || file.Bytes > 100 {
				t.Fatalf("file %d has %d bytes", file.Node, file.Bytes)
			}
		}
	}
	adding.Wait()
}
