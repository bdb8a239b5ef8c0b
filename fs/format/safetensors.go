package format

import (
	"encoding/binary"
	"fmt"
)

// The format of huggingface/safetensors: the length of a header as u64, the header,
// JSON padded with blanks to a multiple of 8, then the data.

func safetensorsHeader(t DType, s Shape) []byte {
	n := s.Elements() * t.Width()
	json := fmt.Sprintf(`{"data":{"dtype":"%s","shape":[%s],"data_offsets":[0,%d]}}`, dtypeTable[t].safetensors, s.join(","), n)
	for len(json)%8 != 0 {
		json += " "
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(json))), json...)
}

func planSafetensors(d Description) (*File, error) {
	overhead := func(s Shape) int64 { return int64(len(safetensorsHeader(d.DType, s))) }
	shape, payload, err := d.array(overhead)
	if err != nil {
		return nil, err
	}
	return &File{size: payload + overhead(shape), payload: payload, mask: d.floats(), layout: func() layout {
		var l pieces
		l.bytes(safetensorsHeader(d.DType, shape))
		l.data(0, payload)
		return l
	}}, nil
}
