package format

// Apache Arrow's IPC file format, version 5 of the metadata: one column named data, in
// one record batch.

const (
	arrowMagic = "ARROW1"
	arrowV5    = 4
	arrowAlign = 8

	arrowSchema = 1 // kinds of messages
	arrowBatch  = 3
	arrowInt    = 2 // kinds of types
	arrowFloat  = 3
)

// arrowSchemaTable writes a schema.
func arrowSchemaTable(f *flatbuffer, t DType) int {
	kind, details := int64(arrowInt), 0
	if t.isFloat() {
		kind = arrowFloat
		precision := map[DType]int64{Float16: 0, Float32: 1, Float64: 2}[t]
		details = f.table(number(0, 2, precision))
	} else {
		signed := map[DType]int64{Int8: 1, Int16: 1, Int32: 1, Int64: 1}[t]
		details = f.table(number(0, 4, 8*t.Width()), number(1, 1, signed))
	}
	name, children := f.text("data"), f.references()
	field := f.table(reference(0, name), reference(3, details), reference(5, children), number(1, 1, 0), number(2, 1, kind))
	columns := f.references(field)
	return f.table(reference(1, columns), number(0, 2, 0))
}

// arrowMessage returns a message with what is before it: a marker and its length.
func arrowMessage(kind, body int64, header func(f *flatbuffer) int) []byte {
	f := new(flatbuffer)
	h := header(f)
	message := f.finish(f.table(number(3, 8, body), reference(2, h), number(0, 2, arrowV5), number(1, 1, kind)))
	var b fields
	b.u32(1<<32 - 1)
	b.u32(uint32(len(message)))
	return append(b, message...)
}

// arrowParts returns what is before and behind n elements.
func arrowParts(t DType, n int64) (head, tail []byte) {
	length := n * t.Width()
	body := (length + arrowAlign - 1) / arrowAlign * arrowAlign
	head = append([]byte(arrowMagic), 0, 0)
	head = append(head, arrowMessage(arrowSchema, 0, func(f *flatbuffer) int { return arrowSchemaTable(f, t) })...)
	start := int64(len(head))
	head = append(head, arrowMessage(arrowBatch, body, func(f *flatbuffer) int {
		buffers := f.structs(2, 0, 0, 0, length) // no bitmap of nulls
		nodes := f.structs(1, n, 0)
		return f.table(number(0, 8, n), reference(1, nodes), reference(2, buffers))
	})...)
	meta := int64(len(head)) - start

	f := new(flatbuffer)
	blocks := f.structs(1, start, meta, body)
	dictionaries := f.structs(0)
	schema := arrowSchemaTable(f, t)
	footer := f.finish(f.table(reference(1, schema), reference(2, dictionaries), reference(3, blocks), number(0, 2, arrowV5)))
	var b fields
	b.to(int(body - length))
	b.u32(1<<32 - 1) // end of the stream
	b.u32(0)
	b = append(b, footer...)
	b.u32(uint32(len(footer)))
	b.text(arrowMagic)
	return head, b
}

func planArrow(d Description) (*File, error) {
	if d.DType == BFloat16 {
		return nil, &KeyError{Key: "dtype", Value: "bfloat16", Reason: "arrow has no such type; use float16"}
	}
	if d.Shape.n > 1 {
		return nil, &KeyError{Key: "shape", Value: d.Shape.String(), Reason: "an arrow column has one dimension"}
	}
	shape, payload, err := d.array(func(s Shape) int64 {
		head, tail := arrowParts(d.DType, s.Elements())
		return int64(len(head) + len(tail))
	})
	if err != nil {
		return nil, err
	}
	head, tail := arrowParts(d.DType, shape.Elements())
	return &File{size: payload + int64(len(head)+len(tail)), payload: payload, mask: d.floats(), layout: func() layout {
		var l pieces
		l.bytes(head)
		l.data(0, payload)
		l.bytes(tail)
		return l
	}}, nil
}
