package format

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// The format of numpy.save, version 1.0: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

// npyHeader returns the header as numpy writes it: with room for the first
// dimension to grow to 20 digits, and padded for the data to begin at a multiple
// of 64 bytes.
func npyHeader(t DType, s Shape) []byte {
	dims := s.join(", ")
	if s.n == 1 {
		dims += ","
	}
	dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", dtypeTable[t].numpy, dims)
	const growth = 21
	dict += strings.Repeat(" ", max(0, growth-len(fmt.Sprint(s.dims[0]))))
	const prefix = 10
	length := (prefix + len(dict) + 1 + 63) / 64 * 64
	b := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(b[8:], uint16(length-prefix))
	b = append(b, dict...)
	for len(b) < length-1 {
		b = append(b, ' ')
	}
	return append(b, '\n')
}

func (d *Description) checkNumpy() error {
	if dtypeTable[d.DType].numpy == "" {
		return &KeyError{Key: "dtype", Value: d.DType.String(), Reason: "numpy has no such type; use float16, or another format"}
	}
	return nil
}

func planNPY(d Description) (*File, error) {
	if err := d.checkNumpy(); err != nil {
		return nil, err
	}
	overhead := func(s Shape) int64 { return int64(len(npyHeader(d.DType, s))) }
	shape, payload, err := d.array(overhead)
	if err != nil {
		return nil, err
	}
	return &File{size: payload + overhead(shape), payload: payload, mask: d.floats(), layout: func() layout {
		var l pieces
		l.bytes(npyHeader(d.DType, shape))
		l.data(0, payload)
		return l
	}}, nil
}
