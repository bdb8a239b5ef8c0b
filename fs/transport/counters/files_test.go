package counters

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

func none(uint64) bool { return false }

// Of far more files than are counted, those of which most is read are found, and no more is
// said to have been read of any than was.
func TestSketch(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	threads := make([]sketch, 3)
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
	all := Files{}
	for i := range threads {
		threads[i].merge(all, 2)
	}
	for node, n := range truth {
		f := all[node]
		if f.Bytes > n || f.Recent != 2*float64(f.Bytes) {
			t.Errorf("file %d: %+v, in truth %d", node, f, n)
		}
		if n > total/tracked && f.Bytes < n-total/tracked {
			t.Errorf("file %d: %+v, in truth %d of %d", node, f, n, total)
		}
	}
	top := all.Top(1000, false, none)
	for i, f := range top[1:] {
		if f.Bytes > top[i].Bytes {
			t.Errorf("file %d comes behind one with less", f.Node)
		}
	}
	if got := all.Top(2, false, func(node uint64) bool { return node == top[0].Node }); len(got) != 2 || got[0] != top[1] || got[1] != top[2] {
		t.Errorf("without the first: %v", got)
	}
}

// As long as there are no more files than are counted, counts are exact.
func TestFewFiles(t *testing.T) {
	var s sketch
	for i := range uint64(10 * tracked) {
		s.add(1+i%tracked, i)
	}
	all := Files{}
	s.merge(all, 0)
	if len(all) != tracked {
		t.Fatalf("%d files", len(all))
	}
	for _, file := range all {
		if want := 10*(file.Node-1) + tracked*45; file.Bytes != want {
			t.Errorf("file %d: %d bytes, want %d", file.Node, file.Bytes, want)
		}
	}
}

// What is recent is what was read in the last two windows; the rest is not forgotten.
func TestRecent(t *testing.T) {
	var f files
	at := func(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }
	look := func(seconds float64) Files {
		var all Files
		f.merge(&all, at(seconds))
		return all
	}
	check := func(all Files, node, bytes uint64, recent float64) {
		t.Helper()
		if got := all[node]; got.Bytes != bytes || math.Abs(got.Recent-recent) > 1e-9*recent {
			t.Errorf("file %d: %+v, want %d bytes and %v", node, got, bytes, recent)
		}
	}
	f.add(1, 1000, at(100))
	check(look(100.1), 1, 1000, 1000) // not over less than a second
	check(look(110), 1, 1000, 100)
	check(look(125), 1, 1000, 0)
	f.add(1, 500, at(126))
	check(look(127), 1, 1500, 500) // the window before is long past
	f.add(2, 600, at(137))
	check(look(138), 1, 1500, 500.0/12)
	check(look(138), 2, 600, 600.0/12)
	f.add(2, 600, at(148))
	check(look(150), 1, 1500, 0)
	check(look(150), 2, 1200, 1200.0/13)
	top := look(150).Top(10, true, none)
	if len(top) != 1 || top[0].Node != 2 {
		t.Errorf("recently read: %v", top)
	}
	if top := look(150).Top(10, false, none); len(top) != 2 || top[0].Node != 1 {
		t.Errorf("read: %v", top)
	}
	for i := range 100 {
		f.add(3, 10, at(200+11*float64(i)))
	}
	check(look(2000), 3, 1000, 0)
	check(look(2000), 1, 1500, 0)
}

// Looking while a thread adds sees no file that there is not, and no more than was added.
func TestFilesWhileAdding(t *testing.T) {
	var f files
	var adding sync.WaitGroup
	adding.Go(func() {
		for i := range uint64(100_000) {
			f.add(i%1000+1, 1, time.Duration(i)*20*time.Millisecond)
		}
	})
	for range 1000 {
		var all Files
		f.merge(&all, time.Hour)
		for _, file := range all.Top(tracked, false, none) {
			if file.Node > 1000 || file.Bytes > 200 {
				t.Fatalf("file %d has %d bytes", file.Node, file.Bytes)
			}
		}
	}
	adding.Wait()
}
