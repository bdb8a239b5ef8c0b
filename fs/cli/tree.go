package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/fs/treefile"
)

const treeSynopsis = `dgenfs tree [flags]

Prints the tree file that makes the files of a mount with the same flags, and how
many they are; or a --preset as it is built in, with its sources, if neither
--total nor --count is given. Nothing is mounted.
`

func treeCommand(args []string, stdout, _ io.Writer) error {
	f := newFlags("tree", treeSynopsis, stdout)
	var files namespaceFlags
	files.add(f)
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return usagef("tree takes no arguments, got %q; see dgenfs tree --help", f.Arg(0))
	}
	only := func(flag string) bool {
		return f.Changed(flag) && !slices.ContainsFunc([]string{"size", "files", "file", "tree", "total", "count"}, f.Changed)
	}
	text, isPreset := treefile.Preset(files.preset)
	if !isPreset || !only("preset") {
		n, err := files.namespace(tree.Options{})
		if err != nil {
			return err
		}
		_, err = n.text(nil).WriteTo(stdout)
		return err
	}
	_, err := stdout.Write(text)
	return err
}

// text returns the tree file of a namespace, which with some flags more, in args,
// makes the files of a mount.
func (n *namespace) text(args []string) *treefile.Text {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", n)
	if len(args) > 0 {
		fmt.Fprintf(&b, "# together with: %s\n", strings.Join(args, " "))
	}
	return treefile.NewText(b.String(), n.tree)
}

// String says how much there is.
func (n *namespace) String() string {
	return fmt.Sprintf("%d files in %d folders, %s", n.tree.Files(), n.tree.Dirs(), bytesText(float64(n.tree.Bytes())))
}
