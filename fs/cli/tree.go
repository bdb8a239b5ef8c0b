package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/dgenfs/dgenfs/fs/cli/like"
	"github.com/dgenfs/dgenfs/fs/cli/printable"
	"github.com/dgenfs/dgenfs/fs/treefile"
	"github.com/spf13/pflag"
)

func treeCommand() help.Command {
	c := &treeCall{set: newFlags("tree")}
	c.flags.add(c.set)
	parsed(c.set, &c.like, "like", "", help.Directory, unchecked, "print the tree file of a `DIRECTORY` that exists: a line for each regular file, with its exact size, and for each empty directory")
	c.set.BoolVar(&c.anonymous, "anonymous", false, "with --like, replace names by patterns, and keep directories, extensions and sizes")
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

With --like, prints the tree file of a real directory instead. Symbolic links and
devices, which a tree file cannot have, are counted on standard error.
The exit status is 1 if something could not be read.
`,
		Flags:   c.set,
		Operand: help.Directory,
		Run:     c.run,
	}
}

// treeCall is a call of the command tree, whose arguments are being parsed.
type treeCall struct {
	set       *pflag.FlagSet
	flags     mountFlags
	like      string
	anonymous bool
}

func (c *treeCall) run(args []string, stdout, stderr io.Writer) error {
	if err := checkUnused(args, stderr); err != nil {
		return err
	}
	switch {
	case c.set.Changed("like"):
		return c.printLike(stdout, stderr)
	case c.anonymous:
		return usagef("--anonymous: needs --like, the directory whose names are replaced")
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

// printLike prints the tree file of the directory --like.
func (c *treeCall) printLike(stdout, stderr io.Writer) error {
	for _, other := range append([]string{"preset"}, notPreset...) {
		if c.set.Changed(other) {
			return usagef("--like and --%s exclude each other; a tree file may be put together of several", other)
		}
	}
	info, err := os.Stat(c.like)
	switch {
	case err != nil:
		return usagef("--like %s: %w", c.like, errors.Unwrap(err))
	case !info.IsDir():
		return usagef("--like %s: not a directory", c.like)
	}
	flags, err := c.flags.contents()
	if err != nil {
		return err
	}
	if _, err := fmt.Fprint(stdout, head(flags.arguments())); err != nil {
		return written(err)
	}
	r, err := like.Write(stdout, c.like, like.Options{Anonymous: c.anonymous, Progress: progressTo(stderr)})
	if err != nil {
		return fmt.Errorf("--like %s: %w", c.like, err)
	}
	if _, err := fmt.Fprintf(stdout, "# %s\n", howMuch(r.Files, r.Dirs, float64(r.Bytes))); err != nil {
		return written(err)
	}
	var left []string
	links := r.Links
	if !c.anonymous {
		links = 0
	}
	for _, kind := range []struct {
		n         uint64
		one, many string
	}{
		{links, "symbolic link, whose target would be a name", "symbolic links, whose targets would be names"},
		{r.Others, "device, pipe or socket", "devices, pipes and sockets"},
	} {
		if kind.n > 0 {
			left = append(left, plural(kind.n, kind.one, kind.many))
		}
	}
	if left != nil {
		fmt.Fprintf(stderr, "dgenfs: left out: %s\n", strings.Join(left, ", "))
	}
	if r.Unread > 0 {
		return fmt.Errorf("--like %s: %s could not be read, such as: %w", c.like, plural(r.Unread, "file or directory", "files and directories"), r.Err)
	}
	return nil
}

// notPreset are the flags besides --preset that say which files there are.
var notPreset = []string{"size", "files", "file", "tree", "total", "count"}

// onlyPreset reports whether no flag but --preset says what the tree file is.
func (c *treeCall) onlyPreset() bool {
	others := slices.Concat(notPreset, directives)
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
		fmt.Fprintln(stderr, printable.Line("dgenfs: nothing is mounted: "+strings.Join(args, " and ")+" had no effect; --like prints the tree file of a directory"))
	}
	return nil
}

// text returns the tree file of a namespace, with flags that make the same mount.
func (n *namespace) text(args []string) *treefile.Text {
	return treefile.NewText(fmt.Sprintf("# %s\n%s", n, head(args)), n.tree)
}

// head returns the line of a tree file for these flags.
func head(args []string) string { return "#! " + strings.Join(args, " ") + "\n" }

// String says how much there is.
func (n *namespace) String() string {
	return howMuch(n.tree.Files(), n.tree.Dirs(), float64(n.tree.Bytes()))
}

func howMuch(files, dirs uint64, bytes float64) string {
	return fmt.Sprintf("%s in %s, %s", plural(files, "file", "files"), plural(dirs, "directory", "directories"), bytesText(bytes))
}

func plural(n uint64, one, many string) string {
	if n == 1 {
		many = one
	}
	return fmt.Sprint(n, " ", many)
}
