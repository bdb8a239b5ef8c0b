package treefile

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// checkText reads a text from an offset on, and in pieces, as it is as a whole.
func checkText(t *testing.T, x *Text, off int64) {
	t.Helper()
	var whole bytes.Buffer
	if n, err := x.WriteTo(&whole); n != x.Size() || int64(whole.Len()) != n || err != nil {
		t.Fatalf("writes %d bytes, %v, and says it has %d", n, err, x.Size())
	}
	off = max(off, 0) % (x.Size() + 1)
	rest, err := io.ReadAll(io.NewSectionReader(x, off, x.Size()))
	if err != nil || !bytes.Equal(rest, whole.Bytes()[off:]) {
		t.Fatalf("from %d: %q, %v; want %q", off, rest, err, whole.Bytes()[off:])
	}
}

func TestText(t *testing.T) {
	var want strings.Builder
	want.WriteString("# head\n")
	for i := range 3*textPiece + 7 {
		fmt.Fprintf(&want, "d%d/f%d-{0..9} %d,compress=2\n", i%50, i, 2*i+1)
	}
	x := NewText("# head\n", build(t, want.String(), Scale{}))
	var got strings.Builder
	if x.WriteTo(&got); got.String() != want.String() {
		t.Errorf("%q, want %q", got.String(), want.String())
	}
	p := make([]byte, 100)
	for off := int64(0); off <= x.Size(); off += 61 {
		checkText(t, x, off)
		n, err := x.ReadAt(p, off)
		if want := min(x.Size()-off, 100); int64(n) != want || (err == io.EOF) != (n < 100) {
			t.Fatalf("reads %d bytes at %d, %v; want %d", n, off, err, want)
		}
	}
}
