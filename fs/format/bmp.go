package format

import (
	"encoding/binary"
	"fmt"
	"math"
)

// BMP: pixels of 32 bits, not compressed, from the bottom up. What is less than a row
// is between the header and the pixels.

const (
	bmpHeader = 14 + 40
	bmpPixel  = 4
)

func planBMP(d Description) (*File, error) {
	const least, most = bmpHeader + bmpPixel, math.MaxUint32
	var width, height int64
	if !d.Shape.IsZero() {
		dims := d.Shape.Dims()
		if len(dims) != 2 || max(dims[0], dims[1]) > math.MaxInt32 || times(times(dims[0], dims[1]), bmpPixel) > most-bmpHeader {
			return nil, &KeyError{Key: "shape", Value: d.Shape.String(), Reason: "a bmp is HEIGHTxWIDTH, in 4 GiB"}
		}
		height, width = dims[0], dims[1]
		if d.Size == Any {
			d.Size = bmpHeader + bmpPixel*width*height
		}
		if d.Size < bmpHeader+bmpPixel*width*height {
			return nil, &SizeError{What: fmt.Sprintf("bmp, shape=%s", d.Shape), Size: d.Size, Above: bmpHeader + bmpPixel*width*height}
		}
	}
	switch {
	case d.Size == Any:
		return nil, anySize("a bmp")
	case d.Size < least:
		return nil, &SizeError{What: "bmp", Size: d.Size, Above: least}
	case d.Size > most:
		return nil, &SizeError{What: "bmp", Size: d.Size, Below: most}
	}
	if d.Shape.IsZero() {
		width, height = nearSquare((d.Size-bmpHeader)/bmpPixel, math.MaxInt32)
	}
	size, payload := d.Size, bmpPixel*width*height
	return &File{size: size, payload: payload, layout: func() layout {
		le := binary.LittleEndian
		var l pieces
		b := le.AppendUint32([]byte("BM"), uint32(size))
		b = le.AppendUint32(b, 0)
		b = le.AppendUint32(b, uint32(size-payload))
		b = le.AppendUint32(b, 40)
		b = le.AppendUint32(b, uint32(width))
		b = le.AppendUint32(b, uint32(height))
		b = le.AppendUint16(b, 1)
		b = le.AppendUint16(b, 8*bmpPixel)
		b = le.AppendUint32(b, 0) // not compressed
		b = le.AppendUint32(b, uint32(payload))
		b = le.AppendUint32(b, 2835) // pixels a metre: 72 an inch
		b = le.AppendUint32(b, 2835)
		l.bytes(le.AppendUint64(b, 0)) // no palette
		l.zeros(size - payload - bmpHeader)
		l.data(0, payload)
		return l
	}}, nil
}
