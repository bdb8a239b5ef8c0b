package format

import (
	"bytes"
	"io"
	"testing"

	"github.com/dgenfs/dgenfs/gen"
)

// The length that is computed for a number of rows is that of the table of so many.
func TestParquetSizes(t *testing.T) {
	for _, columns := range []string{"1", "3xf2x7+2xu8", "200xf8+1xi4x1000", "20", "8+5xf2+990xi4x3"} {
		kinds, err := ParseColumns(columns)
		if err != nil {
			t.Fatal(err)
		}
		masks := make([]*mask, len(kinds))
		for _, rows := range []int64{1, 7, 1000} {
			full := newParquetRows(parquetRuns(kinds, masks), rows)
			one := parquetTable(kinds, full, rows)
			for _, n := range []int64{1, 6, 7, 8, 14, 15, 98, 99, 127, 128, 1000, 1001, 14000, 16384} {
				if n/rows > 100 && len(full.columns) > 2 {
					continue // takes long
				}
				l := parquetTable(kinds, full, n)
				w := new(work)
				want := l.groupStart(l.groups-1) + l.last.size
				for last := false; !last; {
					p, err := l.piece(want, w)
					if err != nil || p.start != want || p.end-p.start != int64(len(p.bytes)) {
						t.Fatalf("%s: a piece of %d bytes from %d to %d, not from %d: %v", columns, len(p.bytes), p.start, p.end, want, err)
					}
					want = p.end
					last = bytes.HasSuffix(p.bytes, []byte(parquetMagic))
				}
				if got := one.sizeOf(n); got != want {
					t.Errorf("%s, %d rows in groups of %d: %d bytes, the table has %d", columns, n, rows, got, want)
				}
			}
		}
	}
}

// cellCounter counts the cells of which something is read, each time.
type cellCounter struct{ cells int64 }

func (c *cellCounter) ReadAt(p []byte, off int64) (int, error) {
	c.cells += (off+int64(len(p))-1)/gen.Cell - off/gen.Cell + 1
	for i := range p {
		p[i] = byte((off + int64(i)) * 37 >> 3)
	}
	return len(p), nil
}

// Pages of a value each do not have the stream make a cell for every one, and a read of
// one byte has the same.
func TestParquetOfTinyPages(t *testing.T) {
	f, err := New(describe(t, "parquet", 4<<20, "columns", "100xf8", "rowgroup", "1"))
	if err != nil {
		t.Fatal(err)
	}
	var source cellCounter
	r, err := f.Open(func(int64) (io.ReaderAt, error) { return &source, nil })
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got := make([]byte, 512<<10)
	if _, err := r.ReadAt(got, 100_000); err != nil {
		t.Fatal(err)
	}
	// There are 20,000 pages, each with its 8 bytes of 64 of the stream.
	if most := int64(1000); source.cells == 0 || source.cells > most {
		t.Errorf("%d cells of the stream were made, want %d at most", source.cells, most)
	}
	one := make([]byte, 1)
	for i := 0; i < len(got); i += 7 {
		if _, err := r.ReadAt(one, 100_000+int64(i)); err != nil || one[0] != got[i] {
			t.Fatalf("byte %d alone is %#x, not %#x; %v", i, one[0], got[i], err)
		}
	}
}
