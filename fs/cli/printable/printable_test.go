package printable

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "",
		"/mnt/a b":            "/mnt/a b",
		"größer, 日本":          "größer, 日本",
		"a\nb":                `a\nb`,
		"\x1b[2J":             `\x1b[2J`,
		"tab\t\r\x00":         `tab\t\r\x00`,
		"\xff\xc3":            `\xff\xc3`,
		"right\u202eto left":  `right\u202eto left`,
		`a "quoted" \ one`:    `a "quoted" \ one`,
		"\ufffd":              "\ufffd",
		"line\u2028separator": `line\u2028separator`,
		"no-break\u00a0blank": `no-break\u00a0blank`,
	} {
		if got := Line(text); got != want {
			t.Errorf("Line(%q) = %q, want %q", text, got, want)
		}
	}
}

// Of a long text, the beginning and the end are there.
func TestLongLine(t *testing.T) {
	for _, middle := range []string{"x", "\x1b", "ö", "\xff", "日"} {
		text := "--file " + strings.Repeat(middle, 100_000) + ": has no size"
		got := Line(text)
		if len(got) > MaxLine || !strings.HasPrefix(got, "--file ") || !strings.Contains(got, " ... ") || !strings.HasSuffix(got, ": has no size") || !utf8.ValidString(got) {
			t.Errorf("of many %q: %d bytes, %s", middle, len(got), got)
		}
		for _, r := range got {
			if r < ' ' {
				t.Errorf("of many %q: control character %q", middle, r)
			}
		}
	}
	for n := range 2 * MaxLine {
		if got := Line(strings.Repeat("\n", n)); len(got) > MaxLine {
			t.Errorf("%d newlines: %d bytes", n, len(got))
		}
	}
}

func TestWriter(t *testing.T) {
	var b bytes.Buffer
	w := Writer(&b)
	for _, text := range []string{"one\n", "two", "three\nfour\n", "\x1b\n"} {
		if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("%q: %d, %v", text, n, err)
		}
	}
	if got, want := b.String(), "one\ntwo\nthree\n\tfour\n\\x1b\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
