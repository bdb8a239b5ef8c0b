package gen

import (
	"fmt"
	"testing"
)

var benchSizes = []struct {
	name  string
	bytes int
}{{"4KiB", 4 << 10}, {"128KiB", 128 << 10}, {"1MiB", 1 << 20}, {"64MiB", 64 << 20}}

// BenchmarkReadAt goes through the stream in reads of one size, into one
// buffer, on one thread.
func BenchmarkReadAt(b *testing.B) {
	for _, impl := range testedImplementations {
		for _, shape := range []struct {
			name string
			Config
		}{
			{"plain", Config{}},
			{"compress=2", Config{Compress: 2}},
			{"dedup=3", Config{Dedup: 3}},
		} {
			for _, size := range benchSizes {
				cfg := shape.Config
				cfg.Threads = 1
				b.Run(fmt.Sprintf("impl=%s/shape=%s/size=%s", impl.name, shape.name, size.name), func(b *testing.B) {
					benchmarkReadAt(b, impl, cfg, size.bytes)
				})
			}
		}
	}
}

// BenchmarkReadAtParallel shares each read out to threads.
func BenchmarkReadAtParallel(b *testing.B) {
	for _, impl := range testedImplementations {
		for _, threads := range []int{1, 2, 4, 8} {
			for _, size := range benchSizes[2:] {
				b.Run(fmt.Sprintf("impl=%s/threads=%d/size=%s", impl.name, threads, size.name), func(b *testing.B) {
					benchmarkReadAt(b, impl, Config{Threads: threads}, size.bytes)
				})
			}
		}
	}
}

func benchmarkReadAt(b *testing.B, impl implementation, cfg Config, size int) {
	cfg.Size = 1 << 50
	g := impl.open(b, cfg)
	p := make([]byte, size)
	off := int64(0)
	b.SetBytes(int64(size))
	for b.Loop() {
		if _, err := g.ReadAt(p, off); err != nil {
			b.Fatal(err)
		}
		off = (off + int64(size)) & (1<<49 - 1)
	}
}
