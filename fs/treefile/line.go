package treefile

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// Line is an entry as it was written. One of a directory has a Pattern that ends in a
// slash, and as Spec what spec.ParseAttributes reads, or nothing.
type Line struct {
	Source  string // where that was, for errors: "mail.tree"
	Number  int    // of the line in it; 0 if there is one only
	Pattern string
	Spec    string // as spec.ParseFiles reads it

	err error // what is wrong with how they are written
}

// Origin returns where the line is, for errors: "mail.tree:12".
func (l Line) Origin() string {
	if l.Number == 0 {
		return l.Source
	}
	return l.Source + ":" + strconv.Itoa(l.Number)
}

// files parses the spec.
func (l Line) files() (spec.Files, error) {
	switch {
	case l.err != nil:
		return spec.Files{}, l.err
	case l.isDir() && l.Spec == "":
		return spec.Files{}, nil
	case l.isDir():
		a, err := spec.ParseAttributes(l.Spec)
		return spec.Files{Spec: spec.Spec{Attributes: a}}, err
	case l.Spec == "":
		return spec.Files{}, fmt.Errorf("%q: must be PATTERN SPEC, as in mail/{000..999}.eml 24K", spec.Cut(l.Pattern))
	}
	f, err := spec.ParseFiles(l.Spec)
	if words := strings.Fields(l.Pattern); err != nil && slices.ContainsFunc(words, spec.IsLink) {
		return spec.Files{}, fmt.Errorf("%w; in the target of a link, a blank is written \\x20", err)
	}
	if err != nil {
		return spec.Files{}, err
	}
	return f.Named(l.Pattern)
}

func (l Line) isDir() bool { return strings.HasSuffix(l.Pattern, "/") }

// lines yields the lines of a text, numbered from 1.
func lines(text []byte) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		rest := strings.TrimPrefix(string(text), "\ufeff") // which some editors write at the beginning of a file
		for number := 1; rest != ""; number++ {
			var s string
			s, rest, _ = strings.Cut(rest, "\n")
			if !yield(number, strings.TrimRight(s, "\r")) {
				return
			}
		}
	}
}

// Parse returns the entries of a tree file, called name in errors. Build reports what is
// wrong with them, and Directives what else the file says.
func Parse(name string, text []byte) []Line {
	all := make([]Line, 0, bytes.Count(text, []byte("\n"))+1)
	for number, s := range lines(text) {
		if l, ok := parseLine(s); ok {
			l.Source, l.Number = name, number
			all = append(all, l)
		}
	}
	return all
}

// blanks separate a pattern from a spec.
const blanks = " \t"

func isBlank(b byte) bool { return strings.IndexByte(blanks, b) >= 0 }

// parseLine reads an entry; false if the line is not meant to be one.
func parseLine(s string) (l Line, ok bool) {
	end := len(strings.TrimRight(s, blanks))
	switch {
	case end == 0, s[:end] == "#", s[0] == '#' && isBlank(s[1]), strings.HasPrefix(s, directiveMark):
		return l, false
	case s[0] == '#':
		l.err = fmt.Errorf("%q: a comment begins with a # and a blank; a name that begins with # is written in quotes", spec.Cut(s))
	case isBlank(s[0]):
		l.err = fmt.Errorf("%q: the line begins with a blank; leave it out, or write a name that begins with one in quotes", spec.Cut(s))
	case s[0] == '"':
		l.Pattern, l.Spec, l.err = parseQuoted(s[:end])
	default:
		l.Pattern, l.Spec, l.err = parsePlain(s[:end])
	}
	return l, true
}

// parsePlain reads PATTERN SPEC. Of blanks that may belong to either, it says so.
func parsePlain(s string) (pattern, text string, err error) {
	begin := strings.LastIndexAny(s, blanks) + 1
	if begin == 0 || strings.HasSuffix(s, "/") && !spec.IsLink(s[begin:]) {
		return s, "", nil
	}
	pattern, text = strings.TrimRight(s[:begin], blanks), s[begin:]
	isListed := strings.Trim(text, "0123456789") == "" // as find(1) prints sizes
	if isListed && begin-len(pattern) > 1 {
		return pattern, text, fmt.Errorf("%q: the blanks before the size may belong to the name; leave one, or write the name in quotes", spec.Cut(s))
	}
	return pattern, text, nil
}

// parseQuoted reads "PATTERN" SPEC.
func parseQuoted(s string) (pattern, text string, err error) {
	end := 1
	for end < len(s) && s[end] != '"' {
		if s[end] == '\\' {
			end++ // what is behind it does not end the pattern
		}
		end++
	}
	if end >= len(s) {
		return "", "", fmt.Errorf("%q: no quote ends the name; a name that begins with a quote is written in quotes, as in \"\\\"x\"", spec.Cut(s))
	}
	if end+1 < len(s) && !isBlank(s[end+1]) {
		return "", "", fmt.Errorf(`%q: there must be a blank between the name in quotes and the SPEC; a quote in it is written \"`, spec.Cut(s))
	}
	if end == 1 {
		return "", "", errors.New("a file needs a name between the quotes")
	}
	return unescapeQuotes(s[1:end]), strings.TrimLeft(s[end+1:], blanks), nil
}

// unescapeQuotes returns a pattern without the backslashes before quotes.
func unescapeQuotes(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
			if s[i] != '"' {
				b.WriteByte('\\')
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
