package format

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/dgenfs/dgenfs/gen"
)

// An index says what is read in the file that it is of: the offset and the length of each
// record.
func TestIndexOfRecords(t *testing.T) {
	for _, record := range []int64{1, 80, 2500, 114244} {
		const count = 1251
		data := describe(t, "tfrecord", count*RecordSize(record), "record", fmt.Sprint(record))
		_, r := open(t, data, gen.Config{})
		var want bytes.Buffer
		for off := int64(0); off < data.Size; {
			var length [8]byte
			if _, err := r.ReadAt(length[:], off); err != nil {
				t.Fatal(err)
			}
			framed := 8 + 4 + int64(binary.LittleEndian.Uint64(length[:])) + 4
			fmt.Fprintf(&want, "%d %d\n", off, framed)
			off += framed
		}
		index := describe(t, TFIndex, IndexSize(TFIndex, record, count), "record", fmt.Sprint(record))
		if got := whole(t, index, gen.Config{}); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("records of %d: %.100q, want %.100q", record, got, want.Bytes())
		}
	}
}

func TestIndexOfPlainRecords(t *testing.T) {
	const record, count = 6_000_000_000, 3000
	for format, word := range map[string]func(i uint64) uint64{
		Offsets: func(i uint64) uint64 { return i * record },
		Lengths: func(uint64) uint64 { return record },
	} {
		got := whole(t, describe(t, format, IndexSize(format, record, count), "record", fmt.Sprint(int64(record))), gen.Config{})
		if len(got) != 8*count {
			t.Fatalf("%s: %d bytes", format, len(got))
		}
		for i := range uint64(count) {
			if w := binary.LittleEndian.Uint64(got[8*i:]); w != word(i) {
				t.Fatalf("%s: word %d is %d, want %d", format, i, w, word(i))
			}
		}
	}
}

// The last line of a huge index is where its size says.
func TestHugeIndex(t *testing.T) {
	const record, count = 2500, 300_000_000_000_000
	f, r := open(t, describe(t, TFIndex, IndexSize(TFIndex, record, count), "record", "2500"), gen.Config{})
	want := fmt.Sprintf("\n%d %d\n", (count-1)*RecordSize(record), RecordSize(record))
	p := make([]byte, len(want))
	if _, err := r.ReadAt(p, f.Size()-int64(len(p))); err != nil || string(p) != want {
		t.Errorf("ends in %q, %v; want %q", p, err, want)
	}
	for _, format := range []string{TFIndex, Offsets} {
		if size := IndexSize(format, 2500, 1<<62); size != math.MaxInt64 {
			t.Errorf("%s of too many records has %d bytes", format, size)
		}
	}
}

// The size of a record is computed without making one.
func TestRecordSize(t *testing.T) {
	for n := int64(1); n < tfLargest-64; n += 1 + n/97 {
		for _, payload := range []int64{n, max(1, n&^127-1), max(1, n&^127), n&^127*128%(1<<30) + 1} {
			if got, want := RecordSize(payload), newTFRecords(payload).size(); got != want {
				t.Fatalf("a record of %d has %d bytes, want %d", payload, got, want)
			}
		}
	}
}
