package verify

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path"
	"strings"

	"github.com/dgenfs/dgenfs/fs/tree"
	"golang.org/x/sys/unix"
)

// errNotSymlink is the error about what should be a symbolic link.
var errNotSymlink = errors.New("not a symbolic link")

// symlink compares the target of a symbolic link, which is not followed: it may be a path
// that is not there.
func (w *walker) symlink(id tree.ID, name, at string) {
	target, err := os.Readlink(at)
	switch {
	case errors.Is(err, iofs.ErrNotExist):
		w.emit(item{finding: missing, path: at, name: name})
		return
	case errors.Is(err, unix.EINVAL):
		err = errNotSymlink
	case err != nil:
		err = reason(err)
	}
	if err != nil {
		w.emit(item{finding: unreadable, path: at, err: err})
		return
	}
	found := item{finding: linked, path: at, name: name}
	if want := string(w.source.tree.AppendTarget(nil, id)); target != want {
		found.finding = retargeted
		found.err = fmt.Errorf("points to %q, and should point to %q", target, want)
	}
	w.emit(found)
}

// childName returns the path of a child in the tree. Of a hard link, that is not the path of
// its position.
func (w *walker) childName(dir tree.ID, child *tree.Child) string {
	if !child.IsHard {
		return string(w.source.tree.AppendPath(nil, child.ID))
	}
	return path.Join(string(w.source.tree.AppendPath(nil, dir)), string(child.Name))
}

// hardLink finds out whether a name is a hard link in the copy, too, of the file that it is
// one of in the tree. Tools that do not keep hard links make files of them, with the same
// contents.
func (w *walker) hardLink(id tree.ID, at string) {
	name := string(w.source.tree.AppendPath(nil, id))
	if w.goal.dir != tree.Root {
		below, ok := strings.CutPrefix(name, string(w.source.tree.AppendPath(nil, w.goal.dir))+"/")
		if !ok {
			return // the file is not in what is compared
		}
		name = below
	}
	one, err := os.Lstat(w.goal.path + "/" + name)
	two, err2 := os.Lstat(at)
	switch {
	case err != nil || err2 != nil || !one.Mode().IsRegular() || !two.Mode().IsRegular():
	case os.SameFile(one, two):
		w.emit(item{finding: joined, path: at})
	default:
		w.emit(item{finding: separate, path: at, name: name})
	}
}
