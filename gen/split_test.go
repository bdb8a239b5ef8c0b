package gen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
)

// canary surrounds what a read may write to.
const canary = 0xa5

// checkRead reads n bytes from offset off on into a buffer whose address is
// skew bytes off a cache line or more, and checks the bytes, the count, the
// error, and that nothing else was written to.
func checkRead(t *testing.T, g *Generator, want []byte, off int64, n, skew int) {
	t.Helper()
	buffer := bytes.Repeat([]byte{canary}, skew+n+Cell)
	var wantErr error
	if len(want) < n {
		wantErr = io.EOF
	}
	got, err := g.ReadAt(buffer[skew:skew+n], off)
	if got != len(want) || err != wantErr {
		t.Fatalf("ReadAt(%d bytes, %d) = %d, %v, want %d, %v", n, off, got, err, len(want), wantErr)
	}
	mustEqual(t, buffer[skew:skew+got], want, off)
	untouched := []byte{canary}
	if bytes.Count(buffer[:skew], untouched)+bytes.Count(buffer[skew+got:], untouched) != len(buffer)-got {
		t.Fatalf("ReadAt(%d bytes, %d) wrote to bytes outside of p[:%d]", n, off, got)
	}
}

func TestReadAtLengthsAndOffsets(t *testing.T) {
	lengths := []int{0, 1, 7, 8, 63, 64, 65, 511, 1023, 4095, 4096, 4097, 8191, 8192, 12289, 40961}
	forEachImplementation(t, func(t *testing.T, impl implementation) {
		for _, shape := range goldenShapes {
			t.Run(shape.name, func(t *testing.T) {
				g := impl.open(t, shape.Config)
				ref := reference(shape.Config)
				for i, off := range []int64{0, 1, 8, 63, 4088, 4095, 4096, 131071, 9<<20 + 5} {
					want := ref.bytes(off, lengths[len(lengths)-1])
					for j, n := range lengths {
						checkRead(t, g, want[:n], off, n, (i*len(lengths)+j)%64)
					}
				}
			})
		}
	})
}

func TestReadAtEnd(t *testing.T) {
	forEachImplementation(t, func(t *testing.T, impl implementation) {
		for _, size := range []int64{0, 1, 4095, 4096, 4097, 131073, 1<<20 + 1, 3<<20 - 1, math.MaxInt64 - 1, math.MaxInt64} {
			for _, shape := range goldenShapes {
				cfg := shape.Config
				cfg.Size = size
				t.Run(fmt.Sprintf("%s,size=%d", shape.name, size), func(t *testing.T) {
					g := impl.open(t, cfg)
					if g.Size() != size {
						t.Errorf("Size() = %d, want %d", g.Size(), size)
					}
					for _, before := range []int64{10000, 4096, 1, 0} {
						off := max(size-before, 0)
						rest := int(size - off)
						want := reference(cfg).bytes(off, rest)
						for _, n := range []int{0, rest - 1, rest, rest + 1, rest + 4096} {
							if n >= 0 {
								checkRead(t, g, want[:min(n, rest)], off, n, 3)
							}
						}
					}
					for _, off := range []int64{size, size + 1, size + 4096, math.MaxInt64} {
						if off >= size { // no overflow
							checkRead(t, g, nil, off, 5, 3)
							checkRead(t, g, nil, off, 0, 3)
						}
					}
				})
			}
		}
	})
}

// Reads that are large enough for workers end at the end, too.
func TestParallelReadAtEnd(t *testing.T) {
	for _, size := range []int64{2 * block, 3*block + 1, math.MaxInt64} {
		cfg := Config{Size: size, Threads: 3}
		g := open(t, cfg)
		off := size - 2*block
		want := reference(cfg).bytes(off, 2*block)
		for _, n := range []int{2 * block, 2*block + 1, 5 * block} {
			checkRead(t, g, want, off, n, 3)
		}
	}
}

func TestReadAtNegativeOffset(t *testing.T) {
	g := open(t, Config{Size: 100})
	for _, off := range []int64{-1, -4096, math.MinInt64} {
		p := bytes.Repeat([]byte{canary}, 10)
		n, err := g.ReadAt(p, off)
		if n != 0 || err == nil || errors.Is(err, io.EOF) || !strings.Contains(err.Error(), fmt.Sprint(off)) {
			t.Errorf("ReadAt(p, %d) = %d, %v, want 0 and an error that names the offset", off, n, err)
		}
		if p[0] != canary {
			t.Errorf("ReadAt(p, %d) wrote to p", off)
		}
	}
}

// The size matters to the bytes only where units are repeated or replaced.
func TestSizeIsNoPartOfPlainStreams(t *testing.T) {
	for _, shape := range goldenShapes {
		cfg := shape.Config
		cfg.Seed, cfg.Size = 5, 70000
		if cfg.Dedup > 1 || cfg.Revision.Generation > 0 {
			continue
		}
		short := mustRead(t, open(t, cfg), make([]byte, cfg.Size), 0)
		cfg.Size = math.MaxInt64
		mustEqual(t, short, reference(cfg).bytes(0, len(short)), 0)
	}
}

func TestGenerate(t *testing.T) {
	for _, size := range []int64{0, 1, 4097, 3<<20 + 5} {
		for _, shape := range goldenShapes {
			cfg := shape.Config
			cfg.Size = size
			got, err := Generate(cfg)
			if err != nil {
				t.Fatal(err)
			}
			mustEqual(t, got, reference(cfg).bytes(0, int(size)), 0)
		}
	}
	if p, err := Generate(Config{Size: -1}); p != nil || err == nil {
		t.Errorf("Generate of a negative size: %d bytes, %v", len(p), err)
	}
}

// FuzzSplit reads a range at once and in pieces of the lengths in cuts, two
// bytes each, and compares both to the reference.
func FuzzSplit(f *testing.F) {
	all := uint8(len(goldenShapes))
	for shape := range all {
		f.Add(uint64(shape), uint64(4095), uint32(30000), []byte{1, 0, 255, 3, 16, 0, 15, 255}, shape)
		f.Add(uint64(1), uint64(math.MaxInt64-9000), uint32(9000), []byte{16, 1}, shape)
	}
	f.Fuzz(func(t *testing.T, seed, off uint64, length uint32, cuts []byte, shape uint8) {
		cfg := goldenShapes[shape%all].Config
		cfg.Seed, cfg.Threads = seed, 1
		at := int64(off % uint64(cfg.Size))
		n := int(min(int64(length%(128<<10)), cfg.Size-at))
		want := reference(cfg).bytes(at, n)
		for _, impl := range testedImplementations {
			g := impl.open(t, cfg)
			checkRead(t, g, want, at, n, int(shape)%64)
			split := make([]byte, n)
			for done, rest := 0, cuts; done < n; {
				piece := n - done
				if len(rest) >= 2 {
					piece = min(piece, int(rest[0])<<8|int(rest[1]))
					rest = rest[2:]
				}
				mustRead(t, g, split[done:done+piece], at+int64(done))
				done += piece
			}
			mustEqual(t, split, want, at)
		}
	})
}
