package format

import "strings"

// GGUF version 3, of ggml: metadata, one tensor named data, and its bytes from a multiple
// of 32 on.

const (
	ggufAlign  = 32
	ggufDims   = 4
	ggufUint32 = 4
	ggufString = 8
)

func ggufHeader(t DType, s Shape) []byte {
	var b fields
	text := func(s string) {
		b.u64(uint64(len(s)))
		b.text(s)
	}
	b.text("GGUF")
	b.u32(3)
	b.u64(1, 2) // tensors, metadata
	text("general.architecture")
	b.u32(ggufString)
	text("dgenfs")
	text("general.alignment")
	b.u32(ggufUint32)
	b.u32(ggufAlign)
	text("data")
	b.u32(uint32(s.n))
	for i := s.n - 1; i >= 0; i-- { // the one that varies fastest first
		b.u64(uint64(s.dims[i]))
	}
	b.u32(uint32(dtypeTable[t].gguf))
	b.u64(0)
	b.to((len(b) + ggufAlign - 1) / ggufAlign * ggufAlign)
	return b
}

func planGGUF(d Description) (*File, error) {
	if d.DType == Uint8 {
		d.DType = Int8 // ggml has no unsigned types, and this is the byte that it has
	}
	if dtypeTable[d.DType].gguf < 0 {
		var names []string
		for _, t := range dtypeTable {
			if t.gguf >= 0 {
				names = append(names, t.name)
			}
		}
		return nil, &KeyError{Key: "dtype", Value: d.DType.String(), Reason: "gguf has " + strings.Join(names, " ")}
	}
	if d.Shape.n > ggufDims {
		return nil, &KeyError{Key: "shape", Value: d.Shape.String(), Reason: "a gguf tensor has at most 4 dimensions"}
	}
	overhead := func(s Shape) int64 { return int64(len(ggufHeader(d.DType, s))) }
	shape, payload, err := d.array(overhead)
	if err != nil {
		return nil, err
	}
	return &File{size: payload + overhead(shape), payload: payload, mask: d.floats(), layout: func() layout {
		var l pieces
		l.bytes(ggufHeader(d.DType, shape))
		l.data(0, payload)
		return l
	}}, nil
}
