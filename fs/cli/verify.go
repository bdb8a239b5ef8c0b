package cli

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/dgenfs/dgenfs/fs/cli/exit"
	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/dgenfs/dgenfs/fs/cli/printable"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/verify"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"
)

func verifyCommand() help.Command {
	c := &verifyCall{set: newFlags("verify")}
	f := c.set
	c.flags.add(f)
	parsed(f, &c.spec, "spec", "", help.Spec, unchecked, "PATH is a copy of the file `SPEC` in the root of the mount")
	parsed(f, &c.at, "at", "", "", unchecked, "PATH is a copy of this `FILE` or directory of the mount (default: a directory is that of the whole mount; a file is the one that its path ends with)")
	f.BoolVar(&c.cached, "cached", false, "read through the page cache, which may have what the storage has not")
	parsed(f, &c.quick, "quick", "", "", parseQuick, "compare only this share, `P%`, of the data; sizes and names are compared of all files")
	parsed(f, &c.quickSeed, "quick-seed", "", "", spec.ParseSeed, "which share --quick compares, a `SEED` (default: drawn, and printed)")
	parsed(f, &c.maxErrors, "max-errors", "", "", whole(1, 1<<62), "stop after `N` findings")
	parsed(f, &c.resume, "resume", "", help.File, unchecked, "write to `FILE` every ten seconds how far it is, and go on from there if it exists; it is removed at the end")
	f.BoolVar(&c.json, "json", false, "print JSON")
	f.Lookup("threads").Usage = "compare `N` parts of files at once (default: the number of CPUs)"
	f.Lookup("log").Usage = "append a line for every finding to `FILE`"
	return help.Command{
		Name:    "verify",
		Usage:   "dgenfs verify [flags] PATH...",
		Summary: "compare a copy with what was generated",
		Text: `Compares copies with the files that a mount with the same flags shows, without a
mount. A PATH is the copy of the whole mount, a directory; or of a file of it, whose
path it ends with; or a file whose name is a SPEC. It may be a block device. Names, types,
sizes, contents and the targets of symbolic links are compared; times, owners and modes
are not. Symbolic links in it are not followed.

  dgenfs verify --preset home --total 100G /backup/restored
  dgenfs verify --spec 64G,dedup=3,seed=7 /dev/sdx
  dgenfs verify /backup/64G,seed=7

What differs is explained: zeros, flipped bits, data that are shifted, of another
place, of another seed or of an older generation, and so on. The first hundred runs
are printed, and how many there are of each kind; --log has all. A picture shows
where in the file they are.

Reads bypass the page cache where the file system supports O_DIRECT; elsewhere, what
is cached of a file is dropped first, as far as the kernel does that.

Exit status: 0 all equal, 1 something differs, 2 wrong usage, 3 something could not be
read, or the command was interrupted, and nothing differs in the rest.
`,
		Flags:   f,
		Operand: help.File,
		Run:     c.run,
	}
}

// verifyCall is a call of the command verify, whose arguments are being parsed.
type verifyCall struct {
	set       *pflag.FlagSet
	flags     mountFlags
	spec, at  string
	cached    bool
	quick     uint64
	quickSeed uint64
	maxErrors uint64
	resume    string
	json      bool
}

// maxVerifiers is more than any storage needs to be kept busy.
const maxVerifiers = 1024

// parseQuick reads the share that --quick compares.
func parseQuick(text string) (uint64, error) {
	share, err := spec.ParseShare(text)
	if err == nil && share == 0 {
		err = errors.New("must be above 0%")
	}
	return share, err
}

