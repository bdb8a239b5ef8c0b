package format

import "math"

// POSIX tar (ustar) as GNU tar and Python's tarfile write it: a header of 512 bytes
// before each member, which is padded with zeros to a multiple of 512, and zeros
// behind the last, of at least 1024 bytes and up to a multiple of 10240. Sizes of 8
// GiB and more are in binary, GNU tar's extension.

const (
	tarBlock   = 512
	tarRecord  = 20 * tarBlock
	tarLargest = 1<<33 - 1 // size in octal
)

type tarLayout struct {
	*members
	padded int64
	end    int64
}

func (l *tarLayout) piece(off int64, w *work) (piece, error) {
	stride := tarBlock + l.padded
	i := off / stride
	if i >= l.count {
		return piece{start: l.count * stride, end: l.end, payload: zeros}, nil
	}
	begin := i * stride
	data := begin + tarBlock
	switch {
	case off < data:
		w.text = l.appendHeader(w.text[:0], i)
		return piece{start: begin, end: data, bytes: w.text}, nil
	case off < data+l.size:
		return l.members.piece(i, data, off-data, w)
	default:
		return piece{start: data + l.size, end: begin + stride, payload: zeros}, nil
	}
}

func (l *tarLayout) appendHeader(b []byte, i int64) []byte {
	from := len(b)
	field := func(width int) { // pads what is there with NULs to a width
		for len(b)-from < width {
			b = append(b, 0)
		}
	}
	b = l.appendName(b, i)
	field(100)
	b = append(b, "0000444\x000000000\x000000000\x00"...) // mode, uid, gid
	if l.size <= tarLargest {
		b = append(appendOctal(b, l.size, 11), 0)
	} else {
		b = append(b, 0x80, 0, 0, 0)
		for shift := 56; shift >= 0; shift -= 8 {
			b = append(b, byte(l.size>>shift))
		}
	}
	const y2000 = 946684800
	b = append(appendOctal(b, y2000, 11), 0)
	sum := len(b)
	b = append(b, "        0"...) // checksum, regular file
	field(257)
	b = append(b, "ustar\x0000"...)
	field(tarBlock)
	total := int64(0)
	for _, v := range b[from:] {
		total += int64(v)
	}
	appendOctal(b[:sum], total, 6)
	b[sum+6] = 0
	return b
}

func appendOctal(b []byte, n int64, digits int) []byte {
	for shift := 3 * (digits - 1); shift >= 0; shift -= 3 {
		b = append(b, '0'+byte(n>>shift&7))
	}
	return b
}

func planTar(d Description) (*File, error) {
	if err := d.checkMembers(); err != nil {
		return nil, err
	}
	padded := func(n, to int64) int64 {
		if n = plus(n, to-1); n == math.MaxInt64 {
			return n
		}
		return n / to * to
	}
	total := func(n int64, m Member) int64 {
		size := plus(times(n, plus(tarBlock, padded(m.Size, tarBlock))), 2*tarBlock)
		if d.Member.Size == 0 {
			return size
		}
		return padded(size, tarRecord)
	}
	n, m, err := d.planMembers(total)
	if err != nil {
		return nil, err
	}
	s, f, err := newMembers(n, m)
	if err != nil {
		return nil, err
	}
	f.size = total(n, m)
	f.layout = func() layout {
		return &tarLayout{members: s, padded: (m.Size + tarBlock - 1) / tarBlock * tarBlock, end: f.size}
	}
	return f, nil
}
