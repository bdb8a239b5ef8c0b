package format

import (
	"encoding/binary"
	"math"
)

// Physical types.
const (
	parquetInt32  = 1
	parquetInt64  = 2
	parquetFloat  = 4
	parquetDouble = 5
	parquetFixed  = 7
)

// Encodings: places are those in a dictionary.
const (
	parquetPlain  = 0
	parquetRLE    = 3
	parquetPlaces = 8
)

// parquetTypes says how each type is stored: as what, in how many bytes in a data page,
// and the logical type as ConvertedType, or negative.
var parquetTypes = [dtypes]struct {
	physical  int64
	width     int64
	converted int64
	mask      uint64
}{
	Uint8:   {parquetInt32, 1, 11, math.MaxUint64},
	Uint16:  {parquetInt32, 4, 12, 0x0000ffff_0000ffff},
	Uint32:  {parquetInt32, 4, 13, math.MaxUint64},
	Uint64:  {parquetInt64, 8, 14, math.MaxUint64},
	Int8:    {parquetInt32, 1, 15, math.MaxUint64},
	Int16:   {parquetInt32, 4, 16, 0x00007fff_00007fff},
	Int32:   {parquetInt32, 4, -1, math.MaxUint64},
	Int64:   {parquetInt64, 8, -1, math.MaxUint64},
	Float16: {parquetFixed, 2, -1, 0xbfffbfff_bfffbfff},
	Float32: {parquetFloat, 4, -1, 0xbfffffff_bfffffff},
	Float64: {parquetDouble, 8, -1, 0xbfffffff_ffffffff},
}

// parquetColumn is what the columns of a run are in a row group.
type parquetColumn struct {
	header  []byte // of the page, behind the page of the dictionary if there is one
	repeats []byte // levels of a row
	defined []byte // all definition levels, with their length, and what is before bytes
	page    int64  // offset of the page, in a chunk
	start   int64  // of the first column's chunk, in the row group
	levels  int64  // offset of the repetition levels, in a chunk; if there are none, of the values
	values  int64  // offset of the values, in a chunk
	size    int64  // of a chunk
	count   int64  // of values
	payload int64  // offset of the first column's in the row group's payload
	stride  int64  // from a column's payload to the next
}

// values returns how many elements a column has in so many rows.
func (c *Column) values(rows int64) int64 { return rows * max(1, c.Len) }

// repeats returns the repetition levels of one row: a run of one 0, and one of 1.
func (c *Column) repeats() []byte {
	b := []byte{1 << 1, 0}
	if c.Len > 1 {
		b = binary.AppendUvarint(b, uint64(c.Len-1)<<1)
		b = append(b, 1)
	}
	return b
}

// definitions returns the definition levels of a list column, with their length.
func (c *Column) definitions(rows int64) []byte {
	run := append(binary.AppendUvarint(nil, uint64(c.values(rows))<<1), 1)
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(run))), run...)
}

// bytes returns how many bytes the values of a column have in so many rows. Those that
// refer to a dictionary are in runs of eight.
func (c *Column) bytes(rows int64) int64 {
	n := c.values(rows) * parquetTypes[c.DType].width
	if c.inDictionary() {
		n = (n + 7) / 8 * 8
	}
	return n
}

// inDictionary reports whether values are stored as places in a dictionary.
func (c *Column) inDictionary() bool { return c.DType == Uint8 || c.DType == Int8 }

// dictionary returns the page of all values of 8 bits: place i has the value whose byte
// is i.
func (c *Column) dictionary() []byte {
	const values = 256
	var t thrift
	t.begin()
	t.i32(1, 2) // dictionary
	t.i32(2, 4*values)
	t.i32(3, 4*values)
	t.structure(7)
	t.i32(1, values)
	t.i32(2, parquetPlain)
	t.end()
	t.end()
	for i := range values {
		v := uint32(i)
		if c.DType == Int8 {
			v = uint32(int32(int8(i)))
		}
		t.b = binary.LittleEndian.AppendUint32(t.b, v)
	}
	return t.b
}

// places returns what is before the values of so many rows that refer to a dictionary:
// their width in bits, and that they follow in one run.
func (c *Column) places(rows int64) []byte {
	if !c.inDictionary() {
		return nil
	}
	return binary.AppendUvarint([]byte{8}, uint64(c.bytes(rows)/8)<<1|1)
}

// encodings are those of a column's pages.
func (c *Column) encodings() []int64 {
	if c.inDictionary() {
		return parquetEncodings
	}
	return parquetEncodings[:2]
}

var parquetEncodings = []int64{parquetPlain, parquetRLE, parquetPlaces}

// parquet returns what all columns of a kind have in common in so many rows.
func (c *Column) parquet(rows int64) parquetColumn {
	p := parquetColumn{count: c.values(rows), defined: c.places(rows)}
	repeats := int64(0)
	if c.Len > 0 {
		p.repeats = c.repeats()
		p.defined = append(c.definitions(rows), p.defined...)
		repeats = rows * int64(len(p.repeats))
	}
	if c.inDictionary() {
		p.header = c.dictionary()
		p.page = int64(len(p.header))
	}
	size := repeats + int64(len(p.defined)) + c.bytes(rows)
	encoding := int64(parquetPlain)
	if c.inDictionary() {
		encoding = parquetPlaces
	}
	if c.Len > 0 {
		size += 4
	}
	t := thrift{b: p.header}
	t.begin()
	t.i32(1, 0) // data page
	t.i32(2, size)
	t.i32(3, size)
	t.structure(5)
	t.i32(1, p.count)
	t.i32(2, encoding)
	t.i32(3, parquetRLE)
	t.i32(4, parquetRLE)
	t.end()
	t.end()
	if c.Len > 0 {
		t.b = binary.LittleEndian.AppendUint32(t.b, uint32(repeats))
	}
	p.header = t.b
	p.levels = int64(len(p.header))
	p.values = p.levels + repeats + int64(len(p.defined))
	p.size = p.values + c.bytes(rows)
	p.stride = (c.bytes(rows) + parquetAlign - 1) / parquetAlign * parquetAlign
	return p
}
