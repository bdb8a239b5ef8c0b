package gen

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// The rows of `dgenfs bench`, by name: go test -bench 'Fill/impl=avx2/.*/size=1MiB'

var fillSizes = []int{4 << 10, 16 << 10, 64 << 10, 128 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20, 256 << 20, 512 << 20}

func sizeName(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%dMiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%dKiB", n>>10)
	}
	return fmt.Sprintf("%dB", n)
}

// BenchmarkClear is what fills are compared with.
func BenchmarkClear(b *testing.B) {
	for _, size := range fillSizes {
		b.Run("size="+sizeName(size), func(b *testing.B) {
			p := make([]byte, size)
			b.SetBytes(int64(size))
			for b.Loop() {
				clear(p)
			}
		})
	}
}

// BenchmarkFill fills one buffer again and again.
func BenchmarkFill(b *testing.B) {
	threads := slices.Compact([]int{1, 2, max(2, runtime.GOMAXPROCS(0))})
	for _, impl := range Implementations() {
		for _, shape := range []struct {
			name string
			Config
		}{
			{"plain", Config{}},
			{"compress=2", Config{Compress: 2}},
			{"compress=4", Config{Compress: 4}},
			{"compress=10", Config{Compress: 10}},
			{"dedup=3", Config{Dedup: 3}},
		} {
			for _, n := range threads {
				for _, size := range fillSizes {
					cfg := shape.Config
					cfg.Size, cfg.Implementation, cfg.Threads = 1<<50, impl, n
					b.Run(fmt.Sprintf("impl=%v/shape=%s/threads=%d/size=%s", impl, shape.name, n, sizeName(size)), func(b *testing.B) {
						g := openBenchmark(b, cfg)
						p := make([]byte, size)
						b.SetBytes(int64(size))
						for b.Loop() {
							g.ReadAt(p, 0)
						}
					})
				}
			}
		}
	}
}

// BenchmarkReadAt reads at random multiples of the length of a read.
func BenchmarkReadAt(b *testing.B) {
	for _, impl := range Implementations() {
		for _, size := range []int{512, 4 << 10, 16 << 10, 64 << 10, 128 << 10, 1 << 20} {
			b.Run(fmt.Sprintf("impl=%v/size=%s", impl, sizeName(size)), func(b *testing.B) {
				g := openBenchmark(b, Config{Size: 1 << 40, Implementation: impl, Threads: 1})
				p := make([]byte, size)
				random := rand.New(rand.NewPCG(1, 2))
				b.SetBytes(int64(size))
				for b.Loop() {
					g.ReadAt(p, random.Int64N(g.Size()/int64(size))*int64(size))
				}
			})
		}
	}
}

func openBenchmark(b *testing.B, cfg Config) *Generator {
	g, err := New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { g.Close() })
	return g
}
