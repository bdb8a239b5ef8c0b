package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/bytesize"
	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/dgenfs/dgenfs/fs/cli/sum"
	"github.com/dgenfs/dgenfs/fs/files"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen"
	"github.com/spf13/pflag"
)

func sumCommand() help.Command {
	c := &sumCall{set: newFlags("sum"), from: -1}
	f := c.set
	f.Var(&c.algorithms, "algo", "`ALGORITHM` of the checksums, or several with commas between them, for --tag and --hashdeep (default: sha256)")
	parsed(f, &c.part, "etag", "", "", sum.ParsePart, "print what S3 has as the ETag of objects that were uploaded in parts of this `SIZE`: 8M for the AWS CLI, 5M for rclone")
	parsed(f, &c.from, "etag-from", "", "", bytesize.Parse, "with --etag, files of this `SIZE` or more are uploaded in parts, smaller ones at once (default: the SIZE of --etag, as with the AWS CLI; rclone has 200M)")
	f.BoolVar(&c.format.Tag, "tag", false, "print lines as BSD does: SHA256 (NAME) = CHECKSUM")
	f.BoolVar(&c.format.Hashdeep, "hashdeep", false, "print what hashdeep -k reads")
	f.BoolVarP(&c.format.Zero, "zero", "z", false, "end lines with NUL, and print names as they are, without escapes")
	f.BoolVar(&c.format.Base64, "base64", false, "print checksums in base64, as S3 has those other than ETags")
	parsed(f, &c.spec, "spec", "", help.Spec, unchecked, "print the checksum of one file, whose `SPEC` this is, such as its attribute user.dgenfs.spec; NAME is what to call it")
	withProgress := f.Bool("progress", false, "print on standard error how far it is (default: if that is a terminal and the output is not)")
	c.flags.add(f)
	return help.Command{
		Name:    "sum",
		Usage:   "dgenfs sum [flags] [NAME...]",
		Summary: "print checksums of the files of a mount with these flags",
		Text: `Prints checksums of the files that a mount with the same flags would show, without a
mount, and without reading or writing anything. The tool of the algorithm checks a
copy: sha256sum, md5sum and so on, b3sum, xxhsum; rclone checksum; hashdeep.

  dgenfs sum --preset home --total 10G | (cd /storage/copy && sha256sum --quiet -c)
  dgenfs sum --hashdeep --algo md5,sha256 --size 1G >known; hashdeep -r -l -a -k known .

NAME is the path of a file; of a directory, for all files below it; a pattern with *, ?
or [...], which do not stand for a slash; or a SPEC, as in the root of a mount. Without
a NAME, all files are listed, in the order of ls -v, and each line is printed as soon as
those before it are. Symbolic links have no checksum, and are left out. What --corrupt, --fail, --rate and --latency do to readers has no
effect, nor has anything else about how a mount is served.

Several files are hashed at a time, and parts of a large file with blake3, crc32, crc32c,
crc64nvme and --etag. Names with a line break or a backslash are escaped as the tool
expects. xxh3 is always printed as with --tag, since xxhsum reads it in no other form.
The exit status is 1 if a file has no checksum: if it has more parts than the 10000 that
S3 allows, or a name that hashdeep cannot have.
`,
		Flags:   f,
		Operand: help.File,
		Run: func(args []string, stdout, stderr io.Writer) error {
			p := &progress{}
			if *withProgress || !f.Changed("progress") && isTerminal(stderr) && !isTerminal(stdout) {
				p = newProgress(stderr)
			}
			return c.run(args, stdout, stderr, p)
		},
	}
}

// sumCall is a call of the command sum, whose arguments are being parsed.
type sumCall struct {
	set        *pflag.FlagSet
	flags      mountFlags
	algorithms algorithmList
	part, from int64 // of --etag
	format     sum.Format
	spec       string
}

// algorithmList is the value of --algo.
type algorithmList struct {
	text string
	all  []sum.Algorithm
}

func (l *algorithmList) String() string { return l.text }
func (l *algorithmList) Type() string   { return "choice" }

// Choices returns the names, for completion.
func (l *algorithmList) Choices() (names []string) {
	for _, a := range sum.Algorithms {
		names = append(names, a.Name)
	}
	return names
}

