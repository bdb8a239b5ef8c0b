package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/dgenfs/dgenfs/fs/cli/printable"
	"github.com/dgenfs/dgenfs/fs/treefile"
	"github.com/spf13/pflag"
)

func treeCommand() help.Command {
	c := &treeCall{set: newFlags("tree")}
	c.flags.add(c.set)
	c.set.BoolP("foreground", "f", false, "has no effect, as nothing is mounted")
	return help.Command{
		Name:    "tree",
		Usage:   "dgenfs tree [flags] [[SOURCE] MOUNTPOINT]",
		Summary: "print the tree file of a mount with these flags",
		Text: `Prints the tree file that makes a mount with the same flags, and how many files
that has; or a --preset as it is built in, with its sources, if neither --total nor
--count is given. That also says how many files, and of which size together, the
preset has at least. Nothing is mounted: of the arguments of dgenfs mount, all flags
are accepted, and SOURCE and MOUNTPOINT have no effect.
`,
		Flags:   c.set,
		Operand: help.Directory,
		Run:     c.run,
	}
}

// treeCall is a call of the command tree, whose arguments are being parsed.
type treeCall struct {
	set   *pflag.FlagSet
	flags mountFlags
}

func (c *treeCall) run(args []string, stdout, stderr io.Writer) error {
	if err := checkUnused(args, stderr); err != nil {
		return err
	}
	if text, ok := treefile.Preset(c.flags.files.preset); ok && c.onlyPreset() {
		_, err := stdout.Write(text)
		return written(err)
	}
	n, err := c.flags.contents()
	if err != nil {
		return err
	}
	n.printRounded(stderr)
	_, err = n.text(n.arguments()).WriteTo(stdout)
	return written(err)
}

// onlyPreset reports whether no flag but --preset says what the tree file is.
func (c *treeCall) onlyPreset() bool {
	others := append([]string{"size", "files", "file", "tree", "total", "count"}, directives...)
	return !slices.ContainsFunc(others, c.set.Changed)
}

// checkUnused checks the arguments that are there if the command line of a mount is
// used for its tree file, and says that they have no effect.
func checkUnused(args []string, stderr io.Writer) error {
	for i, arg := range args {
		if slices.Contains(treefile.Presets(), arg) {
			return usagef("argument %q: did you mean --preset %s?", arg, arg)
		}
		check := checkSource
		if i == len(args)-1 {
			check = func(arg string) error { return checkNoSpec("MOUNTPOINT", arg) }
		}
		if err := check(arg); err != nil {
			return err
		}
	}
	if len(args) > 2 {
		return usagef("tree takes flags, and at most the SOURCE and MOUNTPOINT of a mount, got %d arguments; see dgenfs tree --help", len(args))
	}
	if len(args) > 0 {
		fmt.Fprintln(stderr, printable.Line("dgenfs: nothing is mounted: "+strings.Join(args, " and ")+" had no effect"))
	}
	return nil
}

// text returns the tree file of a namespace, with flags that make the same mount.
func (n *namespace) text(args []string) *treefile.Text {
	return treefile.NewText(fmt.Sprintf("# %s\n#! %s\n", n, strings.Join(args, " ")), n.tree)
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
