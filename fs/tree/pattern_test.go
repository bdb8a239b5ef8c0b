package tree

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
)

func TestPattern(t *testing.T) {
	long := strings.Repeat("x", maxName)
	for _, c := range []struct{ pattern, want string }{
		{"a", "a"},
		{"...", "..."},
		{".a", ".a"},
		{"-rf", "-rf"},
		{"a b\n,=:ä\xff", "a b\n,=:ä\xff"},
		{long, long},
		{"a0019b", "a0019b"},
		{"{0..3}", "0 1 2 3"},
		{"{8..12}", "8 9 10 11 12"},
		{"{08..12}", "08 09 10 11 12"},
		{"{98..102}", "98 99 100 101 102"},
		{"{098..102}", "098 099 100 101 102"},
		{"{00..02}", "00 01 02"},
		{"{0..0}", "0"},
		{"a{7..7}b", "a7b"},
		{"x{1..2}y{3..4}z", "x1y3z x1y4z x2y3z x2y4z"},
		{"{1..2}{3..4}", "13 14 23 24"},
		{"{9..10}0{1..2}", "901 902 1001 1002"},
		{"0{9..10}{1..2}5", "0915 0925 01015 01025"},
		{"{9..10}-{9..10}", "9-9 9-10 10-9 10-10"},
		{"{1..2}/{3..4}", "1/3 1/4 2/3 2/4"},
		{"{999999999999999998..999999999999999999}", "999999999999999998 999999999999999999"},
		{"12345678901234567890123{4..5}", "123456789012345678901234 123456789012345678901235"},
	} {
		tree, err := New([]Entry{{Pattern: c.pattern}}, Options{})
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
			continue
		}
		var got []string
		walk(tree, Root, "", func(path string, id ID, isDir bool) {
			if !isDir {
				got = append(got, path)
			}
		})
		want := strings.Split(c.want, " ")
		if c.pattern == c.want {
			want = []string{c.want} // has a blank of its own
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q gives %q, want %q", c.pattern, got, want)
		}
	}
}

