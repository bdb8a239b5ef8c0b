package treefile

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/tree"
)

// plainLines is a tree file as find(1) prints one: a line for each file, of a size of
// its own.
func plainLines(n int) []byte {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "home/user%02d/project-%03d/src/file-%06d.dat %d\n", i/1000%100, i/20, i, 2*i+1)
	}
	return []byte(b.String())
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkMemory reports what a tree keeps of each line of its file, what building it
// takes on top, all in all, and the time: for plain lines, and where generations come
// and go.
func BenchmarkMemory(b *testing.B) {
	const lines = 200_000
	for _, c := range []struct {
		name string
		o    tree.Options
	}{
		{"plain", tree.Options{}},
		{"generation", tree.Options{History: tree.History{Generation: 5, Change: 1e7}}},
		{"moving", tree.Options{History: tree.History{Generation: 5, Grow: 1e7, Delete: 1e7}}},
	} {
		b.Run("lines="+c.name, func(b *testing.B) {
			text := plainLines(lines)
			var kept int64
			for b.Loop() {
				before := heap()
				t, _, err := Build(Parse("t", text), Scale{}, c.o)
				if err != nil {
					b.Fatal(err)
				}
				x := NewText("", t)
				kept = heap() - before
				runtime.KeepAlive(x)
			}
			b.ReportMetric(float64(kept)/lines, "B/line")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/lines, "us/line")
		})
	}
}

// A line costs less than 600 bytes for as long as the mount lives.
func TestMemory(t *testing.T) {
	const lines, most = 50_000, 600
	text := plainLines(lines)
	before := heap()
	tr, _, err := Build(Parse("t", text), Scale{}, tree.Options{})
	if err != nil {
		t.Fatal(err)
	}
	x := NewText("", tr)
	if kept := (heap() - before) / lines; kept > most {
		t.Errorf("%d bytes a line, want at most %d", kept, most)
	}
	if n := x.Size(); n != int64(len(text)) {
		t.Errorf("the text has %d bytes, and was %d", n, len(text))
	}
}
