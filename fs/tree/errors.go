package tree

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// Error is what is wrong with an entry. Its text names the entry's pattern and
// what would be right.
type Error struct {
	Entry int // index of the entry; of two that clash, the later one
	Err   error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Errors are the errors of New, at least one, in the order of their entries.
type Errors []*Error

// Unwrap returns all of them, for errors.Is.
func (e Errors) Unwrap() (all []error) {
	for _, err := range e {
		all = append(all, err)
	}
	return all
}

// Error returns a line for each.
func (e Errors) Error() string {
	var lines []string
	for _, err := range e {
		lines = append(lines, err.Error())
	}
	return strings.Join(lines, "\n")
}

// failed returns the errors so far, sorted; nil if there are none.
func (b *Builder) failed() error {
	if b.errors == nil {
		return nil
	}
	slices.SortStableFunc(b.errors, func(x, y *Error) int { return x.Entry - y.Entry })
	return b.errors
}

func (b *Builder) wrong(entry uint32, err error) {
	b.errors = append(b.errors, &Error{int(entry), fmt.Errorf("pattern %q: %w", spec.Cut(b.patterns[entry]), err)})
}

// tooMany reports the first node that has no positions left.
func (b *Builder) tooMany(n *node) {
	if !b.full {
		b.full = true
		b.wrong(n.entry, errTooMany)
	}
}

// clash reports two siblings that share a name.
func (b *Builder) clash(x, y *node, name string) {
	if x.entry > y.entry {
		x, y = y, x
	}
	path := x.parent.appendPath(nil, 0)
	if len(path) > 0 {
		path = append(path, '/')
	}
	shared := spec.Cut(string(append(path, name...)))
	first, second := spec.Cut(b.patterns[x.entry]), spec.Cut(b.patterns[y.entry])

	var err error
	switch {
	case x.round() > 0 || y.round() > 0:
		err = fmt.Errorf("patterns %q and %q both make the file %q, one of them by what later generations add; rename it", first, second, shared)
	case x.dir != nil && y.dir != nil:
		err = fmt.Errorf("patterns %q and %q share the directory %q but write it differently; write it alike in both", first, second, shared)
	case x.dir == nil && y.dir == nil:
		err = fmt.Errorf("patterns %q and %q both make the file %q; keep it in one of them", first, second, shared)
	case x.dir == nil:
		err = fmt.Errorf("%q is a file by pattern %q and a directory by pattern %q; rename one", shared, first, second)
	default:
		err = fmt.Errorf("%q is a directory by pattern %q and a file by pattern %q; rename one", shared, first, second)
	}
	b.errors = append(b.errors, &Error{int(y.entry), err})
}
