package cli

import (
	"fmt"
	"math"
	"path"
	"strings"

	"github.com/dgenfs/dgenfs/fs/cli/sum"
	"github.com/dgenfs/dgenfs/fs/files"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
)

// chosenFiles are the files of a mount that arguments name, in their order.
type chosenFiles struct {
	set   files.Set
	from  []chosen
	one   *sum.File // the only one, if it is not of the set
	total int64     // bytes of all; -1 if that is not known
	err   error     // about a pattern that nothing matches
}

// chosen is what one argument names.
type chosen struct {
	id      tree.ID
	node    tree.Node
	pattern []string // components, for what is below the root; nil if everything is
	spec    spec.Spec
	name    string // the argument
}

// add adds what arguments name; without any, it is everything.
func (c *chosenFiles) add(args []string) error {
	if len(args) == 0 {
		args = []string{"."}
	}
	for _, arg := range args {
		if err := c.addOne(arg); err != nil {
			return err
		}
	}
	return nil
}

func (c *chosenFiles) addOne(arg string) error {
	clean := path.Clean(arg)
	if clean == "." {
		clean = ""
	}
	id, n, ok := c.set.Lookup(clean)
	switch isPattern := strings.ContainsAny(clean, "*?["); {
	case ok && n.IsSymlink:
		return usagef("%q: a symbolic link, which has no checksum; name the file that it points to", arg)
	case ok && !n.IsDir:
		c.from = append(c.from, chosen{id: id, node: n, name: clean})
		c.count(n.Spec.Size)
	case ok && id == tree.Root:
		c.from = append(c.from, chosen{id: id, node: n, name: clean})
		c.count(int64(min(c.set.Tree.Bytes(), math.MaxInt64)))
	case ok:
		c.from = append(c.from, chosen{id: id, node: n, name: clean})
		c.count(-1)
	case isPattern:
		if _, err := path.Match(clean, ""); err != nil {
			return usagef("%q: not a pattern, as a [ is not closed or a \\ ends it", arg)
		}
		root, _ := c.set.Tree.Node(tree.Root)
		c.from = append(c.from, chosen{id: tree.Root, node: root, pattern: strings.Split(clean, "/"), name: clean})
		c.count(-1)
	default:
		s, err := c.set.Named(clean)
		if err != nil {
			return usagef("%q: not a file of the tree, and not a SPEC: %w", arg, err)
		}
		c.from = append(c.from, chosen{spec: s, name: clean})
		c.count(s.Size)
	}
	return nil
}

// count adds the size of what was chosen, -1 if it is not known.
func (c *chosenFiles) count(size int64) {
	if c.total < 0 || size < 0 || size > math.MaxInt64-c.total {
		c.total = -1
	} else {
		c.total += size
	}
}

// files yields the files.
func (c *chosenFiles) files(yield func(sum.File) bool) {
	if c.one != nil {
		yield(*c.one)
		return
	}
	for _, f := range c.from {
		switch {
		case f.id == 0:
			if !yield(sum.File{Name: f.name, Spec: f.spec}) {
				return
			}
		case !f.node.IsDir:
			if !yield(sum.File{Name: f.name, Spec: c.set.Spec(f.id, f.node.Spec)}) {
				return
			}
		default:
			found := false
			if !c.below(f.id, f.pattern, func(f sum.File) bool { found = true; return yield(f) }) {
				return
			}
			if !found && f.pattern != nil && c.err == nil {
				c.err = fmt.Errorf("%q: %w", f.name, errNoMatch)
			}
		}
	}
}

// below yields the files below a directory, as far as they match the components of a
// pattern; nil matches everything. It returns false if yield did.
func (c *chosenFiles) below(dir tree.ID, pattern []string, yield func(sum.File) bool) bool {
	for child := range c.set.Tree.ReadDir(dir, 0) {
		rest := pattern
		if pattern != nil {
			if ok, _ := path.Match(pattern[0], string(child.Name)); !ok {
				continue
			}
			rest = pattern[1:]
		}
		switch {
		case child.IsDir && pattern != nil && len(rest) == 0:
			rest = nil // all that is in a directory that matches
			fallthrough
		case child.IsDir:
			if !c.below(child.ID, rest, yield) {
				return false
			}
		case len(rest) > 0 || child.IsSymlink:
		default:
			name := string(c.set.Tree.AppendPath(nil, child.ID))
			if child.IsHard {
				name = path.Join(string(c.set.Tree.AppendPath(nil, dir)), string(child.Name))
			}
			if !yield(sum.File{Name: name, Spec: c.set.Spec(child.ID, child.Node().Spec)}) {
				return false
			}
		}
	}
	return true
}
