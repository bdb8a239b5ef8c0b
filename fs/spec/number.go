package spec

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// parseDecimal reads digits, perhaps with a point and more digits. The exponents,
// signs, names and underscores that ParseFloat knows too are no part of a spec.
func parseDecimal(s string) (float64, error) {
	whole, fraction, hasPoint := strings.Cut(s, ".")
	if !isDigits(whole) || hasPoint && !isDigits(fraction) {
		return 0, errors.New("a plain number is digits, perhaps with a point and more digits")
	}
	return strconv.ParseFloat(s, 64) // the syntax was checked: an error is the range
}

// Billion is a whole, in what shares are counted in.
const Billion = 1_000_000_000

// ParseShare reads a percentage, from 0% to 100% and to seven digits behind the
// point, into billionths.
func ParseShare(s string) (uint64, error) {
	number, isPercent := strings.CutSuffix(s, "%")
	whole, fraction, hasPoint := strings.Cut(number, ".")
	if !isPercent || !isDigits(whole) || hasPoint && !isDigits(fraction) {
		return 0, errors.New("must be a percentage, such as 2% or 0.05%")
	}
	const digits = 7
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > digits {
		return 0, fmt.Errorf("has more than %d digits behind the point", digits)
	}
	n, err := strconv.ParseUint(whole, 10, 64)
	if err != nil || n > 100 || n == 100 && fraction != "" {
		return 0, errors.New("must be at most 100%")
	}
	part, _ := strconv.ParseUint(fraction+"0000000"[len(fraction):], 10, 64)
	return n*(Billion/100) + part, nil
}

// FormatShare returns the shortest form that ParseShare turns back into n.
func FormatShare(n uint64) string {
	s := fmt.Sprintf("%d.%07d", n/(Billion/100), n%(Billion/100))
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") + "%"
}
