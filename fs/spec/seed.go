package spec

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ParseSeed reads a seed: decimal digits, or 0x and hexadecimal digits, up to
// 2^64-1.
func ParseSeed(s string) (uint64, error) {
	digits, base := s, 10
	if hex, ok := strings.CutPrefix(s, "0x"); ok {
		digits, base = hex, 16
	}
	// With a base other than 0, ParseUint takes neither sign nor underscore.
	n, err := strconv.ParseUint(digits, base, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("seed %q: the largest seed is %d", Cut(s), uint64(math.MaxUint64))
	case err != nil:
		return 0, fmt.Errorf("seed %q: a seed is a decimal number, or 0x and hexadecimal digits", Cut(s))
	}
	return n, nil
}

// FormatSeed returns what ParseSeed turns back into n.
func FormatSeed(n uint64) string { return strconv.FormatUint(n, 10) }

// SeedName returns what the seed of a file whose name is a spec is derived from: the
// name without its generation, so that names that differ in nothing else are
// generations of one file.
func SeedName(name string) string {
	if !strings.Contains(name, ",generation=") {
		return name
	}
	parts := strings.Split(name, ",")
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return strings.HasPrefix(part, "generation=") }), ",")
}
