package tree

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// sharedPairwise is the check for shared names that compares each pattern with each:
// which of them share a name with one before them that shares none.
func sharedPairwise(components []component) map[int]bool {
	shared := make(map[int]bool)
	for j := range components {
		for i := range j {
			if _, ok := sharedName(components[i].pieces(), components[j].pieces()); ok && !shared[i] {
				shared[j] = true
			}
		}
	}
	return shared
}

// checkVerdict compares what New says of patterns without slashes with what comparing
// each with each does.
func checkVerdict(t *testing.T, patterns []string) (clash bool) {
	t.Helper()
	var components []component
	var entries []Entry
	for _, p := range patterns {
		c, err := parseComponent(p)
		if err != nil || c.isOpen() {
			continue
		}
		components = append(components, c)
		entries = append(entries, Entry{Pattern: p})
	}
	want := sharedPairwise(components)
	_, err := New(entries, Options{})
	if errors.Is(err, errTooMany) {
		return false
	}
	if (err != nil) != (len(want) > 0) {
		t.Fatalf("%q: %v; and compared one by one, %d share a name", patterns, err, len(want))
	}
	// What is not reported shares nothing.
	var all Errors
	if errors.As(err, &all) {
		wrong := make(map[int]bool)
		for _, e := range all {
			if wrong[e.Entry] {
				t.Fatalf("%q: %q is reported twice", patterns, entries[e.Entry].Pattern)
			}
			wrong[e.Entry] = true
		}
		var rest []component
		for i, c := range components {
			if !wrong[i] {
				rest = append(rest, c)
			}
		}
		if left := sharedPairwise(rest); len(left) > 0 {
			t.Fatalf("%q: %v; without these, %d still share a name", patterns, err, len(left))
		}
	}
	return err != nil
}

// Trees of many patterns, of every kind: names that are reported as shared are exactly
// those that comparing each with each finds.
func TestDisjointLikePairwise(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	clashes := 0
	const rounds = 600
	for range rounds {
		var patterns []string
		n, width := 2+rng.IntN(60), 1+rng.IntN(5)
		for range n {
			var b strings.Builder
			for d := range 1 + rng.IntN(3) {
				lo := rng.IntN(1000)
				hi := lo + rng.IntN(1+1000/n)
				if rng.IntN(4) == 0 {
					lo, hi = 0, 9999
				}
				switch rng.IntN(4) {
				case 0:
					fmt.Fprintf(&b, "{%d..%d}", lo, hi)
				case 1:
					fmt.Fprintf(&b, "{%0*d..%0*d}", width+3, lo, width+3, hi)
				case 2:
					fmt.Fprintf(&b, "%0*d", width, lo)
				case 3:
					fmt.Fprintf(&b, "{%d..%d}{%02d..%02d}", lo%10, max(lo%10, hi%10), lo%100, max(lo%100, hi%100))
				}
				if d == 0 || rng.IntN(3) > 0 {
					b.WriteString("ab"[d%2 : d%2+1])
				}
			}
			patterns = append(patterns, b.String())
		}
		if checkVerdict(t, patterns) {
			clashes++
		}
	}
	if clashes < rounds/10 || clashes > rounds*9/10 {
		t.Errorf("%d of %d trees have clashes: the test does not test much", clashes, rounds)
	}
}

func FuzzDisjoint(f *testing.F) {
	f.Add("{0..9}a\n{00..19}a\n5a\n{3..4}{0..9}a")
	f.Add("{0..99}.e{1..5}\n{0..99}.e{6..9}\n{50..60}.e07\n{00..99}.e7")
	f.Add("{1..60}5\n5{1..9}5\n{00..15}6\n{000..999}\n1234567890123456789{0..9}")
	f.Fuzz(func(t *testing.T, text string) {
		patterns := slices.DeleteFunc(strings.Split(text, "\n"), func(p string) bool { return strings.ContainsAny(p, "/\x00") || len(p) > 60 })
		if len(patterns) > 60 {
			return
		}
		checkVerdict(t, patterns)
	})
}
