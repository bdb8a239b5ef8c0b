package tree

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// link is where the links of a node point to. Symbolic link i, counted through all directories, has
// target i of the target's pattern; where that has fewer, they are used in turn.
type link struct {
	kind    spec.LinkKind
	literal string     // the target, without ranges; the pattern of the files, of hard links
	ranges  *component // nil without ranges, and of hard links
	to      *node      // of hard links: the files
}

// maxTarget is how long a target may be, in bytes: PATH_MAX of Linux without the final NUL.
const maxTarget = maxPath

// parseTarget reads the pattern of a target, which is a path of any kind.
func parseTarget(text string) (component, error) {
	var c component
	hasRange, err := c.parse(text, escapeTarget)
	if err != nil {
		return c, err
	}
	if err := c.finish(maxTarget); err != nil {
		return c, err
	}
	switch {
	case strings.Contains(c.first, "\x00"):
		return c, errors.New("a path cannot have a NUL byte; leave it out")
	case c.isOpen():
		return c, errors.New("has an open range, and nothing says how many there are; write the range's end, or add share=")
	case !hasRange:
		c.parts = nil
	}
	return c, nil
}

// escapeTarget writes a path as the pattern of a target: without what separates keys and
// words, and what a terminal would take amiss.
func escapeTarget(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); {
		r, n := utf8.DecodeRuneInString(path[i:])
		piece := path[i : i+n]
		i += n
		switch {
		case r == ',' || r == ' ' || r == utf8.RuneError && n == 1 || !unicode.IsPrint(r):
			for _, c := range []byte(piece) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		default:
			b.WriteString(escapes.Replace(piece))
		}
	}
	return b.String()
}

// EscapeTarget returns the pattern that stands for a path alone, as the target of a link.
func EscapeTarget(path string) string { return escapeTarget(path) }

// newLink returns what the links of an entry are; nil if they are none.
func (b *Builder) newLink(of spec.Link) (*link, error) {
	if of.IsZero() {
		return nil, nil
	}
	if of.Kind == spec.Hardlink {
		return &link{kind: of.Kind, literal: b.keep(of.Target)}, nil
	}
	c, err := parseTarget(of.Target)
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", of.Kind, spec.Cut(of.Target), err)
	}
	l := &link{kind: of.Kind}
	if c.parts == nil {
		l.literal = b.keep(c.first)
	} else {
		l.ranges = &c
	}
	return l, nil
}

// checkLink returns an error if a node has fewer links than targets.
func (n *node) checkLink() error {
	if l := n.link(); l != nil && l.ranges != nil && l.ranges.count > n.count {
		return fmt.Errorf("%s %q: has %d targets, more than there are links, %d; use fewer targets, or make more links", l.kind, spec.Cut(l.ranges.text), l.ranges.count, n.count)
	}
	return nil
}

// link returns where the links of a node point to; nil if it has none.
func (n *node) link() *link {
	if n.lots == nil {
		return nil
	}
	return n.lots.link
}

// entry returns what the link was made of.
func (l *link) entry() spec.Link {
	switch {
	case l == nil:
		return spec.Link{}
	case l.to != nil:
		return spec.Link{Kind: l.kind, Target: EscapeWords(string(l.to.appendText(nil)))}
	case l.ranges != nil:
		return spec.Link{Kind: l.kind, Target: l.ranges.text}
	}
	return spec.Link{Kind: l.kind, Target: escapeTarget(l.literal)}
}

// appendTarget appends the target of an instance.
func (l *link) appendTarget(dst []byte, instance uint64) []byte {
	if l.ranges == nil {
		return append(dst, l.literal...)
	}
	return l.ranges.append(dst, instance%l.ranges.count)
}

// size returns the length of the target of an instance.
func (l *link) size(instance uint64) int64 {
	if l.ranges == nil {
		return int64(len(l.literal))
	}
	return int64(l.ranges.length(instance % l.ranges.count))
}

// length returns the length of the name of an index.
func (c *component) length(index uint64) (n int) {
	for i := range c.parts {
		switch p := &c.parts[i]; {
		case p.text != "":
			n += len(p.text)
		case p.width > 0:
			n += p.width
		default:
			n += digits(p.lo + index/p.stride%(p.hi-p.lo+1))
		}
	}
	return n
}

// AppendTarget appends the target of the symbolic link at a position. It appends nothing if
// there is none.
func (t *Tree) AppendTarget(dst []byte, id ID) []byte {
	n, instance := t.at(id)
	if n == nil || n.dir != nil || n.symlink() == nil {
		return dst
	}
	return n.symlink().appendTarget(dst, instance)
}

// CloseTarget writes ends for the open ranges of a target, as CloseRanges does, for up to so
// many links, 1 or more.
func CloseTarget(target string, links uint64) (string, error) {
	open, err := openRanges(target)
	if err != nil || len(open) == 0 {
		return target, err
	}
	var c component
	if _, err := c.parse(target, escapeTarget); err != nil {
		return "", err
	}
	if err := c.finish(maxTarget); err != nil {
		return "", err
	}
	return CloseRanges(target, max(1, links/c.count))
}

// CloseLike writes ends for the open ranges of a pattern of hard links: those that the
// ranges of the files' pattern, which are written alike, got when it became closed.
func CloseLike(pattern, files, closed string) (string, error) {
	open, err := openRanges(pattern)
	if err != nil {
		return "", err
	}
	like, err := openRanges(files)
	if err != nil {
		return "", err
	}
	if len(open) != len(like) {
		return "", errUnlike
	}
	var b []byte
	at, ahead := 0, 0 // ahead is how much longer closed is, so far
	for i, r := range open {
		l := like[i]
		if r.part.count || l.part.count || pattern[r.begin:r.end] != files[l.begin:l.end] {
			return "", errUnlike
		}
		from := l.begin + ahead
		length := strings.IndexByte(closed[from:], '}') + 1
		b = append(append(b, pattern[at:r.begin]...), closed[from:from+length]...)
		at = r.end
		ahead += length - (l.end - l.begin)
	}
	return string(append(b, pattern[at:]...)), nil
}

var errUnlike = errors.New("has other open ranges than the NAME of the files; write these ranges in both, in the same order")
