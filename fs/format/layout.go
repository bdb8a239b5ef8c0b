package format

import "sort"

// layout computes what is where in a file. It is pure, but for what it reads of
// the payload through w, and safe for concurrent use.
type layout interface {
	// piece returns the piece of the file that offset off is in. Its bytes are
	// valid until w is used again.
	piece(off int64, w *work) (piece, error)
}

// filler is a layout that has a faster way than piece by piece.
type filler interface {
	fill(p []byte, off int64, w *work) error
}

// piece is a stretch of a file from start to end: bytes, or payload from an offset
// on, or zeros.
type piece struct {
	start, end int64
	bytes      []byte
	payload    int64               // if bytes is nil; negative for zeros
	make       func(w *work) error // if it is not nil, leaves the bytes in w.text
	mask       *mask               // of the payload, if it is not that of all of it
}

const zeros = -1

// pieces is a layout of few pieces that are known from the start.
type pieces []piece

func (l pieces) piece(off int64, w *work) (piece, error) {
	i := sort.Search(len(l), func(i int) bool { return l[i].end > off })
	p := l[i]
	if p.make != nil {
		if err := p.make(w); err != nil {
			return piece{}, err
		}
		p.bytes = w.text
	}
	return p, nil
}

func (l pieces) size() int64 {
	if len(l) == 0 {
		return 0
	}
	return l[len(l)-1].end
}

// bytes appends a piece with these bytes.
func (l *pieces) bytes(p []byte) {
	if len(p) > 0 {
		l.add(piece{bytes: p}, int64(len(p)))
	}
}

// made appends a piece of n bytes that are made when they are read.
func (l *pieces) made(n int64, f func(w *work) error) { l.add(piece{make: f}, n) }

// data appends n bytes of payload, from offset off of it on.
func (l *pieces) data(off, n int64) {
	if n > 0 {
		l.add(piece{payload: off}, n)
	}
}

// zeros appends n zero bytes.
func (l *pieces) zeros(n int64) {
	if n > 0 {
		l.add(piece{payload: zeros}, n)
	}
}

func (l *pieces) add(p piece, n int64) {
	p.start = l.size()
	p.end = p.start + n
	*l = append(*l, p)
}

// sumLayout returns the register after the bytes of l from a to b.
func sumLayout(l layout, c *checksum, register uint32, a, b int64, w *work) (uint32, error) {
	for a < b {
		p, err := l.piece(a, w)
		if err != nil {
			return 0, err
		}
		end := min(p.end, b)
		switch {
		case p.bytes != nil:
			register = c.update(register, p.bytes[a-p.start:end-p.start])
		case p.payload < 0:
			register = c.zeros(register, end-a)
		default:
			from := p.payload - p.start
			if register, err = w.sum(c, register, from+a, from+end); err != nil {
				return 0, err
			}
		}
		a = end
	}
	return register, nil
}