func TestPatternErrors(t *testing.T) {
	long := strings.Repeat("x", maxName-1)
	for pattern, want := range map[string]string{
		"":                                    `a file needs a name`,
		"/a":                                  `leave out the "/" in front`,
		"/":                                   `leave out the "/" in front`,
		"a//":                                 `a file needs a name after the last "/"`,
		"a//b":                                `write one "/"`,
		".":                                   `"." is not the name of a file; leave it out`,
		"..":                                  `".." is not the name of a file`,
		"./a":                                 `"." is not the name of a file`,
		"a/../b":                              `".." is not the name of a file`,
		"a\x00":                               `NUL byte`,
		"a{5..2}":                             `range runs backwards; write {2..5}`,
		"a{10..05}":                           `range runs backwards; write {05..10}`,
		"a}":                                  `a "}" without a "{"; braces are for ranges like {00..99}`,
		"{0..9}}":                             `a "}" without a "{"`,
		"a{":                                  `no "}" after "{"; write a range like {00..99}`,
		"a{0..9":                              `no "}" after "{0..9"`,
		"a{0/9}":                              `no "}" after "{0"`,
		"a{}":                                 `"{}" is not a range of decimal numbers; write it like {00..99}`,
		"a{..}":                               `"{..}" is not a range`,
		"a{..1}":                              `"{..1}" is not a range`,
		"a{1}":                                `"{1}" is not a range`,
		`a\`:                                  `"\\" is not an escape; there are \{ \} \\ and \xHH, with two hexadecimal digits`,
		`a\n`:                                 `"\\n" is not an escape`,
		`a\x2`:                                `"\\x2" is not an escape`,
		`a\xg0b`:                              `"\\xg0" is not an escape`,
		`a\x00`:                               `"\\x00" is not allowed in a name; leave it out`,
		`a\x2fb`:                              `"\\x2f" is not allowed in a name`,
		`d/\x2e.`:                             `".." is not the name of a file`,
		`a\{0..1}`:                            `a "}" without a "{"`,
		"x{0..}":                              `has an open range, and nothing says how many files there are`,
		"x{0..}{0..}":                         `open ranges with only digits between, so names are ambiguous; pad the second one like {000..}`,
		"x{..}":                               `"{..}" is not a range`,
		"x{a..}":                              `"{a..}" is not a range`,
		"a{1...2}":                            `"{1...2}" is not a range`,
		"a{1..2..3}":                          `"{1..2..3}" is not a range`,
		"a{a..z}":                             `"{a..z}" is not a range`,
		"a{-1..2}":                            `"{-1..2}" is not a range`,
		"a{ 1..2}":                            `"{ 1..2}" is not a range`,
		"a{0x1..2}":                           `"{0x1..2}" is not a range`,
		"{{1..2}}":                            `"{{1..2}" is not a range`,
		"{01..100}":                           `{01..100} is padded to two widths; write {001..100}`,
		"{00..9}":                             `{00..9} is padded to two widths; write {00..09}`,
		"{5..09}":                             `{5..09} is padded to two widths; write {05..09}`,
		"{0..1234567890123456789}":            `a number of more than 18 digits`,
		"{1..20}{1..20}":                      `{1..20} and {1..20} vary in width with only digits between, so names are ambiguous; pad them like {01..20}`,
		"{1..20}5{1..2}{8..12}":               `{1..20} and {8..12} vary in width`,
		long + "{1..10}":                      `names of up to 256 bytes; the limit is 255`,
		strings.Repeat("12345678/", 456):      `paths of up to 4103 bytes`,
		strings.Repeat("1234567/", 512) + "a": `paths of up to 4097 bytes; the limit is 4095`,
		"{0..99999999999999999}{0..9}{0..9}{0..9}": `2^61 files and directories or more; use smaller ranges`,
		"{0..999999999}/{0..999999999}/{0..9}":     `2^61 files and directories or more`,
		strings.Repeat("{0..9}", 200):              `2^61 files and directories or more`,
	} {
		_, err := New([]Entry{{Pattern: "ok"}, {Pattern: pattern}}, Options{})
		if err == nil {
			t.Errorf("%q: no error, want %s", pattern, want)
			continue
		}
		text := err.Error()
		if !strings.HasPrefix(text, fmt.Sprintf("pattern %q: ", spec.Cut(pattern))) || !strings.Contains(text, want) || strings.Contains(text, "\n") {
			t.Errorf("%q: %v; want %s", pattern, err, want)
		}
		if e, ok := single(err); !ok || e.Entry != 1 {
			t.Errorf("%q: %#v; want an Error of entry 1", pattern, err)
		}
	}
}

// Names may have any byte, also those that patterns are written with.
func TestEscapes(t *testing.T) {
	tree := mustNew(t, `a\{0..1\}{0..1}`, `a{0..1}`, `\\x41`, `\x41\x0a\xff{8..10}\x20`, `#`, `\x2e\x2e\x2e`)
	for _, name := range []string{"a{0..1}0", "a{0..1}1", "a0", "a1", `\x41`, "A\n\xff8 ", "A\n\xff10 ", "#", "..."} {
		id, _, ok := tree.Lookup(Root, name)
		if !ok {
			t.Errorf("there is no %q", name)
			continue
		}
		checkPosition(t, tree, id)
		if path := string(tree.AppendPath(nil, id)); path != name {
			t.Errorf("the path of %q is %q", name, path)
		}
	}
	if _, _, ok := tree.Lookup(Root, "a{0..1}"); ok {
		t.Error("a pattern is a name")
	}
	// What is written in braces by escapes is not what is a range.
	tree = mustNew(t, `b\{0..1\}`, `b{0..1}`)
	if id, _, ok := tree.Lookup(Root, "b{0..1}"); !ok || tree.Files() != 3 {
		t.Errorf("a name that looks like a range: %d, %v", id, ok)
	}
}

func TestLongestPath(t *testing.T) {
	mustNew(t, strings.Repeat("1234567/", 511)+"{1234567..1234568}")
	mustNew(t, strings.Repeat("x/", 2047)+"x")
}

// The names that no pattern has are as important as those it has.
func TestLookupOfOtherNames(t *testing.T) {
	tree := mustNew(t, "a{8..12}b", "p{08..12}", "{9..10}0{1..2}", "x", "d/y", "{5..6}-{0..9}")
	for _, name := range []string{
		"", ".", "..", "/", "X", "xx", "d/y", "y",
		"a{8..12}b", "a7b", "a13b", "a08b", "a8", "ab", "a8bb", "a+8b", "a 8b", "a8b ", "a100000000000000000000008b",
		"p8", "p07", "p13", "p008", "p", "p1", "p0:",
		"9", "01", "901 ", "0901", "800", "900", "903", "1101", "10001",
		"5-", "-5", "5-10", "4-0", "5-0-", "5_0",
	} {
		if id, _, ok := tree.Lookup(Root, name); ok {
			t.Errorf("Lookup(%q) = %d, want none", name, id)
		}
	}
}

func TestCompareNames(t *testing.T) {
	sorted := []string{"", "-", "a", "a.txt", "aa", "a0", "a0b", "a1", "a9", "a9.txt", "a09", "a10", "a10-9", "a10-10", "b", "0", "00", "000", "1000"}
	for i, x := range sorted {
		for j, y := range sorted {
			got := compareNames(x, y)
			if (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("compareNames(%q, %q) = %d", x, y, got)
			}
		}
	}
}

func FuzzPattern(f *testing.F) {
	for _, p := range []string{"home/user{00..99}/mail/{000000..999999}.eml", "{8..12}0{1..2}", "a{5..2}", "{1..20}{1..20}", "x}", "a//b"} {
		f.Add(p, uint64(12345), "a8b")
	}
	f.Fuzz(func(t *testing.T, pattern string, n uint64, name string) {
		tree, err := New([]Entry{{Pattern: pattern}}, Options{})
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q is more than one line", err)
			}
			return
		}
		id := Root + ID(n%uint64(tree.end-Root))
		checkPosition(t, tree, id)
		if id, _, ok := tree.Lookup(Root, name); ok {
			if path := string(tree.AppendPath(nil, id)); path != name {
				t.Errorf("%q: Lookup(%q) is %q", pattern, name, path)
			}
		}
	})
}
