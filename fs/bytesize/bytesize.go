// Package bytesize reads and writes sizes in bytes, as in 64G. It is a leaf, because
// both the grammar of specs and the formats in them have sizes. Its functions are
// pure.
package bytesize

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// maxSize is more than any size has, in bytes.
const maxSize = 256

// suffixes holds the letters of 1024, 1024^2 and so on.
const suffixes = "KMGTPE"

// Parse reads a size in bytes: decimal digits, then perhaps one of K M G T P
// E in either case for a power of 1024, or that letter and B (as in MB) for a
// power of 1000, or that letter and iB or i (as in MiB, and Mi, which Kubernetes
// writes) for a power of 1024. The largest size is 2^63-1. There are no fractions and
// no signs. Errors are one line.
func Parse(s string) (int64, error) {
	digits := leadingDigits(s)
	number, suffix := s[:digits], s[digits:]
	if number == "" {
		return 0, fmt.Errorf("size %.80q: a size starts with a digit, as in 64G", s)
	}
	factor, ok := multiplier(suffix)
	if !ok {
		return 0, wrongSuffix(s, number, suffix)
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n > math.MaxInt64/factor { // digits only: the error is the range
		return 0, fmt.Errorf("size %.80q: the largest size is 8E-1, which is %d", s, int64(math.MaxInt64))
	}
	return n * factor, nil
}

// wrongSuffix returns the error about what follows the digits of a size. It says what
// was probably meant.
func wrongSuffix(s, number, suffix string) error {
	if len(s) > maxSize {
		return fmt.Errorf("size %.80q: too long for a size", s)
	}
	if err := Fraction(s); err != nil {
		return err
	}
	if meant := number + strings.Trim(suffix, " \t"); meant != s {
		if _, err := Parse(meant); err == nil {
			return fmt.Errorf("size %.80q: a size has no blanks; write %s", s, meant)
		}
	}
	meant := strings.ToUpper(strings.Trim(suffix, " \t"))
	if meant == "B" {
		return fmt.Errorf("size %.80q: bytes have no suffix; write %s", s, number)
	}
	if len(meant) == 3 {
		meant = meant[:1] + strings.ToLower(meant[1:2]) + meant[2:]
	}
	if _, ok := multiplier(meant); ok {
		return fmt.Errorf("size %.80q: unknown suffix %.80q; write %s", s, suffix, number+meant)
	}
	return fmt.Errorf("size %.80q: unknown suffix %.80q; use K M G T P E (1024), KB MB ... (1000) or KiB MiB ... (1024)", s, suffix)
}

// Fraction returns an error about a size with a decimal point or comma, nil if there is
// none. It says how the size is written without, if it can be.
func Fraction(s string) error {
	whole := leadingDigits(s)
	if whole == 0 || whole == len(s) || s[whole] != '.' && s[whole] != ',' {
		return nil
	}
	end := whole + 1 + leadingDigits(s[whole+1:])
	factor, ok := multiplier(s[end:])
	if s[whole] == ',' && (!ok || end == len(s) || end == whole+1) {
		return nil // a comma before something else
	}
	const most = 40 // digits, which is more than a size has
	if n, isNumber := new(big.Rat).SetString(s[:whole] + "." + s[whole+1:end]); ok && isNumber && end < most {
		n.Mul(n, new(big.Rat).SetInt64(factor))
		if n.IsInt() && n.Num().IsInt64() {
			return fmt.Errorf("size %.80q: sizes are whole numbers; write %s", s, Format(n.Num().Int64()))
		}
	}
	return fmt.Errorf("size %.80q: sizes are whole numbers; use a smaller suffix, as in 1536M for 1.5G", s)
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
	case "", "i", "iB":
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

// leadingDigits returns how many decimal digits s begins with.
func leadingDigits(s string) int { return len(s) - len(strings.TrimLeft(s, "0123456789")) }
