package format

import (
	"encoding/binary"
	"math"
)

// The footer's numbers that are offsets or counts take ten bytes each, whatever they
// are, so that all row groups have the same length in it, and any is made when it is
// read.

// appendGroup appends the description of row group i, whose length is always the same.
func (l *parquetLayout) appendGroup(b []byte, i int64) []byte {
	g := l.group(i)
	t := thrift{b: b}
	t.begin()
	t.list(1, thriftStruct, int64(len(g.columns)))
	for j := range g.columns {
		c := &g.columns[j]
		at := l.groupStart(i) + c.start
		t.begin()
		t.wide(2, at)
		t.structure(3)
		t.i32(1, parquetTypes[c.kind.DType].physical)
		t.list(2, thriftI32, 2)
		t.varint(0) // plain
		t.varint(3) // RLE
		if c.kind.Len > 0 {
			t.list(3, thriftBinary, 3)
			t.element(c.name)
			t.element("list")
			t.element("element")
		} else {
			t.list(3, thriftBinary, 1)
			t.element(c.name)
		}
		t.i32(4, 0) // not compressed
		t.wide(5, c.kind.values(g.rows))
		t.wide(6, c.size)
		t.wide(7, c.size)
		t.wide(9, at)
		t.end()
		t.end()
	}
	t.wide(2, g.size)
	t.wide(3, g.rows)
	t.end()
	return t.b
}

// groupsLength returns how long the head of the list of so many row groups is.
func groupsLength(groups int64) int {
	var t thrift
	t.begin()
	t.list(4, thriftStruct, groups)
	return len(t.b)
}

// footer makes what is before and behind the row groups in it.
func (l *parquetLayout) footer() {
	var t thrift
	t.begin()
	t.i32(1, 1)
	elements := int64(1)
	for _, k := range l.kinds {
		elements += k.Count
		if k.Len > 0 {
			elements += 2 * k.Count
		}
	}
	t.list(2, thriftStruct, elements)
	t.begin()
	t.text(4, "schema")
	t.i32(5, int64(len(l.last.columns)))
	t.end()
	const required, repeated, list = 0, 2, 3
	for _, c := range l.last.columns {
		name := c.name
		if c.kind.Len > 0 {
			t.begin()
			t.i32(3, required)
			t.text(4, name)
			t.i32(5, 1)
			t.i32(6, list)
			t.end()
			t.begin()
			t.i32(3, repeated)
			t.text(4, "list")
			t.i32(5, 1)
			t.end()
			name = "element"
		}
		stored := &parquetTypes[c.kind.DType]
		t.begin()
		t.i32(1, stored.physical)
		if stored.physical == parquetFixed {
			t.i32(2, stored.width)
		}
		t.i32(3, required)
		t.text(4, name)
		if stored.converted >= 0 {
			t.i32(6, stored.converted)
		}
		if c.kind.DType == Float16 {
			const float16 = 15 // LogicalType
			t.structure(10)
			t.structure(float16)
			t.end()
			t.end()
		}
		t.end()
	}
	t.wide(3, l.rows)
	t.list(4, thriftStruct, l.groups)
	l.head = t.b
	l.meta = int64(len(l.appendGroup(nil, 0)))
	t.b = nil
	t.text(6, "dgenfs")
	t.end()
	length := int64(len(l.head)) + l.groups*l.meta + int64(len(t.b))
	l.foot = append(binary.LittleEndian.AppendUint32(t.b, uint32(min(length, math.MaxUint32))), parquetMagic...)
}
