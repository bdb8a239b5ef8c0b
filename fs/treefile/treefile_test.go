package treefile

import (
	"errors"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
)

func build(t *testing.T, text string, scale Scale) *tree.Tree {
	t.Helper()
	tr, _, err := Build(Parse("t", []byte(text)), scale, tree.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// Every error is reported, in the order of the lines, up to twenty.
func TestErrors(t *testing.T) {
	_, _, err := Build(Parse("f", []byte("a\nb 1X\nok 1\nc//d 1\ne{0..} 1\nok 2\nf 1,total=1M\ng{00..} 4K,total=1G\nh 4K..1\n")), Scale{}, tree.Options{})
	want := []string{
		`f:1: "a": must be PATTERN SPEC`,
		`f:2: size "1X": unknown suffix "X"`,
		`f:4: pattern "c//d": an empty name between two slashes`,
		`f:5: pattern "e{0..}": has an open range, and nothing says how many files there are`,
		`f:6: patterns "ok" and "ok" both make the file "ok"`,
		`f:7: pattern "f": total=1M needs an open range`,
		`f:8: pattern "g{00..}": {00..} has room for 100 numbers, and 262144 are needed`,
		`f:9: sizes "4K..1": the first one must be the smaller one`,
	}
	var all Errors
	if !errors.As(err, &all) || len(all) != len(want) {
		t.Fatalf("%v", err)
	}
	for i, e := range all {
		if !strings.HasPrefix(e.Error(), want[i]) {
			t.Errorf("%v; want %s", e, want[i])
		}
	}
	_, _, err = Build(Parse("f", []byte(strings.Repeat("x\n", 25))), Scale{}, tree.Options{})
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 21 || lines[20] != "and more errors: 5" {
		t.Errorf("%d lines: %v", len(lines), err)
	}
}

// What is written is read as the same tree.
func TestFormat(t *testing.T) {
	files, err := spec.ParseFiles("lognormal:64K:1.5,compress=2")
	if err != nil {
		t.Fatal(err)
	}
	entries := []tree.Entry{}
	for _, pattern := range []string{"a b/{0..9}", " lead", "trail ", "#no comment", "new\nline", `back\\slash`, "\ttab", "a#b", " ", "\r", `"`, `"quoted"`, `a"b `, "#! --seed 7", "\t "} {
		entries = append(entries, tree.Entry{Pattern: pattern, Spec: files.Spec, Sizes: files.Sizes})
	}
	for _, pattern := range []string{"valid/", "a d/", " lead d/", "#/", "\"q\"/", "a b/x/", "d{0..3}/"} {
		entries = append(entries, tree.Entry{Pattern: pattern})
	}
	want, err := tree.New(entries, tree.Options{})
	if err != nil {
		t.Fatal(err)
	}
	text := Format(want)
	got := build(t, text, Scale{})
	if got.Files() != want.Files() || got.Entries() != len(entries) {
		t.Fatalf("%d files, want %d:\n%s", got.Files(), want.Files(), text)
	}
	if again := Format(got); again != text {
		t.Errorf("written again:\n%s\nwant:\n%s", again, text)
	}
	for id := tree.Root; id < tree.ID(want.Files()+want.Dirs()+1); id++ {
		if g, w := got.AppendPath(nil, id), want.AppendPath(nil, id); string(g) != string(w) {
			t.Errorf("position %d is %q, want %q", id, g, w)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a{0..} 1M,total=1G", "# x\na 1\nb{0..} 4K..1M,share=100%\n", "a\\x20 1\r\nb c  2K", "\" a\\\"{0..9}\\\\\" 1\n#! --seed 7\n", "d/{0..9}/{000..} lognormal:1K:2,total=1T", "x{0..9} 1M,record=1K,index=i\ny{0..} 1K..1M,index=.,total=1M\nz 9,format=auto,index=i\n", "a{#..}_of_{#} 1M,total=1G\nb{#}/{0..}/{#..} 1K,share=100%", "valid/\na b/{0..3}/\n\" x/\"\na b/c 1\n"} {
		f.Add(s, uint64(1000))
	}
	f.Fuzz(func(t *testing.T, text string, count uint64) {
		lines := Parse("f", []byte(text))
		scale := Scale{}
		if shares(lines) {
			scale.Count = count
		}
		tr, _, err := Build(lines, scale, tree.Options{})
		if err != nil {
			var all Errors
			if errors.As(err, &all) && strings.Count(err.Error(), "\n") != min(len(all)-1, maxErrors) {
				t.Errorf("%d errors: %q", len(all), err)
			}
			return
		}
		again, _, err := Build(Parse("f", []byte(Format(tr))), Scale{}, tree.Options{})
		if err != nil || again.Files() != tr.Files() || again.Dirs() != tr.Dirs() || Format(again) != Format(tr) {
			t.Errorf("%q is written %q, which is another tree: %v", text, Format(tr), err)
		}
		checkText(t, NewText("# head\n", tr), int64(count))
	})
}
