package verify

import (
	"github.com/dgenfs/dgenfs/fs/files"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
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

// specOf returns the spec of a file in a mount of a seed, without what is about reading it
// through a mount.
func (s *source) specOf(f *file, seed uint64) spec.Spec {
	set := files.Set{Tree: s.tree, Seed: seed}
	t := f.node.Spec
	if f.id == 0 {
		t = set.SpecOfName(f.name, t)
	} else {
		t = set.Spec(f.id, t)
	}
	return t.Content()
}

// named returns the file whose name is a spec. It changes with the tree.
func (s *source) named(name string) (file, error) {
	t, err := spec.ParseName(name)
	if err != nil {
		return file{}, err
	}
	f := file{name: name, node: tree.Node{Spec: s.tree.History().Of(t, spec.Billion/2)}}
	f.spec = s.specOf(&f, s.seed)
	return f, nil
}

// lookup returns what is at a path of the tree.
func (s *source) lookup(path string) (tree.ID, tree.Node, bool) {
	return files.Set{Tree: s.tree}.Lookup(path)
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
		} else if !child.IsSymlink && !yield(child.ID, child.Node()) {
			return false
		}
	}
	return true
}
