package fs

import (
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/gen"
)

// A file handle, as NFS servers keep it, is a node id and a generation number. Node ids are
// positions, which other trees have, too; the number tells the trees apart, so that a handle
// of one is stale in another, instead of opening another file.

// handleGeneration returns the generation number of all nodes of a mount: a hash of what
// decides which files there are and what they hold. The generation of the files that is
// shown, and the shard, make no difference: a file remains the same one.
//
// The hash does not depend on the order of entries, as positions do not. The kernel takes 0
// for a handle that fits any, and keeps 32 bits.
func handleGeneration(t *tree.Tree, seed uint64) uint64 {
	sum := gen.DeriveSeed(seed, "")
	for i := range t.Entries() {
		e := t.Entry(i)
		files := spec.Files{Spec: e.Spec.Content(), Sizes: e.Sizes, Index: e.Index}
		sum += gen.DeriveSeed(seed, e.Pattern+"\x00"+files.String())
	}
	return max(1, sum>>32)
}
