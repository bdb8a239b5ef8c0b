// Package help describes the commands of the program: one table of them gives
// --help, the manual page and the completion of command lines, so that these agree
// with each other and with what is parsed.
//
// The first command of a table is the default: the one that is meant if the first
// argument of the program is not the name of a command.
//
// Nothing here has state: everything may be used concurrently.
package help

import (
	"io"
	"slices"

	"github.com/spf13/pflag"
)

// Command is a row of the table of commands.
type Command struct {
	Name    string         // the first argument of the program
	Usage   string         // one line: dgenfs NAME [flags] OPERAND...
	Summary string         // a few words, for lists of commands
	Text    string         // paragraphs; those that are indented by two blanks are examples
	Flags   *pflag.FlagSet // without --help, which every command has
	Operand Kind           // what its arguments are, for completion
	Hidden  bool           // not for people: neither listed nor completed

	// Run does the work, with the arguments that are left when Flags has parsed
	// the command line.
	Run func(args []string, stdout, stderr io.Writer) error
}

// visible returns the commands that people are told about.
func visible(commands []Command) []Command {
	return slices.DeleteFunc(slices.Clone(commands), func(c Command) bool { return c.Hidden })
}

// Kind is what a word on the command line stands for, and so how it is completed.
// The value of a flag has the kind that its Type method names; if it has a method
// Choices() []string, it is completed by these words instead.
type Kind string

const (
	File      Kind = "file"
	Directory Kind = "directory"
	Mount     Kind = "mount"   // a mount point of this program
	Spec      Kind = "spec"    // completed by its keys
	Options   Kind = "options" // a list of mount options, of -o
	Program   Kind = "program" // another program and, after it, that one's arguments
	Shell     Kind = "shell"   // for which there is a completion script
	Topic     Kind = "topic"   // a command that there is help on
)
