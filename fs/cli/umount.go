package cli

import (
	"fmt"
	"io"

	"github.com/dgenfs/dgenfs/fs"
)

const umountSynopsis = `dgenfs umount [--lazy] MOUNTPOINT

Unmounts; the process that served it ends. A mount whose process was killed is
cleared away, too.
`

func umountCommand(args []string, stdout, _ io.Writer) error {
	f := newFlags("umount", umountSynopsis, stdout)
	lazy := f.Bool("lazy", false, "detach it even if it is in use; open files can be read to their end")
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() != 1 {
		return usagef("umount takes one MOUNTPOINT, got %d arguments; see dgenfs umount --help", f.NArg())
	}
	path := f.Arg(0)
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
	if err := fs.Unmount(resolved, *lazy); err != nil {
		hint := ""
		if err == fs.ErrBusy {
			hint = "; --lazy detaches it all the same"
		}
		return fmt.Errorf("unmounting %s: %w%s", path, err, hint)
	}
	return nil
}
