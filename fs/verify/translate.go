package verify

import (
	"bytes"
	"encoding/hex"
	"io"
	"strings"
)

// translation is what a transfer in text mode, or a change of encoding, does to bytes.
type translation struct {
	text string
	of   func(p []byte) (out string, n int) // what becomes of the first n bytes of p; n is 0 if none of them changes
}

// each translates single bytes.
func each(of func(c byte) (string, bool)) func(p []byte) (string, int) {
	return func(p []byte) (string, int) {
		if out, ok := of(p[0]); ok {
			return out, 1
		}
		return "", 0
	}
}

var translations = []translation{
	{"line ends translated, LF into CR LF", each(func(c byte) (string, bool) { return "\r\n", c == '\n' })},
	{"line ends translated, CR LF into LF", func(p []byte) (string, int) {
		if p[0] == '\r' && len(p) > 1 && p[1] == '\n' {
			return "\n", 2
		}
		return "", 0
	}},
	{"CR left out", each(func(c byte) (string, bool) { return "", c == '\r' })},
	{"CR translated into LF", each(func(c byte) (string, bool) { return "\n", c == '\r' })},
	{"LF translated into CR", each(func(c byte) (string, bool) { return "\r", c == '\n' })},
	{"NUL bytes left out", each(func(c byte) (string, bool) { return "", c == 0 })},
	{"NUL bytes translated into blanks", each(func(c byte) (string, bool) { return " ", c == 0 })},
	{"taken for Latin-1 and encoded as UTF-8", each(func(c byte) (string, bool) { return string(rune(c)), c >= 0x80 })},
	{"taken for UTF-8, and bytes that are not replaced by U+FFFD", func(p []byte) (string, int) {
		if p[0] < 0x80 {
			return "", 0
		}
		for n := 2; n <= 4 && n <= len(p); n++ {
			if r := []rune(string(p[:n])); len(r) == 1 && r[0] != 0xfffd {
				return string(r), n
			}
		}
		return "\ufffd", 1
	}},
	{"taken for Latin-1 and encoded as UTF-16", each(func(c byte) (string, bool) { return string([]byte{c, 0}), true })},
	{"taken for Latin-1 and encoded as UTF-16, big-endian", each(func(c byte) (string, bool) { return string([]byte{0, c}), true })},
	{"written in hexadecimal digits", each(func(c byte) (string, bool) { return hex.EncodeToString([]byte{c}), true })},
	{"written in upper-case hexadecimal digits", each(func(c byte) (string, bool) { return strings.ToUpper(hex.EncodeToString([]byte{c})), true })},
	{"bytes 0xff doubled", each(func(c byte) (string, bool) { return "\xff\xff", c == 0xff })}, // Telnet, FTP
}

// mark returns the length of the byte order mark that p begins with, or 0.
func mark(p []byte) int {
	for _, m := range []string{"\xff\xfe", "\xfe\xff", "\xef\xbb\xbf"} {
		if bytes.HasPrefix(p, []byte(m)) {
			return len(m)
		}
	}
	return 0
}

// translated is how far a translation explains the copy.
type translated struct {
	*translation
	at, from int64 // an offset in the copy, and the one of the file that it goes on with
}

// translating returns how many bytes of p are those of r from offset from on, translated,
// and where in r it goes on; rest is how many bytes that come before that do not fit into p.
func (t *translation) translating(p []byte, r io.ReaderAt, from int64, scratch []byte) (n int, next int64, rest, changed int) {
	for n < len(p) {
		got, err := r.ReadAt(scratch[:min(len(scratch), max(2*(len(p)-n), page))], from)
		used := 0
		// A sequence must not be cut where the buffer ends.
		for n < len(p) && (used+4 <= got || err != nil && used < got) {
			out, k := t.of(scratch[used:got])
			if k == 0 {
				if p[n] != scratch[used] {
					return n, from + int64(used), 0, changed
				}
				n, used = n+1, used+1
				continue
			}
			fits := min(len(out), len(p)-n)
			if string(p[n:n+fits]) != out[:fits] {
				return n, from + int64(used), 0, changed
			}
			n, used, rest, changed = n+fits, used+k, len(out)-fits, changed+1
		}
		if used == 0 {
			break
		}
		from += int64(used)
	}
	return n, from, rest, changed
}

// translate looks for a translation that explains the copy from p on, which is at offset
// off, if it goes on with offset from of the file.
func (x *examiner) translate(p []byte, off, from int64) (r Run, n int, ok bool) {
	if from < 0 {
		return r, 0, false
	}
	var best *translation
	probe := p[:min(len(p), page)]
	for i := range translations {
		t := &translations[i]
		got, next, _, changed := t.translating(probe, x.reader, from, x.scratch)
		least := 1
		if next-from == int64(got) {
			least = 4 // nothing is shifted: it could be flipped bits
		}
		if changed >= least && got > n {
			n, best = got, t
		}
	}
	if best == nil || n < gap && n < len(probe) || n < 16 {
		return r, 0, false
	}
	return x.continueTranslation(p, off, from, best)
}

// continueTranslation goes on with a translation that has been found.
func (x *examiner) continueTranslation(p []byte, off, from int64, t *translation) (r Run, n int, ok bool) {
	n, next, rest, _ := t.translating(p, x.reader, from, x.scratch)
	if n == 0 {
		return r, 0, false
	}
	x.translated = &translated{t, off + int64(n+rest), next}
	shift := x.translated.at - next
	return Run{
		Offset: off, Length: int64(n), Kind: Translated, key: "translated " + t.text,
		Text: t.text, Shift: shift,
	}, n, true
}

// late says by how much data come too late.
func late(n int64) string {
	switch {
	case n > 0:
		return plural(n, "byte") + " too late"
	case n < 0:
		return plural(-n, "byte") + " too early"
	}
	return "in its place"
}
