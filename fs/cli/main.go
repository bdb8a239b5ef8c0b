// Package cli is the command line of dgenfs: its commands, and the flags that they
// have. What a command does is in the packages below, and in fs, gen and numa; here
// it is put together. It alone knows numa and pflag.
package cli

import (
	"errors"
	"io"

	"github.com/dgenfs/dgenfs/fs/cli/exit"
	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/spf13/pflag"
)

// programName is what a server in the background is shown as.
const programName = "dgenfs"

// Main does what a command line says, args[0] being the name of the program, and
// returns the exit status.
func Main(args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && isMountHelper(args[0]) {
		return runMountHelper(args[1:], stdout, stderr)
	}
	return run(args[min(1, len(args)):], stdout, stderr)
}

// commands returns the table of commands. It is built each time, as the flags
// in it are parsed once. The first one is the default.
func commands() []help.Command {
	return []help.Command{
		mountCommand(),
		umountCommand(),
		listCommand(),
		topCommand(),
		runCommand(),
		catCommand(),
		sumCommand(),
		verifyCommand(),
		measureCommand(),
		benchCommand(),
		treeCommand(),
		topologyCommand(),
		completionCommand(),
		manCommand(),
		versionCommand(),
		helpCommand(),
		serveCommand(),
		completeCommand(),
		probeCommand(),
	}
}

// run does what arguments say and returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	all := commands()
	if len(args) == 0 {
		help.Usage(stderr, all)
		return exit.Usage
	}
	switch args[0] {
	case "--help", "-h":
		args = append([]string{"help"}, args[1:]...)
	case "--version", "-V":
		args = append([]string{"version"}, args[1:]...)
	}
	command := all[0]
	for _, c := range all {
		if c.Name == args[0] {
			command, args = c, args[1:]
			break
		}
	}
	err := parse(command.Flags, args)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		err = command.Print(stdout)
	case err == nil:
		err = command.Run(command.Flags.Args(), stdout, stderr)
	}
	return exitStatus(err, stderr)
}

// newFlags returns an empty flag set for a command.
func newFlags(command string) *pflag.FlagSet {
	f := pflag.NewFlagSet(command, pflag.ContinueOnError)
	f.SortFlags = false
	f.Usage = func() {}     // run prints it
	f.SetOutput(io.Discard) // errors are returned, and printed once
	return f
}

// noArguments returns an error if there are any, for a command that takes none.
func noArguments(command string, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no arguments, got %q; see dgenfs %s --help", command, args[0], command)
	}
	return nil
}
