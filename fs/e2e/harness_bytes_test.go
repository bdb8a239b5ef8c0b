//go:build e2e

package e2e

import (
	"bytes"
	"io"
	"os"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen"
)

// generator returns the generator of a file by its spec; one that names no seed
// is a file at path in a mount of a seed.
func generator(t *testing.T, text string, seed uint64, path string, threads int) *gen.Generator {
	t.Helper()
	s, err := spec.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if !s.HasSeed {
		s.Seed = gen.DeriveSeed(seed, path)
	}
	cfg := s.Config()
	cfg.Threads = threads
	g, err := gen.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

// piece returns n bytes of a generator, fewer at its end.
func piece(t *testing.T, g *gen.Generator, off int64, n int) []byte {
	t.Helper()
	p := make([]byte, n)
	n, err := g.ReadAt(p, off)
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return p[:n]
}

// same fails if two pieces differ, and says where.
func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Errorf("%s: %d bytes, want %d; the first difference is at %d", what, len(got), len(want), i)
			return
		}
	}
	t.Errorf("%s: %d bytes, want %d; equal as far as both go", what, len(got), len(want))
}

func openFile(t *testing.T, path string, flags int) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, flags, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func sha(t *testing.T, path string) string {
	t.Helper()
	return output(t, "bash", "-c", `dd if="$0" bs=1M status=none | sha256sum`, path)
}
