package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/dgenfs/dgenfs/fs/bytesize"
	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/fs/treefile"
	"github.com/spf13/pflag"
)

// listed are the sizes that the root lists by default.
var listed = []string{"1M", "16M", "256M", "1G", "16G", "64G", "1T"}

// maxFiles is the largest value of --files and --count: tree counts in 18 digits.
const maxFiles = 1e18

// namespaceFlags are the flags that say which files there are.
type namespaceFlags struct {
	set    *pflag.FlagSet // for which of them were given
	size   string
	files  uint64
	file   []string
	tree   string
	preset string
	total  int64
	count  uint64

	treeAtStdin bool // whatever its name is: a server in the background has it there
}

func (n *namespaceFlags) add(f *pflag.FlagSet) {
	n.set = f
	n.files = 1
	parsed(f, &n.size, "size", "", help.Spec, unchecked, "`SPEC` of the file \"data\": its size, or size and keys: 64G,dedup=3")
	parsed(f, &n.files, "files", "", "", whole(1, maxFiles), "make `N` files of --size, data-000 to data-999 for 1000")
	f.VarP(fileList{&n.file}, "file", "", "a file, `NAME:SPEC`; directories in NAME are made, and ranges give many files: part-{0000..1023}.bin:150M, user{00..99}/mail:1G; or a directory, which may be empty: valid/; or a link, symbolic or hard: latest:symlink=mail; may be repeated")
	parsed(f, &n.tree, "tree", "", help.File, unchecked, "the files in a tree `FILE`, one line NAME SPEC for each entry; - is standard input; flags of a line such as #! --seed 7 in it hold unless they are given here")
	f.Var(choice[string]{&n.preset, treefile.Presets()}, "preset", "a built-in tree file, `NAME`; needs --total or --count, if it is not one of mlperf, which have a size of their own")
	parsed(f, &n.total, "total", "", "", parseTotal, "the `SIZE` of all files together of the entries with share=, as a --preset has them")
	parsed(f, &n.count, "count", "", "", whole(1, maxFiles), "the number `N` of these files")
}

// fileList is the value of --file, which may be repeated.
type fileList struct{ to *[]string }

func (l fileList) String() string        { return "" }
func (l fileList) Type() string          { return string(help.Spec) }
func (l fileList) Set(text string) error { return l.Append(text) }

// These make it a pflag.SliceValue.

func (l fileList) Append(text string) error {
	if isDir(text) {
		*l.to = append(*l.to, text)
		return nil
	}
	name, files, ok := spec.CutName(text)
	if !ok {
		return fmt.Errorf("%q: must be NAME:SPEC, as in big.bin:64G", text)
	}
	if strings.Contains(name, ":") {
		// Mostly a SPEC that is wrong, or two files in one --file.
		if _, err := spec.ParseFiles(files); err != nil {
			return fmt.Errorf("%q: %w", text, err)
		}
		return fmt.Errorf("%q: %w", text, spec.CheckName(name, files))
	}
	*l.to = append(*l.to, text)
	return nil
}

// isDir reports whether the value of --file is a directory.
func isDir(text string) bool { return strings.HasSuffix(text, "/") && !strings.Contains(text, ":") }

func (l fileList) Replace(texts []string) error { *l.to = texts; return nil }
func (l fileList) GetSlice() []string           { return *l.to }

// parseTotal reads the size of all files together.
func parseTotal(text string) (int64, error) {
	n, err := bytesize.Parse(text)
	if err == nil && n == 0 {
		err = errors.New("must be 1 byte or more")
	}
	return n, err
}

// namespace is what the flags mean.
type namespace struct {
	tree     *tree.Tree
	rounded  string // what --total or --count comes to, if that is not what they say
	treeText []byte // of --tree, for the server: a file that is read twice may have changed
}

// namespace makes the tree, of which treeText is what --tree names. Its errors are the
// user's.
func (n *namespaceFlags) namespace(o tree.Options, treeText []byte) (s namespace, err error) {
	s.treeText = treeText
	lines, err := n.lines(treeText)
	if err != nil {
		return s, err
	}
	scale, err := n.scale()
	if err != nil {
		return s, err
	}
	var got treefile.Scale
	s.tree, got, err = treefile.Build(lines, scale, o)
	if err != nil {
		return s, usageError{n.explain(err, scale, lines, o)}
	}
	if said := scale.Rounded(got); said != "" {
		s.rounded = n.scaleFlag(scale) + ": " + said
	}
	return s, nil
}

// printRounded says what --total or --count is rounded to.
func (s *namespace) printRounded(w io.Writer) {
	if s.rounded != "" {
		fmt.Fprintln(w, "dgenfs: "+s.rounded)
	}
}

// scaleFlag returns the flag of a scale, as it was given.
func (n *namespaceFlags) scaleFlag(scale treefile.Scale) string {
	if scale.Total != 0 {
		return "--total " + n.set.Lookup("total").Value.String()
	}
	return fmt.Sprintf("--count %d", scale.Count)
}

