package format

import "encoding/binary"

// flatbuffer builds a buffer from its end to its start, as FlatBuffers do: what is
// referred to comes first. A position is the distance from the buffer's end.
type flatbuffer struct{ b []byte }

// flatField is a field of a table: a number of some bytes, or if refers is set the
// distance to a position.
type flatField struct {
	id     int
	width  int
	value  int64
	refers bool
}

func number(id, width int, v int64) flatField { return flatField{id: id, width: width, value: v} }
func reference(id, position int) flatField {
	return flatField{id: id, width: 4, value: int64(position), refers: true}
}

func (f *flatbuffer) prepend(p []byte) int {
	f.b = append(append(make([]byte, 0, len(p)+len(f.b)), p...), f.b...)
	return len(f.b)
}

// align makes what ends with so many bytes more begin at a multiple of width.
func (f *flatbuffer) align(width, more int) {
	f.prepend(make([]byte, (width-(len(f.b)+more)%width)%width))
}

func (f *flatbuffer) number(width int, v int64) int {
	return f.prepend(binary.LittleEndian.AppendUint64(nil, uint64(v))[:width])
}

func (f *flatbuffer) refer(position int) int { return f.number(4, int64(len(f.b)+4-position)) }

func (f *flatbuffer) text(s string) int {
	f.align(4, len(s)+1)
	f.prepend(append([]byte(s), 0))
	return f.number(4, int64(len(s)))
}

// structs writes a vector of n structures whose fields are numbers of 64 bits.
func (f *flatbuffer) structs(n int, words ...int64) int {
	f.align(8, 0)
	for i := len(words) - 1; i >= 0; i-- {
		f.number(8, words[i])
	}
	return f.number(4, int64(n))
}

// references writes a vector of positions.
func (f *flatbuffer) references(positions ...int) int {
	f.align(4, 0)
	for i := len(positions) - 1; i >= 0; i-- {
		f.refer(positions[i])
	}
	return f.number(4, int64(len(positions)))
}

// table writes a table and, before it, where its fields are.
func (f *flatbuffer) table(fields ...flatField) int {
	end := len(f.b)
	var at [8]int // positions by id
	ids := 0
	for _, field := range fields {
		f.align(field.width, field.width)
		if field.refers {
			at[field.id] = f.refer(int(field.value))
		} else {
			at[field.id] = f.number(field.width, field.value)
		}
		ids = max(ids, field.id+1)
	}
	f.align(4, 4)
	table := f.number(4, int64(4+2*ids)) // the distance to its description, just before it
	for id := ids - 1; id >= 0; id-- {
		offset := 0
		if at[id] > 0 {
			offset = table - at[id]
		}
		f.number(2, int64(offset))
	}
	f.number(2, int64(table-end))
	f.number(2, int64(4+2*ids))
	return table
}

// finish returns the buffer, a multiple of 8 bytes, whose root is a table.
func (f *flatbuffer) finish(root int) []byte {
	f.align(8, 4)
	f.refer(root)
	return f.b
}
