package spec

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Billion is a whole, in what shares are counted in.
const Billion = 1_000_000_000

// percent is a hundredth of Billion.
const percent = Billion / 100

// ParseShare reads a percentage, from 0% to 100% and to seven digits behind the
// point, into billionths.
func ParseShare(s string) (uint64, error) {
	number, isPercent := strings.CutSuffix(s, "%")
	n, err := parseDecimal(number, percent)
	switch {
	case !isPercent || errors.Is(err, errNotDecimal):
		return 0, errors.New("must be a percentage, such as 2% or 0.05%")
	case errors.Is(err, errTooFine):
		return 0, errors.New("has more than 7 digits behind the point")
	case err != nil || n > Billion:
		return 0, errors.New("must be at most 100%")
	}
	return uint64(n), nil
}

// FormatShare returns the shortest form that ParseShare turns back into n.
func FormatShare(n uint64) string { return formatDecimal(int64(n), percent) + "%" }

// parseNumber reads digits, perhaps with a point and more digits. The exponents,
// signs, names and underscores that ParseFloat knows too are no part of a spec.
func parseNumber(s string) (float64, error) {
	whole, fraction, hasPoint := strings.Cut(s, ".")
	if !isDigits(whole) || hasPoint && !isDigits(fraction) {
		return 0, errNotDecimal
	}
	return strconv.ParseFloat(s, 64) // the syntax was checked: an error is the range
}

var (
	errNotDecimal = errors.New("no plain number")
	errTooFine    = errors.New("more digits after the point than there can be")
	errTooLarge   = errors.New("too large")
)

// parseDecimal reads digits, perhaps with a point and more digits, as a number of
// pieces of which unit, a power of ten, make 1. It is exact, or an error.
func parseDecimal(s string, unit int64) (int64, error) {
	whole, fraction, hasPoint := strings.Cut(s, ".")
	if !isDigits(whole) || hasPoint && !isDigits(fraction) {
		return 0, errNotDecimal
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n > math.MaxInt64/unit-1 { // -1: for the fraction
		return 0, errTooLarge
	}
	n *= unit
	for _, digit := range strings.TrimRight(fraction, "0") {
		if unit == 1 {
			return 0, errTooFine
		}
		unit /= 10
		n += int64(digit-'0') * unit
	}
	return n, nil
}

// formatDecimal is the contrary of parseDecimal.
func formatDecimal(n, unit int64) string {
	s := strconv.FormatInt(n/unit, 10)
	if rest := n % unit; rest != 0 {
		// One more in front, for the zeros behind the point.
		s += "." + strings.TrimRight(strconv.FormatInt(unit+rest, 10)[1:], "0")
	}
	return s
}
