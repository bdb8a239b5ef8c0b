package format

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// MaxColumns is how many columns a table may have.
const MaxColumns = 10000

// maxKinds bounds the work that a description takes: some milliseconds.
const maxKinds = 256

// Column is some columns of a table that are alike.
type Column struct {
	Count int64 // 1 or more
	DType DType
	Len   int64 // elements of the list that a value is; 0 if it is none
}

// ParseColumns reads kinds of columns with a + between them, each a number, perhaps
// a type, and perhaps the length of a list: 200, 13xf4+26xi4, or 5xf4x1024. A
// number alone is of float32.
func ParseColumns(s string) ([]Column, error) {
	bad := func(reason string) error { return &KeyError{Key: "columns", Value: s, Reason: reason} }
	var columns []Column
	total := int64(0)
	for _, part := range strings.Split(s, "+") {
		fields := strings.Split(part, "x")
		count, err := strconv.ParseUint(fields[0], 10, 63)
		if err != nil || count == 0 || len(fields) > 3 {
			return nil, bad("columns are COUNT, COUNTxTYPE or COUNTxTYPExLENGTH, with a + between kinds, such as 13xf4+26xi4")
		}
		c := Column{Count: int64(count), DType: Float32}
		if len(fields) > 1 {
			if c.DType, err = ParseDType(fields[1]); err != nil {
				return nil, bad("types are " + strings.Join(dtypeNames(), " "))
			}
			if c.DType == BFloat16 {
				return nil, bad("tables have no bfloat16; use float16")
			}
		}
		if len(fields) > 2 {
			n, err := strconv.ParseUint(fields[2], 10, 63)
			if err != nil || n == 0 || n > math.MaxInt32/8 {
				return nil, bad("a list has 1 to 268435455 elements")
			}
			c.Len = int64(n)
		}
		if total = plus(total, c.Count); total > MaxColumns {
			return nil, bad(fmt.Sprintf("a table has at most %d columns", MaxColumns))
		}
		if n := len(columns); n > 0 && columns[n-1].DType == c.DType && columns[n-1].Len == c.Len {
			columns[n-1].Count += c.Count
			continue
		}
		if columns = append(columns, c); len(columns) > maxKinds {
			return nil, bad(fmt.Sprintf("a table has at most %d kinds of columns", maxKinds))
		}
	}
	return columns, nil
}

// formatColumns returns what ParseColumns reads.
func formatColumns(columns []Column) string {
	var b []byte
	for i, c := range columns {
		if i > 0 {
			b = append(b, '+')
		}
		b = strconv.AppendInt(b, c.Count, 10)
		b = append(append(b, 'x'), c.DType.String()...)
		if c.Len > 0 {
			b = strconv.AppendInt(append(b, 'x'), c.Len, 10)
		}
	}
	return string(b)
}
