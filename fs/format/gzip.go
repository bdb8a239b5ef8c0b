package format

import "encoding/binary"

// gzip (RFC 1952) of stored blocks (RFC 1951).

const (
	gzipFixed = 10 + 8
	gzipBlock = 1<<16 - 1 // bytes of the payload in a block
	gzipHead  = 5
)

// gzipLayout has blocks that are full, but for the last two.
type gzipLayout struct {
	payload, blocks int64
}

// block returns which of the payload is in block i.
func (l *gzipLayout) block(i int64) (from, to int64) {
	return min(i*gzipBlock, l.payload), min((i+1)*gzipBlock, l.payload)
}

func (l *gzipLayout) piece(off int64, w *work) (piece, error) {
	const header = 10
	if off < header {
		return piece{end: header, bytes: []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")}, nil
	}
	i := min((off-header)/(gzipHead+gzipBlock), l.blocks-1)
	if i > 0 { // the one before the last may be short
		if from, _ := l.block(i); off < header+gzipHead*i+from {
			i--
		}
	}
	from, to := l.block(i)
	head := header + gzipHead*i + from
	data := head + gzipHead
	end := data + to - from
	switch {
	case off < data:
		final := byte(0)
		if i == l.blocks-1 {
			final = 1
		}
		n := uint16(to - from)
		w.text = append(w.text[:0], final, byte(n), byte(n>>8), ^byte(n), ^byte(n>>8))
		return piece{start: head, end: data, bytes: w.text}, nil
	case off < end:
		return piece{start: data, end: end, payload: from}, nil
	case i < l.blocks-1: // an empty one follows
		w.text = append(w.text[:0], 1, 0, 0, 0xff, 0xff)
		return piece{start: end, end: end + gzipHead, bytes: w.text}, nil
	}
	register, err := w.sum(ieee(), start, 0, l.payload)
	w.text = binary.LittleEndian.AppendUint32(w.text[:0], ^register)
	w.text = binary.LittleEndian.AppendUint32(w.text, uint32(l.payload))
	return piece{start: end, end: end + 8, bytes: w.text}, err
}

func planGzip(d Description) (*File, error) {
	const least = gzipFixed + gzipHead
	switch {
	case d.Size == Any:
		return nil, anySize("a gz")
	case d.Size < least:
		return nil, &SizeError{What: "gz", Size: d.Size, Above: least}
	}
	n := d.Size - gzipFixed
	l := &gzipLayout{blocks: (n-1)/(gzipHead+gzipBlock) + 1}
	l.payload = n - gzipHead*l.blocks
	return &File{size: d.Size, payload: l.payload, neutral: ieee, layout: func() layout { return l }}, nil
}
