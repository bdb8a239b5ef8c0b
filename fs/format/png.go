package format

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/dgenfs/dgenfs/gen"
)

// PNG (W3C, third edition) of 8 bits a channel, in stored blocks, one in each IDAT
// chunk, of whole rows of filter 0. A private chunk that readers skip takes it to an
// exact size.
//
// The Adler-32 at the end is over all rows. Of images above 1 MiB that have no
// shape, a row is a cell, whose sums imageNeutral makes the same for all.

const (
	pngHead  = 8 + 25
	pngTail  = 12
	pngChunk = 12 // bytes of an empty one
	pngBlock = 5
	pngZlib  = 2
	pngAdler = 4

	pngRead    = 1 << 20  // bytes of rows that are read for the Adler-32 at most
	pngShaped  = 16 << 20 // the same, of an image that has a shape
	pngLongest = math.MaxUint16
)

// pngLayout is the layout of an image.
type pngLayout struct {
	height, width, channels int64
	rows                    int64 // of a chunk, but for the last
	cells                   bool  // rows are cells with known sums
	pad                     int64 // bytes of the private chunk; 0 for none
}

// row returns the length of a row with its filter.
func (l *pngLayout) row() int64 { return 1 + l.width*l.channels }

func (l *pngLayout) chunks() int64 { return (l.height + l.rows - 1) / l.rows }

// size returns the length of the file.
func (l *pngLayout) size() int64 {
	return plus(pngHead+l.pad+pngZlib+pngAdler+pngTail,
		plus(times(l.height, l.row()), l.chunks()*(pngChunk+pngBlock)))
}

// payload returns how much a row takes: pixels, and if rows are cells, the filter.
func (l *pngLayout) payload() int64 {
	if l.cells {
		return l.row()
	}
	return l.row() - 1
}

// pngPixels returns the layout of an image without a private chunk.
func pngPixels(height, width, channels int64) *pngLayout {
	l := &pngLayout{height: height, width: width, channels: channels}
	l.rows = min(height, max(1, pngLongest/l.row()))
	return l
}

func appendChunk(b []byte, kind string, data ...byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
	from := len(b)
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, ^ieee().update(start, b[from:]))
}

// header returns what is before the first chunk of rows.
func (l *pngLayout) header() pieces {
	be := binary.BigEndian
	color := map[int64]byte{1: 0, 3: 2, 4: 6}[l.channels]
	ihdr := be.AppendUint32(nil, uint32(l.width))
	ihdr = be.AppendUint32(ihdr, uint32(l.height))
	ihdr = append(ihdr, 8, color, 0, 0, 0)
	var p pieces
	p.bytes(appendChunk([]byte("\x89PNG\r\n\x1a\n"), "IHDR", ihdr...))
	if l.pad > 0 {
		n := l.pad - pngChunk
		head := append(be.AppendUint32(nil, uint32(n)), "dgPd"...)
		p.bytes(head)
		p.zeros(n)
		register := ieee().zeros(ieee().update(start, head[4:]), n)
		p.bytes(be.AppendUint32(nil, ^register))
	}
	return p
}

func planPNG(d Description) (*File, error) {
	l, err := d.png()
	if err != nil {
		return nil, err
	}
	f := &File{size: l.size(), payload: l.height * l.payload(), layout: func() layout {
		return &pngReader{pngLayout: l, head: l.header()}
	}}
	f.image = l.cells
	return f, nil
}

// png chooses the dimensions.
func (d *Description) png() (*pngLayout, error) {
	what := "png"
	if !d.Shape.IsZero() {
		dims := d.Shape.Dims()
		l := (*pngLayout)(nil)
		switch {
		case len(dims) == 2:
			l = pngPixels(dims[0], dims[1], 1)
		case len(dims) == 3 && (dims[2] == 1 || dims[2] == 3 || dims[2] == 4):
			l = pngPixels(dims[0], dims[1], dims[2])
		default:
			return nil, &KeyError{Key: "shape", Value: d.Shape.String(), Reason: "a png is HEIGHTxWIDTH, with x1, x3 or x4 for gray, RGB or RGBA"}
		}
		if times(dims[0], plus(times(dims[1], l.channels), 1)) > pngShaped || l.row() > pngLongest {
			return nil, &KeyError{Key: "shape", Value: d.Shape.String(), Reason: "a png with a shape has rows of up to 65534 bytes, and up to 16 MiB"}
		}
		return l.padTo(d.Size, fmt.Sprintf("%s, shape=%s", what, d.Shape))
	}
	const fixed = pngHead + pngTail + pngZlib + pngAdler + pngChunk + pngBlock
	switch {
	case d.Size == Any:
		return nil, anySize("a png")
	case d.Size < fixed+2:
		return nil, &SizeError{What: what, Size: d.Size, Above: fixed + 2}
	case d.Size > pngRead:
		const most = math.MaxInt32
		height := func(h int64) *pngLayout {
			l := pngPixels(h, gen.Cell-1, 1)
			l.rows, l.cells = pngLongest/gen.Cell, true
			return l
		}
		rows := largest(d.Size, 1, most, func(n int64) int64 { return height(n).size() })
		if rest := d.Size - height(rows).size(); rest > 0 && rest < pngChunk {
			rows--
		}
		return height(rows).padTo(d.Size, what)
	}
	side, _ := nearSquare(d.Size-fixed, math.MaxInt32)
	for width := max(1, side-1); width > 0; width-- {
		height := (d.Size - fixed) / (width + 1)
		for ; height > 0; height-- {
			l := pngPixels(height, width, 1)
			if rest := d.Size - l.size(); rest == 0 || rest >= pngChunk {
				return l.padTo(d.Size, what)
			}
		}
	}
	return pngPixels(1, d.Size-fixed-1, 1).padTo(d.Size, what)
}

// padTo gives l a private chunk for the size, if it needs one.
func (l *pngLayout) padTo(size int64, what string) (*pngLayout, error) {
	if size == Any {
		return l, nil
	}
	least := l.size()
	switch rest := size - least; {
	case rest < 0:
		return nil, &SizeError{What: what, Size: size, Above: least}
	case rest > 0 && rest < pngChunk:
		return nil, &SizeError{What: what, Size: size, Below: least, Above: least + pngChunk}
	case rest > math.MaxInt32:
		return nil, &SizeError{What: what, Size: size, Below: least + math.MaxInt32}
	default:
		l.pad = rest
	}
	return l, nil
}
