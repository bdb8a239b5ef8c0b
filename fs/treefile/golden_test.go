package treefile

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
)

// The same command line makes the same files on every machine: which there are, how
// they are called and how large they are. test.sh runs this on CPUs that round a
// product and a sum at once, and in big-endian order, too.
func TestGolden(t *testing.T) {
	for _, c := range []struct {
		preset string
		scale  Scale
		want   string
	}{
		{"home", Scale{Total: 10 << 30}, "43043993b0abb385bd9ee10e7abf53f2357925c562321109872e274a8c8829eb"},
		{"home", Scale{Count: 12345}, "b0d133e025c9492aa74cceb857f9176ee27ab3cc0d0ab994788994bc77780340"},
		{"mlperf-unet3d", Scale{Count: 168}, "57e4a37e27f721eb7c206e88d54e91147155e1a27c7b77a889addd1f0204ff7e"},
		{"mlperf-cosmoflow", Scale{Count: 20_000}, "7cb40a9412a5ff4f422c2a12ef87847c7c12c61b0251e4ddce24a2b5a846d158"},
	} {
		text, _ := Preset(c.preset)
		tr, _, err := Build(Parse(c.preset, text), c.scale, tree.Options{
			Seed:    7,
			History: tree.History{Generation: 50, Change: spec.Billion / 50, Grow: spec.Billion / 70, Delete: spec.Billion / 90},
		})
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		fmt.Fprintln(h, Format(tr), tr.Files(), tr.Bytes())
		for id := tree.Root; id < 200_000; id += 3 {
			if node, ok := tr.Node(id); ok {
				fmt.Fprintf(h, "%s %d %d %d\n", tr.AppendPath(nil, id), node.Spec.Size, node.Born, node.Spec.Phase)
			}
		}
		if got := fmt.Sprintf("%x", h.Sum(nil)); got != c.want {
			t.Errorf("%s, %+v: %s, want %s", c.preset, c.scale, got, c.want)
		}
	}
}
