package format

import (
	"encoding/binary"
	"math"
	"strconv"
)

// The footer's numbers that are offsets or counts take ten bytes each, whatever they
// are, so that all row groups have the same length in it, and any is made when it is
// read, as are its columns: with thousands of them it has megabytes.

// parquetFooter says how long the footer's parts are.
type parquetFooter struct {
	runs    []parquetRun
	columns int64 // of the table
	first   int64 // bytes before the columns in the schema
	schema  int64 // of these
	group   int64 // of a row group
}

func newParquetFooter(runs []parquetRun) parquetFooter {
	f := parquetFooter{runs: runs}
	for _, r := range runs {
		f.columns += r.count
		f.schema += r.count * r.schema
		f.group += r.count * r.chunk
	}
	f.first = int64(len(f.appendFirst(nil)))
	f.group += int64(len(f.appendGroupHead(nil)) + len(appendGroupTail(nil, new(parquetRows))))
	return f
}

// size returns the length of the footer with its own length and the magic number.
func (f *parquetFooter) size(groups int64) int64 {
	var b [64]byte
	return plus(f.withoutLast(groups), int64(len(f.appendLast(b[:0], groups))))
}

// withoutLast returns the length of all but what appendLast appends.
func (f *parquetFooter) withoutLast(groups int64) int64 {
	var b [64]byte
	return plus(f.first+f.schema+int64(len(appendMiddle(b[:0], 0, groups))), times(groups, f.group))
}

// footerPiece returns the piece that an offset of the footer is in, which begins at 0.
func (l *parquetLayout) footerPiece(off int64, w *work) piece {
	f := &l.footer
	if off < f.first {
		w.text = f.appendFirst(w.text[:0])
		return piece{end: f.first, bytes: w.text}
	}
	begin := f.first
	if off < begin+f.schema {
		return f.columnPiece(begin, off, w, nil, 0)
	}
	begin += f.schema
	w.text = appendMiddle(w.text[:0], l.rows, l.groups)
	groups := begin + int64(len(w.text))
	if off < groups {
		return piece{start: begin, end: groups, bytes: w.text}
	}
	last := groups + l.groups*f.group
	if off >= last {
		w.text = f.appendLast(w.text[:0], l.groups)
		return piece{start: last, end: last + int64(len(w.text)), bytes: w.text}
	}
	i := (off - groups) / f.group
	g := l.group(i)
	begin = groups + i*f.group
	w.text = f.appendGroupHead(w.text[:0])
	columns := begin + int64(len(w.text))
	if off < columns {
		return piece{start: begin, end: columns, bytes: w.text}
	}
	end := begin + f.group
	w.text = appendGroupTail(w.text[:0], g)
	tail := end - int64(len(w.text))
	if off >= tail {
		return piece{start: tail, end: end, bytes: w.text}
	}
	return f.columnPiece(columns, off, w, g, l.groupStart(i))
}

// columnPiece returns the piece of a list of all columns that an offset is in: some
// columns. The list begins at an offset. It is that of the schema, or of a row group
// which begins at another offset.
func (f *parquetFooter) columnPiece(begin, off int64, w *work, g *parquetRows, group int64) piece {
	length := func(r *parquetRun) int64 {
		if g == nil {
			return r.schema
		}
		return r.chunk
	}
	i := 0
	for off >= begin+f.runs[i].count*length(&f.runs[i]) {
		begin += f.runs[i].count * length(&f.runs[i])
		i++
	}
	r := &f.runs[i]
	const some = 16
	first := (off - begin) / length(r) / some * some
	t := thrift{b: w.text[:0]}
	for n := first; n < min(first+some, r.count); n++ {
		if g == nil {
			r.appendSchema(&t, r.first+n)
			continue
		}
		c := &g.columns[i]
		r.appendChunk(&t, r.first+n, group+c.start+n*c.size, c)
	}
	w.text = t.b
	begin += first * length(r)
	return piece{start: begin, end: begin + int64(len(w.text)), bytes: w.text}
}

