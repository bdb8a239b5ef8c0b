package cli

import (
	"fmt"
	"io"

	"github.com/dgenfs/dgenfs/fs"
	"github.com/dgenfs/dgenfs/fs/cli/help"
)

func umountCommand() help.Command {
	f := newFlags("umount")
	lazy := f.Bool("lazy", false, "detach it even if it is in use; open files can be read to their end")
	return help.Command{
		Name:    "umount",
		Usage:   "dgenfs umount [--lazy] MOUNTPOINT",
		Summary: "unmount",
		Text: `Unmounts; the process that served it ends. A mount whose server has died is
unmounted, too.
`,
		Flags:   f,
		Operand: help.Mount,
		Run: func(args []string, _, _ io.Writer) error {
			if len(args) != 1 {
				return usagef("umount takes one MOUNTPOINT, got %d arguments; see dgenfs umount --help", len(args))
			}
			return unmount(args[0], *lazy)
		},
	}
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
	if err := fs.Unmount(resolved, lazy); err != nil {
		hint := ""
		if err == fs.ErrBusy {
			hint = "; --lazy detaches it"
		}
		return fmt.Errorf("unmounting %s: %w%s", path, err, hint)
	}
	return nil
}
