package format

import (
	"bytes"
	"testing"
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
