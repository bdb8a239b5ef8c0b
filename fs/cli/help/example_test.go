package help_test

import (
	"os"

	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/spf13/pflag"
)

func Example() {
	flags := pflag.NewFlagSet("cat", pflag.ContinueOnError)
	flags.String("seed", "0", "seed of the mount, a `NUMBER`; not used if the SPEC has a seed")
	commands := []help.Command{{
		Name:    "cat",
		Usage:   "dgenfs cat [flags] SPEC",
		Summary: "write the bytes of a file to standard output",
		Text:    "Writes the bytes of a file to standard output, without a mount.\n",
		Flags:   flags,
		Operand: help.Spec,
	}}
	commands[0].Print(os.Stdout)
	help.Completer{Commands: commands}.Complete(os.Stdout, []string{"cat", "64G,com"})
	// Output:
	// dgenfs cat [flags] SPEC
	//
	// Writes the bytes of a file to standard output, without a mount.
	//
	// Flags:
	//       --seed NUMBER   seed of the mount, a NUMBER; not used if the SPEC has a seed
	//   -h, --help          print this help
	// 64G,compress=	compression ratio, 1 to 100 (default: 1)
	// :nospace
}
