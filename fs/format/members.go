package format

import (
	"fmt"
	"math"
	"strconv"

	"github.com/dgenfs/dgenfs/gen"
)

// members are equal files within a file, named by their number: 000000.jpg. The
// payload of each begins with a cell.
type members struct {
	count  int64
	size   int64 // of each
	stride int64 // of their payloads
	digits int
	suffix string // of their names
	inner  layout // of each
}

// leastDigits is how many digits the name of a member has at least.
const leastDigits = 6

// newMembers returns count members like m.
func newMembers(count int64, m Member) (*members, *File, error) {
	f := &File{size: m.Size, payload: m.Size, mask: allBits}
	suffix := ".bin"
	var inner layout = pieces{{end: m.Size}}
	if m.Format != "" {
		var err error
		if f, err = New(Description{Format: m.Format, Size: m.Size}); err != nil {
			return nil, nil, err
		}
		suffix = "." + f.format.extensions[0]
		inner = f.layout()
	}
	s := &members{count: count, size: m.Size, suffix: suffix, inner: inner}
	s.stride = plus(f.payload, gen.Cell-1) / gen.Cell * gen.Cell
	s.digits = max(leastDigits, len(strconv.FormatInt(count-1, 10)))
	return s, &File{payload: count * s.stride, mask: f.mask}, nil
}

// appendName appends the name of member i.
func (s *members) appendName(b []byte, i int64) []byte {
	number := strconv.AppendInt(make([]byte, 0, 20), i, 10)
	for range s.digits - len(number) {
		b = append(b, '0')
	}
	return append(append(b, number...), s.suffix...)
}

// piece returns the piece at offset off of member i, which starts at an offset of
// the file.
func (s *members) piece(i, start, off int64, w *work) (piece, error) {
	p, err := s.inner.piece(off, w)
	p.start += start
	p.end += start
	if p.bytes == nil && p.payload >= 0 {
		p.payload += i * s.stride
	}
	return p, err
}

// sum returns the register after member i, from the start on.
func (s *members) sum(c *checksum, i int64, w *work) (uint32, error) {
	w.base = i * s.stride
	register, err := sumLayout(s.inner, c, start, 0, s.size, w)
	w.base = 0
	return register, err
}

// planMembers says how many members a file has, and what each is: as d says, or as
// its size does. length(n, m) is that of the file with n members like m.
func (d *Description) planMembers(length func(n int64, m Member) int64) (int64, Member, error) {
	m := d.Member
	total := func(n int64, m Member) int64 {
		if n > maxMembers || times(n, plus(m.Size, gen.Cell)) == math.MaxInt64 {
			return math.MaxInt64 // so would the payload be
		}
		return length(n, m)
	}
	switch {
	case m.Size == 0: // all that there is room for
		n := max(1, d.Members)
		size, err := fit(d.whatMembers(), d.Size, 1, max(1, d.Size/n), func(size int64) int64 {
			return total(n, Member{Size: size})
		})
		return n, Member{Size: size}, err
	case d.Members == 0:
		n, err := fit(d.whatMembers(), d.Size, 1, max(1, d.Size/m.Size), func(n int64) int64 { return total(n, m) })
		return n, m, err
	default:
		return d.Members, m, exactly(d.whatMembers(), d.Size, total(d.Members, m))
	}
}

func (d *Description) whatMembers() string {
	what := d.Format
	if d.Members > 0 {
		what += fmt.Sprintf(", members=%d", d.Members)
	}
	if d.Member.Size > 0 {
		what += fmt.Sprintf(", member=%s", d.Member)
	}
	return what
}

// maxMembers bounds the number of members: names of 18 digits, and offsets that do
// not overflow.
const maxMembers = math.MaxInt64 / (2 * gen.Cell)

func (d *Description) checkMembers() error {
	if d.Members > maxMembers {
		return &KeyError{Key: "members", Value: d.value("members"), Reason: fmt.Sprintf("must be at most %d", int64(maxMembers))}
	}
	if d.Member.Format == "" {
		return nil
	}
	if _, err := New(Description{Format: d.Member.Format, Size: d.Member.Size}); err != nil {
		// Not a *SizeError, which is about the size of the file.
		return &KeyError{Key: "member", Value: d.Member.String(), Reason: err.Error()}
	}
	return nil
}
