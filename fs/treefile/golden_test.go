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
	text, _ := Preset("home")
	for _, c := range []struct {
		scale Scale
		want  string
	}{
		{Scale{Total: 10 << 30}, "19121e82539040c97d9accbd6b596b56c565504199012a3daca3e00b329add0e"},
		{Scale{Count: 12345}, "35b5eb433f087b386959ee42c85e96a394bed223aeebaaefa25b95433c69ba0b"},
	} {
		tr, _, err := Build(Parse("home", text), c.scale, tree.Options{
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
			t.Errorf("%+v: %s, want %s", c.scale, got, c.want)
		}
	}
}
