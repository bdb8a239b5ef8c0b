package help

import (
	"io"
	"slices"
	"strings"
	"testing"
)

func TestPrint(t *testing.T) {
	c := table()[2]
	if c.Name != "run" {
		t.Fatalf("the command is %s", c.Name)
	}
	got := write(t, c.Print)
	want := `dgenfs run [flags] -- CMD ARG...

Mounts somewhere temporary and runs CMD.

  dgenfs run -- dd if={}/16G of=/dev/null bs=1M

Unmounts.

Flags:
      --size SPEC                  size and keys of the file "data", a SPEC
      --file NAME:SPEC             a file, or many, NAME:SPEC; may be repeated
      --preset NAME                a tree file that is built in, NAME; NAME is home or mail
      --seed SEED                  seed of all files, a number
      --threads N                  use N CPUs (default: all)
      --uid VALUE                  owner of the files (default: the user who mounts)
      --allow-other                let other users in
      --transport auto|dev|uring   how reads arrive: uring is FUSE over io_uring, for Linux 6.14 and
                                   later where root has enabled it; auto takes it if it is available
                                   (default: auto)
      --numa auto|off|force        keep memory near (default: auto)
      --numa-nodes LIST            use these nodes only, a LIST like 0,2-3
      --log FILE                   append errors to this file
  -o, --options OPT[,OPT]...       flags as mount options, OPT[,OPT]...; a comma in a value is
                                   written \,
  -h, --help                       print this help
`
	if got != want {
		t.Errorf("run --help prints\n%s, want\n%s", got, want)
	}
}

// Everything is in the help of the program or of its command, and fits.
func TestHelpHasEverything(t *testing.T) {
	text := write(t, func(w io.Writer) error { return Usage(w, table()) })
	for _, c := range table() {
		if strings.Contains(text, c.Usage) == c.Hidden || strings.Contains(text, c.Summary) == c.Hidden {
			t.Errorf("command %s: hidden: %v, but the usage is\n%s", c.Name, c.Hidden, text)
		}
		text += write(t, c.Print)
	}
	for _, word := range documented() {
		if !has(text, word) {
			t.Errorf("%q is missing", word)
		}
	}
	for _, want := range []string{"lognormal:64K:1.5", "4K..1M", "Exit status: 0 done, 1 the work failed, 2 wrong usage\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(text, "--secret") {
		t.Error("a hidden flag is shown")
	}
	for line := range strings.Lines(text) {
		if len(line) > tableWidth+1 {
			t.Errorf("%d columns: %s", len(line)-1, line)
		}
		if strings.TrimRight(line, " \n")+"\n" != line {
			t.Errorf("blanks at the end of %q", line)
		}
	}
}

// A name that does not fit in the left column has a line of its own.
func TestTable(t *testing.T) {
	var p printer
	p.table([][2]string{{"a", "one"}, {"abc", "two"}, {"abcdef", "three " + strings.Repeat("x", 100) + " four"}}, 4)
	want := "  a     one\n  abc   two\n  abcdef\n        three\n        " + strings.Repeat("x", 100) + "\n        four\n"
	if got := p.String(); got != want {
		t.Errorf("the table is\n%s, want\n%s", got, want)
	}
}

func TestWrap(t *testing.T) {
	for text, want := range map[string][]string{
		"":               {""},
		"  a\nb ":        {"a b"},
		"aa bb cc":       {"aa bb", "cc"},
		"aaaaaaa b":      {"aaaaaaa", "b"},
		"b aaaaaaa":      {"b", "aaaaaaa"},
		"aaa b aaaaaa c": {"aaa b", "aaaaaa", "c"},
		"a b -o c":       {"a b", "-o c"},
		"a -o":           {"a -o"},
		"a - b":          {"a - b"},
		"a (default: b)": {"a", "(default: b)"},
	} {
		if got := wrap(text, 5); !slices.Equal(got, want) {
			t.Errorf("%q is wrapped to %q, want %q", text, got, want)
		}
	}
}

func TestBrief(t *testing.T) {
	for text, want := range map[string]string{
		"use N CPUs (default: all)":      "use N CPUs",
		"flags, OPT[,OPT]...":            "flags, OPT[,OPT]...",
		"One. Two.":                      "One",
		"One.":                           "One",
		"how reads arrive: uring is new": "how reads arrive",
	} {
		if got := (flag{text: text}).brief(); got != want {
			t.Errorf("%q is %q in brief, want %q", text, got, want)
		}
	}
}
