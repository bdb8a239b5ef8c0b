package format

import "encoding/binary"

// thrift writes structures in Thrift's compact protocol: a field is the difference of
// its number to the one before and its type, in a byte, and its value.
type thrift struct {
	b     []byte
	last  [8]byte // number of the field before, of each structure that is open
	depth int
}

// Types of the compact protocol.
const (
	thriftI32    = 5
	thriftI64    = 6
	thriftBinary = 8
	thriftList   = 9
	thriftStruct = 12
)

func (t *thrift) field(number, kind byte) {
	last := &t.last[t.depth-1]
	t.b = append(t.b, (number-*last)<<4|kind)
	*last = number
}

func (t *thrift) begin()         { t.last[t.depth] = 0; t.depth++ }
func (t *thrift) end()           { t.b = append(t.b, 0); t.depth-- }
func (t *thrift) varint(n int64) { t.b = binary.AppendUvarint(t.b, uint64(n<<1^n>>63)) }

func (t *thrift) i32(number byte, v int64) {
	t.field(number, thriftI32)
	t.varint(v)
}

// wide writes a number of 64 bits in ten bytes, whatever it is: varints may be longer
// than they need be.
func (t *thrift) wide(number byte, v int64) {
	t.field(number, thriftI64)
	u := uint64(v) << 1
	for range 9 {
		t.b = append(t.b, byte(u)|0x80)
		u >>= 7
	}
	t.b = append(t.b, byte(u))
}

func (t *thrift) text(number byte, s string) { t.binary(number, []byte(s)) }

func (t *thrift) binary(number byte, s []byte) {
	t.field(number, thriftBinary)
	t.element(s)
}

// element writes a string in a list.
func (t *thrift) element(s []byte) {
	t.b = binary.AppendUvarint(t.b, uint64(len(s)))
	t.b = append(t.b, s...)
}

// structure opens a field that is a structure.
func (t *thrift) structure(number byte) {
	t.field(number, thriftStruct)
	t.begin()
}

// list begins a field of n elements.
func (t *thrift) list(number, kind byte, n int64) {
	t.field(number, thriftList)
	if n < 15 {
		t.b = append(t.b, byte(n)<<4|kind)
		return
	}
	t.b = append(t.b, 0xf0|kind)
	t.b = binary.AppendUvarint(t.b, uint64(n))
}
