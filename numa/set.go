package numa

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxNumber is the largest number in a set that is parsed. It is well above what
// Linux supports, 8192 CPUs (NR_CPUS) and 1024 nodes (MAX_NUMNODES), and bounds the
// memory that a list can take.
const maxNumber = 1<<16 - 1

// Set is a set of CPUs or of nodes: their numbers, ascending, each once. The zero
// value is the empty set.
type Set []int

// NewSet returns the set of some numbers, which may come in any order and more than
// once.
func NewSet(numbers ...int) Set {
	s := slices.Clone(numbers)
	slices.Sort(s)
	return slices.Compact(s)
}

// ParseSet parses a list in the kernel's format, such as 0-3,8. The empty string is
// the empty set. Numbers are from 0 to 65535, in any order; they may overlap. Errors
// quote the list.
func ParseSet(list string) (Set, error) {
	if list == "" {
		return nil, nil
	}
	type span struct{ from, to int }
	var spans []span
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err := parseNumber(first)
		if err != nil {
			return nil, fmt.Errorf("list %q: %w", list, err)
		}
		to, err := parseNumber(last)
		if err != nil {
			return nil, fmt.Errorf("list %q: %w", list, err)
		}
		if to < from {
			return nil, fmt.Errorf("list %q: %q runs backwards", list, part)
		}
		spans = append(spans, span{from, to})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var s Set
	next := 0 // spans may overlap: everything below is done
	for _, p := range spans {
		for next = max(next, p.from); next <= p.to; next++ {
			s = append(s, next)
		}
	}
	return s, nil
}

func parseNumber(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number; a list looks like 0,2-3", s)
	}
	if n > maxNumber {
		return 0, fmt.Errorf("%s is too large; the maximum is %d", s, maxNumber)
	}
	return int(n), nil
}

// String returns the set in the kernel's format: 0-3,8.
func (s Set) String() string {
	var b strings.Builder
	for i := 0; i < len(s); {
		j := i
		for j+1 < len(s) && s[j+1] == s[j]+1 {
			j++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(s[i]))
		if j > i {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(s[j]))
		}
		i = j + 1
	}
	return b.String()
}

// Contains reports whether n is in the set. It takes logarithmic time.
func (s Set) Contains(n int) bool {
	_, ok := slices.BinarySearch(s, n)
	return ok
}

// Intersect returns a new set of what is in both sets.
func (s Set) Intersect(t Set) Set {
	return slices.DeleteFunc(slices.Clone(s), func(n int) bool { return !t.Contains(n) })
}
