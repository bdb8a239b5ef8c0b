package tree

import "math"

// sharedName returns a name that two components both have, if there is one, by their
// parts.
//
// Text and runs of digits alternate in a component, and runs are independent of
// each other: the components share a name if their text is the same and they
// share a run of digits in every place.
func sharedName(x, y []part) (string, bool) {
	if apart(x, y) {
		return "", false
	}
	var name []byte
	for len(x) > 0 { // and y too: of components that are not apart, the text is the same
		if x[0].text != "" {
			name = append(name, x[0].text...)
			x, y = x[1:], y[1:]
			continue
		}
		var xs, ys []part
		xs, x = cutRun(x)
		ys, y = cutRun(y)
		shared, ok := sharedDigits(xs, ys)
		if !ok {
			return "", false
		}
		name = append(name, shared...)
	}
	return string(name), true
}

// apart is a quick look at two components: true if they share no name because
// their text differs, or numbers in the same place do; false means only that it
// takes a closer look.
func apart(x, y []part) bool {
	for len(x) > 0 && len(y) > 0 {
		p, q := &x[0], &y[0]
		x, y = x[1:], y[1:]
		switch {
		case p.text != q.text:
			return true
		case p.width == q.width && p.tail == q.tail:
			// The same digits of the name, even if their number varies: the run
			// has one length, and as much of it to the left and to the right.
			if p.hi < q.lo || q.hi < p.lo {
				return true
			}
		default:
			_, x = cutRun(x)
			_, y = cutRun(y)
		}
	}
	return len(x) != len(y)
}

// cutRun splits off the numbers in front.
func cutRun(parts []part) (run, rest []part) {
	n := 0
	for n < len(parts) && parts[n].text == "" {
		n++
	}
	return parts[:n], parts[n:]
}

// sharedDigits returns digits that both runs of numbers can be. For each length
// that both can have, it searches from left to right.
func sharedDigits(a, b []part) ([]byte, bool) {
	minA, maxA := lengths(a)
	minB, maxB := lengths(b)
	for n := max(minA, minB); n <= min(maxA, maxB); n++ {
		s := search{a: bound(a, n), b: bound(b, n), digits: make([]byte, n), dead: make([]uint16, n)}
		if s.from(0, 0, 0) {
			return s.digits, true
		}
	}
	return nil, false
}

// lengths returns how many digits a run has at least and at most.
func lengths(run []part) (least, most int) {
	for _, p := range run {
		if p.width > 0 {
			least, most = least+p.width, most+p.width
		} else {
			least, most = least+digits(p.lo), most+digits(p.hi)
		}
	}
	return least, most
}

// bounds are the numbers of a run that has a given length: the lowest and the
// highest of each, one behind the other.
type bounds struct {
	lo, hi []byte
	starts []bool // whether a number begins at a digit
}

// bound returns the bounds of a run of length n, which it can have. One number
// of the run varies in width at most, so n tells the width of that one.
func bound(run []part, n int) bounds {
	fixed := 0
	for _, p := range run {
		fixed += p.width
	}
	b := bounds{starts: make([]bool, n)}
	for _, p := range run {
		b.starts[len(b.lo)] = true
		lo, hi, width := p.lo, p.hi, p.width
		if width == 0 {
			width = n - fixed
			power := uint64(math.Pow10(width - 1)) // exact: below 10^18
			if width > 1 {
				lo = max(lo, power)
			}
			hi = min(hi, power*10-1)
		}
		b.lo = appendNumber(b.lo, lo, width)
		b.hi = appendNumber(b.hi, hi, width)
	}
	return b
}

// loose says which bounds a number no longer has to mind, because it differs
// from them in a digit further left.
type loose uint8

const (
	aboveLo loose = 1 << iota
	belowHi
	looseStates = 1 << iota
)

// span returns the digits that are possible at i, where i is reached in state l,
// and the state without what a number further left has left behind.
func (b *bounds) span(i int, l loose) (lo, hi byte, _ loose) {
	if b.starts[i] {
		l = 0
	}
	lo, hi = '0', '9'
	if l&aboveLo == 0 {
		lo = b.lo[i]
	}
	if l&belowHi == 0 {
		hi = b.hi[i]
	}
	return lo, hi, l
}

// next returns the state behind digit d at i.
func (b *bounds) next(i int, l loose, d byte) loose {
	if d > b.lo[i] {
		l |= aboveLo
	}
	if d < b.hi[i] {
		l |= belowHi
	}
	return l
}

// search looks for digits within two bounds. What is possible from some digit on
// depends on nothing but the states in which it is reached, 16 of them, so the
// search takes linear time however many names there are.
type search struct {
	a, b   bounds
	digits []byte
	dead   []uint16 // by digit: a bit for each pair of states that leads nowhere
}

func (s *search) from(i int, la, lb loose) bool {
	if i == len(s.digits) {
		return true
	}
	loA, hiA, la := s.a.span(i, la)
	loB, hiB, lb := s.b.span(i, lb)
	state := uint16(1) << (la*looseStates + lb)
	if s.dead[i]&state != 0 {
		return false
	}
	for d := max(loA, loB); d <= min(hiA, hiB); d++ {
		s.digits[i] = d
		if s.from(i+1, s.a.next(i, la, d), s.b.next(i, lb, d)) {
			return true
		}
	}
	s.dead[i] |= state
	return false
}
