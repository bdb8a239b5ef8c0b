package gen

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

// parallelShapes have different kernels and different runs of cells.
var parallelShapes = []struct {
	name string
	Config
}{
	{"plain", Config{Size: 1 << 40}},
	{"compress=2", Config{Size: 1 << 40, Compress: 2}},
	{"dedup=3,unit=20K", Config{Size: 1 << 40, Dedup: 3, Unit: 20 << 10}},
	{"gen=3,unit=20K", Config{Size: 1 << 40, Unit: 20 << 10, Revision: Revision{Generation: 3, Share: 2e8, Phase: 0}}},
}

// A fill by any number of threads equals one by a single thread, which other
// tests compare to the reference.
func TestParallelEqualsSerial(t *testing.T) {
	sizes := []int{2*block - 1, 2 * block, 2*block + 1, 3*block - Cell, 3*block + Cell + 1, 9*block + 7}
	offsets := []int64{0, 1, Cell - 1, Cell, block - 1, block + Cell/2, 1<<39 + 12345}
	forEachImplementation(t, func(t *testing.T, impl implementation) {
		for _, shape := range parallelShapes {
			for _, threads := range []int{2, 3, 8} {
				t.Run(fmt.Sprintf("%s/threads=%d", shape.name, threads), func(t *testing.T) {
					cfg := shape.Config
					cfg.Threads = threads
					parallel := impl.open(t, cfg)
					cfg.Threads = 1
					serial := impl.open(t, cfg)
					buffer := make([]byte, slices.Max(sizes))
					for i, off := range offsets {
						n := sizes[(i+threads)%len(sizes)]
						checkRead(t, parallel, mustRead(t, serial, buffer[:n], off), off, n, i)
					}
				})
			}
		}
	})
}

func TestConcurrentReads(t *testing.T) {
	const size = 6<<20 + 11
	rounds := 60
	if testing.Short() || raceEnabled() {
		rounds = 15
	}
	for _, shape := range parallelShapes {
		cfg := shape.Config
		cfg.Size, cfg.Threads = size, 3
		whole := reference(cfg).bytes(0, size)
		g := open(t, cfg)
		var readers sync.WaitGroup
		for id := range 16 {
			readers.Go(func() {
				random := rand.New(rand.NewPCG(uint64(id), 0))
				buffer := make([]byte, 3*block)
				for range rounds {
					off := random.IntN(size)
					p := buffer[:random.IntN(len(buffer)>>(8*random.IntN(2)))]
					n, err := g.ReadAt(p, int64(off))
					if err != nil && err != io.EOF || n != min(len(p), size-off) || !bytes.Equal(p[:n], whole[off:off+n]) {
						t.Errorf("%s: ReadAt(%d bytes, %d) = %d, %v, or wrong bytes", shape.name, len(p), off, n, err)
					}
				}
			})
		}
		readers.Wait()
	}
}

// Close must neither break a fill that is under way nor leave one waiting.
func TestCloseDuringFills(t *testing.T) {
	cfg := Config{Size: 1 << 40, Threads: 3}
	want := reference(cfg).bytes(1, 4*block)
	for range 20 {
		g := open(t, cfg)
		var readers, begun sync.WaitGroup
		begun.Add(4)
		for range 4 {
			readers.Go(func() {
				p := make([]byte, len(want))
				for i := 0; ; i++ {
					clear(p)
					n, err := g.ReadAt(p, 1)
					if i == 0 {
						begun.Done()
					}
					switch {
					case err == ErrClosed && n == 0:
						return
					case err != nil || !bytes.Equal(p, want):
						t.Errorf("while closing: ReadAt = %d, %v, or wrong bytes", n, err)
						return
					}
				}
			})
		}
		begun.Wait()
		g.Close()
		readers.Wait()
	}
}

func TestClosed(t *testing.T) {
	for _, threads := range []int{1, 3} {
		g := open(t, Config{Size: 10, Threads: threads})
		r := g.NewReader()
		for range 3 {
			if err := g.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		p := bytes.Repeat([]byte{canary}, 5)
		for _, off := range []int64{0, 100, -1} {
			if n, err := g.ReadAt(p, off); n != 0 || err != ErrClosed {
				t.Errorf("ReadAt(p, %d) = %d, %v, want 0, ErrClosed", off, n, err)
			}
		}
		if n, err := r.Read(p); n != 0 || err != ErrClosed {
			t.Errorf("Read = %d, %v, want 0, ErrClosed", n, err)
		}
		if n, err := r.WriteTo(io.Discard); n != 0 || err != ErrClosed {
			t.Errorf("WriteTo = %d, %v, want 0, ErrClosed", n, err)
		}
		if p[0] != canary {
			t.Error("a closed generator wrote to the buffer")
		}
	}
}

// A bubble panics if it is left with a goroutine that can't go on.
func TestCloseEndsWorkers(t *testing.T) {
	for _, threads := range []int{1, 2, 8} {
		synctest.Test(t, func(t *testing.T) {
			g, err := New(Config{Size: 1 << 40, Threads: threads})
			if err != nil {
				t.Fatal(err)
			}
			mustRead(t, g, make([]byte, shareFrom), 0)
			g.Close()
		})
	}
	synctest.Test(t, func(t *testing.T) {
		if _, err := Generate(Config{Size: shareFrom, Threads: 4}); err != nil {
			t.Fatal(err)
		}
		if _, err := New(Config{Size: 1, Threads: 4, Compress: 0.5}); err == nil {
			t.Fatal("no error")
		}
	})
}

func TestNoAllocation(t *testing.T) {
	if raceEnabled() {
		t.Skip("needs a sync.Pool that keeps what it holds, which it does not with -race")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties a sync.Pool
	for _, shape := range parallelShapes {
		g := open(t, func() Config { c := shape.Config; c.Threads = 3; return c }())
		for _, n := range []int{1, Cell, 128 << 10, 4*block + 1} {
			p := make([]byte, n)
			fill := func() { mustRead(t, g, p, 4095) }
			for range 10 {
				fill() // what the steady state needs
			}
			if allocs := testing.AllocsPerRun(50, fill); allocs != 0 {
				t.Errorf("%s: ReadAt of %d bytes allocates %v times", shape.name, n, allocs)
			}
		}
	}
}

// raceEnabled reports whether the race detector was built in.
func raceEnabled() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