func (l *algorithmList) Set(text string) error {
	l.text, l.all = text, nil
	for name := range strings.SplitSeq(text, ",") {
		a, err := sum.Find(name)
		if err != nil {
			return fmt.Errorf("%w; there are %s", err, strings.Join(l.Choices(), ", "))
		}
		l.all = append(l.all, a)
	}
	return nil
}

func (c *sumCall) run(args []string, stdout, stderr io.Writer, p *progress) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	chosen, err := c.choose(args, stderr)
	if err != nil {
		return err
	}
	defer p.end()
	o.Progress = func(done int64) { p.report("sum", done, chosen.total) }
	var first *sum.Error
	n := uint64(0)
	err = sum.Write(stdout, chosen.files, o, func(err *sum.Error) {
		if n++; first == nil {
			first = err
		}
	})
	switch {
	case err != nil:
		return written(err)
	case chosen.err != nil:
		return chosen.err
	case first != nil:
		return fmt.Errorf("no checksum of %s, such as %w", plural(n, "file", "files"), first)
	}
	return nil
}

// options returns what is printed of each file.
func (c *sumCall) options() (sum.Options, error) {
	o := sum.Options{Algorithms: c.algorithms.all, Format: c.format}
	switch {
	case c.part != 0 && o.Algorithms != nil:
		return o, usagef("--etag and --algo exclude each other; an ETag is always of MD5")
	case c.part != 0 && c.format.Base64:
		return o, usagef("--etag and --base64 exclude each other; S3 has ETags in hexadecimal")
	case c.part != 0 && c.from < 0:
		c.from = c.part
	case c.part == 0 && c.from >= 0:
		return o, usagef("--etag-from %s: needs --etag, the size of a part", c.set.Lookup("etag-from").Value)
	}
	if c.part != 0 {
		o.Algorithms = []sum.Algorithm{sum.Etag(c.part, c.from)}
	} else if o.Algorithms == nil {
		o.Algorithms = sum.Algorithms[:1]
	}
	if err := o.Format.Check(o.Algorithms); err != nil {
		switch {
		case c.part != 0:
			return o, usagef("--etag: %w", err)
		case c.algorithms.text == "": // it is about the format
			return o, usagef("%w", err)
		}
		return o, usagef("--algo %s: %w", c.algorithms.text, err)
	}
	return o, nil
}

// choose returns the files that arguments name.
func (c *sumCall) choose(args []string, stderr io.Writer) (*chosenFiles, error) {
	if c.flags.seed.drawn {
		return nil, usagef("--seed random: gives files that no mount has; give its number")
	}
	given := slices.DeleteFunc(append([]string{"preset"}, notPreset...), func(name string) bool { return !c.set.Changed(name) })
	switch {
	case c.set.Changed("spec"):
		if len(given) > 0 {
			return nil, usagef("--spec and --%s exclude each other; a SPEC is a file of its own", given[0])
		}
		return c.ofSpec(args)
	case len(given) == 0 && len(args) == 0:
		return nil, usagef("sum needs files: the flags of a mount, such as --size or --tree, or a NAME; see dgenfs sum --help")
	}
	n, err := c.flags.contents()
	if err != nil {
		return nil, err
	}
	n.printRounded(stderr)
	chosen := &chosenFiles{set: files.Set{Tree: n.tree, Seed: n.seed.value}}
	return chosen, chosen.add(args)
}

// ofSpec returns the file of --spec.
func (c *sumCall) ofSpec(args []string) (*chosenFiles, error) {
	if len(args) > 1 {
		return nil, usagef("--spec takes one NAME, got %d", len(args))
	}
	s, err := spec.ParseName(c.spec)
	if err != nil {
		return nil, usagef("--spec %q: %w", c.spec, err)
	}
	h, err := c.flags.view.options(c.flags.seed.value)
	if err != nil {
		return nil, err
	}
	s = h.History.Of(s, spec.Billion/2).Member(0, 1)
	if !s.HasSeed {
		s.HasSeed, s.Seed = true, gen.DeriveSeed(c.flags.seed.value, spec.SeedName(c.spec))
	}
	file := sum.File{Name: c.spec, Spec: s}
	if len(args) == 1 {
		file.Name = args[0]
	}
	if strings.ContainsRune(file.Name, 0) || file.Name == "" {
		return nil, usagef("NAME %q: not a name of a file", file.Name)
	}
	return &chosenFiles{one: &file, total: s.Size}, nil
}

var errNoMatch = errors.New("no file matches")
