package format

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Baseline JPEG (ITU-T T.81) in gray, with Huffman codes that make every
// coefficient one byte: DC differences have one code, of eight bits, for 0; AC
// coefficients have one, of a single bit 0, for those of 7 bits, which follow. So
// no byte is 0xff, which would have to be stuffed, and an image's length follows
// from its dimensions. A comment takes it to an exact size.

const (
	jpegHeader  = 138
	jpegEnd     = 2
	jpegBlock   = 64   // bytes, and pixels
	jpegMost    = 8191 // blocks a side: 65528 pixels
	jpegComment = 4    // bytes of an empty one
)

// jpegMask leaves 7 bits of each coefficient but the first.
var jpegMask = func() mask {
	m := sameMask(0x7f7f7f7f7f7f7f7f)
	m[0] &^= 0xff
	return m
}()

func jpegTables(height, width int64) []byte {
	be := binary.BigEndian
	b := []byte{0xff, 0xdb, 0, 67, 0} // quantization
	for range jpegBlock {
		b = append(b, 1)
	}
	b = append(b, 0xff, 0xc0, 0, 11, 8) // frame
	b = be.AppendUint16(b, uint16(height))
	b = be.AppendUint16(b, uint16(width))
	b = append(b, 1, 1, 0x11, 0)
	code := func(class, length, symbol byte) {
		b = append(b, 0xff, 0xc4, 0, 20, class)
		counts := [16]byte{}
		counts[length-1] = 1
		b = append(append(b, counts[:]...), symbol)
	}
	code(0x00, 8, 0)
	code(0x10, 1, 7)
	return append(b, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0) // scan
}

// jpegFits reports whether comments can have so many bytes.
func jpegFits(n int64) bool { return n == 0 || n >= jpegComment }

func planJPEG(d Description) (*File, error) {
	const fixed = jpegHeader + jpegEnd
	var height, width, blocks, comment int64
	if !d.Shape.IsZero() {
		dims := d.Shape.Dims()
		if len(dims) != 2 || dims[0] > math.MaxUint16 || dims[1] > math.MaxUint16 {
			return nil, &KeyError{Key: "shape", Value: d.Shape.String(), Reason: "a jpeg is HEIGHTxWIDTH, up to 65535x65535"}
		}
		height, width = dims[0], dims[1]
		blocks = (height + 7) / 8 * ((width + 7) / 8)
		least := fixed + jpegBlock*blocks
		if d.Size != Any {
			comment = d.Size - least
		}
		if comment < 0 || !jpegFits(comment) {
			e := &SizeError{What: fmt.Sprintf("jpeg, shape=%s", d.Shape), Size: d.Size, Above: least}
			if comment > 0 {
				e.Below, e.Above = least, least+jpegComment
			}
			return nil, e
		}
	} else {
		if d.Size == Any {
			return nil, anySize("a jpeg")
		}
		const least, most = fixed + jpegBlock, fixed + jpegBlock*jpegMost*jpegMost
		switch {
		case d.Size < least:
			return nil, &SizeError{What: "jpeg", Size: d.Size, Above: least}
		case d.Size > most:
			return nil, &SizeError{What: "jpeg", Size: d.Size, Below: most}
		}
		w, h := nearSquare((d.Size-fixed)/jpegBlock, jpegMost)
		rest := func() int64 { return d.Size - fixed - jpegBlock*w*h }
		if !jpegFits(rest()) {
			if h == 1 {
				return nil, &SizeError{What: "jpeg", Size: d.Size, Below: d.Size - rest(), Above: d.Size - rest() + jpegComment}
			}
			h--
		}
		height, width, blocks, comment = 8*h, 8*w, w*h, rest()
	}
	f := &File{payload: jpegBlock * blocks, mask: jpegMask}
	f.size = fixed + f.payload + comment
	f.layout = func() layout {
		l := &jpegLayout{comment: comment}
		l.rest.bytes(jpegTables(height, width))
		l.rest.data(0, f.payload)
		l.rest.bytes([]byte{0xff, 0xd9})
		return l
	}
	return f, nil
}

// jpegLayout is a start, comments, and the rest.
type jpegLayout struct {
	comment int64 // bytes of all comments
	rest    pieces
}

var jpegStart = []byte{0xff, 0xd8}

func (l *jpegLayout) piece(off int64, w *work) (piece, error) {
	const start = 2
	const longest = 2 + math.MaxUint16
	if off < start {
		return piece{end: start, bytes: jpegStart}, nil
	}
	behind := start + l.comment
	if off >= behind {
		p, err := l.rest.piece(off-behind, w)
		p.start += behind
		p.end += behind
		return p, err
	}
	// All are of the greatest length but for the last two: none may be too short.
	i := (off - start) / longest
	begin := start + i*longest
	n := min(behind-begin, longest)
	if rest := behind - begin - n; !jpegFits(rest) {
		n -= jpegComment
		if off >= begin+n {
			begin, n = begin+n, rest+jpegComment
		}
	} else if i > 0 && n < jpegComment {
		begin, n = begin-jpegComment, n+jpegComment
	}
	if off >= begin+jpegComment {
		return piece{start: begin + jpegComment, end: begin + n, payload: zeros}, nil
	}
	w.text = binary.BigEndian.AppendUint16(append(w.text[:0], 0xff, 0xfe), uint16(n-2))
	return piece{start: begin, end: begin + jpegComment, bytes: w.text}, nil
}

// nearSquare returns the sides of a rectangle of at most n squares that is about as
// high as it is wide, and no side more than most.
func nearSquare(n, most int64) (width, height int64) {
	width = max(1, min(int64(math.Sqrt(float64(n))), most))
	return width, min(n/width, most)
}
