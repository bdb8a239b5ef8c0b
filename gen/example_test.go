package gen_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"log"
	"slices"

	"github.com/dgenfs/dgenfs/gen"
	"github.com/dgenfs/dgenfs/numa"
)

// A generator needs no space: any part of 1 EiB can be read, at any time, and
// is the same every time.
func ExampleGenerator() {
	g, err := gen.New(gen.Config{Size: 1 << 60, Seed: 42})
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()

	p := make([]byte, 1000)
	fmt.Println(g.ReadAt(p, 1<<59))
	again := make([]byte, 10)
	fmt.Println(g.ReadAt(again, 1<<59+990))
	fmt.Println(bytes.Equal(p[990:], again))
	fmt.Println(g.ReadAt(p, 1<<60-1)) // one byte before the end
	// Output:
	// 1000 <nil>
	// 10 <nil>
	// true
	// 1 EOF
}

// A reader reads the stream in order: here, for a compressor.
func ExampleGenerator_NewReader() {
	g, err := gen.New(gen.Config{Size: 1 << 20, Compress: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()

	var packed counter
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		log.Fatal(err)
	}
	n, err := io.Copy(w, g.NewReader())
	if err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d bytes, compressed by %.1f\n", n, float64(n)/float64(packed))
	// Output: 1048576 bytes, compressed by 2.0
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// Equal configurations mean equal bytes, on every machine.
func Example() {
	p, err := gen.Generate(gen.Config{Size: 1 << 20, Seed: 7})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%x ... %x\n", p[:8], p[len(p)-8:])

	_, err = gen.Generate(gen.Config{Size: 1 << 20, Compress: 0.5})
	fmt.Println(err)
	// Output:
	// 79a90c3afdc0b116 ... c37d1ad12490dbcc
	// gen: compress 0.5: must be from 1 to 100
}

// Half of the 16 blocks of this buffer are copies of the others.
func ExampleGenerate() {
	p, err := gen.Generate(gen.Config{Size: 16 * 4096, Dedup: 2, Unit: 4096})
	if err != nil {
		log.Fatal(err)
	}
	blocks := map[string]bool{}
	for len(p) > 0 {
		blocks[string(p[:4096])] = true
		p = p[4096:]
	}
	fmt.Println(len(blocks), "distinct blocks")
	// Output: 8 distinct blocks
}

// From each generation to the next, a tenth of this file's blocks is replaced. A
// smaller file has less than one block to replace, and changes now and then.
func ExampleRevision() {
	blocks := func(generation int) []byte {
		p, err := gen.Generate(gen.Config{
			Size:     20 * 4096,
			Unit:     4096,
			Revision: gen.Revision{Generation: generation, Share: 100_000_000},
		})
		if err != nil {
			log.Fatal(err)
		}
		return p
	}
	before, after := blocks(7), blocks(8)
	changed := 0
	for i := 0; i < len(before); i += 4096 {
		if !bytes.Equal(before[i:i+4096], after[i:i+4096]) {
			changed++
		}
	}
	fmt.Println(changed, "of 20 blocks changed")

	small := gen.Config{
		Size:     4096,
		Revision: gen.Revision{Generation: 25, Share: 100_000_000, Phase: 300_000_000},
	}
	last, err := small.LastChange()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the small file is the one of generation", last)
	// Output:
	// 2 of 20 blocks changed
	// the small file is the one of generation 17
}

// Each file gets a seed of its own from a common seed and its path.
func ExampleDeriveSeed() {
	for _, path := range []string{"a.bin", "b.bin"} {
		fmt.Printf("%s: %#x\n", path, gen.DeriveSeed(1, path))
	}
	// Output:
	// a.bin: 0x91e108909589c211
	// b.bin: 0x4651c3e529d482e4
}

// On a machine with several memory nodes, large buffers are filled by threads of the
// node where they are: here, by as many as the node has CPUs to use.
func ExampleNodePool() {
	pool, err := openPool()
	if err != nil {
		pool = nil // not supported here: the generator has workers of its own
	} else {
		defer pool.Close()
	}
	g, err := gen.New(gen.Config{Size: 1 << 40, Nodes: pool})
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()

	p := make([]byte, 64<<20)
	n, err := g.ReadAt(p, 0)
	fmt.Printf("%d bytes, %v: %x ... %x\n", n, err, p[:8], p[len(p)-8:])
	// Output: 67108864 bytes, <nil>: 38053e23e46b0cfb ... c3632c661ef195c7
}

// openPool returns the threads of this machine.
func openPool() (*gen.NodePool, error) {
	machine, err := numa.System()
	if err != nil {
		return nil, err
	}
	cpus := map[int]numa.Set{}
	threads := make([]int, slices.Max(machine.IDs())+1)
	for _, node := range machine.Nodes {
		cpus[node.ID] = node.CPUs
		threads[node.ID] = len(node.CPUs)
	}
	return gen.NewNodePool(gen.NodePoolConfig{
		Threads: threads,
		Near:    machine.Nearest,
		Locate:  numa.Locate,
		Pin: func(node int) error {
			_, err := numa.Pin(cpus[node])
			return err
		},
	})
}
