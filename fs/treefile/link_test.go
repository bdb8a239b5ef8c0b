package treefile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/tree"
)

// Open ranges of links are closed as those of files are, and the tree file of a tree makes
// the same tree.
func TestOpenRangesOfLinks(t *testing.T) {
	text := `lib/{0..}/{000..}.so 5K,share=60%
links/{0..}/{000..}.link symlink=../../lib/{0..}/{000..}.so,share=40%
lib/{0..}/  mode=0700
hard/{0..}/{000..}.so hardlink=lib/{0..}/{000..}.so
daily.{0..6}/{0..}/x{000..} hardlink=lib/{0..}/{000..}.so
first{0..9} hardlink=lib/{0..}/{000..}.so
one symlink=lib/0/000.so
`
	tr, got, err := Build(Parse("t", []byte(text)), Scale{Count: 5000}, tree.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Count < 4950 || got.Count > 5050 || tr.Files() != got.Count+1 {
		t.Errorf("%d files, of which %d have shares", tr.Files(), got.Count)
	}
	closed := Format(tr)
	for _, line := range []string{"hard/{0..2}/{000..999}.so hardlink=lib/{0..2}/{000..999}.so", "daily.{0..6}/{0..2}/x{000..999} hardlink=lib/{0..2}/{000..999}.so", "first{0..9} hardlink=lib/{0..2}/{000..999}.so", "lib/{0..2}/ mode=0700", "one symlink=lib/0/000.so", "links/{0..1}/{000..999}.link symlink=../../lib/{0..1}/{000..999}.so"} {
		if !strings.Contains(closed, line+"\n") {
			t.Errorf("%q is not in\n%s", line, closed)
		}
	}
	again, _, err := Build(Parse("again", []byte(closed)), Scale{}, tree.Options{})
	if err != nil || Format(again) != closed {
		t.Errorf("%v:\n%s\nwant\n%s", err, Format(again), closed)
	}
}

func TestLinkLines(t *testing.T) {
	for line, want := range map[string]string{
		"a symlink=b":                              "a symlink=b\n",
		"a b symlink=/etc/":                        "a b symlink=/etc/\n",
		`"a " symlink=x\x20y\x2c\xc3\xbc`:          `a\x20 symlink=x\x20y\x2cü` + "\n",
		"a symlink=b c/":                           "a symlink=b c/\n", // a directory
		"x{0..9} symlink={9..18},uid=3":            "x{0..9} symlink={9..18},uid=3\n",
		"a symlink={0..}":                          `error: pattern "a": symlink "{0..}": has an open range`,
		"a/ symlink=b":                             `error: "symlink=b": a directory has no size`,
		"a{0..} symlink=b":                         `error: pattern "a{0..}": has an open range`,
		"a symlink=b,share=100%":                   `error: pattern "a": share=100% needs an open range`,
		"a{0..} symlink=../{0..}.b,share=100%":     "a{0..6} symlink=../{0..6}.b\n",
		"a{0..} symlink=b/{0..1}/{0..},share=100%": "a{0..6} symlink=b/{0..1}/{0..2}\n",
		"a/{0..}/{00..} symlink=b/{0..}/{00..}/{00..},share=100%": "a/{0..0}/{00..06} symlink=b/{0..0}/{00..00}/{00..06}\n",
		"a hardlink=b c.vcf": `error: size "c.vcf": a size starts with a digit, as in 64G; in the target of a link, a blank is written \x20`,
		"a hardlink=a":       `error: pattern "a": hardlink "a": is a hard link`,
		"d/{0..} 5,total=35\na{0..}/{0..} hardlink=d/{0..}": `error: 2: pattern "a{0..}/{0..}": has other open ranges than the NAME of the files`,
		"d/{0..} 5,total=35\na{00..} hardlink=d/{0..}":      `error: 2: pattern "a{00..}": has other open ranges`,
		"d/{0..} 5,total=35\na{0..} hardlink=d/{0..}":       "d/{0..6} 5\na{0..6} hardlink=d/{0..6}\n",
		"a{0..} hardlink=b":                                 `error: pattern "a{0..}": has an open range`,
	} {
		scale := Scale{}
		if strings.Contains(line, "share=") {
			scale.Count = 7
		}
		tr, _, err := Build(Parse("f", []byte(line+"\n")), scale, tree.Options{})
		got := ""
		if err != nil {
			got = "error: " + strings.TrimPrefix(strings.TrimPrefix(fmt.Sprint(err), "f:1: "), "f:")
		} else {
			got = strings.NewReplacer(",share=100%", "", ",total=35", "").Replace(Format(tr))
		}
		if got != want && !(err != nil && strings.HasPrefix(got, want)) {
			t.Errorf("%s: %s; want %s", line, got, want)
		}
	}
}

// A line that is wrong is one error, not another one for each of its hard links.
func TestLinksOfWrongLines(t *testing.T) {
	_, _, err := Build(Parse("f", []byte("a 4K,mode=9\nb hardlink=a\nc 1\nc hardlink=c\n")), Scale{}, tree.Options{})
	if err == nil || !strings.Contains(err.Error(), "f:1: mode") || strings.Contains(err.Error(), "f:2:") || !strings.Contains(err.Error(), "f:4:") {
		t.Errorf("got %v", err)
	}
	if _, _, err := Build(Parse("f", []byte("a 4K\nb hardlink=d\n")), Scale{}, tree.Options{}); err == nil || !strings.Contains(err.Error(), "f:2:") {
		t.Errorf("got %v", err)
	}
}
