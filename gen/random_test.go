package gen

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// firstCells returns the first cell of every seed, as words.
func firstCells(t *testing.T, seeds []uint64) [][]uint64 {
	t.Helper()
	var cells [][]uint64
	for _, seed := range seeds {
		p, err := Generate(Config{Size: Cell, Seed: seed, Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		var words []uint64
		for ; len(p) > 0; p = p[word:] {
			words = append(words, binary.LittleEndian.Uint64(p))
		}
		cells = append(cells, words)
	}
	return cells
}

// unbalanced reports whether so many ones in n coin tosses would not happen
// once in a hundred billion times.
func unbalanced(ones, n int) bool {
	const sigmas = 7
	return math.Abs(float64(ones)-float64(n)/2) > sigmas*math.Sqrt(float64(n))/2
}

func differing(a, b []uint64) int {
	n := 0
	for i := range a {
		n += bits.OnesCount64(a[i] ^ b[i])
	}
	return n
}

// The first cells of neighbouring seeds, and of seeds that differ in one bit,
// have nothing in common.
func TestSeedsAreUncorrelated(t *testing.T) {
	seeds := make([]uint64, 1000)
	for i := range seeds {
		seeds[i] = uint64(i)
	}
	for i := range 64 {
		seeds = append(seeds, 1<<i^0x5555)
	}
	cells := firstCells(t, seeds)
	n := len(cells[0]) * 64
	for i, a := range cells {
		for j, b := range cells[:i] {
			if d := differing(a, b); unbalanced(d, n) {
				t.Errorf("seeds %#x and %#x: %d of %d bits differ", seeds[i], seeds[j], d, n)
			}
		}
	}

	// The same of the bits: each place, over all seeds, against each other.
	const places = 4096 // the first row, and what it becomes in seven steps
	columns := make([][]uint64, places)
	for place := range columns {
		columns[place] = make([]uint64, len(cells)/64)
		for i := range columns[place] {
			for j, cell := range cells[i*64 : (i+1)*64] {
				columns[place][i] |= cell[place/64] >> (place % 64) & 1 << j
			}
		}
	}
	zero := make([]uint64, len(columns[0]))
	n = len(zero) * 64
	for i, a := range columns {
		if ones := differing(a, zero); unbalanced(ones, n) {
			t.Errorf("bit %d is set in %d of %d cells", i, ones, n)
		}
		for j, b := range columns[:i] {
			if d := differing(a, b); unbalanced(d, n) {
				t.Errorf("bits %d and %d differ in %d of %d cells", i, j, d, n)
			}
		}
	}
}

// The lanes of a cell, and the cells of a file, have nothing in common.
func TestLanesAndCellsAreUncorrelated(t *testing.T) {
	const cells = 1 << 12
	p := mustRead(t, open(t, Config{Size: cells * Cell}), make([]byte, cells*Cell), 0)
	byLane := make([][]uint64, lanes)
	for i := 0; i < len(p); i += word {
		j := i / word % lanes
		byLane[j] = append(byLane[j], binary.LittleEndian.Uint64(p[i:]))
	}
	n := len(byLane[0]) * 64
	for i, a := range byLane {
		for j, b := range byLane[:i] {
			if d := differing(a, b); unbalanced(d, n) {
				t.Errorf("lanes %d and %d: %d of %d bits differ", i, j, d, n)
			}
		}
		// A lane against itself, some cells and some steps later.
		for _, distance := range []int{1, 2, 3, cellRows, 2 * cellRows, 1024 * cellRows} {
			if d := differing(a[distance:], a[:len(a)-distance]); unbalanced(d, n-distance*64) {
				t.Errorf("lane %d and itself %d steps later: %d of %d bits differ", i, distance, d, n)
			}
		}
	}
}

// No sector of 512 bytes occurs twice in 16 GiB of several files.
func TestSectorsAreUnique(t *testing.T) {
	const sector, files = 512, 4
	size := int64(4 << 30)
	if testing.Short() || raceEnabled() {
		size = 64 << 20
	}
	generators := make([]*Generator, files)
	for i := range generators {
		generators[i] = open(t, Config{Size: size, Seed: uint64(i), Threads: 1})
	}
	type place struct {
		hash uint64
		at   int64 // file * size + offset
	}
	perFile := size / sector
	places := make([]place, files*perFile)
	seed := maphash.MakeSeed()
	var wg sync.WaitGroup
	workers := int64(runtime.GOMAXPROCS(0))
	const chunk = 1 << 20
	for w := range workers {
		wg.Go(func() {
			p := make([]byte, chunk)
			for at := w * chunk; at < files*size; at += workers * chunk {
				generators[at/size].ReadAt(p, at%size)
				for i := int64(0); i < chunk; i += sector {
					places[(at+i)/sector] = place{maphash.Bytes(seed, p[i:i+sector]), at + i}
				}
			}
		})
	}
	wg.Wait()
	slices.SortFunc(places, func(a, b place) int {
		if a.hash < b.hash {
			return -1
		}
		if a.hash > b.hash {
			return 1
		}
		return 0
	})
	for i := 1; i < len(places); i++ {
		a, b := places[i-1], places[i]
		if a.hash != b.hash {
			continue
		}
		// Of so many hashes, two may be equal by chance.
		x := mustRead(t, generators[a.at/size], make([]byte, sector), a.at%size)
		y := mustRead(t, generators[b.at/size], make([]byte, sector), b.at%size)
		if string(x) == string(y) {
			t.Fatalf("sectors %d of file %d and %d of file %d are equal",
				a.at%size/sector, a.at/size, b.at%size/sector, b.at/size)
		}
	}
}
