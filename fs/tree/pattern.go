package tree

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"github.com/dgenfs/dgenfs/fs/spec"
)

const (
	maxDigits = 18   // of a bound: 10^18 numbers fit below maxPositions
	maxName   = 255  // bytes, NAME_MAX of Linux
	maxPath   = 4095 // bytes, PATH_MAX of Linux without the final NUL
)

var errNoName = errors.New(`a file needs a name after the last "/"`)

// parsePattern splits a pattern into its components, at least one.
func parsePattern(pattern string) ([]component, error) {
	switch {
	case pattern == "":
		return nil, errors.New("a file needs a name")
	case pattern[0] == '/':
		return nil, errors.New(`paths begin at the mount point; leave out the "/" in front`)
	case strings.HasSuffix(pattern, "/"):
		return nil, errNoName
	case strings.Contains(pattern, "\x00"):
		return nil, errors.New("a name cannot have a NUL byte; leave it out")
	}
	var components []component
	length := -1 // there is one slash less than components
	for text := range strings.SplitSeq(pattern, "/") {
		c, err := parseComponent(text)
		if err != nil {
			return nil, err
		}
		components = append(components, c)
		length += 1 + len(c.last)
	}
	if length > maxPath {
		return nil, fmt.Errorf("paths of up to %d bytes; the limit is %d", length, maxPath)
	}
	return components, nil
}

