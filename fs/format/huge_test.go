package format

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/dgenfs/dgenfs/gen"
)

// counted counts what is read of a payload.
type counted struct {
	io.ReaderAt
	bytes *atomic.Int64
}

func (c counted) ReadAt(p []byte, off int64) (int, error) {
	c.bytes.Add(int64(len(p)))
	return c.ReaderAt.ReadAt(p, off)
}

// A read of a huge file takes what it reads and some cells of payload, wherever it is;
// of formats with checksums as of others.
func TestHugeFiles(t *testing.T) {
	const slack = 8 * gen.Cell
	square, err := ShapeOf(8, 8)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []Description{
		{Format: "npy", Size: 8 << 40}, {Format: "npz", Size: 8 << 40}, {Format: "npz", Size: 8<<40 + 2, DType: Float32},
		{Format: "zip", Size: 8 << 40}, {Format: "zip", Size: Any, Members: 1000, Member: Member{Size: 8 << 30}},
		{Format: "pt", Size: Any, Shape: vector(1 << 41), DType: Float32}, {Format: "hdf5", Size: 8 << 40},
		{Format: "tar", Size: 8 << 40}, {Format: "gz", Size: 8 << 40}, {Format: "safetensors", Size: 8 << 40},
		{Format: "tfrecord", Size: 1 << 30}, {Format: "tfrecord", Size: 114304 << 26, Record: 114244},
		{Format: "parquet", Size: 1 << 40, Columns: "200xfloat32"}, {Format: "png", Size: 3 << 30},
		{Format: "jpeg", Size: 8 << 40, Shape: square},
	} {
		f, err := New(d)
		if err != nil {
			t.Fatal(err)
		}
		var read atomic.Int64
		r, err := f.Open(func(size int64) (io.ReaderAt, error) {
			g, err := Generate(gen.Config{Seed: 7})(size)
			return counted{g, &read}, err
		})
		if err != nil {
			t.Fatal(err)
		}
		rnd := rand.New(rand.NewPCG(7, 8))
		for i := range 300 {
			n := 1 + rnd.Int64N(10_000)
			off := rnd.Int64N(f.Size() - n)
			switch {
			case i == 0:
				off = 0
			case i < 50:
				off = rnd.Int64N(5000)
			case i < 100:
				off = f.Size() - n - rnd.Int64N(100_000)
			}
			read.Store(0)
			if _, err := r.ReadAt(make([]byte, n), off); err != nil {
				t.Fatal(err)
			}
			if got := read.Load(); got > n+slack {
				t.Errorf("%s: a read of %d bytes at %d read %d of the payload", d.Format, n, off, got)
			}
		}
	}
}

// crcOfTwo returns the CRC-32 of two pieces from theirs, by the matrix that n zero bytes
// are: another way than that of the package.
func crcOfTwo(first, second uint32, n int64) uint32 {
	var matrix [32]uint32 // of one zero bit; row i is what becomes of bit i
	matrix[0] = crc32.IEEE
	for i := 1; i < 32; i++ {
		matrix[i] = 1 << (i - 1)
	}
	times := func(v uint32) (sum uint32) {
		for i := 0; v != 0; i, v = i+1, v>>1 {
			if v&1 != 0 {
				sum ^= matrix[i]
			}
		}
		return sum
	}
	for n *= 8; n > 0; n >>= 1 {
		if n&1 != 0 {
			first = times(first)
		}
		square := matrix
		for i := range square {
			square[i] = times(matrix[i])
		}
		matrix = square
	}
	return first ^ second
}

// The CRC of an array of 8 TiB, which nobody has read, follows from the cells: all have
// the CRC of a cell of zeros, and so have the CRC of as many zeros together.
func TestHugeChecksum(t *testing.T) {
	d := Description{Format: "npz", Size: 8<<40 + 2, DType: Float32}
	f, r := open(t, d, config)
	head := make([]byte, 55+128)
	if _, err := r.ReadAt(head, 0); err != nil {
		t.Fatal(err)
	}
	payload := f.PayloadSize()
	cells := payload / gen.Cell
	zeros := crc32.ChecksumIEEE(make([]byte, gen.Cell))
	rnd := rand.New(rand.NewPCG(9, 10))
	cell := make([]byte, gen.Cell)
	for i := range 2000 {
		k := rnd.Int64N(cells)
		if i < 4 {
			k = []int64{0, 1, cells - 2, cells - 1}[i]
		}
		if _, err := r.ReadAt(cell, int64(len(head))+k*gen.Cell); err != nil {
			t.Fatal(err)
		}
		if crc32.ChecksumIEEE(cell) != zeros || bytes.Equal(cell, make([]byte, gen.Cell)) {
			t.Fatalf("cell %d is not neutral", k)
		}
	}
	crc := crc32.ChecksumIEEE(head[55:])
	for bit, size, n := int64(1), int64(gen.Cell), zeros; bit <= cells; bit *= 2 {
		if cells&bit != 0 {
			crc = crcOfTwo(crc, n, size)
		}
		n, size = crcOfTwo(n, n, size), 2*size
	}
	tail := make([]byte, payload%gen.Cell)
	if _, err := r.ReadAt(tail, int64(len(head))+cells*gen.Cell); err != nil {
		t.Fatal(err)
	}
	crc = crcOfTwo(crc, crc32.ChecksumIEEE(tail), int64(len(tail)))
	if got := binary.LittleEndian.Uint32(head[14:]); got != crc {
		t.Errorf("the header has CRC %#x, the cells have %#x", got, crc)
	}
	end := make([]byte, 1024)
	if _, err := r.ReadAt(end, f.Size()-1024); err != nil {
		t.Fatal(err)
	}
	central := end[bytes.Index(end, []byte("PK\x01\x02")):]
	if got := binary.LittleEndian.Uint32(central[16:]); got != crc {
		t.Errorf("the directory has CRC %#x, the cells have %#x", got, crc)
	}
}
