package verify

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"os"

	"github.com/dgenfs/dgenfs/fs/tree"
	"golang.org/x/sys/unix"
)

// errNotSymlink is the error about what should be a symbolic link.
var errNotSymlink = errors.New("not a symbolic link")

// symlink compares the target of a symbolic link, which is not followed: it may be a path
// that is not there.
func (w *walker) symlink(id tree.ID, name, path string) {
	target, err := os.Readlink(path)
	switch {
	case errors.Is(err, iofs.ErrNotExist):
		w.emit(item{finding: missing, path: path, name: name})
		return
	case errors.Is(err, unix.EINVAL):
		err = errNotSymlink
	case err != nil:
		err = reason(err)
	}
	if err != nil {
		w.emit(item{finding: unreadable, path: path, err: err})
		return
	}
	found := item{finding: linked, path: path, name: name}
	if want := string(w.source.tree.AppendTarget(nil, id)); target != want {
		found.finding = retargeted
		found.err = fmt.Errorf("points to %q, and should point to %q", target, want)
	}
	w.emit(found)
}
