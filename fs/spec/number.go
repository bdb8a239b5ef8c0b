package spec

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Billion is a whole: shares are counted in billionths.
const Billion = 1_000_000_000

// percent is a hundredth of Billion.
const percent = Billion / 100

// ParseShare reads a percentage, from 0% to 100% with up to seven digits after the
// point. It returns billionths.
func ParseShare(s string) (uint64, error) {
	number, isPercent := strings.CutSuffix(s, "%")
	n, err := parseDecimal(number, percent)
	switch {
	case !isPercent || errors.Is(err, errNotDecimal):
		return 0, errors.New("must be a percentage, such as 2% or 0.05%")
	case errors.Is(err, errTooFine):
		return 0, errors.New("has more than 7 digits after the point")
	case err != nil || n > Billion:
		return 0, errors.New("must be at most 100%")
	}
	return uint64(n), nil
}

// FormatShare returns the shortest form that ParseShare turns back into n.
func FormatShare(n uint64) string { return formatDecimal(int64(n), percent) + "%" }

var errRatio = errors.New("a ratio is a plain number of 1 or more, such as 3 or 1.25")

// ParseRatio reads a ratio: a plain number of 1 or more, such as 3 or 1.25, without
// sign or exponent.
func ParseRatio(s string) (float64, error) {
	x, err := parseNumber(s)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, errors.New("a ratio is at most 1.8e308")
	case err != nil || x < 1:
		return 0, errRatio
	}
	return x, nil
}

// FormatRatio returns the shortest form that ParseRatio turns back into x.
func FormatRatio(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// ParseGeneration reads the number of a generation: 0 to MaxGeneration.
func ParseGeneration(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n > MaxGeneration {
		return 0, fmt.Errorf("generation %q: a generation is a whole number from 0 to %d", Cut(s), MaxGeneration)
	}
	return int(n), nil
}

// FormatGeneration returns what ParseGeneration turns back into n.
func FormatGeneration(n int) string { return strconv.Itoa(n) }

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
	errNotDecimal = errors.New("not a plain number")
	errTooFine    = errors.New("too many digits after the point")
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

// formatDecimal is the inverse of parseDecimal.
func formatDecimal(n, unit int64) string {
	s := strconv.FormatInt(n/unit, 10)
	if rest := n % unit; rest != 0 {
		// One more in front, for the zeros behind the point.
		s += "." + strings.TrimRight(strconv.FormatInt(unit+rest, 10)[1:], "0")
	}
	return s
}

func isDigits(s string) bool { return s != "" && leadingDigits(s) == len(s) }

// leadingDigits returns how many decimal digits s begins with.
func leadingDigits(s string) int {
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	return n
}