func (c *verifyCall) run(args []string, stdout, stderr io.Writer) error {
	o, err := c.options(args, stderr)
	if err != nil {
		return err
	}
	if err := o.Check(); err != nil {
		if errors.Is(err, verify.ErrNotFound) && !c.set.Changed("spec") && !c.set.Changed("at") {
			err = fmt.Errorf("%w; give --spec, or --at and its path in the mount", err)
		}
		if below := (*verify.BelowError)(nil); errors.As(err, &below) {
			err = fmt.Errorf("%w; give --at %q, or --at / for the root", err, below.Dir)
		}
		return usageError{err}
	}
	if c.set.Changed("log") {
		log, err := os.OpenFile(c.flags.log, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
		if err != nil {
			return usagef("--log %s: %w", c.flags.log, errors.Unwrap(err))
		}
		defer log.Close()
		o.Log = log
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	done := make(chan struct{})
	stopped := c.showProgress(&o, stderr, done)
	report, err := verify.Compare(ctx, o)
	close(done)
	<-stopped
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	if c.json {
		err = printReport(stdout, jsonReport{report}, true)
	} else {
		err = report.Print(stdout, printable.Line)
	}
	if err != nil {
		return written(err)
	}
	switch {
	case report.Differs():
		return exitCode(exit.Failed)
	case report.Unread():
		return exitCode(exit.Unread)
	}
	return nil
}

// jsonReport is a report that is printed as JSON.
type jsonReport struct{ *verify.Report }

func (r jsonReport) Print(w io.Writer) error { return r.Report.Print(w, printable.Line) }

// saysFiles reports whether flags say which files there are.
func (c *verifyCall) saysFiles() bool {
	return slices.ContainsFunc([]string{"size", "files", "file", "tree", "preset"}, c.set.Changed)
}

// options returns what the command line means. Its errors are the user's.
func (c *verifyCall) options(args []string, stderr io.Writer) (verify.Options, error) {
	if len(args) == 0 {
		return verify.Options{}, usagef("verify takes the PATH of a copy, or several; see dgenfs verify --help")
	}
	for _, name := range []string{"spec", "at"} {
		if c.set.Changed(name) && len(args) > 1 {
			return verify.Options{}, usagef("--%s: is about one PATH, got %d", name, len(args))
		}
	}
	if c.set.Changed("spec") && c.set.Changed("at") {
		return verify.Options{}, usagef("--spec and --at exclude each other")
	}
	if c.set.Changed("spec") {
		if _, err := spec.ParseName(c.spec); err != nil {
			return verify.Options{}, usagef("--spec %q: %w", c.spec, err)
		}
	}
	if c.set.Changed("quick-seed") && !c.set.Changed("quick") {
		return verify.Options{}, usagef("--quick-seed: needs --quick, the share to compare")
	}
	if c.flags.seed.drawn {
		return verify.Options{}, usagef("--seed random: needs the seed that the mount has printed")
	}
	n, err := c.flags.contents()
	if err != nil {
		return verify.Options{}, err
	}
	n.printRounded(stderr)
	o := verify.Options{
		Tree: n.tree, Seed: n.seed.value, Cached: c.cached, Workers: runtime.GOMAXPROCS(0),
		Quick: c.quick, QuickSeed: c.quickSeed, MaxErrors: int64(c.maxErrors), Resume: c.resume,
		Printable: printable.Line, Progress: &verify.Progress{},
		Fingerprint: c.fingerprint(args, n.treeText),
	}
	if c.set.Changed("threads") {
		if n := c.flags.numa.threads; n < 1 || n > maxVerifiers {
			return o, usagef("--threads %d: must be from 1 to %d", n, maxVerifiers)
		}
		o.Workers = int(c.flags.numa.threads)
	}
	if c.set.Changed("quick") && !c.set.Changed("quick-seed") {
		o.QuickSeed = rand.Uint64()
	}
	for _, path := range args {
		if path == "" {
			return o, usagef(`"": must be the path of a copy`)
		}
		if info, err := os.Stat(path); err == nil && info.IsDir() && !c.saysFiles() {
			return o, usagef("%s: a directory; give the flags of the mount that say which files there are, such as --file, --tree or --preset, or the files in it whose names are SPECs", path)
		}
		o.Targets = append(o.Targets, verify.Target{Path: path, Spec: c.spec, At: c.at})
	}
	if c.resume != "" {
		if _, err := os.Stat(filepath.Dir(c.resume)); err != nil {
			return o, usagef("--resume %s: %w", c.resume, errors.Unwrap(err))
		}
	}
	return o, nil
}

// fingerprint is equal for command lines that may go on with each other's --resume.
func (c *verifyCall) fingerprint(args []string, treeText []byte) string {
	var b strings.Builder
	c.set.Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "resume", "log", "json", "threads", "max-errors", "cached":
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		fmt.Fprintf(&b, "--%s=%q ", f.Name, values)
	})
	fmt.Fprintf(&b, "%q %x", args, sha256.Sum256(treeText))
	return b.String()
}

// progressEach is how often progress is printed where nobody watches it.
const progressEach = time.Minute

// showProgress prints how far it is until done is closed: on a terminal, a line that
// overwrites itself; elsewhere, a line a minute.
func (c *verifyCall) showProgress(o *verify.Options, stderr io.Writer, done <-chan struct{}) (stopped <-chan struct{}) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		total := o.Total()
		every, p := progressEach, &progress{}
		if isTerminal(stderr) {
			every, p = progressEvery, newProgress(stderr)
		}
		start := time.Now()
		tick := time.NewTicker(every)
		defer tick.Stop()
		defer p.end()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			bytes := o.Progress.Bytes.Load()
			what := plural(uint64(o.Progress.Files.Load()), "file", "files")
			if p.w != nil {
				p.report(what, bytes, max(total, bytes))
				continue
			}
			rate := float64(bytes) / time.Since(start).Seconds()
			left := time.Duration(float64(max(0, total-bytes)) / max(rate, 1) * float64(time.Second)).Round(time.Second)
			fmt.Fprintf(stderr, "dgenfs: verify: %s, %s of %s, %s/s, %v left\n", what, bytesText(float64(bytes)), bytesText(float64(total)), bytesText(rate), left)
		}
	}()
	return ended
}
