package verify

import (
	"os"
	"testing"

	"github.com/dgenfs/dgenfs/fs/tree"
)

// A copy that ends too early, or too late, is found wherever its parts end.
func TestLengths(t *testing.T) {
	const size = 3*partSize + 5
	tr := testTree(t, tree.Options{}, "f:201326597,zero=100%,texture=random")
	dir := t.TempDir()
	write(t, dir+"/f", nil)
	for _, length := range []int64{0, 1, partSize - 1, partSize, partSize + 1, 2 * partSize, 3 * partSize, size - 1, size, size + 1, 4 * partSize} {
		if err := os.Truncate(dir+"/f", length); err != nil {
			t.Fatal(err)
		}
		// Lengths are compared of all of it.
		r := verified(t, Options{Tree: tr, Targets: []Target{{Path: dir}}, Quick: 1, QuickSeed: 1})
		if r.Short == 1 != (length < size) || r.Long == 1 != (length > size) || r.Equal == 1 != (length == size) {
			t.Errorf("%d bytes of %d: %d short, %d long, %d equal", length, size, r.Short, r.Long, r.Equal)
		}
	}
}
