package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/dgenfs/dgenfs/fs"
	"github.com/dgenfs/dgenfs/fs/cli/exit"
	"github.com/dgenfs/dgenfs/fs/cli/help"
)

func umountCommand() help.Command {
	f := newFlags("umount")
	all := f.BoolP("all", "a", false, "unmount all mounts of dgenfs")
	lazy := f.BoolP("lazy", "l", false, "detach it even if it is in use; open files can be read to their end")
	return help.Command{
		Name:    "umount",
		Usage:   "dgenfs umount [--lazy] --all | MOUNTPOINT...",
		Summary: "unmount",
		Text: `Unmounts; the process that served it ends. A mount whose server has died is
unmounted, too.
`,
		Flags:   f,
		Operand: help.Mount,
		Run: func(args []string, _, stderr io.Writer) error {
			switch {
			case *all && len(args) > 0:
				return usagef("umount takes --all or MOUNTPOINTs, got both; see dgenfs umount --help")
			case *all:
				mounts, err := fs.Mounts()
				if err != nil {
					return err
				}
				for _, m := range slices.Backward(mounts) { // one may be below another
					args = append(args, m.Path)
				}
			case len(args) == 0:
				return usagef("umount takes a MOUNTPOINT, or several, or --all; see dgenfs umount --help")
			}
			return unmountAll(args, *lazy, stderr)
		},
	}
}

// unmountAll unmounts all of paths, also if some cannot be unmounted.
func unmountAll(paths []string, lazy bool, stderr io.Writer) error {
	status := exit.Done
	for _, path := range paths {
		err := unmount(path, lazy)
		switch {
		case err == nil:
		case len(paths) == 1:
			return err
		default:
			status = max(status, exitStatus(err, stderr))
		}
	}
	if status != exit.Done {
		return exitCode(status)
	}
	return nil
}

// unmount unmounts what this program has mounted on path.
func unmount(path string, lazy bool) error {
	resolved, err := resolve(path)
	if err != nil {
		return usagef("unmounting %s: %w", path, err)
	}
	mounted, ok, err := fs.MountedAt(resolved)
	switch {
	case err != nil:
		return err
	case !ok:
		return usagef("unmounting %s: nothing is mounted there", path)
	case mounted.Type != fs.FSType:
		return usagef("unmounting %s: %s (%s) is mounted there, not dgenfs; use umount(8)", path, mounted.Source, mounted.Type)
	}
	err = fs.Unmount(resolved, lazy)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrBusy):
		return fmt.Errorf("unmounting %s: %w; --lazy detaches it", path, err)
	case os.Geteuid() != 0 && mounted.UserID != os.Geteuid():
		return fmt.Errorf("unmounting %s: mounted by user %d; only that user and root can unmount it", path, mounted.UserID)
	}
	return fmt.Errorf("unmounting %s: %w", path, err)
}