func parseComponent(text string) (component, error) {
	var c component
	if !strings.ContainsAny(text, `{}\`) {
		c = component{text: text, count: 1, first: text, last: text}
		if len(text) > maxName {
			return c, errName(len(text), maxName)
		}
		return c, c.check()
	}
	hasRange, err := c.parse(text, escapes.Replace)
	if err != nil {
		return c, err
	}
	if err := c.finish(maxName); err != nil {
		return c, err
	}
	if !hasRange {
		c.parts = nil
	}
	return c, c.check()
}

// parse reads the parts of a component, and its text, in which what stands outside of braces
// is written by escape.
func (c *component) parse(text string, escape func(string) string) (hasRange bool, err error) {
	var literal, canonical []byte
	endLiteral := func() {
		c.parts = appendLiteral(c.parts, string(literal))
		canonical = append(canonical, escape(string(literal))...)
		literal = literal[:0]
	}
	for rest := text; rest != ""; {
		p, isRange, n, err := parsePiece(rest)
		if err != nil {
			return false, err
		}
		if isRange {
			endLiteral()
			hasRange = true
			c.parts = append(c.parts, p)
			canonical = append(canonical, rest[:n]...)
		} else {
			literal = append(literal, p.text...)
		}
		rest = rest[n:]
	}
	endLiteral()
	c.text = string(canonical)
	return hasRange, nil
}

// check checks that the names are ones that a file can have.
func (c *component) check() error {
	switch c.first {
	case "":
		return errors.New(`an empty name between two slashes; write one "/"`)
	case ".", "..":
		return fmt.Errorf("%q is not the name of a file; leave it out", c.first)
	}
	return nil
}

func errName(length, most int) error {
	return fmt.Errorf("names of up to %d bytes; the limit is %d", length, most)
}

// escapes writes characters that patterns are written with.
var escapes = strings.NewReplacer("{", `\{`, "}", `\}`, `\`, `\\`)

// Escape returns the pattern that stands for a name alone.
func Escape(name string) string { return escapes.Replace(name) }

// parsePiece reads what s begins with, n bytes: a range, or a byte of text, in
// p.text, that a backslash may be before.
func parsePiece(s string) (p part, isRange bool, n int, err error) {
	switch s[0] {
	case '{':
		n = strings.IndexByte(s, '}') + 1
		if n == 0 {
			return p, true, 0, fmt.Errorf(`no "}" after %q; write a range like {00..99}, or \{ for the character`, spec.Cut(s))
		}
		p, err = parseRange(s[:n])
		return p, true, n, err
	case '}':
		return p, false, 0, errors.New(`a "}" without a "{"; braces are for ranges like {00..99}; write \} for the character`)
	case '\\':
		p.text, n, err = parseEscape(s)
		return p, false, n, err
	}
	p.text = s[:1]
	return p, false, 1, nil
}

// parseEscape reads what begins with a backslash.
func parseEscape(s string) (text string, n int, err error) {
	wrong := fmt.Errorf(`%q is not an escape; there are \{ \} \\ and \xHH, with two hexadecimal digits`, s[:min(len(s), 4)])
	if len(s) < 2 {
		return "", 0, wrong
	}
	switch s[1] {
	case '{', '}', '\\':
		return s[1:2], 2, nil
	case 'x':
		if len(s) < 4 {
			return "", 0, wrong
		}
		b, err := strconv.ParseUint(s[2:4], 16, 8)
		switch {
		case err != nil:
			return "", 0, wrong
		case b == 0 || b == '/':
			return "", 0, fmt.Errorf("%q is not allowed in a name; leave it out", s[:4])
		}
		return string([]byte{byte(b)}), 4, nil
	}
	return "", 0, wrong
}

// appendLiteral adds what stands outside of braces.
func appendLiteral(parts []part, s string) []part {
	for s != "" {
		if n := min(digitRun(s), maxDigits); n > 0 {
			v, _ := parseNumber(s, n)
			parts = append(parts, part{lo: v, hi: v, width: n})
			s = s[n:]
			continue
		}
		n := strings.IndexAny(s, "0123456789")
		if n < 0 {
			n = len(s)
		}
		parts = append(parts, part{text: s[:n]})
		s = s[n:]
	}
	return parts
}

// parseRange reads {a..b}, or {a..}, {#..} and {#}, which are open.
func parseRange(s string) (part, error) {
	switch s {
	case "{#..}":
		return part{open: true, padded: true}, nil
	case "{#}":
		return part{open: true, count: true}, nil
	}
	from, to, _ := strings.Cut(s[1:len(s)-1], "..")
	open := s == "{"+from+"..}"
	if open {
		to = from
	}
	if digitRun(from) != len(from) || digitRun(to) != len(to) || from == "" || to == "" {
		return part{}, fmt.Errorf("%q is not a range of decimal numbers; write it like {00..99}", spec.Cut(s))
	}
	lo, ok1 := parseNumber(from, len(from))
	hi, ok2 := parseNumber(to, len(to))
	if !ok1 || !ok2 {
		return part{}, fmt.Errorf("%s has a number of more than %d digits; use smaller ones", spec.Cut(s), maxDigits)
	}
	if lo > hi {
		return part{}, fmt.Errorf("range runs backwards; write {%s..%s}", to, from)
	}
	p := part{lo: lo, hi: hi, open: open}
	switch {
	case open && digits(lo) == len(from):
	case len(from) == len(to):
		p.width = len(from)
	case digits(lo) != len(from) || digits(hi) != len(to):
		width := max(len(from), len(to))
		return part{}, fmt.Errorf("%s is padded to two widths; write {%0*d..%0*d}", s, width, lo, width, hi)
	}
	return p, nil
}

// finish computes what follows from the parts, for names of up to most bytes.
func (c *component) finish(most int) error {
	c.count = 1
	var tail int      // digits of this run, to the right
	var varying *part // of this run, to the right
	var length int
	for i := len(c.parts) - 1; i >= 0; i-- {
		p := &c.parts[i]
		if p.text != "" {
			tail, varying = 0, nil
			length += len(p.text)
			continue
		}
		if p.width == 0 {
			if varying != nil && varying.open {
				return fmt.Errorf("open ranges with only digits between, so names are ambiguous; pad the second one like {%03d..}", varying.lo)
			}
			if varying != nil {
				return fmt.Errorf("{%d..%d} and {%d..%d} vary in width with only digits between, so names are ambiguous; pad them like {%0*d..%d}",
					p.lo, p.hi, varying.lo, varying.hi, digits(p.hi), p.lo, p.hi)
			}
			p.tail, varying = tail, p
		}
		tail += p.width
		length += max(p.width, digits(p.hi))

		p.stride = c.count
		over, count := bits.Mul64(c.count, p.hi-p.lo+1)
		if over != 0 || count >= maxPositions {
			return errTooMany
		}
		c.count = count
	}
	if length > most {
		return errName(length, most)
	}
	c.first = string(c.append(nil, 0))
	c.last = string(c.append(nil, c.count-1))
	return nil
}

var errTooMany = errors.New("2^61 files and directories or more; use smaller ranges")
