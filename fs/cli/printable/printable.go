// Package printable makes what comes from outside, such as names of files, fit to
// be printed: on one line, of a bounded length, and without control characters,
// which could change what a terminal shows or forge lines of a log.
package printable

import (
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLine is the length of the longest line that [Line] returns, in bytes. It
// holds two paths of usual length, and a sentence.
const MaxLine = 800

// Line returns text as one line of at most MaxLine bytes. What cannot be printed
// is written as in a Go string, \x1b or \n, and of a long text the middle is left
// out.
func Line(text string) string {
	if len(text) <= MaxLine && isPrintable(text) {
		return text
	}
	// The reason, which follows the name that it is about, is at the end. What is cut
	// here is more than enough of either, and cannot be seen below.
	const mark, enough = " ... ", 2 * MaxLine
	if len(text) > 2*enough {
		text = text[:enough] + text[len(text)-enough:]
	}
	line := escape(text)
	if len(line) <= MaxLine {
		return line
	}
	half := (MaxLine - len(mark)) / 2
	return strings.ToValidUTF8(line[:half], "") + mark + strings.ToValidUTF8(line[len(line)-half:], "")
}

// escape writes what cannot be printed as in a Go string.
func escape(text string) string {
	var b strings.Builder
	for i, n := 0, 0; i < len(text); i += n {
		var r rune
		r, n = utf8.DecodeRuneInString(text[i:])
		piece := text[i : i+n]
		if !unicode.IsPrint(r) || r == utf8.RuneError && n == 1 {
			quoted := strconv.Quote(piece)
			piece = quoted[1 : len(quoted)-1]
		}
		b.WriteString(piece)
	}
	return b.String()
}

func isPrintable(text string) bool {
	for _, r := range text {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return false
		}
	}
	return true
}

// Writer returns a writer for a log: each text that is written to it becomes an entry of
// w. What is behind a newline in it, such as the stack of a panic or the rest of a
// path, begins with a tab, so that it cannot be taken for another entry.
func Writer(w io.Writer) io.Writer { return writer{w} }

type writer struct{ w io.Writer }

func (w writer) Write(p []byte) (int, error) {
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSuffix(string(p), "\n"), "\n") {
		if b.Len() > 0 {
			b.WriteString("\t")
		}
		b.WriteString(Line(strings.TrimPrefix(line, "\t")) + "\n")
	}
	if _, err := io.WriteString(w.w, b.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}
