package tree

import (
	"cmp"
	"strconv"
	"strings"
)

// A component is the pattern of one path component: the names that it stands
// for are numbered from 0, the leftmost range being the most significant.
type component struct {
	text        string // as it was written, without unneeded escapes
	parts       []part // nil if there is no range
	count       uint64 // how many names there are; 1 or more
	first, last string // name 0 and name count-1
}

// A part is either text without any digit, or the numbers from lo to hi. Digits
// outside of braces are numbers with lo == hi, so that a run of digits in a name
// is always a run of numbers in its pattern.
type part struct {
	text   string // empty for numbers
	lo, hi uint64
	width  int    // digits of every number; 0 if they vary, and then there is no padding
	tail   int    // if width is 0: how many digits of the same run follow
	stride uint64 // index distance of two neighbours: the product of the ranges to the right
	open   bool   // the end is not given yet; until then, there is one number
	padded bool   // {#..}: when it is given, all numbers get as many digits as how many there are
	count  bool   // {#}: not a range, but how many numbers {#..} has
}

// key returns what tells a component from others; see node.key.
func (c *component) key() (key string, several bool) {
	if c.count == 1 {
		return c.first, false
	}
	return c.text, true
}

// pieces returns the parts, also of one name.
func (c *component) pieces() []part {
	if c.parts == nil {
		return appendLiteral(nil, c.first)
	}
	return c.parts
}

// append appends the name of an index below count.
func (c *component) append(dst []byte, index uint64) []byte {
	if c.parts == nil {
		return append(dst, c.first...)
	}
	for i := range c.parts {
		p := &c.parts[i]
		if p.text != "" {
			dst = append(dst, p.text...)
			continue
		}
		v := p.lo
		if p.hi > p.lo {
			v += index / p.stride % (p.hi - p.lo + 1)
		}
		dst = appendNumber(dst, v, p.width)
	}
	return dst
}

// index returns the index of a name; false if the component has no such name.
func (c *component) index(name string) (uint64, bool) {
	if c.parts == nil {
		return 0, name == c.first
	}
	var index uint64
	for i := range c.parts {
		p := &c.parts[i]
		if p.text != "" {
			rest, ok := strings.CutPrefix(name, p.text)
			if !ok {
				return 0, false
			}
			name = rest
			continue
		}
		width := p.width
		if width == 0 {
			// One number of a run varies at most, so the run's length is its width.
			width = digitRun(name) - p.tail
		}
		v, ok := parseNumber(name, width)
		if !ok || v < p.lo || v > p.hi || p.width == 0 && width != digits(v) {
			return 0, false
		}
		index += (v - p.lo) * p.stride
		name = name[width:]
	}
	return index, name == ""
}

// parseNumber reads the first width bytes of s, which must be digits.
func parseNumber(s string, width int) (v uint64, ok bool) {
	if width < 1 || width > maxDigits || width > len(s) {
		return 0, false
	}
	for i := range width {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		v = v*10 + uint64(d)
	}
	return v, true
}

const zeros = "000000000000000000" // maxDigits of them

// appendNumber appends v with zeros up to width; 0 is no padding.
func appendNumber(dst []byte, v uint64, width int) []byte {
	if width == 0 {
		return strconv.AppendUint(dst, v, 10)
	}
	dst = append(dst, zeros[:width]...)
	for i := len(dst) - 1; v > 0; i-- {
		dst[i] += byte(v % 10)
		v /= 10
	}
	return dst
}

// digits returns how many digits v has without padding.
func digits(v uint64) int {
	n := 1
	for ; v >= 10; v /= 10 {
		n++
	}
	return n
}

// digitRun returns how many digits s begins with.
func digitRun(s string) int {
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	return n
}

// compareNames orders names naturally: piece by piece, a piece being a whole run
// of digits or any other byte. Other bytes are before runs, short runs before
// long ones. All names of a component have the same pieces but for their digits,
// so they are between the first and the last one.
func compareNames(a, b string) int {
	for a != "" && b != "" {
		n, m := digitRun(a), digitRun(b)
		if n != m {
			return cmp.Compare(n, m)
		}
		n = max(n, 1)
		if c := strings.Compare(a[:n], b[:n]); c != 0 {
			return c
		}
		a, b = a[n:], b[n:]
	}
	return cmp.Compare(len(a), len(b))
}