// explain names the flag that an error is about, unless it names a line.
func (n *namespaceFlags) explain(err error, scale treefile.Scale, lines []treefile.Line, o tree.Options) error {
	switch {
	case errors.As(err, new(treefile.Errors)):
		return err
	case errors.Is(err, tree.ErrHistory):
		return fmt.Errorf("--generation %d: %w", o.History.Generation, err)
	case scale.Given():
		return fmt.Errorf("%s: %w", n.scaleFlag(scale), err)
	case n.preset != "":
		least := treefile.Least(lines)
		return fmt.Errorf("--preset %s: needs --total, the size of all files together, at least %s, or --count, their number, at least %d", n.preset, least.TotalText(), least.Count)
	case errors.Is(err, treefile.ErrNoScale):
		return fmt.Errorf("%w: give --total or --count", err)
	}
	return err
}

// scale returns how many files there are, or how large they are together, of the
// entries that have shares.
func (n *namespaceFlags) scale() (treefile.Scale, error) {
	if n.set.Changed("total") && n.set.Changed("count") {
		return treefile.Scale{}, usagef("--total and --count exclude each other")
	}
	return treefile.Scale{Total: n.total, Count: n.count}, nil
}

// lines returns the entries.
func (n *namespaceFlags) lines(treeText []byte) (lines []treefile.Line, err error) {
	if lines, err = n.sized(); err != nil {
		return nil, err
	}
	for _, file := range n.file {
		name, text, _ := spec.CutName(file)
		if isDir(file) {
			name = file
		}
		lines = append(lines, treefile.Line{Source: fmt.Sprintf("--file %q", file), Pattern: name, Spec: text})
	}
	given := lines != nil
	if n.set.Changed("tree") {
		given = true
		lines = append(lines, treefile.Parse(n.treeName(), treeText)...)
	}
	if n.set.Changed("preset") {
		given = true
		text, _ := treefile.Preset(n.preset)
		lines = append(lines, treefile.Parse("--preset "+n.preset, text)...)
	}
	if given {
		return lines, nil
	}
	for _, size := range listed {
		lines = append(lines, treefile.Line{Source: size, Pattern: size, Spec: size})
	}
	return lines, nil
}

// sized returns the entry of --size.
func (n *namespaceFlags) sized() ([]treefile.Line, error) {
	if !n.set.Changed("size") {
		if n.set.Changed("files") {
			return nil, usagef("--files %d: needs --size, the size of each", n.files)
		}
		return nil, nil
	}
	files, err := spec.ParseFiles(n.size)
	if err != nil {
		return nil, usagef("--size: %w", err)
	}
	l := treefile.Line{Source: "--size", Pattern: "data", Spec: n.size}
	if files.Total != 0 || files.Share != 0 {
		if n.set.Changed("files") {
			return nil, usagef("--files %d: total= or share= in --size already says how many files there are; leave one of them out", n.files)
		}
		l.Pattern = "data-{0..}"
	} else if n.files > 1 {
		last := fmt.Sprint(n.files - 1)
		first := strings.Repeat("0", len(last))
		l.Pattern = "data-{" + first + ".." + last + "}"
	}
	return []treefile.Line{l}, nil
}

// maxTreeFile is more than a tree file needs, in bytes: a few million lines.
const maxTreeFile = 1 << 30

// treeName is what errors call the tree file.
func (n *namespaceFlags) treeName() string {
	if n.tree == "-" {
		return "standard input"
	}
	return n.tree
}

// directing returns the tree file that may give flags, and what errors call it: that of
// --tree, or the preset.
func (n *namespaceFlags) directing(treeText []byte) (name string, text []byte) {
	if n.set.Changed("preset") {
		text, _ = treefile.Preset(n.preset)
		return "--preset " + n.preset, text
	}
	return n.treeName(), treeText
}

// readTree returns what --tree names; nil without it.
func (n *namespaceFlags) readTree() ([]byte, error) {
	switch {
	case !n.set.Changed("tree"):
		return nil, nil
	case n.set.Changed("preset"):
		return nil, usagef("--tree and --preset exclude each other; dgenfs tree prints a preset, to which lines can be added")
	case n.tree == "":
		return nil, usagef("--tree: needs the name of a file, or - for standard input")
	}
	text, err := n.read()
	if err != nil {
		return nil, usagef("--tree %s: %w", n.tree, err)
	}
	return text, nil
}

// read reads the tree file.
func (n *namespaceFlags) read() ([]byte, error) {
	in := os.Stdin
	if n.tree != "-" && !n.treeAtStdin {
		var err error
		if in, err = os.Open(n.tree); err != nil {
			return nil, errors.Unwrap(err)
		}
		defer in.Close()
	}
	text, err := io.ReadAll(io.LimitReader(in, maxTreeFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading: %w", errors.Unwrap(err))
	case len(text) > maxTreeFile:
		return nil, fmt.Errorf("larger than %s, the limit", bytesize.Format(maxTreeFile))
	}
	return text, nil
}
