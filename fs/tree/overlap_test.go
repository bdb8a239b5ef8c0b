package tree

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// randomComponent returns a short pattern out of few pieces, so that two of them
// often share a name.
func randomComponent(rng *rand.Rand) string {
	var b strings.Builder
	for range 1 + rng.IntN(3) {
		lo := rng.IntN(25)
		hi := lo + rng.IntN(12)
		switch rng.IntN(6) {
		case 0:
			b.WriteByte('a')
		case 1:
			fmt.Fprint(&b, rng.IntN(12))
		case 2, 3:
			fmt.Fprintf(&b, "{%d..%d}", lo, hi)
		case 4:
			fmt.Fprintf(&b, "{%02d..%02d}", lo, hi)
		case 5:
			fmt.Fprintf(&b, "{%d..%d}", lo%10, max(lo%10, hi%10))
		}
	}
	return b.String()
}

func names(c *component) map[string]bool {
	all := make(map[string]bool)
	for i := range c.count {
		all[string(c.append(nil, i))] = true
	}
	return all
}

func TestSharedName(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var compared, overlapping int
	for compared < 20000 {
		a, errA := parseComponent(randomComponent(rng))
		b, errB := parseComponent(randomComponent(rng))
		if errA != nil || errB != nil || a.count > 3000 || b.count > 3000 {
			continue
		}
		compared++
		namesA, namesB := names(&a), names(&b)
		if uint64(len(namesA)) != a.count {
			t.Fatalf("%q has %d names, but says %d", a.text, len(namesA), a.count)
		}
		want := false
		for name := range namesA {
			want = want || namesB[name]
			if _, ok := b.index(name); ok != namesB[name] {
				t.Fatalf("index of %q in %q: %v, want %v", name, b.text, ok, namesB[name])
			}
			if compareNames(a.first, name) > 0 || compareNames(name, a.last) > 0 {
				t.Fatalf("%q of %q is not between %q and %q", name, a.text, a.first, a.last)
			}
		}
		name, got := sharedName(a.pieces(), b.pieces())
		if got != want || got && !(namesA[name] && namesB[name]) {
			t.Fatalf("sharedName(%q, %q) = %q, %v; want %v", a.text, b.text, name, got, want)
		}
		if got {
			overlapping++
		}
	}
	if overlapping < 500 {
		t.Errorf("%d of %d pairs overlap: the test does not test much", overlapping, compared)
	}
}

// Whole sets of siblings: New accepts them exactly if no name occurs twice.
func TestDisjointSiblings(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var accepted, refused int
	for range 5000 {
		var entries []Entry
		seen, twice := make(map[string]bool), false
		for range 2 + rng.IntN(5) {
			c, err := parseComponent(randomComponent(rng))
			if err != nil || c.count > 1000 {
				continue
			}
			for name := range names(&c) {
				twice = twice || seen[name]
				seen[name] = true
			}
			entries = append(entries, Entry{Pattern: c.text})
		}
		tree, err := New(entries, Options{})
		if (err != nil) != twice {
			t.Fatalf("%v: %v, want an error: %v", entries, err, twice)
		}
		if err != nil {
			refused++
			continue
		}
		accepted++
		for name := range seen {
			if id, _, ok := tree.Lookup(Root, name); !ok || string(tree.AppendPath(nil, id)) != name {
				t.Fatalf("%v: Lookup(%q) = %d, %v", entries, name, id, ok)
			}
		}
	}
	if accepted < 500 || refused < 500 {
		t.Errorf("%d accepted, %d refused: the test does not test much", accepted, refused)
	}
}

func TestClash(t *testing.T) {
	for _, c := range []struct {
		patterns string
		entry    int
		want     string
	}{
		{"a a", 1, `patterns "a" and "a" both make the file "a"; keep it in one of them`},
		{"b a{0..9} c a{0..9}", 3, `patterns "a{0..9}" and "a{0..9}" both make the file "a0"`},
		{"a{5..20} a{0..9}", 1, `patterns "a{5..20}" and "a{0..9}" both make the file "a5"`},
		{"a{0..9} d/x a7", 2, `patterns "a{0..9}" and "a7" both make the file "a7"`},
		{"a{7..7} a7", 1, `both make the file "a7"`},
		{"d{3..4}/a{0..9} d{3..4}/a{7..12}", 1, `both make the file "d3/a7"`},
		{"{1..60}5 5{1..9}5 {00..15}6", 1, `both make the file "515"`},
		{"a a/b", 1, `"a" is a file by pattern "a" and a directory by pattern "a/b"; rename one`},
		{"a/b a", 1, `"a" is a directory by pattern "a/b" and a file by pattern "a"; rename one`},
		{"d/a5 d/a{0..9}/x", 1, `"d/a5" is a file by pattern "d/a5" and a directory by pattern "d/a{0..9}/x"`},
		{"d{0..9}/x d5/y", 1, `patterns "d{0..9}/x" and "d5/y" share the directory "d5" but write it differently; write it alike in both`},
		{"d5/y d{0..9}/x", 1, `patterns "d5/y" and "d{0..9}/x" share the directory "d5"`},
		{"{0..999999999999999999}x {1..999999999}9{00000000..99999999}x", 1, `both make the file`},
	} {
		var entries []Entry
		for _, p := range strings.Fields(c.patterns) {
			entries = append(entries, Entry{Pattern: p})
		}
		_, err := New(entries, Options{})
		if e, ok := single(err); !ok || e.Entry != c.entry || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want entry %d: %s", c.patterns, err, c.entry, c.want)
		}
	}
}

// Ranges of which neither contains the other, far too many to enumerate: this would
// not end if names were gone through.
func TestDisjointAtScale(t *testing.T) {
	mustNew(t, "{000000000..999999999}{0..4}", "{000000000..999999999}{5..9}")
	mustNew(t, strings.Repeat("{0..1}", 59)+"5", strings.Repeat("{0..1}", 59)+"6")
	mustNew(t, strings.Repeat("{00..10}", 17)+"9", strings.Repeat("{0..1}", 34)+"8")
}
