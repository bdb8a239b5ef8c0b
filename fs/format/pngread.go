package format

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/dgenfs/dgenfs/gen"
)

// pngReader is a layout that has its header made.
type pngReader struct {
	*pngLayout
	head pieces
	sum  atomic.Uint64 // the Adler-32 over all rows and 1<<32, if it is known
}

// pngPlace says where a chunk of rows is.
type pngPlace struct {
	first, rows              int64 // number of the first row, and how many
	begin, data, behind, end int64 // offsets of the chunk, of its rows and of what follows them
	zlib, adler              int64 // bytes of these in it
}

// place returns the place of the chunk that offset off, behind the header, is in.
func (l *pngReader) place(off int64) (c pngPlace) {
	head := l.head.size()
	full := pngChunk + pngBlock + l.rows*l.row()
	last := l.chunks() - 1
	i := int64(0)
	if off >= head+pngZlib {
		i = min((off-head-pngZlib)/full, last)
	}
	c.begin = head + pngZlib + i*full
	if i == 0 {
		c.begin, c.zlib = head, pngZlib
	}
	c.first = i * l.rows
	c.rows = min(l.rows, l.height-c.first)
	c.data = c.begin + 8 + c.zlib + pngBlock
	c.behind = c.data + c.rows*l.row()
	c.end = c.behind + 4
	if i == last {
		c.adler = pngAdler
		c.end += pngAdler + pngTail
	}
	return c
}

func (l *pngReader) piece(off int64, w *work) (piece, error) {
	if off < l.head.size() {
		return l.head.piece(off, w)
	}
	switch c := l.place(off); {
	case off < c.data:
		w.text = c.appendHead(w.text[:0], l)
		return piece{start: c.begin, end: c.data, bytes: w.text}, nil
	case off < c.behind:
		return l.rowPiece((off-c.data)/l.row()+c.first, c.data-c.first*l.row(), off), nil
	default:
		err := l.tail(c, nil, c.behind, w)
		return piece{start: c.behind, end: c.end, bytes: w.text}, err
	}
}

// rowPiece returns the piece of row r at an offset, the rows beginning at another.
func (l *pngReader) rowPiece(r, rows, off int64) piece {
	begin := rows + r*l.row()
	switch {
	case l.cells:
		n := l.rows - r%l.rows // all of the chunk that follow
		n = min(n, l.height-r)
		return piece{start: begin, end: begin + n*l.row(), payload: r * l.row()}
	case off == begin:
		return piece{start: begin, end: begin + 1, payload: zeros}
	}
	return piece{start: begin + 1, end: begin + l.row(), payload: r * l.payload()}
}

// appendHead appends the start of a chunk: length, name, what zlib begins with, and the
// head of a stored block.
func (c *pngPlace) appendHead(b []byte, l *pngReader) []byte {
	data := c.rows * l.row()
	b = binary.BigEndian.AppendUint32(b, uint32(c.zlib+pngBlock+data+c.adler))
	b = append(b, "IDAT"...)
	if c.zlib > 0 {
		b = append(b, 0x78, 0x01)
	}
	final := byte(0)
	if c.adler > 0 {
		final = 1
	}
	return append(b, final, byte(data), byte(data>>8), ^byte(data), ^byte(data>>8))
}

// tail leaves what follows the rows of a chunk in w.text: the Adler-32 if it is the last,
// the CRC, and the end of the file. It takes the rows from made, the bytes of the file
// from offset at on up to the end of these rows, where they begin early enough.
func (l *pngReader) tail(c pngPlace, made []byte, at int64, w *work) (err error) {
	w.text = c.appendHead(w.text[:0], l)
	register := ieee().update(start, w.text[4:])
	switch {
	case at <= c.data:
		register = ieee().update(register, made[c.data-at:])
	case l.cells:
		register, err = w.sum(ieee(), register, c.first*l.row(), (c.first+c.rows)*l.row())
	default:
		err = l.read(c.first, c.first+c.rows, w, func(p []byte) { register = ieee().update(register, p) })
	}
	if err != nil {
		return err
	}
	w.text = w.text[:0]
	if c.adler > 0 {
		sum, err := l.adler(made, at, w)
		if err != nil {
			return err
		}
		w.text = binary.BigEndian.AppendUint32(w.text, sum)
		register = ieee().update(register, w.text)
	}
	w.text = binary.BigEndian.AppendUint32(w.text, ^register)
	if c.adler > 0 {
		w.text = appendChunk(w.text, "IEND")
	}
	return nil
}

