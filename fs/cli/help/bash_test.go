package help

import (
	"io"
	"slices"
	"strings"
	"testing"
)

// The variable COMP_WORDBREAKS of an interactive bash.
const breaks = " \t\n\"'@><=;|&(:"

// Command lines as they are typed in bash, and what is put in place of the end of
// the last word: behind the last one of breaks.
var bashLines = []struct{ line, want string }{
	{"dgenfs um", "umount :directories"},
	{"dgenfs  um", "umount :directories"},
	{"/usr/bin/dgenfs um", "umount :directories"},
	{"dgenfs", ""},
	{"dgenfs umount --l", "--lazy"},
	{`dgenfs umount "--l`, "--lazy"},
	{`dgenfs um'ou'nt "--"l`, "--lazy"},
	{`dgenfs um\ount --l`, "--lazy"},
	{"dgenfs --transport=", "auto dev uring"},
	{"dgenfs --transport=d", "dev"},
	{"dgenfs --transport d", "dev"},
	{"dgenfs --transport = d", ":directories"},
	{"dgenfs --size=64G,dedup=3,sk", "3,skew= :nospace"},
	{"dgenfs --size 64G,dedup=3,sk", "3,skew= :nospace"},
	{"dgenfs --size '64G,dedup=3,sk", "64G,dedup=3,skew= :nospace"},
	{"dgenfs --size='64G,dedup=3,sk", "64G,dedup=3,skew= :nospace"},
	{"dgenfs --size='64G',dedup=3,sk", "3,skew= :nospace"},
	{"dgenfs --size='64G,dedup=3',sk", "64G,dedup=3,skew= :nospace"},
	{"dgenfs --file big:1G,u", "1G,unit= 1G,uid= :nospace"},
	{"dgenfs --file '{0..}:1G,to", "{0..}:1G,total= :nospace"},
	{"dgenfs --file {0..}:1G,to", "1G,total= :nospace"},
	{"dgenfs cat 1G,fail=eio@1M,la", "@1M,latency= :nospace"},
	{"dgenfs -o size=64G,allow", "64G,allow_other :nospace"},
	{"dgenfs -o allow_other,num", "allow_other,numa= allow_other,numa_nodes= :nospace"},
	{"dgenfs -o log=/tmp/", ":files"},
	{"dgenfs --log=/tmp/", ":files"},
	{"dgenfs umount ", `/mnt/synth /mnt/with\ blank1 /mnt/back\\slash`},
	{"dgenfs umount /mnt/with\\ ", `/mnt/with\ blank1`},
	{"dgenfs umount '/mnt/with ", "/mnt/with blank1"},
	{"dgenfs umount \"/mnt/b", `/mnt/back\slash`},
	{"dgenfs cat 1M >f", ":files"},
	{"dgenfs cat 1M > ", ":files"},
	{"dgenfs cat 1M 2>/dev/null >", ":files"},
	{"dgenfs cat >out --le", "--length"},
	{"dgenfs cat > out --le", "--length"},
	{"dgenfs run -- envsub", ":program"},
	{"dgenfs run envsub", ":program"},
	{"dgenfs run -- ", ":program"},
	{"dgenfs run -- envsubtest /tmp/a", ":files"},
	{"dgenfs run envsubtest --nu", ":files"},
}

func TestCompleteLine(t *testing.T) {
	for _, test := range bashLines {
		answer := write(t, func(w io.Writer) error {
			return completer().CompleteLine(w, test.line, breaks)
		})
		if got := words(answer); got != test.want {
			t.Errorf("%q: completed to\n%q, want\n%q", test.line, got, test.want)
		}
	}
}

// Words that are not split at "=" and ":" are replaced as a whole.
func TestCompleteLineOtherBreaks(t *testing.T) {
	answer := write(t, func(w io.Writer) error {
		return completer().CompleteLine(w, "dgenfs --transport=d", " \t\n")
	})
	if want := "--transport=dev\n"; answer != want {
		t.Errorf("completed to %q, want %q", answer, want)
	}
}

func TestSplitLine(t *testing.T) {
	for line, want := range map[string][]string{
		"":                      {""},
		"a":                     {"a"},
		"a ":                    {"a", ""},
		"a\t\tb  c":             {"a", "b", "c"},
		`a\ b "c d" 'e f'`:      {"a b", "c d", "e f"},
		`"a\"b\c" 'd\e'`:        {`a"b\c`, `d\e`},
		`a '' ""`:               {"a", "", ""},
		`a"b`:                   {"ab"},
		`a\`:                    {`a\`},
		"a >b c":                {"a", "c"},
		"a b2>c d":              {"a", "b2", "d"},
		"a 2>b <c d":            {"a", "d"},
		"dgenfs \xff,é=":        {"dgenfs", "\xff,é="},
		"--size=1M,dedup=3 x:y": {"--size=1M,dedup=3", "x:y"},
	} {
		if got := splitLine(line, breaks).words; !slices.Equal(got, want) {
			t.Errorf("%q: split into %q, want %q", line, got, want)
		}
	}
}

// Whatever is typed, each candidate is a line that goes on from what was typed.
func FuzzCompleteLine(f *testing.F) {
	for _, test := range bashLines {
		f.Add(test.line)
	}
	c := completer()
	f.Fuzz(func(t *testing.T, line string) {
		if err := c.CompleteLine(io.Discard, line, breaks); err != nil {
			t.Fatal(err)
		}
		l := splitLine(line, breaks)
		if l.redirected || len(l.words) < 2 {
			return
		}
		last := l.words[len(l.words)-1]
		if l.kept > len(last) {
			t.Fatalf("%q: keeps %d bytes of %q", line, l.kept, last)
		}
		for _, candidate := range c.answer(l.words[1:]).candidates {
			if !strings.HasPrefix(candidate.word, last) || strings.ContainsAny(candidate.word, "\n\t") || candidate.word[0] == ':' {
				t.Errorf("%q: candidate %q", line, candidate.word)
			}
		}
	})
}
