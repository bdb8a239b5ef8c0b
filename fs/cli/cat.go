package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen"
)

// catBuffer is what is generated and written at a time, in bytes: little enough
// to stay in a core's cache.
const catBuffer = 1 << 20

const catSynopsis = `dgenfs cat [flags] SPEC

Writes the bytes of a file to standard output, without a mount: those that the
name SPEC has in the root of a mount with the same --seed. For the bytes of any
other file, give the spec that its attribute user.dgenfs.spec holds.
`

func catCommand(args []string, stdout, _ io.Writer) error {
	f := newFlags("cat", catSynopsis, stdout)
	var offset, length, seed string
	f.StringVar(&seed, "seed", "0", "`SEED` of the mount; has no effect if the SPEC has one")
	f.StringVar(&offset, "offset", "0", "start at this `SIZE` from the beginning")
	f.StringVar(&length, "length", "", "end after this `SIZE` (default: at the end of the file)")
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() != 1 {
		return usagef("cat takes one SPEC, got %d arguments; see dgenfs cat --help", f.NArg())
	}
	s, err := spec.Parse(f.Arg(0))
	if err != nil {
		return usagef("spec %q: %w", f.Arg(0), err)
	}
	if err := checkNoTrouble(s); err != nil {
		return usagef("spec %q: %w", f.Arg(0), err)
	}
	from, err := spec.ParseSize(offset)
	if err != nil {
		return usagef("--offset: %w", err)
	}
	if from > s.Size {
		return usagef("--offset %s: beyond the end of the file, %s", offset, spec.FormatSize(s.Size))
	}
	rest := s.Size - from
	if f.Changed("length") {
		n, err := spec.ParseSize(length)
		if err != nil {
			return usagef("--length: %w", err)
		}
		if n > rest {
			return usagef("--length %s: only %s follow the offset %s", length, spec.FormatSize(rest), offset)
		}
		rest = n
	}
	common, err := spec.ParseSeed(seed)
	if err != nil {
		return usagef("--seed: %w", err)
	}
	if !s.HasSeed {
		s.Seed = gen.DeriveSeed(common, spec.SeedName(f.Arg(0)))
	}
	c := s.Config()
	c.Threads = 1 // a pipe takes a fraction of what one makes
	g, err := gen.New(c)
	if err != nil {
		return err
	}
	defer g.Close()
	// Not the writer's own ReadFrom, which would choose a small buffer.
	w := struct{ io.Writer }{stdout}
	if _, err := io.CopyBuffer(w, io.NewSectionReader(g, from, rest), make([]byte, catBuffer)); err != nil {
		return fmt.Errorf("writing to standard output: %w", err)
	}
	return nil
}

// checkNoTrouble returns an error if a spec has keys that have no effect without a
// mount.
func checkNoTrouble(s spec.Spec) error {
	keys := s.Trouble.Keys()
	if keys == nil {
		return nil
	}
	return fmt.Errorf("%s= is about reading through a mount, not about the bytes; leave it out, as a file's attribute user.dgenfs.spec does", strings.Join(keys, "=, "))
}
