package cli

import (
	"bytes"
	"fmt"
	"github.com/dgenfs/dgenfs/fs/cli/exit"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/fs/treefile"
)

// runTree returns what dgenfs tree prints.
func runTree(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if status := run(append([]string{"tree"}, args...), &stdout, &stderr); status != exit.Done || stderr.Len() > 0 {
		t.Fatalf("tree %q: exit status %d\n%s", args, status, &stderr)
	}
	return stdout.String()
}

func writeTree(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.tree")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// A preset is printed as it is built in, and that, as a file, is the same.
func TestTreeOfPresets(t *testing.T) {
	for _, name := range treefile.Presets() {
		text, _ := treefile.Preset(name)
		if got := runTree(t, "--preset", name); got != string(text) {
			t.Errorf("%s is printed as\n%s", name, got)
		}
		file := writeTree(t, string(text))
		for _, scale := range [][]string{{"--count", "100000"}, {"--total", "1P"}} {
			preset := parseMountFlags(t, append(scale, "--preset", name)...)
			other := parseMountFlags(t, append(scale, "--tree", file)...)
			if !reflect.DeepEqual(preset.tree, other.tree) {
				t.Errorf("%s, %q: the file makes another tree", name, scale)
			}
		}
	}
}

// What is printed makes the tree that it is printed of, and is printed of it.
func TestTreeIsReadBack(t *testing.T) {
	for _, args := range [][]string{
		nil,
		{"--size", "64G,dedup=3"},
		{"--size", "1M", "--files", "1000"},
		{"--size", "lognormal:64K:1.5,total=1T"},
		{"--preset", "home", "--total", "1T"},
		{"--preset", "mail", "--count", "123456"},
		{"--preset", "logs", "--count", "5000", "--file", "x:1G"},
		{"--file", " :1", "--file", "  two  blanks  :2", "--file", "\t:3"},
		{"--file", "#:1", "--file", "#a b:2", "--file", "a #b:3", "--file", "b/#c:4"},
		{"--file", "new\nline:1", "--file", "\n:2", "--file", "a\r:3", "--file", "\r\n/x {0..9}\r:4"},
		{"--file", `\{0..9\}:1`, "--file", `a\{\}{0..9}\}:2`, "--file", `\}:3`, "--file", `{0..9}\{{0..9}:4`},
		{"--file", `\\:1`, "--file", `a\\{0..9}:2`, "--file", `\\x20:3`, "--file", `b\\n/\\\\:4`},
		{"--file", `\x20:1`, "--file", `\x23:2`, "--file", `\xff{0..9}\x09:3`, "--file", `a\x0ab:4`, "--file", `\x30{0..9}\x31:5`},
		{"--file", "a:1M,seed=7,dedup=3,unit=64K,skew=2,compress=2.5", "--file", "g{0..9}:1M,scope=group", "--file", "h{0..9}:lognormal:64K:1.5,dedup=2"},
		{"--file", "a:1M,generation=3,change=50%,phase=5", "--file", "b:1G,rate=5M,latency=2ms,fail=eio:0.1%", "--file", "c:1,fail=eio@0+1"},
		{"--file", "a:1M,corrupt=bit:1%+zero@5+torn@5K+1K", "--file", "b{0..9}:1G,fail=eio:0.1%+open:eperm:5%+stat:eio:1%", "--file", "c{0..9}:1M..2M,generation=1,change=5%,corrupt=stale@1K"},
		{"--file", "a b{0..}/{000..} c:4K..1M,total=1G"},
	} {
		text := runTree(t, args...)
		file := writeTree(t, text)
		if again := runTree(t, "--tree", file); again != text {
			t.Errorf("%q is printed as\n%sand that as\n%s", args, text, again)
		}
		want := parseMountFlags(t, args...)
		for _, more := range [][]string{nil, {"-o", "generation=7,change=3%,grow=13%,delete=7%"}, {"--shard", "2/3", "--seed", "5"}} {
			want := parseMountFlags(t, append(more, args...)...)
			if got := parseMountFlags(t, append(more, "--tree", file)...); !sameTree(&got, &want) {
				t.Errorf("%q with %q: what is printed makes another tree:\n%s", args, more, text)
			}
		}
		header := fmt.Sprintf("# %s in %s, ", plural(want.tree.Files(), "file", "files"), plural(want.tree.Dirs(), "directory", "directories"))
		if !strings.HasPrefix(text, header) {
			t.Errorf("%q: the first line is not %q:\n%s", args, header, text)
		}
	}
}

// sameTree reports whether all files that two trees show are the same ones, up to
// the position of ten thousand.
func sameTree(a, b *config) bool {
	if a.tree.Files() != b.tree.Files() || a.tree.Dirs() != b.tree.Dirs() || a.tree.Bytes() != b.tree.Bytes() {
		return false
	}
	for id := tree.Root; id < 10_000; id++ {
		x, ok := a.tree.Node(id)
		y, also := b.tree.Node(id)
		p, _ := a.tree.Place(id)
		q, _ := b.tree.Place(id)
		if ok != also || x != y || p != q || string(a.tree.AppendPath(nil, id)) != string(b.tree.AppendPath(nil, id)) {
			return false
		}
	}
	return true
}

// Of a bad tree file, every error is told, one a line, up to twenty; and nothing is
// mounted.
func TestBadTreeFiles(t *testing.T) {
	var specs []string
	for _, s := range badSpecs {
		if !strings.ContainsAny(s.args, "~^") {
			specs = append(specs, s.args)
		}
	}
	type bad struct {
		text  string
		lines []int  // that are named
		last  string // of all lines
	}
	tests := []bad{
		{"a\n", []int{1}, `"a"`},
		{"# fine\n\na 1M\nb 1X\nc 1M\n d//e 1M \nf 1M\r\na 2M", []int{4, 6, 8}, `"a"`},
		{"a{0..9 1M\nb} 1M\n/c 1M\nd/ 1M\n../e 1M\n{9..0} 1M\n" + strings.Repeat("n", 256) + " 1M\n", []int{1, 2, 3, 4, 5, 6, 7}, "255"},
		{"a{0..} 1M\nb 1M,total=1G\nc{0..9} 1M,total=1G\nd{0..} 1M,total=1\ne{0..} 1M,total=0", []int{1, 2, 3, 4, 5}, `total "0"`},
		{"a{0..} 1M,share=10%\nb{0..} 1M,share=80%", []int{2}, "90%"},
		{"a{0..} 1M,share=100%", []int{1}, "--count"},
		{"\ufeffa\n", []int{1}, "must be PATTERN SPEC"},
		{"a\x00b 1M\n", []int{1}, "NUL"},
		{strings.Repeat("x\n", 20), numbers(1, 20), `"x"`},
		{strings.Repeat("x\n", 21), numbers(1, 20), "and more errors: 1"},
		{"ok 1M\n" + strings.Repeat("x\n", 1000), numbers(2, 21), "and more errors: 980"},
	}
	for i := 0; i < len(specs); i += 20 {
		batch := specs[i:min(i+20, len(specs))]
		text := ""
		for j, s := range batch {
			text += fmt.Sprintf("x%d %s\n", j, s)
		}
		tests = append(tests, bad{text, numbers(1, len(batch)), ""})
	}
	mnt := t.TempDir()
	for _, test := range tests {
		file := writeTree(t, test.text)
		for _, args := range [][]string{{"--tree", file, mnt}, {"-f", "-o", "tree=" + file, mnt}, {"run", "--tree", file, "--", "true"}, {"tree", "--tree", file}} {
			var stdout, stderr bytes.Buffer
			status := run(args, &stdout, &stderr)
			lines := strings.Split(strings.TrimSuffix(stderr.String(), "\n"), "\n")
			if status != exit.Usage || stdout.Len() > 0 || !strings.Contains(lines[len(lines)-1], test.last) {
				t.Errorf("%q of %.200q: exit status %d\n%s%s", args, test.text, status, &stdout, &stderr)
			}
			if strings.HasPrefix(test.last, "and ") {
				lines = lines[:len(lines)-1]
			}
			if len(lines) != len(test.lines) {
				t.Errorf("%.200q: %d errors, want %d\n%s", test.text, len(lines), len(test.lines), &stderr)
				continue
			}
			for i, n := range test.lines {
				if !strings.HasPrefix(lines[i], fmt.Sprintf("dgenfs: %s:%d: ", file, n)) {
					t.Errorf("%.200q: %s; want one of line %d", test.text, lines[i], n)
				}
			}
		}
		if _, mounted, err := fs.MountedAt(mnt); mounted || err != nil {
			t.Fatalf("mounted: %v, error %v", mounted, err)
		}
	}
}

// numbers returns those from first to last.
func numbers(first, last int) (all []int) {
	for n := first; n <= last; n++ {
		all = append(all, n)
	}
	return all
}
