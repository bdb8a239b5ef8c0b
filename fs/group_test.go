package fs

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// whole reads a file that is listed, and checks that its attribute alone gives
// the same bytes.
func whole(t *testing.T, f *FS, path string) []byte {
	t.Helper()
	out := walk(t, f, path)
	p, status := read(t, f, out.NodeId, 0, int(out.Size))
	if status != fuse.OK || len(p) != int(out.Size) {
		t.Fatalf("reading %s: %v, %d bytes", path, status, len(p))
	}
	s := attribute(t, f, path)
	g, err := gen.New(s.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	alone := make([]byte, len(p))
	g.ReadAt(alone, 0)
	if string(alone) != string(p) {
		t.Errorf("%s: its attribute, %s, gives other bytes", path, s)
	}
	return p
}

// attribute returns what the attribute user.dgenfs.spec of a file says.
func attribute(t *testing.T, f *FS, path string) spec.Spec {
	t.Helper()
	h := header(walk(t, f, path).NodeId)
	buf := make([]byte, 300)
	n, status := f.GetXAttr(nil, &h, xattrSpec, buf)
	s, err := spec.Parse(string(buf[:n]))
	if status != fuse.OK || err != nil || !s.HasSeed || s.Group || s.String() != string(buf[:n]) {
		t.Fatalf("%s: the spec %q, %v, %v", path, buf[:n], status, err)
	}
	return s
}

// distinct counts the different pieces of some files.
func distinct(t *testing.T, f *FS, paths []string, piece int) (pieces, different int) {
	t.Helper()
	seen := make(map[[sha256.Size]byte]bool)
	for _, path := range paths {
		for p := whole(t, f, path); len(p) > 0; pieces++ {
			n := min(piece, len(p))
			seen[sha256.Sum256(p[:n])] = true
			p = p[n:]
		}
	}
	return pieces, len(seen)
}

func paths(format string, n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(format, i))
	}
	return all
}

func TestGroup(t *testing.T) {
	f := newFS(t, 3,
		"small{000..999}:24K,dedup=4,unit=128K,scope=group", // every file is a cut unit
		"large{0..9}:1M,dedup=4,scope=group",
		"skewed{00..99}:16K,dedup=4,unit=4K,skew=4,scope=group",
		"d{0..4}/x{0..7}:20K,dedup=2.5,unit=8K,scope=group", // every third unit is cut
		"d{0..4}/other{0..7}:20K",
		"seeded{0..9}:64K,unit=16K,dedup=2,seed=9,scope=group",
		"plain{0..9}:64K,unit=16K,scope=group",
		"file{0..9}:1M,dedup=4",
	)
	for _, c := range []struct {
		paths             []string
		piece             int
		pieces, different int
	}{
		{paths("small%03d", 1000), 24 << 10, 1000, 250},
		{paths("large%d", 10), 128 << 10, 80, 20},
		{paths("skewed%02d", 100), 4 << 10, 400, 100},
		{paths("seeded%d", 10), 16 << 10, 40, 20},
		{paths("plain%d", 10), 16 << 10, 40, 40}, // dedup=1: nothing is shared
		{paths("file%d", 10), 128 << 10, 80, 20}, // 2 of 8 in each, of no other file
	} {
		pieces, different := distinct(t, f, c.paths, c.piece)
		if pieces != c.pieces || different != c.different {
			t.Errorf("%s to %s: %d of %d pieces differ, want %d of %d", c.paths[0], c.paths[len(c.paths)-1], different, pieces, c.different, c.pieces)
		}
	}

	// The group is the file of all its units, but for what is cut off.
	s := attribute(t, f, "d0/x0")
	if want := fmt.Sprintf("20K,seed=%d,dedup=2.5,unit=8K,group=0of120", gen.DeriveSeed(3, "d{0..4}/x{0..7}")); s.String() != want {
		t.Errorf("the attribute is %s, want %s", s, want)
	}
	g, err := gen.New(gen.Config{Size: 120 * 8 << 10, Seed: s.Seed, Dedup: 2.5, Unit: 8 << 10, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for i := range 40 {
		want := make([]byte, 20<<10)
		g.ReadAt(want, int64(i)*3*8<<10)
		if path := fmt.Sprintf("d%d/x%d", i/8, i%8); string(whole(t, f, path)) != string(want) {
			t.Errorf("%s has not the bytes of units %d to %d", path, 3*i, 3*i+2)
		}
	}
}

// A group of one file is that file.
func TestGroupOfOne(t *testing.T) {
	grouped := newFS(t, 5, "a:1M,dedup=2,scope=group", "d{3..3}/x:1M,dedup=2,scope=group", "empty{0..9}:0,scope=group")
	alone := newFS(t, 5, "a:1M,dedup=2", "d3/x:1M,dedup=2", "empty{0..9}:0")
	for _, path := range []string{"a", "d3/x", "empty4", "1M,seed=6,dedup=2"} {
		name := path
		if strings.HasPrefix(path, "1M") {
			name += ",scope=group"
		}
		got, want := attribute(t, grouped, name), attribute(t, alone, path)
		if path != "empty4" && got != want { // which has the seed of its group
			t.Errorf("%s: the attribute is %s, want %s", name, got, want)
		}
		if string(whole(t, grouped, name)) != string(whole(t, alone, path)) {
			t.Errorf("%s differs in a group of one", path)
		}
	}
	// A name in the root is its own seed, as ever.
	name := "1M,dedup=2,scope=group"
	if s, want := attribute(t, alone, name), fmt.Sprintf("1M,seed=%d,dedup=2", gen.DeriveSeed(5, name)); s.String() != want {
		t.Errorf("%s: the attribute is %s, want %s", name, s, want)
	}
}

// The attribute of a member is a name in the root of any mount, too.
func TestMemberByName(t *testing.T) {
	f := newFS(t, 5, "x{0..9}:300K,dedup=3,skew=2,scope=group,compress=2")
	for _, path := range paths("x%d", 10) {
		name := attribute(t, f, path).String()
		if string(whole(t, newFS(t, 0), name)) != string(whole(t, f, path)) {
			t.Errorf("%s and %s differ", path, name)
		}
	}
}
