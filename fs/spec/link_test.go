package spec

import (
	"strings"
	"testing"
)

func TestLinks(t *testing.T) {
	for text, target := range map[string]string{
		"symlink=a":            "a",
		"symlink=../a/b.c:d=e": "../a/b.c:d=e",
		"hardlink=a/b{0..}":    "a/b{0..}",
		"symlink=/etc/":        "/etc/",
		`symlink=a\x2cb{0..9}`: `a\x2cb{0..9}`,
		"symlink=a,uid=3,gid=4,mtime=2024-05-01..2024-06-01":    "a",
		"symlink=d{0..}/x,mtime=2024-05-01T12:30:00Z,share=30%": "d{0..}/x",
	} {
		f, err := ParseFiles(text)
		kind := Symlink
		if strings.HasPrefix(text, "hard") {
			kind = Hardlink
		}
		if err != nil || f.Link != (Link{kind, target}) || f.String() != text || !IsLink(text) {
			t.Errorf("%q is %+v, %q, %v", text, f, f, err)
		}
		if name, rest, ok := CutName("a/b:" + text); !ok || name != "a/b" || rest != text {
			t.Errorf("CutName(a/b:%s) = %q, %q", text, name, rest)
		}
		if _, err := Parse(text); err == nil || err.Error() != errLink.Error() {
			t.Errorf("Parse(%q): %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"symlink=":                    "symlink has no target; write symlink=TARGET",
		"symlink=,uid=3":              "symlink has no target",
		"symlink=a,b":                 `"b": a link has the keys uid, gid, mtime, share; a comma in its target is written \x2c`,
		"symlink=a,mode=0777":         `key "mode" is not one of a symlink, which has uid, gid, mtime, share`,
		"symlink=a,seed=3":            `key "seed" is not one of a symlink`,
		"symlink=a,share":             `key "share" has no value`,
		"symlink=a,uid=1,uid=1":       `key "uid" is given twice`,
		"symlink=a,uid=x":             `uid "x"`,
		"symlink=a,share=0%":          `share "0%"`,
		"hardlink=":                   "hardlink has no target; write hardlink=TARGET",
		"hardlink=a,uid=1":            `"uid=1": a hard link is the file that it names, and has no keys of its own; a comma in that name is written \x2c`,
		"hardlink=a,b":                `"b": a hard link is the file`,
		"symlnk=a":                    `size "symlnk=a"`,
		"5,symlink=a":                 `key "symlink" is unknown`,
		"link=a":                      `size "link=a"`,
		"symlink=a,mtime=2024-05-01,": `"": a link has the keys`,
	} {
		if _, err := ParseFiles(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseFiles(%q): %v; want %s", text, err, want)
		}
	}
}