// appendFirst appends what is before the columns: the version, and the root of the schema.
func (f *parquetFooter) appendFirst(b []byte) []byte {
	t := thrift{b: b}
	t.begin()
	t.i32(1, 1)
	elements := 1 + f.columns
	for _, r := range f.runs {
		if r.kind.Len > 0 {
			elements += 2 * r.count
		}
	}
	t.list(2, thriftStruct, elements)
	t.begin()
	t.text(4, "schema")
	t.i32(5, f.columns)
	t.end()
	return t.b
}

// appendSchema appends the schema's elements of a column.
func (r *parquetRun) appendSchema(t *thrift, column int64) {
	const required, repeated, list = 0, 2, 3
	var buffer [24]byte
	name := parquetName(buffer[:0], column)
	if r.kind.Len > 0 {
		t.begin()
		t.i32(3, required)
		t.binary(4, name)
		t.i32(5, 1)
		t.i32(6, list)
		t.end()
		t.begin()
		t.i32(3, repeated)
		t.text(4, "list")
		t.i32(5, 1)
		t.end()
		name = append(buffer[:0], "element"...)
	}
	stored := &parquetTypes[r.kind.DType]
	t.begin()
	t.i32(1, stored.physical)
	if stored.physical == parquetFixed {
		t.i32(2, stored.width)
	}
	t.i32(3, required)
	t.binary(4, name)
	if stored.converted >= 0 {
		t.i32(6, stored.converted)
	}
	if r.kind.DType == Float16 {
		const float16 = 15 // LogicalType
		t.structure(10)
		t.structure(float16)
		t.end()
		t.end()
	}
	t.end()
}

func parquetName(b []byte, column int64) []byte {
	return strconv.AppendInt(append(b, "column"...), column, 10)
}

// appendMiddle appends what is between the columns and the row groups.
func appendMiddle(b []byte, rows, groups int64) []byte {
	t := thrift{b: b}
	t.begin()
	t.last[0] = 2
	t.wide(3, rows)
	t.list(4, thriftStruct, groups)
	return t.b
}

func (f *parquetFooter) appendGroupHead(b []byte) []byte {
	t := thrift{b: b}
	t.begin()
	t.list(1, thriftStruct, f.columns)
	return t.b
}

// appendChunk appends the description of a column's chunk, which begins at an offset.
func (r *parquetRun) appendChunk(t *thrift, column, at int64, c *parquetColumn) {
	var buffer [24]byte
	t.begin()
	t.wide(2, at)
	t.structure(3)
	t.i32(1, parquetTypes[r.kind.DType].physical)
	encodings := r.kind.encodings()
	t.list(2, thriftI32, int64(len(encodings)))
	for _, e := range encodings {
		t.varint(e)
	}
	if r.kind.Len > 0 {
		t.list(3, thriftBinary, 3)
		t.element(parquetName(buffer[:0], column))
		t.element([]byte("list"))
		t.element([]byte("element"))
	} else {
		t.list(3, thriftBinary, 1)
		t.element(parquetName(buffer[:0], column))
	}
	t.i32(4, 0) // not compressed
	t.wide(5, c.count)
	t.wide(6, c.size)
	t.wide(7, c.size)
	t.wide(9, at+c.page)
	if r.kind.inDictionary() {
		t.wide(11, at)
	}
	t.end()
	t.end()
}

func appendGroupTail(b []byte, g *parquetRows) []byte {
	t := thrift{b: b}
	t.begin()
	t.last[0] = 1
	t.wide(2, g.size)
	t.wide(3, g.rows)
	t.end()
	return t.b
}

// appendLast appends what is behind the row groups.
func (f *parquetFooter) appendLast(b []byte, groups int64) []byte {
	t := thrift{b: b}
	from := len(b)
	t.begin()
	t.last[0] = 4
	t.text(6, "dgenfs")
	t.end()
	length := plus(f.withoutLast(groups), int64(len(t.b)-from))
	return append(binary.LittleEndian.AppendUint32(t.b, uint32(min(length, math.MaxUint32))), parquetMagic...)
}
