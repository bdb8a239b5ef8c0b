// Package cli is the command line of dgenfs: its commands and their flags.
package cli

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/dgenfs/dgenfs/fs/treefile"
	"github.com/dgenfs/dgenfs/gen"
	"github.com/spf13/pflag"
)

// Exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// Main does what a command line says, args[0] being the program's name, and returns
// the exit status.
func Main(args []string, stdout, stderr io.Writer) int {
	if isHelper(args[0]) {
		return runHelper(args[1:], stdout, stderr)
	}
	return run(args[1:], stdout, stderr)
}

// commandFunc is what a first argument stands for.
type commandFunc func(args []string, stdout, stderr io.Writer) error

// commands maps the first argument to what it does; mount is the default. It is
// a function because some of the commands tell about all of them.
func commands() map[string]commandFunc {
	return map[string]commandFunc{
		"mount":      mountCommand,
		"umount":     umountCommand,
		"run":        runCommand,
		"cat":        catCommand,
		"bench":      benchCommand,
		"measure":    measureCommand,
		"topology":   topologyCommand,
		"tree":       treeCommand,
		"completion": completionCommand,
		"man":        manCommand,
		"version":    versionCommand,
	}
}

const usage = `dgenfs mounts a directory of files that do not exist: their bytes are generated
while they are read.

  dgenfs [mount] [flags] [SOURCE] MOUNTPOINT   mount, and return when the mount answers
  dgenfs umount [--lazy] MOUNTPOINT            unmount
  dgenfs run [flags] -- CMD ARG...             mount somewhere temporary, run CMD, unmount
  dgenfs cat [flags] SPEC                      write the bytes of a file to standard output
  dgenfs measure [flags] SPEC|FILE...          tell how data deduplicates and compresses
  dgenfs bench [flags]                         measure the generator
  dgenfs tree [flags]                          print the tree file of a mount with these flags
  dgenfs topology [flags]                      print the machine's memory nodes, and which would be used
  dgenfs completion bash|zsh|fish              print what completes command lines in this shell
  dgenfs man                                   print the manual page
  dgenfs version                               print the versions

A file is described by a SPEC: its SIZE, and keys after commas.

  64G                          random bytes; K M G T P E are powers of 1024, KB MB .. of 1000
  64G,seed=7                   one of 2^64 unrelated streams
  64G,dedup=3,unit=128K        a third of its units of 128K are distinct (default: 1, 128K)
  64G,dedup=3,skew=4           some of them far more often than others (0 to 8, default: 0)
  64K,dedup=3,scope=group      of all files of one --file together (default: scope=file)
  64G,compress=2               every block of 4K or more compresses 2:1 (default: 1)
  64G,rate=500M                500M a second for all readers together, through a mount (default: no limit)
  64G,latency=2ms              every read request takes 2 ms at least; us, ms or s
  64G,fail=eio@1G+4K           reads fail that touch this range, or, with fail=eio:0.001%, any of
                               this share of the cells of 4K
  64G,generation=3,change=2%   a file of which 2% change from one generation to the next, the third time

For many files, sizes may be drawn, and total= may say how many there are:

  4K..1M                       log-uniform between the two
  lognormal:64K:1.5            log-normal, of this median and sigma
  dgenfs --file 'mail/{0..}/{000..}.eml:lognormal:12K:1.4,total=1T' /mnt/mail
  dgenfs --preset home --total 1T /mnt/home

In the root of every mount, any name that is a SPEC exists:

  dgenfs /mnt/synth
  dd if=/mnt/synth/64G,dedup=3 of=/dev/null bs=1M

The flags of a command: dgenfs COMMAND --help.
Exit status: 0 done, 1 the work failed, 2 wrong usage.
`

// run does what the arguments say and returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return exitUsage
	}
	if args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		fmt.Fprint(stdout, usage)
		return exitDone
	}
	command, ok := commands()[args[0]]
	if ok {
		args = args[1:]
	} else {
		command = mountCommand
	}
	return exitStatus(command(args, stdout, stderr), stderr)
}

// exitStatus prints an error and returns the status that goes with it.
func exitStatus(err error, stderr io.Writer) int {
	var code exitCode
	var wrong usageError
	switch {
	case err == nil, errors.Is(err, pflag.ErrHelp):
		return exitDone
	case errors.As(err, &code):
		return int(code)
	}
	printError(err, stderr)
	if errors.As(err, &wrong) {
		return exitUsage
	}
	return exitFailed
}

// printError prints an error as one line, also where a path or a flag in it has
// more, or a line for each of many.
func printError(err error, stderr io.Writer) {
	var many treefile.Errors
	if errors.As(err, &many) {
		for line := range strings.SplitSeq(many.Error(), "\n") {
			fmt.Fprintf(stderr, "dgenfs: %s\n", line)
		}
		return
	}
	fmt.Fprintf(stderr, "dgenfs: %s\n", strings.ReplaceAll(err.Error(), "\n", `\n`))
}

// usageError is an error in what the user asked for.
type usageError struct{ error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

func (e usageError) Unwrap() error { return e.error }

// exitCode is an error that was told already, or is somebody else's: the exit
// status of the command that was run.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit status %d", int(c)) }

// newFlags returns an empty flag set for a command. synopsis is what --help
// prints before the flags.
func newFlags(name, synopsis string, stdout io.Writer) *pflag.FlagSet {
	f := pflag.NewFlagSet(name, pflag.ContinueOnError)
	f.SetOutput(io.Discard) // errors are returned, and printed once
	f.SortFlags = false
	f.Usage = func() {
		if table, ok := stdout.(*helpTable); ok {
			table.add(synopsis, f)
			return
		}
		fmt.Fprint(stdout, synopsis)
		if flags := f.FlagUsages(); flags != "" {
			fmt.Fprintf(stdout, "\nFlags:\n%s", flags)
		}
	}
	return f
}

// parse parses a command's arguments. It returns pflag.ErrHelp after --help.
func parse(f *pflag.FlagSet, args []string) error {
	err := f.Parse(args)
	if err != nil && !errors.Is(err, pflag.ErrHelp) {
		return usagef("%w; see dgenfs %s --help", err, f.Name())
	}
	return err
}

func versionCommand(args []string, stdout, _ io.Writer) error {
	f := newFlags("version", "dgenfs version\n\nPrints the version of the program and of the stream: equal stream versions mean\nequal bytes.\n", stdout)
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return usagef("version takes no arguments, got %q", f.Arg(0))
	}
	_, err := fmt.Fprintln(stdout, versionText())
	return err
}

// versionText says in three lines what this program is.
func versionText() string {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				version += " " + s.Value
			}
		}
	}
	return fmt.Sprintf("dgenfs %s\nstream version %d\n%s %s/%s", version, gen.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
