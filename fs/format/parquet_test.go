package format

import "testing"

// The length that is computed for a number of rows is that of the table of so many.
func TestParquetSizes(t *testing.T) {
	for _, columns := range []string{"1", "3xf2x7+2xu8", "200xf8+1xi4x1000", "20"} {
		kinds, err := ParseColumns(columns)
		if err != nil {
			t.Fatal(err)
		}
		masks := make([]*mask, len(kinds))
		for _, rows := range []int64{1, 7, 1000} {
			full := newParquetRows(kinds, rows, masks)
			one := parquetTable(kinds, full, rows, masks)
			for _, n := range []int64{1, 6, 7, 8, 14, 15, 98, 99, 127, 128, 1000, 1001, 14000, 16384} {
				l := parquetTable(kinds, full, n, masks)
				want := l.groupStart(l.groups-1) + l.last.size + int64(len(l.head)+len(l.foot)) + l.groups*l.meta
				if got := one.sizeOf(n); got != want {
					t.Errorf("%s, %d rows in groups of %d: %d bytes, the table has %d", columns, n, rows, got, want)
				}
			}
		}
	}
}
