package gen

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// required names the implementations without which the tests fail, a list like
// avx512,avx2. Others that this CPU does not support are skipped.
func required() []string {
	list := os.Getenv("DGENFS_REQUIRE")
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// mustRun skips or fails a test of an implementation that this CPU does not
// support.
func mustRun(t *testing.T, i Implementation) {
	t.Helper()
	if i.supported() {
		return
	}
	const why = "not supported by this CPU: "
	if slices.Contains(required(), i.String()) {
		t.Fatal(why + i.String())
	}
	t.Skip(why + i.String())
}

func TestRequiredImplementations(t *testing.T) {
	for _, name := range required() {
		i := slices.IndexFunc(built, func(i Implementation) bool { return i.String() == name })
		if i < 0 {
			t.Errorf("DGENFS_REQUIRE has %q, this program has %v", name, built)
			continue
		}
		t.Run("impl="+name, func(t *testing.T) { mustRun(t, built[i]) })
	}
}

// implementation is one way to generate the stream. The tests of the bytes run
// over all that this CPU supports, with and without stores past the caches.
type implementation struct {
	name   string
	choose func(*Config)
}

var testedImplementations = func() []implementation {
	var all []implementation
	for _, i := range Implementations() {
		all = append(all,
			implementation{i.String(), func(c *Config) { c.Implementation, c.NonTemporal = i, -1 }},
			implementation{i.String() + "-nt", func(c *Config) { c.Implementation, c.NonTemporal = i, 1 }})
	}
	return all
}()

// forEachImplementation runs test once for every implementation in this program.
func forEachImplementation(t *testing.T, test func(*testing.T, implementation)) {
	for _, i := range built {
		if !i.supported() {
			t.Run("impl="+i.String(), func(t *testing.T) { mustRun(t, i) })
		}
	}
	for _, impl := range testedImplementations {
		t.Run("impl="+impl.name, func(t *testing.T) { test(t, impl) })
	}
}

// open returns a generator that this implementation serves and that the test's
// end closes.
func (impl implementation) open(tb testing.TB, cfg Config) *Generator {
	tb.Helper()
	impl.choose(&cfg)
	return open(tb, cfg)
}

func open(tb testing.TB, cfg Config) *Generator {
	tb.Helper()
	g, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { g.Close() })
	g.share = 2 * block // less to compare with the reference
	return g
}

// mustRead fills p from offset off on, which must be possible.
func mustRead(tb testing.TB, g *Generator, p []byte, off int64) []byte {
	tb.Helper()
	if n, err := g.ReadAt(p, off); n != len(p) || err != nil {
		tb.Fatalf("ReadAt(%d bytes, %d) = %d, %v", len(p), off, n, err)
	}
	return p
}

// mustEqual compares bytes of the stream from offset off on.
func mustEqual(tb testing.TB, got, want []byte, off int64) {
	tb.Helper()
	if bytes.Equal(got, want) {
		return
	}
	if len(got) != len(want) {
		tb.Fatalf("%d bytes from offset %d, want %d", len(got), off, len(want))
	}
	i := 0
	for got[i] == want[i] {
		i++
	}
	at := off + int64(i)
	tb.Fatalf("differs at offset %d (cell %d, byte %d), %d into the read: %s, want %s",
		at, at/Cell, at%Cell, i, someBytes(got[i:]), someBytes(want[i:]))
}

func someBytes(p []byte) string { return fmt.Sprintf("%x", p[:min(len(p), 16)]) }
