package gen

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"go/format"
	"math"
	"os"
	"testing"
)

var updateGolden = flag.Bool("update-golden", false,
	"rewrite golden_hashes_test.go from the reference implementation")

// goldenShapes are what the golden hashes and the other tests of the bytes are
// made of. Seed and Threads are free.
var goldenShapes = []struct {
	name string
	Config
}{
	{"plain", Config{Size: math.MaxInt64}},
	{"plain,small", Config{Size: 10<<20 + 3}},
	{"dedup=3", Config{Size: math.MaxInt64, Dedup: 3}},
	{"dedup=3,small", Config{Size: 10<<20 + 3, Dedup: 3}},
	{"dedup=1.5,unit=4K", Config{Size: math.MaxInt64, Dedup: 1.5, Unit: 4 << 10}},
	{"dedup=1.5,unit=4K,small", Config{Size: 10<<20 + 3, Dedup: 1.5, Unit: 4 << 10}},
	{"dedup=100,unit=1M", Config{Size: math.MaxInt64, Dedup: 100, Unit: 1 << 20}},
	{"dedup=100,unit=12K,small", Config{Size: 10<<20 + 3, Dedup: 100, Unit: 12 << 10}},
	{"dedup=3,skew=1,unit=4K,small", Config{Size: 10<<20 + 3, Dedup: 3, Skew: 1, Unit: 4 << 10}},
	{"dedup=2,skew=8", Config{Size: math.MaxInt64, Dedup: 2, Skew: 8}},
	{"dedup=4,group", Config{Size: 10<<20 + 3, Dedup: 4, Group: Group{Units: 1 << 52, First: 5}}},
	{"group", Config{Size: 10<<20 + 3, Unit: 1 << 20, Group: Group{Units: 1 << 44, First: 7}}},
	{"compress=1.25", Config{Size: math.MaxInt64, Compress: 1.25}},
	{"compress=2", Config{Size: math.MaxInt64, Compress: 2}},
	{"compress=10", Config{Size: math.MaxInt64, Compress: 10}},
	{"compress=40", Config{Size: math.MaxInt64, Compress: 40}},
	{"compress=50", Config{Size: math.MaxInt64, Compress: 50}},
	{"compress=100", Config{Size: math.MaxInt64, Compress: 100}},
	{"dedup=2,compress=2", Config{Size: math.MaxInt64, Dedup: 2, Compress: 2}},
	{"dedup=4,compress=3,unit=4K,small", Config{Size: 10<<20 + 3, Dedup: 4, Compress: 3, Unit: 4 << 10}},
	{"gen=2", Config{Size: math.MaxInt64, Revision: Revision{Generation: 2, Share: 3e8, Phase: 0}}},
	{"gen=1,unit=4K,small", Config{Size: 10<<20 + 3, Unit: 4 << 10, Revision: Revision{Generation: 1, Share: 5e8, Phase: 999_999_999}}},
	{"gen=4095,unit=4K", Config{Size: math.MaxInt64, Unit: 4 << 10, Revision: Revision{Generation: 4095, Share: 1e9, Phase: 999_999_999}}},
	{"gen=4095,unit=1G", Config{Size: math.MaxInt64, Unit: 1 << 30, Revision: Revision{Generation: 4095, Share: 999_999_999, Phase: 0}}},
	{"gen=7,dedup=3,unit=12K,small", Config{Size: 10<<20 + 3, Dedup: 3, Unit: 12 << 10, Revision: Revision{Generation: 7, Share: 250_000_001, Phase: 4e8}}},
	{"gen=900,skew=2", Config{Size: math.MaxInt64, Dedup: 3, Skew: 2, Revision: Revision{Generation: 900, Share: 123_456_789, Phase: 1}}},
	{"gen=1,group", Config{Size: 10<<20 + 3, Unit: 1 << 20, Group: Group{Units: 1 << 44, First: 7}, Revision: Revision{Generation: 1, Share: 6e8, Phase: 0}}},
	{"gen=3,dedup=4,group", Config{Size: 10<<20 + 3, Dedup: 4, Group: Group{Units: 1 << 47, First: 5}, Revision: Revision{Generation: 3, Share: 2e8, Phase: 7e8}}},
	{"gen=5,compress=2", Config{Size: math.MaxInt64, Compress: 2, Revision: Revision{Generation: 5, Share: 1e8, Phase: 5e8}}},
}

// goldenSeeds are 0, the last one, and one with no pattern. The first gets
// every read.
var goldenSeeds = []uint64{0x0123456789abcdef, 0, 1, math.MaxUint64}

