package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/fs/treefile"
)

func treeCommand() help.Command {
	f := newFlags("tree")
	var files namespaceFlags
	files.add(f)
	return help.Command{
		Name:    "tree",
		Usage:   "dgenfs tree [flags]",
		Summary: "print the tree file of a mount with these flags",
		Text: `Prints the tree file that makes the files of a mount with the same flags, and how
many they are; or a --preset as it is built in, with its sources, if neither
--total nor --count is given. That also says how many files, and of which size
together, the preset has at least. Nothing is mounted.
`,
		Flags: f,
		Run: func(args []string, stdout, stderr io.Writer) error {
			if err := noArguments("tree", args); err != nil {
				return err
			}
			text, isPreset := treefile.Preset(files.preset)
			others := []string{"size", "files", "file", "tree", "total", "count"}
			if isPreset && !slices.ContainsFunc(others, f.Changed) {
				_, err := stdout.Write(text)
				return written(err)
			}
			n, err := files.namespace(tree.Options{})
			if err != nil {
				return err
			}
			n.printRounded(stderr)
			_, err = n.text(nil).WriteTo(stdout)
			return written(err)
		},
	}
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
	return fmt.Sprintf("%s in %s, %s", plural(n.tree.Files(), "file", "files"), plural(n.tree.Dirs(), "directory", "directories"), bytesText(float64(n.tree.Bytes())))
}

func plural(n uint64, one, many string) string {
	if n == 1 {
		many = one
	}
	return fmt.Sprint(n, " ", many)
}
