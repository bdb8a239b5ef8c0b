package verify

import (
	"strings"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/gen"
)

// source is where the right bytes come from: the files that a mount would show.
type source struct {
	tree *tree.Tree
	seed uint64 // of the mount
}

// file is one of them.
type file struct {
	name string    // its path in the tree, or its spec
	spec spec.Spec // with its seed
	id   tree.ID   // 0 if it is not of the tree
	node tree.Node
	path string // of the copy
}

// file returns the file at a position.
func (s *source) file(id tree.ID, n tree.Node) file {
	f := file{name: string(s.tree.AppendPath(nil, id)), id: id, node: n}
	f.spec = s.specOf(&f, s.seed)
	return f
}

// specOf returns the spec of a file in a mount of a seed: as package fs has it, with the
// seed of the file, and its place in its group.
func (s *source) specOf(f *file, seed uint64) spec.Spec {
	if f.id == 0 {
		t := f.node.Spec.Member(0, 1)
		if !t.HasSeed {
			t.HasSeed, t.Seed = true, gen.DeriveSeed(seed, spec.SeedName(f.name))
		}
		return t
	}
	t, name := f.node.Spec, f.name
	if t.Group {
		p, _ := s.tree.Place(f.id)
		t, name = t.Member(p.Index, p.Files), p.Pattern
	}
	if !t.HasSeed {
		t.HasSeed, t.Seed = true, gen.DeriveSeed(seed, name)
	}
	return t
}

// named returns the file whose name is a spec. It changes with the tree.
func (s *source) named(name string) (file, error) {
	t, err := spec.ParseName(name)
	if err != nil {
		return file{}, err
	}
	t.Trouble = spec.Trouble{} // of no effect on the bytes
	f := file{name: name, node: tree.Node{Spec: s.tree.History().Of(t, spec.Billion/2)}}
	f.spec = s.specOf(&f, s.seed)
	return f, nil
}

// lookup returns what is at a path of the tree.
func (s *source) lookup(path string) (tree.ID, tree.Node, bool) {
	id := tree.Root
	n, ok := s.tree.Node(id)
	for name := range strings.SplitSeq(path, "/") {
		if id, n, ok = s.tree.Lookup(id, name); !ok {
			return 0, tree.Node{}, false
		}
	}
	return id, n, ok
}

// open returns a reader of what a spec describes.
func open(t spec.Spec) (spec.Reader, error) {
	c := t.Config()
	c.Threads = 1 // there are workers enough
	return t.Open(c)
}

// all calls yield with every file of the tree, until it returns false.
func (s *source) all(yield func(id tree.ID, n tree.Node) bool) {
	s.below(tree.Root, yield)
}

func (s *source) below(dir tree.ID, yield func(id tree.ID, n tree.Node) bool) bool {
	for child := range s.tree.ReadDir(dir, 0) {
		if child.IsDir {
			if !s.below(child.ID, yield) {
				return false
			}
		} else if !yield(child.ID, child.Node()) {
			return false
		}
	}
	return true
}
