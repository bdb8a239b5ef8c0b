package tree

import (
	"math"
	"strings"
	"testing"
)

func TestCloseRanges(t *testing.T) {
	for _, c := range []struct {
		pattern string
		n       uint64
		want    string
	}{
		{"a", 5, "a"},
		{"a{1..2}", 5, "a{1..2}"},
		{"{0..}", 1, "{0..0}"},
		{"{0..}", 12, "{0..11}"},
		{"{8..}x", 5, "{8..12}x"},
		{"{000..}", 1000, "{000..999}"},
		{"{001..}", 999, "{001..999}"},
		{"d{0..3}/{000..}.eml", 7, "d{0..3}/{000..006}.eml"},
		{"{0..}/{000..}", 1000, "{0..0}/{000..999}"},
		{"{0..}/{000..}", 1001, "{0..1}/{000..500}"},
		{"{0..}/{000..}", 1999, "{0..1}/{000..999}"},
		{"{0..}/{000..}", 1_000_000_000, "{0..999999}/{000..999}"},
		{"{0..}/{00..}/{00..}", 150, "{0..0}/{00..01}/{00..74}"},
		{"{0..}/{00..}/{00..}", 123456, "{0..12}/{00..94}/{00..99}"},
		{`\{{0..}\}/{00..}`, 101, `\{{0..1}\}/{00..50}`},
		{"{0..}", 1e18, "{0..999999999999999999}"},
		{"img_{#..}_of_{#}.npz", 168, "img_{000..167}_of_168.npz"},
		{"img_{#..}_of_{#}.npz", 1000, "img_{0000..0999}_of_1000.npz"},
		{"{#}/{#..}{#}", 1, "1/{0..0}1"},
		{"{0..}/{#..}-{#}", 12, "{0..0}/{00..11}-12"},
		{"{#..}-{#}/{00..}", 500, "{0..4}-5/{00..99}"},
	} {
		got, err := CloseRanges(c.pattern, c.n)
		if got != c.want || err != nil {
			t.Errorf("CloseRanges(%q, %d) = %q, %v; want %q", c.pattern, c.n, got, err, c.want)
		}
	}
	if _, err := CloseRanges("{0..}", 1e18+1); err == nil || !strings.Contains(err.Error(), "{0..} has room for numbers of up to 18 digits") {
		t.Errorf("more than 18 digits: %v", err)
	}
	for pattern, want := range map[string]string{
		"a/{000..}":      "{000..} has room for 1000 numbers, and 123456 are needed",
		"{007..}":        "{007..} has room for 993 numbers",
		"{00..}/{000..}": "{00..} has room for 100 numbers, and 124 are needed",
		"{0..}}":         `a "}" without a "{"`,
		"{#}-{0..}":      "{#} is how many numbers {#..} has, and there is none",
		"{#..}/{#..}":    "has {#..} twice",
		"{#..9}":         `"{#..9}" is not a range of decimal numbers`,
	} {
		if got, err := CloseRanges(pattern, 123456); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("CloseRanges(%q) = %q, %v; want %s", pattern, got, err, want)
		}
	}
}

// The number of names is close to the number that is asked for, whatever that is.
func TestCloseRangesIsClose(t *testing.T) {
	for n := uint64(1); n < 1<<40; n = n*3/2 + 1 {
		pattern, err := CloseRanges("{0..}/{000..}/{0000..}", n)
		if err != nil {
			t.Fatal(err)
		}
		names, open, err := CountNames(pattern)
		if err != nil || open {
			t.Fatalf("%q: %v, %v", pattern, open, err)
		}
		if off := math.Abs(float64(names)/float64(n) - 1); off > 0.001 {
			t.Errorf("%d: %q has %d names", n, pattern, names)
		}
	}
}

func TestCountNames(t *testing.T) {
	for pattern, want := range map[string]struct {
		names uint64
		open  bool
	}{
		"a":                     {1, false},
		"a{0..9}/b{1..2}":       {20, false},
		"a{0..9}/{0..}":         {10, true},
		"a{0..9}/{#..}_{#}":     {10, true},
		"{#}":                   {1, true},
		"{000..}/b{0..2}.{0..}": {3, true},
	} {
		names, open, err := CountNames(pattern)
		if names != want.names || open != want.open || err != nil {
			t.Errorf("CountNames(%q) = %d, %v, %v", pattern, names, open, err)
		}
	}
	for _, pattern := range []string{"", "a//b", "{0..}/", "{0..999999999}/{0..999999999}/{0..9}"} {
		if _, _, err := CountNames(pattern); err == nil {
			t.Errorf("CountNames(%q): no error", pattern)
		}
	}
}
