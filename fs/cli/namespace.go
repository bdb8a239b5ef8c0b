package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/fs/treefile"
	"github.com/spf13/pflag"
)

// listed are the sizes that the root lists if nothing else was asked for.
var listed = []string{"1M", "16M", "256M", "1G", "16G", "64G", "1T"}

// maxFiles is the largest value of --files and --count: tree counts in 18 digits.
const maxFiles = 1e18

// namespaceFlags are the flags that say which files there are.
type namespaceFlags struct {
	set    *pflag.FlagSet // tells which of them were given
	size   string
	files  int
	file   []string
	tree   string
	preset string
	total  string
	count  int
}

func (n *namespaceFlags) add(f *pflag.FlagSet) {
	n.set = f
	f.StringVar(&n.size, "size", "", "`SPEC` of the file \"data\": its size, or size and keys: 64G,dedup=3")
	f.IntVar(&n.files, "files", 1, "make `N` files of --size, data-000 to data-999 for 1000")
	f.StringArrayVar(&n.file, "file", nil, "a file, `NAME:SPEC`; folders in NAME are made, and ranges give many files:\npart-{0000..1023}.bin:150M, user{00..99}/mail:1G; may be repeated")
	f.StringVar(&n.tree, "tree", "", "the files in a tree `FILE`, a line NAME SPEC for each of the entries; - is standard\ninput")
	f.StringVar(&n.preset, "preset", "", "a tree file that is built in, `NAME`; needs --total or --count. There are\n"+strings.Join(treefile.Presets(), ", "))
	f.SetAnnotation("preset", choices, treefile.Presets()) // which is there
	f.StringVar(&n.total, "total", "", "the `SIZE` of all files together of the entries with share=, as a --preset has them")
	f.IntVar(&n.count, "count", 0, "the number `N` of these files")
}

// namespace is what the flags mean.
type namespace struct {
	tree     *tree.Tree
	treeText []byte // of --tree, for the server: what is read twice may have changed, or be gone
}

// namespace reads what the flags name and makes the tree. Its errors are the user's.
func (n *namespaceFlags) namespace(o tree.Options) (s namespace, err error) {
	lines, err := n.lines(&s)
	if err != nil {
		return s, err
	}
	scale, err := n.scale()
	if err != nil {
		return s, err
	}
	s.tree, err = treefile.Build(lines, scale, o)
	if err != nil {
		return s, usageError{n.explain(err, scale, o)}
	}
	return s, nil
}

// explain names the flag that an error is about, if it names no line.
func (n *namespaceFlags) explain(err error, scale treefile.Scale, o tree.Options) error {
	var lines treefile.Errors
	switch {
	case errors.As(err, &lines):
		return err
	case errors.Is(err, tree.ErrHistory):
		return fmt.Errorf("--generation %d: %w", o.History.Generation, err)
	case scale.Total != 0:
		return fmt.Errorf("--total %s: %w", n.total, err)
	case scale.Count != 0:
		return fmt.Errorf("--count %d: %w", n.count, err)
	case n.preset != "":
		return fmt.Errorf("--preset %s: needs --total, the size of all files together, or --count, their number", n.preset)
	case errors.Is(err, treefile.ErrNoScale):
		return fmt.Errorf("%w: give --total or --count", err)
	}
	return err
}

func (n *namespaceFlags) scale() (s treefile.Scale, err error) {
	hasTotal, hasCount := n.set.Changed("total"), n.set.Changed("count")
	switch {
	case hasTotal && hasCount:
		return s, usagef("--total and --count exclude each other; give one")
	case hasTotal:
		if s.Total, err = spec.ParseSize(n.total); err != nil {
			return s, usagef("--total: %w", err)
		}
		if s.Total == 0 {
			return s, usagef("--total %s: must be 1 byte or more", n.total)
		}
	case hasCount:
		if n.count < 1 || n.count > maxFiles {
			return s, usagef("--count %d: must be from 1 to %d", n.count, int(maxFiles))
		}
		s.Count = uint64(n.count)
	}
	return s, nil
}

// lines returns the entries.
func (n *namespaceFlags) lines(s *namespace) (lines []treefile.Line, err error) {
	if n.tree != "" && n.preset != "" {
		return nil, usagef("--tree and --preset exclude each other; print the preset with dgenfs tree, and add to it")
	}
	if lines, err = n.sized(); err != nil {
		return nil, err
	}
	for _, file := range n.file {
		name, text, ok := spec.CutName(file)
		if !ok {
			return nil, usagef("--file %q: must be NAME:SPEC, as in big.bin:64G", file)
		}
		lines = append(lines, treefile.Line{Source: fmt.Sprintf("--file %q", file), Pattern: name, Spec: text})
	}
	given := lines != nil
	if n.set.Changed("tree") {
		given = true
		name := n.tree
		if name == "-" {
			name = "standard input"
		}
		if n.tree == "" {
			return nil, usagef("--tree: needs the name of a file, or - for standard input")
		}
		if s.treeText, err = n.read(); err != nil {
			return nil, usagef("--tree %s: %w", n.tree, err)
		}
		lines = append(lines, treefile.Parse(name, s.treeText)...)
	}
	if n.set.Changed("preset") {
		given = true
		text, ok := treefile.Preset(n.preset)
		if !ok {
			return nil, usagef("--preset %s: there are %s", n.preset, strings.Join(treefile.Presets(), ", "))
		}
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
		if n.files != 1 {
			return nil, usagef("--files %d: needs --size, the size of each", n.files)
		}
		return nil, nil
	}
	files, err := spec.ParseFiles(n.size)
	if err != nil {
		return nil, usagef("--size: %w", err)
	}
	l := treefile.Line{Source: "--size", Pattern: "data", Spec: n.size}
	if n.files < 1 || n.files > maxFiles {
		return nil, usagef("--files %d: must be from 1 to %d", n.files, int(maxFiles))
	}
	if files.Total != 0 || files.Share != 0 {
		if n.set.Changed("files") {
			return nil, usagef("--files %d: --size says how many files there are already, by total= or share=; leave one out", n.files)
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

// read reads the tree file. A server in the background has it at its standard
// input, whatever its name is.
func (n *namespaceFlags) read() ([]byte, error) {
	in := os.Stdin
	if n.tree != "-" && os.Getenv(serverEnv) == "" {
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
		return nil, fmt.Errorf("has more than %s", spec.FormatSize(maxTreeFile))
	}
	return text, nil
}
