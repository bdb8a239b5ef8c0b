package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/dgenfs/dgenfs/fs"
	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/dgenfs/dgenfs/gen"
)

// The commands that are about the program itself.

func versionCommand() help.Command {
	return help.Command{
		Name:    "version",
		Usage:   "dgenfs version",
		Summary: "print the versions",
		Text: `Prints the version of the program and of the stream: equal stream versions mean
equal bytes.
`,
		Flags: newFlags("version"),
		Run: func(args []string, stdout, _ io.Writer) error {
			if err := noArguments("version", args); err != nil {
				return err
			}
			_, err := fmt.Fprintln(stdout, versionText())
			return err
		},
	}
}

// versionText returns three lines: the program, the stream, and what it was built
// with.
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
	return fmt.Sprintf("dgenfs %s\nstream version %d, and %d (draft) with textures, mixtures or runs\n%s %s/%s", version, gen.Version, gen.DraftVersion, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func manCommand() help.Command {
	return help.Command{
		Name:    "man",
		Usage:   "dgenfs man",
		Summary: "print the manual page",
		Text: `Prints the manual page, made from the same table of flags as --help. To keep it,
write it to /usr/local/share/man/man1/dgenfs.1; to read it now:

  dgenfs man | man -l -
`,
		Flags: newFlags("man"),
		Run: func(args []string, stdout, _ io.Writer) error {
			if err := noArguments("man", args); err != nil {
				return err
			}
			return written(help.Man(stdout, commands()))
		},
	}
}

func helpCommand() help.Command {
	return help.Command{
		Name:    "help",
		Usage:   "dgenfs help [COMMAND]",
		Summary: "print the help of a command, or this",
		Text: `Prints what COMMAND does, and its flags, as dgenfs COMMAND --help does; without a
COMMAND, which ones there are, and what a SPEC is.
`,
		Flags:   newFlags("help"),
		Operand: help.Topic,
		Run: func(args []string, stdout, _ io.Writer) error {
			all := commands()
			switch len(args) {
			case 0:
				return written(help.Usage(stdout, all))
			case 1:
			default:
				return usagef("help takes one COMMAND, got %d", len(args))
			}
			for _, c := range all {
				if c.Name == args[0] && !c.Hidden {
					return written(c.Print(stdout))
				}
			}
			hint := ""
			if command := commandMeant(args[0]); command != "" {
				hint = "; did you mean " + command + "?"
			}
			return usagef("help %s: there is no such command%s", args[0], hint)
		},
	}
}

func completionCommand() help.Command {
	return help.Command{
		Name:    "completion",
		Usage:   "dgenfs completion bash|zsh|fish",
		Summary: "print a script that completes command lines in this shell",
		Text: `Prints a script that completes command lines of dgenfs in a shell: commands,
flags, values that are choices, options after -o, keys of a SPEC, directories to
mount on, and what is mounted, to unmount. To load it, in bash, zsh, and fish:

  source <(dgenfs completion bash)
  source <(dgenfs completion zsh)
  dgenfs completion fish | source

To keep it, write it to /usr/share/bash-completion/completions/dgenfs, to
/usr/share/zsh/site-functions/_dgenfs, or to
/usr/share/fish/vendor_completions.d/dgenfs.fish.
`,
		Flags:   newFlags("completion"),
		Operand: help.Shell,
		Run: func(args []string, stdout, _ io.Writer) error {
			if len(args) != 1 {
				return usagef("completion takes one shell, %s, got %d arguments", help.OrList(help.Shells), len(args))
			}
			script, ok := help.Script(args[0])
			if !ok {
				return usagef("completion %q: must be %s", args[0], help.OrList(help.Shells))
			}
			_, err := io.WriteString(stdout, script)
			return written(err)
		},
	}
}

// completeCommand is what the scripts of completion call.
func completeCommand() help.Command {
	return help.Command{
		Name:   "__complete",
		Hidden: true,
		Flags:  newFlags("__complete"),
		Run: func(args []string, stdout, _ io.Writer) error {
			return help.Completer{Commands: commands(), Mounts: mountPoints}.Run(args, stdout)
		},
	}
}

// mountPoints returns the mount points of this program, none if they cannot be found
// out. It touches no mount: its server may hang.
func mountPoints() (paths []string) {
	mounts, _ := fs.Mounts()
	for _, m := range mounts {
		paths = append(paths, m.Path)
	}
	return paths
}

// written says of an error that it is about writing to standard output.
func written(err error) error {
	if err != nil {
		err = fmt.Errorf("writing to standard output: %w", err)
	}
	return err
}
