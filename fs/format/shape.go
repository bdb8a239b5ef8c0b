package format

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// MaxDims is how many dimensions an array may have.
const MaxDims = 8

// Shape is the lengths of an array's dimensions, each 1 or more, the last one
// varying fastest. Shapes are equal by ==; the zero value is none.
type Shape struct {
	dims [MaxDims]int64
	n    int8
}

// ShapeOf returns the shape of these dimensions, at most MaxDims.
func ShapeOf(dims ...int64) (s Shape, err error) {
	if len(dims) == 0 || len(dims) > MaxDims {
		return Shape{}, fmt.Errorf("a shape has 1 to %d dimensions", MaxDims)
	}
	for _, d := range dims {
		if d < 1 {
			return Shape{}, fmt.Errorf("a dimension is 1 or more")
		}
	}
	s.n = int8(copy(s.dims[:], dims))
	if s.Elements() == math.MaxInt64 {
		return Shape{}, fmt.Errorf("an array has at most 2^63-2 elements")
	}
	return s, nil
}

// vector returns the shape of n elements in one dimension.
func vector(n int64) Shape { return Shape{dims: [MaxDims]int64{n}, n: 1} }

// ParseShape reads dimensions with an x between them: 12107x12107x1.
func ParseShape(s string) (Shape, error) {
	parts := strings.Split(s, "x")
	dims := make([]int64, len(parts))
	for i, part := range parts {
		d, err := strconv.ParseUint(part, 10, 63)
		if err != nil {
			return Shape{}, &KeyError{Key: "shape", Value: s, Reason: "a shape is whole numbers with an x between them, such as 1024x768x3"}
		}
		dims[i] = int64(d)
	}
	shape, err := ShapeOf(dims...)
	if err != nil {
		return Shape{}, &KeyError{Key: "shape", Value: s, Reason: err.Error()}
	}
	return shape, nil
}

// Dims returns the lengths of the dimensions; nil if there is no shape.
func (s *Shape) Dims() []int64 { return s.dims[:s.n] }

// IsZero reports whether there is no shape.
func (s Shape) IsZero() bool { return s.n == 0 }

// Elements returns how many elements an array of the shape has: 0 if there is no
// shape, and 2^63-1 if there are as many or more.
func (s Shape) Elements() int64 {
	if s.n == 0 {
		return 0
	}
	n := int64(1)
	for _, d := range s.Dims() {
		n = times(n, d)
	}
	return n
}

// String returns the form that ParseShape reads; empty if there is no shape.
func (s Shape) String() string { return s.join("x") }

func (s Shape) join(separator string) string {
	var b []byte
	for i, d := range s.Dims() {
		if i > 0 {
			b = append(b, separator...)
		}
		b = strconv.AppendInt(b, d, 10)
	}
	return string(b)
}

// times and plus return the product and the sum of numbers that are not negative,
// or 2^63-1 if it is as large or larger.
func times(a, b int64) int64 {
	if a != 0 && b > math.MaxInt64/a {
		return math.MaxInt64
	}
	return a * b
}

func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
