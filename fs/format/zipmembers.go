package format

// zipLayout is a zip file of many members.
type zipLayout struct {
	*members
	local     int64 // length of a local header
	narrow    int64 // members whose central entry has no offset of 64 bits
	central   int64 // length of such an entry, the others are 12 bytes longer
	directory int64 // where the central directory begins
	tail      []byte
}

const zipWide = 12 // bytes of an offset of 64 bits in a central entry; where sizes are there, too, 8

func newZipLayout(s *members) *zipLayout {
	e := zipEntry{name: s.appendName(nil, 0), size: s.size}
	l := &zipLayout{members: s, local: e.localLen(), central: e.centralLen()}
	l.narrow = min(s.count, zipLimit/l.stride()+1)
	l.directory = s.count * l.stride()
	length := l.entryAt(s.count)
	l.tail = appendZipTail(nil, s.count, l.directory, length)
	return l
}

// stride is the distance between members.
func (l *zipLayout) stride() int64 { return l.local + l.members.size }

// wide is by how much the central entries behind the narrow ones are longer.
func (l *zipLayout) wide() int64 {
	if l.members.size > zipLimit {
		return 8
	}
	return zipWide
}

// entryAt returns where in the central directory entry i begins.
func (l *zipLayout) entryAt(i int64) int64 {
	return i*l.central + max(0, i-l.narrow)*l.wide()
}

func (l *zipLayout) piece(off int64, w *work) (p piece, err error) {
	if off < l.directory {
		i := off / l.stride()
		begin := i * l.stride()
		data := begin + l.local
		if off >= data {
			return l.members.piece(i, data, off-data, w)
		}
		p.start, p.end = begin, data
		e, err := l.entry(i, w)
		if err == nil {
			w.text = e.appendLocal(w.text[:0])
			p.bytes = w.text
		}
		return p, err
	}
	within := off - l.directory
	length := l.entryAt(l.count)
	if within >= length {
		p.start = l.directory + length
		p.end = p.start + int64(len(l.tail))
		p.bytes = l.tail
		return p, nil
	}
	i := within / l.central
	if i > l.narrow {
		i = l.narrow + (within-l.narrow*l.central)/(l.central+l.wide())
	}
	p.start, p.end = l.directory+l.entryAt(i), l.directory+l.entryAt(i+1)
	e, err := l.entry(i, w)
	if err == nil {
		w.text = e.appendCentral(w.text[:0])
		p.bytes = w.text
	}
	return p, err
}

// entry returns member i with its CRC, which takes reading a cell or two of it.
func (l *zipLayout) entry(i int64, w *work) (e zipEntry, err error) {
	register, err := l.sum(ieee(), i, w)
	w.name = l.appendName(w.name[:0], i)
	return zipEntry{
		name: w.name, size: l.members.size, start: i * l.stride(), crc: ^register,
	}, err
}

func planZipMembers(d Description) (*File, error) {
	if err := d.checkMembers(); err != nil {
		return nil, err
	}
	total := func(n int64, m Member) int64 {
		s := &members{count: n, size: m.Size, digits: leastDigits, suffix: ".bin"}
		if m.Format != "" {
			k, _ := find(m.Format)
			s.suffix = "." + k.extensions[0]
		}
		s.digits = max(leastDigits, digitsOf(n-1))
		const headers = 256 // more than a member has
		if n > maxMembers || times(n, plus(m.Size, headers)) > 1<<63-1-2*headers {
			return 1<<63 - 1
		}
		l := newZipLayout(s)
		return l.directory + l.entryAt(n) + int64(len(l.tail))
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
	f.neutral = ieee
	f.layout = func() layout { return newZipLayout(s) }
	return f, nil
}

func digitsOf(n int64) int {
	digits := 1
	for n >= 10 {
		n /= 10
		digits++
	}
	return digits
}
