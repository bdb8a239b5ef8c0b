package treefile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/tree"
)

func TestParse(t *testing.T) {
	text := "\ufeff# a comment 1G\n\n  \t \na 1M\r\nb c/d{0..9}   4K..1M,compress=2  \n#\r\n#\tx 5\nlast\x00 1\n#! --seed 7\n\\x23x\t7"
	var got []string
	for _, l := range Parse("f", []byte(text)) {
		got = append(got, fmt.Sprintf("%s %q %s", l.Origin(), l.Pattern, l.Spec))
	}
	want := []string{
		`f:4 "a" 1M`,
		`f:5 "b c/d{0..9}" 4K..1M,compress=2`,
		`f:8 "last\x00" 1`,
		`f:10 "\\x23x" 7`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A line gives the file that it names, or an error.
func TestLines(t *testing.T) {
	for line, want := range map[string]string{
		`a 5`:             "a",
		`a 5  `:           "a",
		"a\t5":            "a",
		"a   5K":          "a",
		"a \t 4K..1M":     "a",
		`a b  c 5`:        "a b  c",
		`a"b" 5`:          `a"b"`,
		`a# 5`:            "a#",
		`" a" 5`:          " a",
		`"a "   5`:        "a ",
		"\"a\t\"\t5":      "a\t",
		`"#a" 5`:          "#a",
		`"#" 5`:           "#",
		`"# a" 5`:         "# a",
		`"#! --seed 7" 5`: "#! --seed 7",
		`"\"a\"" 5`:       `"a"`,
		`"\\" 5`:          `\`,
		`"\\\"" 5`:        `\"`,
		`"\{a\}\x20" 5`:   "{a} ",
		`"{7..7}a" 5`:     "7a",
		`"a/ b" 5,seed=3`: "a/ b",
		`"a" 5  `:         "a",
		`\x23a 5`:         "#a",
		`\x22a" 5`:        `"a"`,
		`""`:              `error: a file needs a name between the quotes`,
		`"" 5`:            `error: a file needs a name between the quotes`,
		`"a"`:             `error: "a": must be PATTERN SPEC`,
		`"a`:              `error: "\"a": no quote ends the name`,
		`"a 5`:            `error: "\"a 5": no quote ends the name`,
		`"a\" 5`:          `error: "\"a\\\" 5": no quote ends the name`,
		`"a\`:             `error: "\"a\\": no quote ends the name`,
		`"`:               `error: "\"": no quote ends the name`,
		`"a"b 5`:          `error: "\"a\"b 5": there must be a blank between`,
		`"a"5`:            `error: "\"a\"5": there must be a blank between`,
		`"a" b 5`:         `error: size "b 5": a size starts with a digit`,
		`"\q" 5`:          `error: pattern "\\q": "\\q" is not an escape`,
		`#a 5`:            `error: "#a 5": a comment begins with a # and a blank; a name that begins with # is written in quotes`,
		`#a`:              `error: "#a": a comment begins`,
		`## a`:            `error: "## a": a comment begins`,
		` a 5`:            `error: " a 5": the line begins with a blank`,
		"\ta 5M":          `error: "\ta 5M": the line begins with a blank`,
		` # a`:            `error: " # a": the line begins with a blank`,
		`  5`:             `error: "  5": the line begins with a blank`,
		`a  5`:            `error: "a  5": the blanks before the size may belong to the name; leave one, or write the name in quotes`,
		"a \t5":           `error: "a \t5": the blanks before the size may belong`,
		`a`:               `error: "a": must be PATTERN SPEC`,
		`a b/`:            "",
		`" a/" `:          "",
		`a/ 5`:            `error: "5": a directory has no size, and of keys there are mode, uid, gid, mtime`,
		`a b/ mode=0700`:  "",
		`"a b/" uid=5`:    "",
		`a/ mode=9`:       `error: mode "9"`,
		` a/`:             `error: " a/": the line begins with a blank`,
		`"a"/`:            `error: "\"a\"/": there must be a blank between`,
		`5,format=npz/`:   "",
	} {
		got := ""
		tr, _, err := Build(Parse("f", []byte(line+"\n")), Scale{}, tree.Options{})
		if err != nil {
			got = "error: " + strings.TrimPrefix(err.Error(), "f:1: ")
		} else {
			for id := tree.Root; id < 10; id++ {
				if node, ok := tr.Node(id); ok && !node.IsDir {
					got += string(tr.AppendPath(nil, id))
				}
			}
		}
		if got != want && !(err != nil && strings.HasPrefix(got, want)) {
			t.Errorf("%s: %s; want %s", line, got, want)
		}
	}
}

// A listing of files with any names gives these files, or errors.
func FuzzListing(f *testing.F) {
	for _, name := range []string{"a", " a", "a ", "#a", "# a", "#", "#!a", `"a"`, `"`, "a  b", "a\t", "\t"} {
		f.Add(name, uint64(5))
	}
	f.Fuzz(func(t *testing.T, name string, size uint64) {
		if strings.ContainsAny(name, "\r\n\x00/{\\") || strings.HasPrefix(name, "\ufeff") || size > 1<<62 {
			return // which a listing has to write otherwise
		}
		line := fmt.Sprintf("%s %d\n", name, size)
		all := Parse("f", []byte(line))
		switch {
		case len(all) == 0 && (name == "#" || strings.HasPrefix(name, "# ") || strings.HasPrefix(name, "#\t") || strings.HasPrefix(name, directiveMark)):
			return // a comment, or a directive
		case len(all) != 1:
			t.Fatalf("%q has %d entries", line, len(all))
		}
		tr, _, err := Build(all, Scale{}, tree.Options{})
		if err != nil {
			return
		}
		if _, _, ok := tr.Lookup(tree.Root, name); !ok && !strings.HasPrefix(name, `"`) {
			t.Errorf("%q makes\n%s", line, Format(tr))
		}
	})
}
