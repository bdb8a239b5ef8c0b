package gen

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"
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
			{"texture=text", Config{Texture: Text}},
			{"texture=code", Config{Texture: Code}},
			{"texture=log", Config{Texture: Log}},
			{"texture=binary", Config{Texture: Binary}},
			{"texture=flat", Config{Texture: Flat}},
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

// BenchmarkRevision fills 1 MiB of one generation after some others, and asks when
// a file changed last.
func BenchmarkRevision(b *testing.B) {
	for _, g := range []int{0, 1, 1000} {
		revision := Revision{Generation: g, Share: 1e7}
		for _, shape := range []struct {
			name string
			Config
		}{
			{"plain", Config{Size: 1 << 40, Revision: revision}},
			{"dedup=3", Config{Size: 1 << 40, Dedup: 3, Revision: revision}},
			{"group", Config{Size: 1 << 30, Group: Group{Units: 1 << 40}, Revision: revision}},
		} {
			b.Run(fmt.Sprintf("of=Fill/shape=%s/generation=%d/size=1MiB", shape.name, g), func(b *testing.B) {
				cfg := shape.Config
				cfg.Threads = 1
				file := openBenchmark(b, cfg)
				p := make([]byte, 1<<20)
				b.SetBytes(int64(len(p)))
				for b.Loop() {
					file.ReadAt(p, 0)
				}
			})
			b.Run(fmt.Sprintf("of=LastChange/shape=%s/generation=%d", shape.name, g), func(b *testing.B) {
				for b.Loop() {
					shape.LastChange()
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

// BenchmarkNodePlan plans fills of 256 MiB without asking where they lie, which
// numa's BenchmarkLocate measures: with that, it is what happens before anything
// is written.
func BenchmarkNodePlan(b *testing.B) {
	const size = 256 << 20
	for name, node := range map[string]func(page uintptr) int{
		"nodes=1":           func(page uintptr) int { return 0 },
		"nodes=2,by=page":   func(page uintptr) int { return int(page % 2) },
		"nodes=2,by=halves": func(page uintptr) int { return int(page / (size / 2 / 4096) % 2) },
	} {
		b.Run(name, func(b *testing.B) {
			asked := 0
			pool := idlePool(b, NodePoolConfig{Threads: []int{1, 1}, Locate: func(p []byte, offsets, nodes []int) error {
				asked += len(offsets)
				for i, off := range offsets {
					nodes[i] = node((address(p) + uintptr(off)) / 4096)
				}
				return nil
			}})
			f := newNodeFill(pool)
			f.dst = make([]byte, size)
			b.SetBytes(size)
			for b.Loop() {
				f.plan()
			}
			b.ReportMetric(float64(asked)/float64(b.N), "pages-asked/op")
		})
	}
}

// BenchmarkNodeFill fills with two threads of a pool on one node, and in turn with
// a generator's own workers: speed/workers is the ratio of the two.
func BenchmarkNodeFill(b *testing.B) {
	for _, size := range []int{16 << 20, 64 << 20, 256 << 20} {
		b.Run("size="+sizeName(size), func(b *testing.B) {
			onNodeZero := func(p []byte, offsets, nodes []int) error {
				clear(nodes)
				return nil
			}
			pool := openPool(b, NodePoolConfig{Threads: []int{2}, Locate: onNodeZero})
			nodes := openBenchmark(b, Config{Size: 1 << 50, Nodes: pool})
			workers := openBenchmark(b, Config{Size: 1 << 50, Threads: 2})
			p := make([]byte, size)
			clear(p)
			var byNodes, byWorkers time.Duration
			b.SetBytes(2 * int64(size))
			for b.Loop() {
				start := time.Now()
				nodes.ReadAt(p, 0)
				between := time.Now()
				workers.ReadAt(p, 0)
				byNodes += between.Sub(start)
				byWorkers += time.Since(between)
			}
			b.ReportMetric(byWorkers.Seconds()/byNodes.Seconds(), "speed/workers")
		})
	}
}
