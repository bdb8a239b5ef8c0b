package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"strings"

	"github.com/dgenfs/dgenfs/fs/tree"
	"golang.org/x/sys/unix"
)

// item is what the walk finds, in order: a part to be compared, or a finding.
type item struct {
	part    *part
	resume  bool // the walk can be resumed behind it
	target  int
	finding finding
	path    string // of the copy
	name    string // in the tree, if it is there
	err     error
	size    int64
}

// finding is what is wrong with a name.
type finding uint8

const (
	noFinding  finding = iota
	missing            // a file of the tree that the copy has not
	additional         // a file of the copy that the tree has not
	unreadable         // a directory or file that cannot be read
	linked             // a symbolic link that is right
	retargeted         // one that points elsewhere
	joined             // a hard link that is one
	separate           // one that is a file of its own
)

// walker walks the tree and the copy.
type walker struct {
	*session
	target int
	emit   func(item) // blocks while there is enough to do
	ctx    context.Context
	goal   goal

	// Resuming: all up to this offset of this file has been done.
	skipTo  string
	skipOff int64
}

// batch is how many names of a directory are read at a time.
const batch = 1 << 10

// directory compares the names of a directory, and emits what is in it.
func (w *walker) directory(dir tree.ID, path string) {
	if w.skipTo == "" && !w.names(dir, path) {
		return
	}
	for child := range w.source.tree.ReadDir(dir, 0) {
		if w.ctx.Err() != nil {
			return
		}
		if w.skipTo != "" {
			name := w.childName(dir, &child)
			if name != w.skipTo && !strings.HasPrefix(w.skipTo, name+"/") {
				continue
			}
		}
		below := path + "/" + string(child.Name)
		if child.IsSymlink {
			if w.skipTo == "" {
				w.symlink(child.ID, w.childName(dir, &child), below)
			}
			continue
		}
		if !child.IsDir {
			f := w.source.file(child.ID, child.Node())
			f.path, f.name = below, w.childName(dir, &child)
			if child.IsHard && w.skipTo == "" {
				w.hardLink(child.ID, below)
			}
			w.file(f, true)
			continue
		}
		switch info, err := os.Lstat(below); {
		case err != nil && errors.Is(err, iofs.ErrNotExist):
			w.missing(child.ID, below)
		case err != nil:
			w.emit(item{finding: unreadable, path: below, err: reason(err)})
		case !info.IsDir():
			w.emit(item{finding: unreadable, path: below, err: errNotDirectory})
		default:
			w.directory(child.ID, below)
		}
	}
}

// errNotDirectory is the error about what should be a directory.
var errNotDirectory = errors.New("not a directory")

// missing emits the files below a directory that is missing, and the directories below it,
// or itself, that have no files.
func (w *walker) missing(dir tree.ID, path string) {
	empty := true
	for child := range w.source.tree.ReadDir(dir, 0) {
		if w.ctx.Err() != nil {
			return
		}
		empty = false
		below := path + "/" + string(child.Name)
		if child.IsDir {
			w.missing(child.ID, below)
			continue
		}
		n := child.Node()
		w.emit(item{finding: missing, path: below, name: w.childName(dir, &child), size: n.Spec.Size})
	}
	if empty {
		w.emit(item{finding: missing, path: path, name: string(w.source.tree.AppendPath(nil, dir)) + "/"})
	}
}

// names emits what a directory of the copy has, and the tree has not. It returns false if
// the directory cannot be read.
func (w *walker) names(dir tree.ID, path string) bool {
	return w.entries(path, func(e os.DirEntry) {
		name := e.Name()
		below := path + "/" + name
		if _, _, ok := w.source.tree.Lookup(dir, name); ok {
			return
		}
		if dir == tree.Root {
			if f, err := w.source.named(name); err == nil && e.Type().IsRegular() {
				f.path = below
				w.file(f, false)
				return
			}
		}
		w.unlisted(dir, e, below)
	})
}

// unlisted emits what the tree does not show, unless it is of another shard: several may
// write to one directory.
func (w *walker) unlisted(dir tree.ID, e os.DirEntry, path string) {
	switch id, n, ok := w.source.tree.LookupInAll(dir, e.Name()); {
	case !ok || n.IsDir != e.IsDir():
		w.additional(e, path)
	case n.IsDir:
		w.entries(path, func(e os.DirEntry) { w.unlisted(id, e, path+"/"+e.Name()) })
	}
}

