package verify

import (
	"fmt"
	"math/bits"
)

const (
	// gap is how many right bytes end a run: by chance, other data never have as many in
	// random bytes, and seldom in text.
	gap = 64
	// look is how far ahead lanes are looked for, in bytes.
	look = 4096
)

// cluster returns the end of the damage that begins at pos: where gap right bytes follow.
func cluster(actual, expected []byte, pos int) int {
	end := pos + 1
	for i := end; i < len(actual) && i-end < gap; i++ {
		if actual[i] != expected[i] {
			end = i + 1
		}
	}
	return end
}

// sparse is what is seen of the first bytes that differ.
type sparse struct {
	first, last int // of them
	n           int
	gcd         int  // of their distances
	xor         byte // all bits that differ in any
}

// lane reports whether so few bytes or bits differ, so regularly, that it must be one lane.
func (s *sparse) lane() bool {
	span := s.last - s.first + 1
	oneBit := bits.OnesCount8(s.xor) == 1
	switch {
	case oneBit && s.n >= 8 && s.n*max(s.gcd, 1)*5 >= span:
		return true
	case s.gcd >= 2 && s.n >= 4 && s.gcd&(s.gcd-1) == 0:
		return s.n*s.gcd*2 >= span
	}
	return false
}

// lanes returns the run of one byte lane, or one bit of every byte, that begins at pos.
func lanes(actual, expected []byte, off int64, pos int) (r Run, end int, ok bool) {
	s := sparse{first: pos, last: pos}
	limit := min(len(actual), pos+look)
	for i := pos; i < limit && i-s.last < 4*gap; i++ {
		d := actual[i] ^ expected[i]
		if d == 0 {
			continue
		}
		next := s
		next.n++
		next.gcd = gcd(s.gcd, i-s.first)
		next.xor |= d
		next.last = i
		// What follows may be other damage.
		if s.n >= 16 && s.lane() && !next.lane() {
			break
		}
		s = next
	}
	if !s.lane() {
		return r, 0, false
	}
	end = s.last + 1
	r = Run{Offset: off + int64(pos), Length: int64(end - pos), Kind: Lane}
	at, stride := (off+int64(pos))%int64(max(s.gcd, 1)), max(s.gcd, 1)
	switch bit := bits.TrailingZeros8(s.xor); {
	case bits.OnesCount8(s.xor) == 1 && stride == 1:
		r.Text = fmt.Sprintf("bit %d of many bytes differs, and no other", bit)
		r.key = fmt.Sprintf("lane bit %d", bit)
	case bits.OnesCount8(s.xor) == 1:
		r.Text = fmt.Sprintf("bit %d of byte %d of every %d differs, and no other", bit, at, stride)
		r.key = fmt.Sprintf("lane %d of %d bit %d", at, stride, bit)
	default:
		r.Text = fmt.Sprintf("byte %d of every %d differs, and no other", at, stride)
		r.key = fmt.Sprintf("lane %d of %d", at, stride)
	}
	return r, end, true
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// flips returns the run of a few bits, or of a byte, that is at pos up to end, if there is
// no more than that.
func flips(actual, expected []byte, off int64, pos, end int) (r Run, ok bool) {
	n, ones := differ(actual[pos:end], expected[pos:end])
	r = Run{Offset: off + int64(pos), Length: int64(end - pos), Bytes: n, Bits: ones}
	switch {
	case ones == 1:
		r.Kind, r.Text = Bit, fmt.Sprintf("bit %d is %d", bits.TrailingZeros8(actual[pos]^expected[pos]), actual[pos]>>bits.TrailingZeros8(actual[pos]^expected[pos])&1)
	case ones <= 8 && ones <= 2*n && n <= 4, n >= 2 && ones <= 2*n && n*4 <= int64(end-pos):
		r.Kind, r.Text = Bits, fmt.Sprintf("%d bits of %s", ones, plural(n, "byte"))
	case n == 1 && ones <= 2:
		r.Kind, r.Text = Bits, fmt.Sprintf("%d bits of one byte", ones)
	case n == 1:
		r.Kind, r.Text = Byte, fmt.Sprintf("0x%02x instead of 0x%02x", actual[pos], expected[pos])
	default:
		return r, false
	}
	return r, true
}

func plural(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
