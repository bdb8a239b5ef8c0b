// Package bytesize reads and writes sizes in bytes, as in 64G. It is a leaf, because
// both the grammar of specs and the formats in them have sizes. Its functions are
// pure.
package bytesize

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// suffixes holds the letters of 1024, 1024^2 and so on.
const suffixes = "KMGTPE"

// Parse reads a size in bytes: decimal digits, then perhaps one of K M G T P
// E in either case for a power of 1024, or that letter and B (as in MB) for a
// power of 1000, or that letter and iB (as in MiB) for a power of 1024. The
// largest size is 2^63-1. There are no fractions and no signs. Errors are one line.
func Parse(s string) (int64, error) {
	suffix := strings.TrimLeft(s, "0123456789")
	number := s[:len(s)-len(suffix)]
	if number == "" {
		return 0, fmt.Errorf("size %.80q: a size starts with a digit, as in 64G", s)
	}
	if suffix != "" && suffix[0] == '.' {
		return 0, fmt.Errorf("size %.80q: sizes are whole numbers; use a smaller suffix, as in 1536M for 1.5G", s)
	}
	factor, ok := multiplier(suffix)
	if !ok {
		return 0, fmt.Errorf("size %.80q: unknown suffix %.80q; use K M G T P E (1024), KB MB ... (1000) or KiB MiB ... (1024)", s, suffix)
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n > math.MaxInt64/factor { // digits only: the error is the range
		return 0, fmt.Errorf("size %.80q: the largest size is 8E-1, which is %d", s, int64(math.MaxInt64))
	}
	return n * factor, nil
}

func multiplier(suffix string) (factor int64, ok bool) {
	if suffix == "" {
		return 1, true
	}
	power := 1 + strings.IndexByte(suffixes, suffix[0]&^0x20) // the bit of lower case
	if power == 0 {
		return 0, false
	}
	base := int64(1024)
	switch suffix[1:] {
	case "", "iB":
	case "B":
		base = 1000
	default:
		return 0, false
	}
	factor = 1
	for range power {
		factor *= base
	}
	return factor, true
}

// Format returns the shortest exact form of n with a suffix of 1024: 64G,
// 1536M, 1000. Parse turns it back into n, for every n from 0 on.
func Format(n int64) string {
	power := 0
	for n != 0 && n%1024 == 0 { // ends at E: 2^63 is out of range
		n /= 1024
		power++
	}
	s := strconv.FormatInt(n, 10)
	if power > 0 {
		s += suffixes[power-1 : power]
	}
	return s
}