type goldenCase struct {
	Config
	name string
	off  int64
	n    int
}

func goldenCases() []goldenCase {
	var cases []goldenCase
	for _, shape := range goldenShapes {
		for i, seed := range goldenSeeds {
			c := goldenCase{Config: shape.Config}
			c.Seed = seed
			add := func(off int64, n int) {
				c.off, c.n = off, n
				c.name = fmt.Sprintf("%s,seed=%#x/%d+%d", shape.name, seed, off, n)
				cases = append(cases, c)
			}
			add(0, 65537)
			if i > 0 {
				continue
			}
			add(1, 4095)
			add(4095, 4099)
			add(c.Size/3, 1<<20+4097)
			add(c.Size-70001, 70001)
		}
	}
	return cases
}

func hash(p []byte) string {
	sum := sha256.Sum256(p)
	return hex.EncodeToString(sum[:])
}

// TestGolden holds every implementation to hashes that change only together
// with Version, and to the reference, which shows where a difference is.
func TestGolden(t *testing.T) {
	if *updateGolden {
		writeGolden(t)
		return
	}
	if Version != goldenVersion {
		t.Fatalf("golden hashes are of version %d of the stream, the package is at %d", goldenVersion, Version)
	}
	cases := goldenCases()
	if len(cases) != len(goldenHashes) {
		t.Errorf("%d golden hashes for %d cases", len(goldenHashes), len(cases))
	}
	want := make([][]byte, len(cases))
	for i, c := range cases {
		want[i] = reference(c.Config).bytes(c.off, c.n)
		if hash(want[i]) != goldenHashes[c.name] {
			t.Errorf("reference, %s: SHA-256 %s, want %s", c.name, hash(want[i]), goldenHashes[c.name])
		}
	}
	forEachImplementation(t, func(t *testing.T, impl implementation) {
		for i, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				got := mustRead(t, impl.open(t, c.Config), make([]byte, c.n), c.off)
				mustEqual(t, got, want[i], c.off)
				if hash(got) != goldenHashes[c.name] {
					t.Errorf("SHA-256 %s, want %s", hash(got), goldenHashes[c.name])
				}
			})
		}
	})
}

func writeGolden(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("package gen\n\n" +
		"// Written by go test -run TestGolden -update-golden. Once the version is\n" +
		"// above 0 these are permanent: other bytes are another version.\n\n")
	fmt.Fprintf(&b, "const goldenVersion = %d\n\n", Version)
	b.WriteString("// goldenHashes are SHA-256, by shape, seed, offset and length.\n" +
		"var goldenHashes = map[string]string{\n")
	for _, c := range goldenCases() {
		fmt.Fprintf(&b, "%q: %q,\n", c.name, hash(reference(c.Config).bytes(c.off, c.n)))
	}
	b.WriteString("}\n\n" +
		"// goldenDerived are derived from seed 7.\n" +
		"var goldenDerived = map[string]uint64{\n")
	for _, name := range []string{"", "a", "12345678", "dir/file-000001.bin"} {
		fmt.Fprintf(&b, "%q: %#x,\n", name, refDeriveSeed(7, name))
	}
	b.WriteString("}\n")
	source, err := format.Source(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("golden_hashes_test.go", source, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestDeriveSeed(t *testing.T) {
	const name = "a/long path with spaces, \xff and \x00 in it"
	seeds := map[uint64]string{}
	for _, seed := range goldenSeeds {
		for _, s := range []string{"", "\x00", "\x00\x00", "é"} {
			checkDeriveSeed(t, seeds, seed, s)
		}
		for n := 1; n <= len(name); n++ {
			checkDeriveSeed(t, seeds, seed, name[:n])
		}
	}
	// Permanent like the hashes.
	for name, want := range goldenDerived {
		if got := DeriveSeed(7, name); got != want {
			t.Errorf("DeriveSeed(7, %q) = %#x, want %#x", name, got, want)
		}
	}
}

func checkDeriveSeed(t *testing.T, seen map[uint64]string, seed uint64, name string) {
	t.Helper()
	got := DeriveSeed(seed, name)
	if want := refDeriveSeed(seed, name); got != want {
		t.Errorf("DeriveSeed(%#x, %q) = %#x, want %#x", seed, name, got, want)
	}
	id := fmt.Sprintf("%#x, %q", seed, name)
	if other, ok := seen[got]; ok {
		t.Errorf("DeriveSeed of (%s) and (%s) are equal", id, other)
	}
	seen[got] = id
}
