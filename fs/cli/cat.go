package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/bytesize"
	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/dgenfs/dgenfs/fs/corrupt"
	"github.com/dgenfs/dgenfs/fs/spec"
)

// catBuffer is what is generated and written at a time, in bytes: small enough to
// stay in a core's cache.
const catBuffer = 1 << 20

func catCommand() help.Command {
	f := newFlags("cat")
	var offset, length int64 = 0, -1
	var seed uint64
	parsed(f, &seed, "seed", "0", "", spec.ParseSeed, "`SEED` of the mount; has no effect if the SPEC has one")
	parsed(f, &offset, "offset", "0", "", bytesize.Parse, "start at this `SIZE` from the beginning")
	parsed(f, &length, "length", "", "", bytesize.Parse, "end after this `SIZE` (default: at the end of the file)")
	withProgress := f.Bool("progress", false, "print on standard error how far it is (default: if that is a terminal and the output is not)")
	return help.Command{
		Name:    "cat",
		Usage:   "dgenfs cat [flags] SPEC",
		Summary: "write the bytes of a file to standard output",
		Text: `Writes the bytes of a file to standard output, without a mount: those that the
name SPEC has in the root of a mount with the same --seed, and no --generation. For
the bytes of any other file, give the SPEC that its attribute user.dgenfs.spec holds.
With corrupt= in the SPEC, these are the bytes that a reader gets.
`,
		Flags:   f,
		Operand: help.Spec,
		Run: func(args []string, stdout, stderr io.Writer) error {
			if len(args) != 1 {
				return usagef("cat takes one SPEC, got %d arguments; see dgenfs cat --help", len(args))
			}
			s, err := spec.ParseName(args[0])
			if err != nil {
				return usagef("spec %q: %w", args[0], err)
			}
			damage := s.Trouble.Corrupt
			s.Trouble.Corrupt = spec.Corrupt{}
			if s, err = seeded(args[0], s, seed); err != nil {
				return err
			}
			s.Trouble.Corrupt = damage
			if err := s.CheckStale(); err != nil {
				return usagef("spec %q: %w", args[0], err)
			}
			c := s.Config()
			c.Threads = 1 // one makes more than a pipe takes
			r, err := s.Open(c)
			if err == nil && damage != (spec.Corrupt{}) {
				r, err = corrupt.NewReader(s, r)
			}
			if err != nil {
				return err
			}
			defer r.Close()
			if offset > s.Size {
				return usagef("--offset %s: beyond the end of the file, %s", bytesize.Format(offset), bytesize.Format(s.Size))
			}
			if rest := s.Size - offset; length < 0 {
				length = rest
			} else if length > rest {
				return usagef("--length %s: only %s follow the offset %s", bytesize.Format(length), bytesize.Format(rest), bytesize.Format(offset))
			}
			p := &progress{}
			if *withProgress || !f.Changed("progress") && isTerminal(stderr) && !isTerminal(stdout) {
				p = newProgress(stderr)
			}
			defer p.end()
			w := &reportingWriter{w: stdout, report: func(done int64) { p.report(args[0], done, length) }}
			_, err = io.CopyBuffer(w, io.NewSectionReader(r, offset, length), make([]byte, catBuffer))
			return written(err)
		},
	}
}

// reportingWriter reports how many bytes were written. It hides the ReadFrom of w, which
// would choose a small buffer.
type reportingWriter struct {
	w      io.Writer
	done   int64
	report func(done int64)
}

func (w *reportingWriter) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	w.done += int64(n)
	w.report(w.done)
	return n, err
}

// checkNoTrouble returns an error if a spec has keys that have no effect without a
// mount.
func checkNoTrouble(s spec.Spec) error {
	keys := slices.Concat(s.Trouble.Keys(), s.Attributes.Keys())
	if keys == nil {
		return nil
	}
	return fmt.Errorf("%s= is about a file in a mount, not about its bytes; leave it out, as a file's attribute user.dgenfs.spec does", strings.Join(keys, "=, "))
}
