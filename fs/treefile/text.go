package treefile

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
)

// Text is a tree file that is written while it is read, from a tree: what Parse and
// Build turn into the same tree. It keeps 8 bytes for every 256 lines. It is safe for
// concurrent use.
type Text struct {
	head  string
	tree  *tree.Tree
	begin []int64 // offset of every 256th line
	size  int64   // bytes
}

// textPiece is how many lines are written to find one of them.
const textPiece = 256

// NewText returns the tree file of a tree, with a head, such as comments. It writes
// the text once, to find out how long it is: about half a microsecond a line.
func NewText(head string, t *tree.Tree) *Text {
	x := &Text{head: head, tree: t, size: int64(len(head))}
	var b []byte
	for i := range t.Entries() {
		if i%textPiece == 0 {
			x.begin = append(x.begin, x.size)
		}
		b = AppendEntry(b[:0], t.Entry(i))
		x.size += int64(len(b))
	}
	return x
}

// Size returns the length of the text in bytes.
func (x *Text) Size() int64 { return x.size }

// ReadAt reads the text, as io.ReaderAt.
func (x *Text) ReadAt(p []byte, off int64) (n int, err error) {
	if off < int64(len(x.head)) {
		n = copy(p, x.head[off:])
	}
	// The piece that off+n is in, and those behind it.
	piece := sort.Search(len(x.begin), func(i int) bool { return x.begin[i] > off+int64(n) }) - 1
	var b []byte
	for ; n < len(p) && piece >= 0 && piece < len(x.begin); piece++ {
		b = x.appendPiece(b[:0], piece)
		if from := off + int64(n) - x.begin[piece]; from < int64(len(b)) {
			n += copy(p[n:], b[from:])
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteTo writes the whole text, as io.WriterTo.
func (x *Text) WriteTo(w io.Writer) (written int64, err error) {
	b := []byte(x.head)
	for piece := -1; err == nil; {
		var n int
		n, err = w.Write(b)
		written += int64(n)
		if piece++; piece == len(x.begin) {
			break
		}
		b = x.appendPiece(b[:0], piece)
	}
	return written, err
}

// appendPiece appends up to 256 lines.
func (x *Text) appendPiece(b []byte, piece int) []byte {
	for i := piece * textPiece; i < min((piece+1)*textPiece, x.tree.Entries()); i++ {
		b = AppendEntry(b, x.tree.Entry(i))
	}
	return b
}

// Format returns the tree file of a tree.
func Format(t *tree.Tree) string {
	var b strings.Builder
	NewText("", t).WriteTo(&b)
	return b.String()
}

// AppendEntry appends the line of an entry. Parse and Build turn it into the same entry.
func AppendEntry(b []byte, e tree.Entry) []byte {
	if strings.HasSuffix(e.Pattern, "/") {
		b = appendEscaped(b, e.Pattern)
		if a := e.Spec.Attributes; a != (spec.Attributes{}) {
			b = append(append(b, ' '), a.String()...)
		}
		return append(b, '\n')
	}
	b = append(appendEscaped(b, e.Pattern), ' ')
	b = append(b, spec.Files{Spec: e.Spec, Sizes: e.Sizes, Index: e.Index, Link: e.Link}.String()...)
	return append(b, '\n')
}

// appendEscaped appends a pattern so that it is one in a line, and harmless to a
// terminal.
func appendEscaped(b []byte, pattern string) []byte {
	for i := 0; i < len(pattern); {
		r, n := utf8.DecodeRuneInString(pattern[i:])
		atEnd := i == 0 || i == len(pattern)-1
		if r == utf8.RuneError && n == 1 || !unicode.IsPrint(r) || atEnd && r == ' ' || i == 0 && (r == '#' || r == '"') {
			for _, c := range []byte(pattern[i : i+n]) {
				b = fmt.Appendf(b, `\x%02x`, c)
			}
		} else {
			b = append(b, pattern[i:i+n]...)
		}
		i += n
	}
	return b
}
