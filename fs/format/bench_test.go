package format

import (
	"testing"

	"github.com/dgenfs/dgenfs/gen"
)

// A file of 8 TiB takes no more than others: its parts are where arithmetic says.
func BenchmarkFirstByte(b *testing.B) {
	d := Description{Format: "npz", Size: 8 << 40}
	for _, at := range []struct {
		name string
		off  int64
		n    int
	}{{"first", 0, 1}, {"last", 8<<40 - 1024, 1024}, {"random", 5_123_456_789_012, 4096}} {
		b.Run("at="+at.name, func(b *testing.B) {
			p := make([]byte, at.n)
			for b.Loop() {
				f, err := New(d)
				if err != nil {
					b.Fatal(err)
				}
				r, err := f.Open(Generate(gen.Config{Seed: 7}))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := r.ReadAt(p, at.off); err != nil {
					b.Fatal(err)
				}
				r.Close()
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, d := range []Description{
		{Format: "npy", Size: 8 << 30}, {Format: "npy", Size: 8 << 30, DType: Float32},
		{Format: "npz", Size: 8 << 30}, {Format: "npz", Size: 8<<30 + 2, DType: Float32},
		{Format: "tfrecord", Size: 114304 * 10000, Record: 114244}, {Format: "tfrecord", Size: 2554 * 100000, Record: 2500},
		{Format: "hdf5", Size: 8 << 30}, {Format: "parquet", Size: 8 << 30, Columns: "200xfloat32"},
		{Format: "jpeg", Size: 3 << 30}, {Format: "png", Size: 3 << 30},
	} {
		b.Run("format="+d.Format+"/dtype="+d.DType.String()+"/record="+d.value("record"), func(b *testing.B) {
			f, r := open(b, d, gen.Config{Seed: 7})
			p := make([]byte, 1<<20)
			b.SetBytes(int64(len(p)))
			off := int64(0)
			for b.Loop() {
				r.ReadAt(p, off)
				off = (off + int64(len(p))) % (f.Size() - int64(len(p)))
			}
		})
	}
}
