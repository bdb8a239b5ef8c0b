package format

import (
	"fmt"
	"strings"
)

// DType is the type of an array's elements, little-endian. The zero value is
// [Uint8].
type DType uint8

// The types of elements.
const (
	Uint8 DType = iota
	Int8
	Uint16
	Int16
	Uint32
	Int32
	Uint64
	Int64
	Float16
	BFloat16
	Float32
	Float64
	dtypes
)

// dtypeTable holds the names by which each format knows a type; empty where it
// does not.
var dtypeTable = [dtypes]struct {
	name, short string
	width       int64  // bytes
	numpy       string // dtype.str
	safetensors string
	torch       string // class of the storage
	gguf        int    // ggml_type, or negative
}{
	Uint8:    {"uint8", "u8", 1, "|u1", "U8", "ByteStorage", -1},
	Int8:     {"int8", "i1", 1, "|i1", "I8", "CharStorage", 24},
	Uint16:   {"uint16", "u2", 2, "<u2", "U16", "", -1},
	Int16:    {"int16", "i2", 2, "<i2", "I16", "ShortStorage", 25},
	Uint32:   {"uint32", "u4", 4, "<u4", "U32", "", -1},
	Int32:    {"int32", "i4", 4, "<i4", "I32", "IntStorage", 26},
	Uint64:   {"uint64", "", 8, "<u8", "U64", "", -1},
	Int64:    {"int64", "", 8, "<i8", "I64", "LongStorage", 27},
	Float16:  {"float16", "f2", 2, "<f2", "F16", "HalfStorage", 1},
	BFloat16: {"bfloat16", "bf16", 2, "", "BF16", "BFloat16Storage", 30},
	Float32:  {"float32", "f4", 4, "<f4", "F32", "FloatStorage", 0},
	Float64:  {"float64", "f8", 8, "<f8", "F64", "DoubleStorage", 28},
}

// String returns the name that numpy and most others use, such as float32.
func (t DType) String() string {
	if t >= dtypes {
		return fmt.Sprintf("DType(%d)", uint8(t))
	}
	return dtypeTable[t].name
}

// Width returns the length of an element in bytes.
func (t DType) Width() int64 { return dtypeTable[t].width }

// isFloat reports whether some values are not finite.
func (t DType) isFloat() bool { return t >= Float16 }

// ParseDType reads the name of a type: uint8, float32 and so on; or u8 for a byte,
// and i1 u2 i2 u4 i4 f2 f4 f8 with the number of bytes, and bf16.
func ParseDType(s string) (DType, error) {
	for t, names := range dtypeTable {
		if s != "" && (s == names.name || s == names.short) {
			return DType(t), nil
		}
	}
	if s == "u1" {
		return Uint8, nil
	}
	if s == "i8" {
		return 0, &KeyError{Key: "dtype", Value: s, Reason: "is int8 to some and int64 to others; write one of these"}
	}
	return 0, &KeyError{Key: "dtype", Value: s, Reason: "a type is one of " + strings.Join(dtypeNames(), " ")}
}

func dtypeNames() []string {
	names := make([]string, 0, 2*dtypes)
	for _, t := range dtypeTable {
		names = append(names, t.name)
		if t.short != "" {
			names = append(names, t.short)
		}
	}
	return names
}

// finite returns the bits that elements of the type may have set. Without the
// highest bit of the exponent a number is below 2, and never infinite or not a
// number.
func (t DType) finite() mask {
	if !t.isFloat() {
		return allBits
	}
	const last = uint64(0x40) // that bit, in the last byte of an element
	word := uint64(0)
	for i := t.Width() - 1; i < 8; i += t.Width() {
		word |= last << (8 * i)
	}
	return sameMask(^word)
}
