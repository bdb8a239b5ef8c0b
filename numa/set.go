package numa

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxNumber is the largest number in a set: the kernel has at most 8192 CPUs
// (NR_CPUS) and 1024 nodes (MAX_NUMNODES) on any architecture.
const maxNumber = 1<<16 - 1

// Set is a set of CPUs or of nodes, by their numbers: ascending, each once.
type Set []int

// NewSet returns the set of some numbers.
func NewSet(numbers ...int) Set {
	s := slices.Clone(numbers)
	slices.Sort(s)
	return slices.Compact(s)
}

// ParseSet parses a list as the kernel writes it, like 0-3,8; the empty list is
// the empty set. Numbers are from 0 to 65535, and may come in any order.
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
	next := 0 // all below was looked at: a list may say the same again and again
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
		return 0, fmt.Errorf("%q is no number; a list is like 0,2-3", s)
	}
	if n > maxNumber {
		return 0, fmt.Errorf("%s is more than %d", s, maxNumber)
	}
	return int(n), nil
}

// String writes the set as the kernel does: 0-3,8.
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

// Contains reports whether n is in the set.
func (s Set) Contains(n int) bool {
	_, ok := slices.BinarySearch(s, n)
	return ok
}

// Intersect returns what is in both sets.
func (s Set) Intersect(t Set) Set {
	return slices.DeleteFunc(slices.Clone(s), func(n int) bool { return !t.Contains(n) })
}