// additional emits what the tree has not, and the files below it.
func (w *walker) additional(e os.DirEntry, path string) {
	if e.IsDir() {
		w.entries(path, func(e os.DirEntry) { w.additional(e, path+"/"+e.Name()) })
		return
	}
	i := item{finding: additional, path: path, size: -1}
	if e.Type().IsRegular() {
		if info, err := e.Info(); err == nil {
			i.size = info.Size()
		}
	}
	w.emit(i)
}

// entries calls yield with the entries of a directory of the copy.
func (w *walker) entries(path string, yield func(os.DirEntry)) bool {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
	if err != nil {
		w.emit(item{finding: unreadable, path: path, err: reason(err)})
		return false
	}
	defer f.Close()
	for w.ctx.Err() == nil {
		entries, err := f.ReadDir(batch)
		for _, e := range entries {
			yield(e)
		}
		if err != nil {
			if err != io.EOF {
				w.emit(item{finding: unreadable, path: path, err: reason(err)})
			}
			break
		}
	}
	return true
}

// file emits the parts of a file.
func (w *walker) file(f file, resume bool) {
	off := int64(0)
	if w.skipTo != "" {
		if f.name != w.skipTo {
			return
		}
		off, w.skipTo = w.skipOff, ""
		if off >= f.spec.Size {
			return
		}
	}
	for {
		end := min(off+partSize, f.spec.Size)
		w.emit(item{part: &part{file: f, off: off, end: end, last: end == f.spec.Size, done: make(chan struct{})}, resume: resume})
		if off = end; off >= f.spec.Size || w.ctx.Err() != nil {
			return
		}
	}
}

// Target is something to verify.
type Target struct {
	Path string // of the copy: a file, or a directory that is the copy of the whole tree
	Spec string // that the file has; "" if it is one of the tree, or its name is a spec
	At   string // the path in the tree, if it does not follow from the end of Path
}

// ErrNotFound is wrapped by the error about a path that is neither a file of the tree nor a
// spec.
var ErrNotFound = errors.New("not a file of the tree, and its name is not a SPEC")

// BelowError is the error about a directory that is taken for a copy of the whole tree, and
// is one of a directory in it.
type BelowError struct{ Dir string }

func (e *BelowError) Error() string {
	return fmt.Sprintf("has files of %q, a directory of the tree, and none of what is in the root", e.Dir)
}

// meant returns the directory of the tree that a directory without anything of the root is a
// copy of: one that its path ends with, and of which it has something; "" if there is none.
func (s *source) meant(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i := range parts {
		dir := strings.Join(parts[i:], "/")
		if id, n, ok := s.lookup(dir); ok && n.IsDir && id != tree.Root && s.has(id, path) && !s.has(tree.Root, path) {
			return dir
		}
	}
	return ""
}

// has reports whether a directory of the copy has a name of one of the tree, of the first
// thousand.
func (s *source) has(dir tree.ID, path string) bool {
	n := 0
	for child := range s.tree.ReadDir(dir, 0) {
		if _, err := os.Lstat(path + "/" + string(child.Name)); err == nil {
			return true
		}
		if n++; n == 1000 {
			break
		}
	}
	return false
}

// errSymlink is the error about a symbolic link of the tree, named alone.
var errSymlink = errors.New("a symbolic link; it is compared with the directory that it is in")

// resolve returns the file or the directory of the tree that a target is a copy of.
func (s *source) resolve(t Target, isDir bool) (dir tree.ID, f file, err error) {
	switch {
	case t.Spec != "":
		f, err = s.named(t.Spec)
		f.path = t.Path
		return 0, f, err
	case t.At != "":
		id, n, ok := s.lookup(strings.Trim(t.At, "/"))
		if !ok {
			return 0, f, ErrNotFound
		}
		switch {
		case n.IsDir:
			return id, f, nil
		case n.IsSymlink:
			return 0, f, errSymlink
		}
		f = s.file(id, n)
		f.path = t.Path
		return 0, f, nil
	case isDir:
		return tree.Root, f, nil
	}
	parts := strings.Split(strings.Trim(t.Path, "/"), "/")
	for i := range parts {
		if id, n, ok := s.lookup(strings.Join(parts[i:], "/")); ok && !n.IsDir && !n.IsSymlink {
			f = s.file(id, n)
			f.path = t.Path
			return 0, f, nil
		}
	}
	f, err = s.named(parts[len(parts)-1])
	if err != nil {
		return 0, f, ErrNotFound
	}
	f.path = t.Path
	return 0, f, nil
}
