// Package treefile is the text form of a namespace: a line for each entry, its
// pattern and what its files are.
//
//	# mail of a hundred people
//	user{00..99}/mail/{0..}/{000..}.eml  lognormal:12K:1.4,compress=2,total=1T
//	user{00..99}/address book            40K
//
// Blanks separate the two, the last ones of the line, so patterns may have some;
// blanks at both ends of a line, empty lines and those that begin with # are left
// out. What cannot be written as it is can be in a pattern as \xHH. See package tree
// for patterns, and package spec for what files are.
//
// An open range such as {000..} takes as many numbers as the size of all files of
// the entry together says, total=, or else its share of the number of files, share=,
// and the [Scale] of the whole.
//
// The package reads and writes no files. Its functions are pure.
package treefile

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
)

// Line is an entry as it was written.
type Line struct {
	Origin  string // where that was, for errors: "mail.tree:12"
	Pattern string
	Files   spec.Files
	Err     error // what is wrong with it already
}

// blanks separate a pattern from what its files are.
const blanks = " \t"

// Parse returns the entries of a tree file, called name in errors, which are in the
// lines: Build returns them, with others.
func Parse(name string, text []byte) []Line {
	var lines []Line
	number := 0
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // that some editors begin files with
	for line := range bytes.Lines(text) {
		number++
		s := strings.Trim(strings.TrimRight(string(line), "\r\n"), blanks)
		if s == "" || s[0] == '#' {
			continue
		}
		l := Line{Origin: fmt.Sprintf("%s:%d", name, number)}
		if i := strings.LastIndexAny(s, blanks); i < 0 {
			l.Err = fmt.Errorf("%q: must be PATTERN SPEC, as in mail/{000..999}.eml 24K", s)
		} else {
			l.Pattern = strings.TrimRight(s[:i], blanks)
			l.Files, l.Err = spec.ParseFiles(s[i+1:])
		}
		lines = append(lines, l)
	}
	return lines
}

// Format writes entries as a tree file, which Parse and Build turn into the same
// tree.
func Format(entries []tree.Entry) string {
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "%s %s\n", escape(e.Pattern), spec.Files{Spec: e.Spec, Sizes: e.Sizes})
	}
	return b.String()
}

// escape writes a pattern so that it is one in a line.
func escape(pattern string) string {
	var b strings.Builder
	for i := range len(pattern) {
		c := pattern[i]
		atEnd := i == 0 || i == len(pattern)-1
		if c == '\n' || c == '\r' || atEnd && strings.IndexByte(blanks, c) >= 0 || c == '#' && i == 0 {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Errors are all that is wrong with some lines, in their order.
type Errors []error

// maxErrors is how many of the errors are told.
const maxErrors = 20

// Error returns a line for each of the first twenty errors, and how many more
// there are.
func (e Errors) Error() string {
	var lines []string
	for i, err := range e {
		if i == maxErrors {
			lines = append(lines, fmt.Sprintf("and %d errors more", len(e)-maxErrors))
			break
		}
		lines = append(lines, strings.ReplaceAll(err.Error(), "\n", `\n`))
	}
	return strings.Join(lines, "\n")
}

// Build makes the tree of lines, and returns the entries that it has, without open
// ranges. The error is Errors, all of the lines, unless it is about the scale or the
// options alone.
func Build(lines []Line, scale Scale, o tree.Options) (*tree.Tree, []tree.Entry, error) {
	wrong := make([][]error, len(lines)) // of each line
	ofShare, scaleErr := scale.count(lines)
	var entries []tree.Entry
	var closed []Line
	var from []int // the line of each entry
	for i, l := range lines {
		if l.Err == nil && l.Files.Share != 0 && scaleErr != nil {
			continue
		}
		err := l.Err
		if err == nil {
			l, err = l.close(ofShare)
		}
		if err != nil {
			wrong[i] = append(wrong[i], err)
			continue
		}
		closed = append(closed, l)
		entries = append(entries, tree.Entry{Pattern: l.Pattern, Spec: l.Files.Spec, Sizes: l.Files.Sizes})
		from = append(from, i)
	}
	t, err := tree.New(entries, o)
	var all tree.Errors
	if errors.As(err, &all) {
		for _, e := range all {
			wrong[from[e.Entry]] = append(wrong[from[e.Entry]], e)
		}
	} else if err != nil {
		return nil, nil, err
	}
	var errs Errors
	for i, l := range lines {
		for _, err := range wrong[i] {
			errs = append(errs, fmt.Errorf("%s: %w", l.Origin, err))
		}
	}
	switch {
	case errs != nil:
		return nil, nil, errs
	case scaleErr != nil:
		return nil, nil, scaleErr
	}
	if err := scale.check(closed); err != nil {
		return nil, nil, err
	}
	return t, entries, nil
}
