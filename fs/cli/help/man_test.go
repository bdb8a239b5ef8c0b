package help

import (
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
)

func manPage(t *testing.T) string {
	t.Helper()
	return write(t, func(w io.Writer) error { return Man(w, table()) })
}

// documented are all commands, flags and keys that people are told about.
func documented() []string {
	var words []string
	for _, c := range visible(table()) {
		words = append(words, c.Name)
		for _, f := range c.flags() {
			words = append(words, f.names()...)
		}
	}
	for _, k := range specKeys {
		words = append(words, k.name+"=")
	}
	for _, k := range slices.Concat(treeKeys, linkForms) {
		words = append(words, k.name+"=")
	}
	return words
}

// has reports whether a word is in a text, and not only as a part of another one.
func has(text, word string) bool {
	end := `($|[^\w-])`
	if strings.HasSuffix(word, "=") {
		end = ""
	}
	return regexp.MustCompile(`(^|[^\w-])` + regexp.QuoteMeta(word) + end).MatchString(text)
}

func TestManHasEverything(t *testing.T) {
	page := strings.NewReplacer(`\-`, "-", `\fB`, "", `\fR`, "").Replace(manPage(t))
	for _, word := range documented() {
		if !has(page, word) {
			t.Errorf("%q is missing", word)
		}
	}
	for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "SPECIFICATIONS", "TREES", "FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO"} {
		if !strings.Contains(page, "\n.SH "+section+"\n") {
			t.Errorf("section %s is missing", section)
		}
	}
	for _, never := range []string{"secret", "__complete"} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %q", never)
		}
	}
}

// The keys here are those of a SPEC: the error about an unknown one names them all.
func TestKeysAreThoseOfASpec(t *testing.T) {
	known := func(err error) string {
		_, list, ok := strings.Cut(fmt.Sprint(err), "there are ")
		if !ok {
			t.Fatalf("the keys are not in %q", err)
		}
		return list
	}
	names := func(keys []key) string {
		var names []string
		for _, k := range keys {
			names = append(names, k.name)
		}
		return strings.Join(names, ", ")
	}
	_, err := spec.Parse("1,no-key=1")
	if got, want := names(specKeys), known(err); got != want {
		t.Errorf("the keys are %s, those of a spec %s", got, want)
	}
	_, err = spec.ParseFiles("1,no-key=1")
	if got, want := names(append(specKeys, treeKeys...)), known(err); got != want {
		t.Errorf("the keys are %s, those of a spec for many files %s", got, want)
	}
}

func TestManIsReproducible(t *testing.T) {
	if a, b := manPage(t), manPage(t); a != b {
		t.Error("two pages differ")
	}
}

func TestManRenders(t *testing.T) {
	have(t, "man")
	cmd := exec.Command("man", "--warnings", "-l", "-")
	cmd.Env = append(cmd.Environ(), "LC_ALL=C", "MANWIDTH=80", "MANPAGER=cat", "MAN_KEEP_FORMATTING=")
	cmd.Stdin = strings.NewReader(manPage(t))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%v: %s", err, &stderr)
	}
	text := strings.Join(strings.Fields(string(out)), " ")
	for _, want := range []string{
		"dgenfs umount [--lazy] MOUNTPOINT", "it's gone", "--transport auto|dev|uring", "value is written \\,",
		"--preset NAME a tree file", "NAME is home or mail", "dedup=R", "fail=ERR@OFFSET+LENGTH|ERR:P%",
		"Flags of mount, run --", "Flags of mount, run, tree --", "is 2^63-1 bytes", `\{, \} and \\, and \xHH`,
		"dgenfs sum --seed 7 --size 64G | (cd /storage", "dd if={}/16G",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}

func TestRoff(t *testing.T) {
	for text, want := range map[string]string{
		"--size":      `\-\-size`,
		`a \, b`:      `a \e, b`,
		".dgenfs":     `\&.dgenfs`,
		"a\n.b\n'c'":  "a\n\\&.b\n\\(aqc\\(aq",
		"~2^64 `x y`": `\(ti2\(ha64 \(gax y\(ga`,
	} {
		if got := roff(text); got != want {
			t.Errorf("roff(%q) = %q, want %q", text, got, want)
		}
	}
}