// adler returns the Adler-32 over all rows, from made if they are there, see tail.
func (l *pngReader) adler(made []byte, at int64, w *work) (uint32, error) {
	if l.cells {
		return adlerOfCells(l.height), nil
	}
	if known := l.sum.Load(); known != 0 {
		return uint32(known), nil
	}
	sum := adlerStart
	if head := l.head.size(); at <= head {
		for begin, end := head, at+int64(len(made)); begin < end; {
			c := l.place(begin)
			sum = sum.update(made[c.data-at : c.behind-at])
			begin = c.end
		}
	} else if err := l.read(0, l.height, w, func(p []byte) { sum = sum.update(p) }); err != nil {
		return 0, err
	}
	l.sum.Store(1<<32 | uint64(sum.value()))
	return sum.value(), nil
}

var noFilter = []byte{0}

// read calls add with the bytes of the rows from one to another, in pieces.
func (l *pngReader) read(from, to int64, w *work, add func(p []byte)) error {
	left := int64(0) // of a row
	for a, b := from*l.payload(), to*l.payload(); a < b; {
		p := w.stray[:min(b-a, gen.Cell-a%gen.Cell)]
		if err := w.read(p, a, nil); err != nil {
			return err
		}
		a += int64(len(p))
		for len(p) > 0 {
			if left == 0 {
				add(noFilter)
				left = l.payload()
			}
			n := min(left, int64(len(p)))
			add(p[:n])
			p, left = p[n:], left-n
		}
	}
	return nil
}

// fill generates the payload of all rows that p has a part of in one piece, at p's end,
// and takes each to its place, as rows are shorter than the smallest piece that is
// generated. Checksums come from what is in p.
func (l *pngReader) fill(p []byte, off int64, w *work) error {
	if l.cells || int64(len(p)) < 2*l.row() {
		return fillPieces(l, p, off, w)
	}
	from, to := l.payloadAt(off), l.payloadAt(off+int64(len(p)))
	rest := p[int64(len(p))-(to-from):]
	if err := w.read(rest, from, nil); err != nil {
		return err
	}
	for made := 0; made < len(p); {
		at, q := off+int64(made), p[made:]
		if at < l.head.size() {
			n := min(len(q), int(l.head.size()-at))
			if err := fillPieces(l.head, q[:n], at, w); err != nil {
				return err
			}
			made += n
			continue
		}
		switch c := l.place(at); {
		case at < c.data:
			w.text = c.appendHead(w.text[:0], l)
			made += copy(q, w.text[at-c.begin:])
		case at < c.behind:
			n := min(len(q), int(c.behind-at))
			rest = l.spread(q[:n], rest, int((at-c.data)%l.row()))
			made += n
		default:
			if err := l.tail(c, p[:max(c.behind-off, 0)], off, w); err != nil {
				return err
			}
			made += copy(q, w.text[at-c.behind:])
		}
	}
	return nil
}

// spread takes pixels, which may be further on in the memory of p, to the rows in p,
// which begins at an offset within one. It returns what is left of them.
func (l *pngReader) spread(p, pixels []byte, within int) []byte {
	for len(p) > 0 {
		if within == 0 {
			p[0] = 0
			p, within = p[1:], 1
			continue
		}
		n := copy(p[:min(len(p), int(l.row())-within)], pixels)
		p, pixels, within = p[n:], pixels[n:], 0
	}
	return pixels
}

// payloadAt returns how many bytes of payload are before an offset.
func (l *pngReader) payloadAt(off int64) int64 {
	if off <= l.head.size() {
		return 0
	}
	c := l.place(off)
	within := min(max(off-c.data, 0), c.behind-c.data)
	row := within / l.row()
	return (c.first+row)*l.payload() + max(within-row*l.row()-1, 0)
}
