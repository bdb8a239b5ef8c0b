package verify

import (
	"fmt"
	"io"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// model is an explanation: it says which bytes the copy has.
type model struct {
	kind Kind
	key  string // equal for equal explanations
	text string

	// fill sets p to what the copy has from offset off on, and returns how many bytes it
	// can say.
	fill func(p []byte, off int64) int

	// source returns where in the file the byte at off comes from; nil if bytes are not moved
	// one by one.
	source func(off int64) int64

	close func() // what the model has opened itself; nil if it has not

	least int // bytes that must differ and be explained for it to be believed

	// Of data of another place, seed or generation.
	from       string
	delta      int64 // where it is in from: at the offset in the copy minus this
	seed       *uint64
	generation *int
}

// sourced reports whether the bytes are those of a file.
func (m *model) sourced() bool { return m.from != "" }

// run returns a run of the model.
func (m *model) run(off, length int64) Run {
	r := Run{Offset: off, Length: length, Kind: m.kind, Text: m.text, Seed: m.seed, Generation: m.generation, key: m.key}
	if m.sourced() {
		at := off - m.delta
		r.From, r.FromOffset, r.Shift = m.from, &at, m.delta
	}
	return r
}

// constant is a pattern that repeats, from offset 0 of the file on.
func constant(pattern []byte, kind Kind, text string) *model {
	n := int64(len(pattern))
	return &model{kind: kind, key: fmt.Sprintf("%s %x", kind, pattern), text: text, least: 4, fill: func(p []byte, off int64) int {
		for i := range min(int64(len(p)), n) {
			p[i] = pattern[(off+i)%n]
		}
		for have := int(n); have < len(p); have *= 2 {
			copy(p[have:], p[:have])
		}
		return len(p)
	}}
}

var (
	zeros = constant([]byte{0}, Zeros, "zeros")
	ones  = constant([]byte{0xff}, Ones, "bytes of 0xff")
)

// maxPattern is the length of the longest pattern that is recognized, in bytes.
const maxPattern = 16

// patternIn returns the pattern that p repeats, which is at offset off, or nil.
func patternIn(p []byte, off int64) *model {
	const enough = 64
	if len(p) < enough {
		return nil
	}
	p = p[:enough]
	for n := 1; n <= maxPattern; n++ {
		if mismatch(p[n:], p) < enough-n {
			continue
		}
		pattern := make([]byte, n)
		for i := range n {
			pattern[(off+int64(i))%int64(n)] = p[i]
		}
		m := constant(pattern, Pattern, fmt.Sprintf("the bytes %x, repeated", p[:n]))
		m.least = enough / 2
		return m
	}
	return nil
}

// combined is the file with every byte combined with x by XOR.
func combined(r io.ReaderAt, x byte) *model {
	m := &model{kind: Inverted, key: fmt.Sprintf("inverted %x", x), text: fmt.Sprintf("every byte is XORed with 0x%02x", x), least: 16}
	if x == 0xff {
		m.text = "every bit is inverted"
	}
	m.fill = func(p []byte, off int64) int {
		n, _ := r.ReadAt(p, off)
		for i := range p[:n] {
			p[i] ^= x
		}
		return n
	}
	return m
}

// order is an order of the bytes of a group.
type order struct {
	at   []int
	text string
}

// orders are those in which machines of other kinds have the bytes of a number.
var orders = []order{
	{[]int{1, 0}, "bytes of every 2 are swapped"},
	{[]int{3, 2, 1, 0}, "bytes of every 4 are reversed"},
	{[]int{7, 6, 5, 4, 3, 2, 1, 0}, "bytes of every 8 are reversed"},
	{[]int{15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, "bytes of every 16 are reversed"},
	{[]int{2, 3, 0, 1}, "halves of every 4 bytes are swapped"},
	{[]int{4, 5, 6, 7, 0, 1, 2, 3}, "halves of every 8 bytes are swapped"},
	{[]int{6, 7, 4, 5, 2, 3, 0, 1}, "the four 2-byte words of every 8 bytes are reversed"},
}

// reordered is the file with the bytes of each group, from offset phase on, in another
// order.
func reordered(r io.ReaderAt, o order, phase int64) *model {
	n := int64(len(o.at))
	m := &model{kind: Swapped, key: fmt.Sprintf("swapped %v %d", o.at, phase), text: o.text, least: 12}
	if phase != 0 {
		m.text += fmt.Sprintf(", counted from offset %d", phase)
	}
	m.source = func(off int64) int64 {
		at := ((off-phase)%n + n) % n
		return off - at + int64(o.at[at])
	}
	m.fill = func(p []byte, off int64) int {
		if off < phase {
			return 0
		}
		from := off - (off-phase)%n
		groups := make([]byte, (off+int64(len(p))-from+n-1)/n*n)
		got, _ := r.ReadAt(groups, from)
		got -= got % int(n)
		for i := range p {
			at := off + int64(i) - from
			j := at/n*n + int64(o.at[at%n])
			if j >= int64(got) {
				return i
			}
			p[i] = groups[j]
		}
		return len(p)
	}
	return m
}

// refuted reports whether the file's bytes, of which expected are those from offset off on,
// show that the copy would not have b at offset at.
func (m *model) refuted(at, off int64, b byte, expected []byte) bool {
	if m.source == nil {
		return false
	}
	i := m.source(at) - off
	return 0 <= i && i < int64(len(expected)) && expected[i] != b
}

// reorderings returns the file in all orders, from all offsets on.
func (x *examiner) reorderings() []*model {
	if x.reordered == nil {
		for _, o := range orders {
			for phase := range int64(len(o.at)) {
				x.reordered = append(x.reordered, reordered(x.reader, o, phase))
			}
		}
	}
	return x.reordered
}

// placed is data of a file, that has another place in the copy: delta bytes later.
func placed(r io.ReaderAt, own bool, name string, delta int64) *model {
	m := &model{kind: Place, from: name, delta: delta, key: fmt.Sprintf("place %s %d", name, delta), least: 8}
	if own {
		m.kind, m.key = Shifted, fmt.Sprintf("shifted %d", delta)
	}
	m.fill = func(p []byte, off int64) int {
		if off < delta {
			return 0
		}
		n, _ := r.ReadAt(p, off-delta)
		return n
	}
	return m
}

// variant is the same place of another generation or seed.
func variant(t spec.Spec, other found, name string) (*model, error) {
	r, err := open(t)
	if err != nil {
		return nil, err
	}
	m := placed(r, false, name, 0)
	m.close = func() { r.Close() }
	m.kind, m.key = other.kind, fmt.Sprintf("%s %d %t", other.kind, other.value, other.direct)
	switch value := other.value; {
	case other.kind == Generation:
		g := int(value)
		m.generation, m.text = &g, fmt.Sprintf("data of generation %d", g)
	case other.direct:
		m.seed, m.text = &value, fmt.Sprintf("data of seed=%d", value)
	default:
		m.seed, m.text = &value, fmt.Sprintf("data of a mount with --seed %d", value)
	}
	return m, nil
}

// forward returns how many bytes of p, which the copy has from offset off on, are as the
// model says.
func (m *model) forward(p []byte, off int64, scratch []byte) (n int) {
	for step := 64; n < len(p); step = min(4*step, len(scratch)) {
		want := scratch[:min(step, len(p)-n)]
		want = want[:m.fill(want, off+int64(n))]
		same := mismatch(want, p[n:])
		n += same
		if same < len(want) || len(want) == 0 {
			break
		}
	}
	return n
}

// backward returns how many bytes before p[end], which the copy has from offset off on,
// are as the model says, down to p[begin].
func (m *model) backward(p []byte, off int64, begin, end int, scratch []byte) (n int) {
	for step := 64; end-n > begin; step = min(4*step, len(scratch)) {
		want := scratch[:min(step, end-n-begin)]
		at := end - n - len(want)
		got := m.fill(want, off+int64(at))
		if got < len(want) {
			// The source begins within: byte by byte, as it is short.
			for end-n > begin && m.fill(scratch[:1], off+int64(end-n-1)) == 1 && scratch[0] == p[end-n-1] {
				n++
			}
			return n
		}
		same := mismatchBack(want, p[at:end-n])
		n += same
		if same < len(want) {
			break
		}
	}
	return n
}
