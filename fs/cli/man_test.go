package cli

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

func TestManHasEverything(t *testing.T) {
	page := script(t, "man")
	for _, word := range documented(t) {
		word = strings.ReplaceAll(word, "-", `\-`)
		if !regexp.MustCompile(`(^|[^\w-]|\\-|\\fB)` + regexp.QuoteMeta(word) + `($|[^\w-])`).MatchString(page) {
			t.Errorf("%q is missing", word)
		}
	}
	for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "SPECIFICATIONS", "FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO"} {
		if !strings.Contains(page, "\n.SH "+section+"\n") {
			t.Errorf("section %s is missing", section)
		}
	}
}

func TestManIsReproducible(t *testing.T) {
	if a, b := script(t, "man"), script(t, "man"); a != b {
		t.Error("two pages differ")
	}
}

func TestManRenders(t *testing.T) {
	have(t, "man")
	cmd := exec.Command("man", "--warnings", "-l", "-")
	cmd.Env = append(cmd.Environ(), "LC_ALL=C", "MANWIDTH=80", "MANPAGER=cat", "MAN_KEEP_FORMATTING=")
	cmd.Stdin = strings.NewReader(script(t, "man"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%v: %s", err, &stderr)
	}
	text := string(out)
	for _, want := range []string{"dgenfs umount [--lazy] MOUNTPOINT", "--transport auto|dev|uring", "is written \\,", "dedup=R", "dgenfs cat --seed 7 10G | cmp - /storage"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %q", want)
		}
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
