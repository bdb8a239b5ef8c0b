// Package spectest is for tests of other packages, which need files and their bytes.
package spectest

import (
	"io"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// Parse returns the spec that text says.
func Parse(t testing.TB, text string) spec.Spec {
	t.Helper()
	s, err := spec.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Open returns a reader of a file. It is closed when the test ends.
func Open(t testing.TB, s spec.Spec) spec.Reader {
	t.Helper()
	c := s.Config()
	c.Threads = 1
	r, err := s.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// Bytes returns all that a reader gives, which ends early if it says so: that of package
// corrupt may.
func Bytes(t testing.TB, r spec.Reader) []byte {
	t.Helper()
	p := make([]byte, r.Size())
	n, err := r.ReadAt(p, 0)
	if n < len(p) && err != io.EOF || err != nil && err != io.EOF {
		t.Fatalf("%d of %d bytes, %v", n, len(p), err)
	}
	return p[:n]
}
