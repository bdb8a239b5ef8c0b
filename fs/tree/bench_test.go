package tree

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// BenchmarkReadDir lists a directory of a million names, of which some files have gone;
// a listing that goes over all takes time for these, too. ns/name is by names, there
// or not.
func BenchmarkReadDir(b *testing.B) {
	const names = 1_000_000
	s, _ := spec.Parse("64K")
	for _, gone := range []uint64{0, 50, 99} {
		b.Run(fmt.Sprintf("gone=%d%%", gone), func(b *testing.B) {
			tree, err := New([]Entry{{Pattern: "{000000..999999}", Spec: s}},
				Options{History: History{Generation: 1, Delete: gone * spec.Billion / 100}})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				n := uint64(0)
				for range tree.ReadDir(Root, 0) {
					n++
				}
				if n != tree.Files() {
					b.Fatalf("%d files, want %d", n, tree.Files())
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/names, "ns/name")
		})
	}
}

// BenchmarkNode asks for a file's attributes, as every stat does: of a size that is
// the same for all, that is drawn, and of a generation.
func BenchmarkNode(b *testing.B) {
	f, _ := spec.ParseFiles("lognormal:64K:1.5")
	fixed, _ := spec.Parse("64K")
	for _, c := range []struct {
		name  string
		entry Entry
		o     Options
	}{
		{"fixed", Entry{Spec: fixed}, Options{}},
		{"drawn", Entry{Spec: f.Spec, Sizes: f.Sizes}, Options{}},
		{"generation", Entry{Spec: fixed}, Options{History: History{Generation: 100, Change: 2e7, Grow: 1e7, Delete: 1e7}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			c.entry.Pattern = "d{00..99}/{0000..9999}"
			tree, err := New([]Entry{c.entry}, c.o)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			id := ID(0)
			for b.Loop() {
				id = (id + 7919) % tree.end
				tree.Node(id)
			}
		})
	}
}

// BenchmarkLookup finds a file by its name, with its attributes, as LOOKUP does.
func BenchmarkLookup(b *testing.B) {
	fixed, _ := spec.Parse("64K")
	tree, err := New([]Entry{{Pattern: "d{00..99}/{0000..9999}.bin", Spec: fixed}, {Pattern: "d{00..99}/x", Spec: fixed}}, Options{})
	if err != nil {
		b.Fatal(err)
	}
	dir, _, _ := tree.Lookup(Root, "d42")
	b.ReportAllocs()
	for b.Loop() {
		if _, n, ok := tree.Lookup(dir, "1234.bin"); !ok || n.Spec.Size != 64<<10 {
			b.Fatal("not found")
		}
	}
}

// BenchmarkNew builds trees of lines that a check of each with each takes long for:
// their names overlap in all ranges but one, or two, or are deep.
func BenchmarkNew(b *testing.B) {
	const lines = 20_000
	deep := strings.Repeat("directory/", 100)
	for _, c := range []struct {
		name string
		line func(i int) string
	}{
		{"plain", func(i int) string { return fmt.Sprintf("file%d", i) }},
		{"ending", func(i int) string { return fmt.Sprintf("{0..999999}.e%d", i) }},
		{"beginning", func(i int) string { return fmt.Sprintf("%d-{0..999999}", i) }},
		{"directory", func(i int) string { return fmt.Sprintf("class%d/{0..1299}.jpg", i) }},
		{"run", func(i int) string { return fmt.Sprintf("{0..9}%05d", i) }},
		{"middle", func(i int) string { return fmt.Sprintf("{0..99}-%d-{0..99}", i) }},
		{"grid", func(i int) string {
			return fmt.Sprintf("{%d..%d}-{%d..%d}", i/141*10, i/141*10+9, i%141*10, i%141*10+9)
		}},
		{"stairs", func(i int) string { return fmt.Sprintf("{%d..999999}-{%d..%d}-{0..9}", i, 10*i, 10*i+9) }},
		{"widths", func(i int) string { return fmt.Sprintf("{0..999999}.%0*d", 1+i%9, i) }},
		{"deep", func(i int) string { return fmt.Sprintf("%s%d/x{0..9}", deep, i) }},
	} {
		b.Run("lines="+c.name, func(b *testing.B) {
			var entries []Entry
			for i := range lines {
				entries = append(entries, Entry{Pattern: c.line(i)})
			}
			for b.Loop() {
				if _, err := New(entries, Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/lines, "us/line")
		})
	}
}
