package cli

import (
	"errors"
	"io"
	iofs "io/fs"
	"os"
	"runtime"

	"github.com/dgenfs/dgenfs/fs/bytesize"
	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/dgenfs/dgenfs/fs/cli/measure"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen"
)

func measureCommand() help.Command {
	f := newFlags("measure")
	var length, sample int64 = -1, 64 << 20
	var seed uint64
	asJSON := f.Bool("json", false, "print JSON")
	parsed(f, &seed, "seed", "0", "", spec.ParseSeed, "`SEED` of the mount, for each SPEC that has none")
	parsed(f, &length, "length", "", "", bytesize.Parse, "read this `SIZE` of each argument (default: all)")
	parsed(f, &sample, "sample", "64M", "", bytesize.Parse, "deflate at most this `SIZE`")
	return help.Command{
		Name:    "measure",
		Usage:   "dgenfs measure [flags] SPEC|FILE...",
		Summary: "measure how data deduplicates and compresses",
		Text: `Reads every argument through, and all of them as one store would, and prints for
blocks of 4K to 1M how many there are, how many of them are distinct, and by how
much they shrink: by deduplication, by deflate (level 6, every block alone, none
stored larger than it is), and by both. A path that exists is a FILE; anything
else must be a SPEC, whose bytes are those of dgenfs cat, made without a mount.

Blocks count from the beginning of each argument; the rest at its end that does
not fill a block is left out. Counts are exact. Of each argument and size of block,
at most --sample is deflated, spread evenly, and one block at least: the column
"deflated" says how much.

Memory: some 50 bytes for each distinct block of each size, 26G for 1T of
distinct data, and twice that with several arguments.
`,
		Flags:   f,
		Operand: help.File,
		Run: func(args []string, stdout, stderr io.Writer) error {
			if len(args) == 0 {
				return usagef("measure takes a SPEC or FILE, or several; see dgenfs measure --help")
			}
			var sources []measure.Source
			for _, arg := range args {
				s, err := measureSource(arg, seed)
				if err != nil {
					return err
				}
				if length > s.Size {
					return usagef("--length %s: %q has only %s", bytesize.Format(length), arg, bytesize.Format(s.Size))
				}
				if length >= 0 {
					s.Size = length
				}
				sources = append(sources, s)
			}
			report, err := measure.Run(sources, measure.Options{Sample: sample, Workers: runtime.GOMAXPROCS(0), Progress: progressTo(stderr)})
			if err != nil {
				return err
			}
			return printReport(stdout, report, *asJSON)
		},
	}
}

// measureSource returns what an argument stands for.
func measureSource(arg string, seed uint64) (measure.Source, error) {
	info, missing := os.Stat(arg)
	if missing == nil && !info.Mode().IsRegular() {
		return measure.Source{}, usagef("%q: must be a SPEC or a regular file", arg)
	}
	if missing == nil {
		return measure.Source{Name: arg, Kind: measure.File, Size: info.Size()}, nil
	}
	s, err := spec.ParseName(arg)
	if err != nil && !errors.Is(missing, iofs.ErrNotExist) {
		err = errors.Unwrap(missing)
	}
	if err != nil {
		return measure.Source{}, usagef("%q: not a file, and not a SPEC: %w", arg, err)
	}
	if s, err = seeded(arg, s, seed); err != nil {
		return measure.Source{}, err
	}
	return measure.Source{Name: arg, Kind: measure.Spec, Size: s.Size, Spec: s}, nil
}

// seeded returns the spec with its seed of the file whose name is a spec, in the root of
// a mount of a seed.
func seeded(name string, s spec.Spec, seed uint64) (spec.Spec, error) {
	if err := checkNoTrouble(s); err != nil {
		return s, usagef("spec %q: %w", name, err)
	}
	if !s.HasSeed {
		s.HasSeed, s.Seed = true, gen.DeriveSeed(seed, spec.SeedName(name))
	}
	return s, nil
}
