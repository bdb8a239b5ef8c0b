package tree

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestFloorSum(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		m := 1 + random.Uint64N(1<<random.IntN(20))
		n, a, b := random.Uint64N(100), random.Uint64N(1<<random.IntN(22)), random.Uint64N(1<<random.IntN(22))
		var want uint64
		for i := range n {
			want += (a*i + b) / m
		}
		if got := floorSum(n, m, a, b); got != want {
			t.Fatalf("floorSum(%d, %d, %d, %d) = %d, want %d", n, m, a, b, got, want)
		}
	}
}

// A series has what a look at each of its numbers finds.
func TestSeriesHas(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		s := series{first: random.Uint64N(1000), each: 1 + random.Uint64N(5), nodes: 1 + random.Uint64N(50)}
		s.step = random.Uint64N(100)
		count := 1 + random.Uint64N(200)
		shard := Shard{random.Uint64N(count), count}
		for instance := range uint64(20) {
			want := false
			for k := range s.nodes {
				begin := s.first + k*s.step + instance*s.each
				want = want || shard.count(begin, begin+s.each) > 0
			}
			if got := s.has(shard, instance); got != want {
				t.Fatalf("%+v, %+v, instance %d: %v", s, shard, instance, got)
			}
		}
	}
}

// Looking a directory up takes few steps, however many lines there are below it, also
// where all of them have to be passed over.
func TestStepsOfManyLines(t *testing.T) {
	const lines = 20_000
	var entries []Entry
	for i := range lines {
		// Of two kinds, in two directories.
		entries = append(entries, Entry{Pattern: fmt.Sprintf("d{0..3}/a/f%d", i)}, Entry{Pattern: fmt.Sprintf("d{0..3}/b/g%d-{0..1}", i)})
	}
	for _, shard := range []Shard{{0, 4}, {1, 8}, {5, 1 << 20}} {
		tree, err := New(entries, Options{Shard: shard})
		if err != nil {
			t.Fatal(err)
		}
		d, _ := tree.nodes[0].dir.find("d2")
		shown := 0
		for instance := range d.count {
			l := lister{Tree: tree}
			at, found := l.nextDir(d, instance, instance+1)
			if !found || at != instance && at != instance+1 {
				t.Errorf("%+v, instance %d: %d, %v", shard, instance, at, found)
			}
			if at == instance {
				shown++
			}
			if -l.steps > 100 {
				t.Errorf("%+v: %d steps for instance %d", shard, -l.steps, instance)
			}
			if want := isShown(tree, d, instance); want != (at == instance) {
				t.Errorf("%+v, instance %d is shown: %v", shard, instance, !want)
			}
		}
		if shown == 0 {
			t.Errorf("%+v: no directory is shown", shard)
		}
		if n := len(d.dir.series); n == 0 || n > 4 {
			t.Errorf("%+v: %d series", shard, n)
		}
	}
}
