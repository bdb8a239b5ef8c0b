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
	parsed(f, &sample, "sample", "64M", "", bytesize.Parse, "compress at most this `SIZE`")
	against := f.String("against", "", "compare with the bytes of `SPEC`")
	return help.Command{
		Name:    "measure",
		Usage:   "dgenfs measure [flags] SPEC|FILE...",
		Summary: "measure how data deduplicates and compresses",
		Text: `Reads every argument through, and all of them as one store would, and prints:

  - for blocks of 4K to 1M, how many there are, how many of them are distinct,
    and by how much they shrink: by deduplication, by deflate (level 6), and by
    both;
  - the ratio of several codecs for blocks of 4K to 1M, of all blocks and the
    percentiles of single ones;
  - how chunks deduplicate that are cut by content (FastCDC), of three average
    sizes;
  - the entropy of single bytes, and the share of blocks of 4K that are all zero.

A path that exists is a FILE; anything else must be a SPEC, whose bytes are those of
dgenfs cat, made without a mount. With --against, a table has what was found, of all
arguments together, beside what SPEC comes to: whether a spec behaves like the data
that it stands for.

Every block is compressed alone, and none stored larger than it is. The codecs are Go
libraries: zstd -1 and -3, lz4, snappy, deflate and Huffman codes without matches come
near to those in C, but are not the same. Blocks count from the beginning of each
argument; the rest at its end that does not fill a block is left out. Of each argument
and size of block, at most --sample is compressed, spread evenly, and one block at
least: the columns "deflated" and "sampled" say how much.

Memory: up to a gigabyte, whatever is measured, and twice that with several arguments.
Beyond a million distinct blocks of a size, one in two, four ... is counted, by its
hash; such numbers have a "~" and are within about 0.5 %.
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
			options := measure.Options{Sample: sample, Workers: runtime.GOMAXPROCS(0), Progress: progressTo(stderr)}
			if f.Changed("against") {
				s, err := specSource(*against, seed)
				if err != nil {
					return usagef("--against %q: %w", *against, err)
				}
				options.Against = &s
			}
			report, err := measure.Run(sources, options)
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
	s, err := specSource(arg, seed)
	if err != nil && !errors.Is(missing, iofs.ErrNotExist) {
		err = errors.Unwrap(missing)
	}
	if err != nil {
		return measure.Source{}, usagef("%q: not a file, and not a SPEC: %w", arg, err)
	}
	return s, nil
}

// specSource returns what a spec stands for.
func specSource(arg string, seed uint64) (measure.Source, error) {
	s, err := spec.ParseName(arg)
	if err != nil {
		return measure.Source{}, err
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
