// Package treefile is the text form of a namespace: a line for each entry, its
// pattern and what its files are.
//
//	# mail of a hundred people
//	user{00..99}/mail/{0..}/{000..}.eml  lognormal:12K:1.4,compress=2,total=1T
//	user{00..99}/address book            40K
//	user{00..99}/trash/
//
// The last blanks of a line separate the two, so patterns may contain blanks. Empty lines
// are ignored, and those that begin with "# " or are a single #. A pattern may be in
// quotes, as in
//
//	" begins with a blank, and ends in a quote\""  40K
//
// and must be if it begins with a blank, # or ", or ends in a blank. As a listing of
// files may have such names, an error is what would change them: a line that begins with
// a blank, or with # and anything else, and several blanks before a SPEC that is a bare
// number of bytes. Any byte can be written in a pattern as \xHH. See package tree for
// patterns, and package spec for specs.
//
// A line that ends in a slash is a directory, which may be empty; no SPEC has a slash. So is
// one whose pattern does, and then mode=, uid=, gid= or mtime= may follow:
//
//	user{00..99}/  mode=0700,uid=1000
//
// A SPEC may be of links, and then its target has neither blanks nor commas, but \x20 and
// \x2c. Hard links whose ranges are open follow the line of the files.
//
// A line of flags, such as #! --seed 7, says what the files depend on besides: see
// [Directives].
//
// How many numbers an open range such as {000..} or {#..} has follows from the total size of
// the entry's files, total=, or from the entry's share of all files, share=, and the
// [Scale] of the tree. {#..} has numbers from 0 with as many digits as how many there
// are, which {#} is: img_{#..}_of_{#}.npz is img_000_of_168.npz to img_167_of_168.npz.
// Where the open ranges of several entries are in directories that are written alike,
// these are the same directories, as many as the first of the entries needs.
//
// The package neither reads nor writes files. Its functions are pure.
package treefile

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
)

// Errors lists what is wrong with some lines, in their order.
type Errors []error

// maxErrors is how many of the errors are printed.
const maxErrors = 20

// Error returns a line for each of the first twenty errors, and how many more
// there are.
func (e Errors) Error() string {
	var lines []string
	for i, err := range e {
		if i == maxErrors {
			lines = append(lines, fmt.Sprintf("and more errors: %d", len(e)-maxErrors))
			break
		}
		lines = append(lines, strings.ReplaceAll(err.Error(), "\n", `\n`))
	}
	return strings.Join(lines, "\n")
}

// Build makes the tree of some lines. Of those with shares it makes the tree that is
// nearest to the scale, and returns what they come to: see Scale.Rounded.
//
// The error is of type Errors and lists all lines that are wrong, unless it is about the
// scale or the options alone.
func Build(lines []Line, scale Scale, o tree.Options) (t *tree.Tree, got Scale, err error) {
	b, err := tree.NewBuilder(o)
	if err != nil {
		return nil, got, err
	}
	var wrong lineErrors
	var entries []int // the line of each entry
	var sum sum       // of what has shares
	all, scaleErr := scale.files(lines)
	dirs := make(closedDirs)
	closed := make(map[string]string) // patterns with open ranges, and their directories, and what these have become
	for i, l := range lines {
		f, err := l.files()
		if err == nil && scaleErr != nil && (f.Share != 0 || f.Link.Kind == spec.Hardlink) {
			continue // the files of hard links may be missing, too
		}
		if dir, ok := closed[l.Pattern]; ok && l.isDir() {
			l.Pattern = dir
		} else if err == nil && !l.isDir() {
			written := l.Pattern
			if l.Pattern, err = dirs.closeRanges(written, f, all); l.Pattern != written {
				closed[written] = l.Pattern
				closed[path.Dir(written)+"/"] = path.Dir(l.Pattern) + "/"
			}
		}
		if err == nil && !f.Link.IsZero() {
			err = closeLink(&l, &f, closed)
		}
		if err != nil {
			wrong.add(i, err)
			continue
		}
		if f.Share != 0 {
			sum.add(l.Pattern, f)
		}
		entries = append(entries, i)
		b.Add(tree.Entry{Pattern: l.Pattern, Spec: f.Spec, Sizes: f.Sizes, Index: f.Index, Link: f.Link})
	}
	t, err = b.Tree()
	var wrongEntries tree.Errors
	if errors.As(err, &wrongEntries) {
		before := wrong != nil
		for _, e := range wrongEntries {
			if before && errors.Is(e, tree.ErrNoFiles) {
				continue // a line that is wrong may be that of the files
			}
			wrong.add(entries[e.Entry], e)
		}
	} else if err != nil {
		return nil, got, err
	}
	switch {
	case wrong != nil:
		return nil, got, wrong.of(lines)
	case scaleErr != nil:
		return nil, got, scaleErr
	}
	return t, sum.scale(), nil
}

// closeLink closes the open ranges of where links point to: for symbolic links, with as many
// numbers as the links have. Hard links are of an entry before, and have its ends.
func closeLink(l *Line, f *spec.Files, closed map[string]string) (err error) {
	if f.Link.Kind == spec.Symlink && f.Share == 0 {
		return nil
	}
	if f.Link.Kind == spec.Symlink {
		names, _, _ := tree.CountNames(l.Pattern)
		f.Link.Target, err = tree.CloseTarget(f.Link.Target, max(names, 1))
		return err
	}
	of, ok := closed[f.Link.Target]
	if !ok {
		return nil
	}
	if _, isOpen, _ := tree.CountNames(l.Pattern); isOpen {
		written := l.Pattern
		if l.Pattern, err = tree.CloseLike(written, f.Link.Target, of); err != nil {
			return fmt.Errorf("pattern %q: %w", spec.Cut(written), err)
		}
	}
	f.Link.Target = of
	return nil
}

// lineErrors are what is wrong with some lines.
type lineErrors []lineError

type lineError struct {
	line int
	err  error
}

func (e *lineErrors) add(line int, err error) { *e = append(*e, lineError{line, err}) }

// of returns the errors in the order of the lines, with where these are.
func (e lineErrors) of(lines []Line) (errs Errors) {
	slices.SortStableFunc(e, func(x, y lineError) int { return x.line - y.line })
	for _, w := range e {
		errs = append(errs, fmt.Errorf("%s: %w", lines[w.line].Origin(), w.err))
	}
	return errs
}
