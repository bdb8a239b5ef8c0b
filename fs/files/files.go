// Package files says what each file of a mount is, from the tree and the seed of the
// mount alone: nothing has to be mounted. The specs that it returns determine the bytes:
// they have a seed, and the place of the file in its group.
package files

import (
	"fmt"
	"strings"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/gen"
)

// Set is the files of a mount. It is safe for concurrent use.
type Set struct {
	Tree *tree.Tree
	Seed uint64 // of the mount
}

// Spec returns the spec of the file at a position of the tree; s is what tree.Node has.
func (f Set) Spec(id tree.ID, s spec.Spec) spec.Spec {
	var name string // that the seed follows from
	switch {
	case s.Group:
		// One seed for the whole group. It is that of no file elsewhere, unless a
		// name has been given braces by escapes to look like the pattern.
		p, _ := f.Tree.Place(id)
		name = p.Pattern
		if p.Repeats {
			s, name = s.Copy(p.Copy), fmt.Sprintf("%s\x00%d", p.Pattern, p.Copy)
		} else {
			s = s.Member(p.Index, p.Files)
		}
	case !s.HasSeed:
		name = string(f.Tree.AppendPath(nil, id))
	}
	return f.seeded(s, name)
}

// SpecOfName returns the spec of a file in the root that exists by its name alone; s is
// what the name says, in the generation that is shown.
func (f Set) SpecOfName(name string, s spec.Spec) spec.Spec {
	return f.seeded(s.Member(0, 1), spec.SeedName(name))
}

func (f Set) seeded(s spec.Spec, name string) spec.Spec {
	if !s.HasSeed {
		s.Seed, s.HasSeed = gen.DeriveSeed(f.Seed, name), true
	}
	return s
}

// Named returns the spec of a file in the root whose name is a spec. Its errors are like
// those of spec.ParseName.
func (f Set) Named(name string) (spec.Spec, error) {
	s, err := spec.ParseName(name)
	if err != nil {
		return spec.Spec{}, err
	}
	return f.SpecOfName(name, f.Tree.History().Of(s, spec.Billion/2)), nil // as of any file that is alone
}

// Lookup returns what is at a path of the tree, without a slash at its beginning or end;
// the empty path is the root.
func (f Set) Lookup(path string) (id tree.ID, n tree.Node, ok bool) {
	id = tree.Root
	n, ok = f.Tree.Node(id)
	if path == "" {
		return id, n, ok
	}
	for name := range strings.SplitSeq(path, "/") {
		if id, n, ok = f.Tree.Lookup(id, name); !ok {
			return 0, tree.Node{}, false
		}
	}
	return id, n, true
}
