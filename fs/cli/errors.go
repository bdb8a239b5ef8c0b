package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dgenfs/dgenfs/fs/cli/exit"
	"github.com/dgenfs/dgenfs/fs/cli/printable"
	"github.com/dgenfs/dgenfs/fs/treefile"
)

// usageError is an error in what the user asked for.
type usageError struct{ error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

func (e usageError) Unwrap() error { return e.error }

// exitCode is an error that was already printed, or somebody else's: the exit
// status of the command that was run.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit status %d", int(c)) }

// exitStatus prints an error and returns the status that goes with it.
func exitStatus(err error, stderr io.Writer) int {
	var code exitCode
	var wrong usageError
	switch {
	case err == nil:
		return exit.Done
	case errors.As(err, &code):
		return int(code)
	}
	printError(err, stderr)
	if errors.As(err, &wrong) {
		return exit.Usage
	}
	return exit.Failed
}

// printError prints an error as one line, or as one for each line of a tree file
// that is wrong. What is quoted in it may be anything.
func printError(err error, stderr io.Writer) {
	lines := []string{err.Error()}
	var many treefile.Errors
	if errors.As(err, &many) {
		lines = strings.Split(many.Error(), "\n")
	}
	for _, line := range lines {
		fmt.Fprintln(stderr, printable.Line("dgenfs: "+line))
	}
}
