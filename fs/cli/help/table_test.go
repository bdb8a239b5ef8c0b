package help

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// value is a value of a flag, of some type.
type value struct{ text, kind string }

func (v *value) String() string     { return v.text }
func (v *value) Set(s string) error { v.text = s; return nil }
func (v *value) Type() string       { return v.kind }

// choice is a value that is one of a few.
type choice struct {
	value
	choices []string
}

func (c *choice) Choices() []string { return c.choices }

// list is a value of a flag that may be repeated.
type list struct {
	value
	all []string
}

func (l *list) Append(s string) error      { l.all = append(l.all, s); return nil }
func (l *list) Replace(all []string) error { l.all = all; return nil }
func (l *list) GetSlice() []string         { return l.all }

// table returns commands like those of the program.
func table() []Command {
	flags := func() *pflag.FlagSet {
		f := pflag.NewFlagSet("", pflag.ContinueOnError)
		f.SortFlags = false
		return f
	}
	trees := func() *pflag.FlagSet {
		f := flags()
		f.Var(&value{kind: "spec"}, "size", "size and keys of the file \"data\", a `SPEC`")
		f.Var(&list{value: value{kind: "spec"}}, "file", "a file, or many, `NAME:SPEC`; may be repeated")
		f.Var(&choice{choices: []string{"home", "mail"}}, "preset", "a tree file that is built in, `NAME`")
		return f
	}
	mounts := func() *pflag.FlagSet {
		f := trees()
		f.Var(&value{"0", "seed"}, "seed", "seed of all files, a number")
		f.Int("threads", 0, "use `N` CPUs (default: all)")
		f.Var(&value{}, "uid", "owner of the files (default: the user who mounts)")
		f.Bool("allow-other", false, "let other users in")
		f.Var(&choice{value{"auto", "transport"}, []string{"auto", "dev", "uring"}}, "transport", "how reads arrive: uring is FUSE over io_uring,\nfor Linux 6.14 and later where root has enabled it; auto takes it if it is available")
		f.Var(&choice{value{"auto", "numa"}, []string{"auto", "off", "force"}}, "numa", "keep memory near")
		f.String("numa-nodes", "", "use these nodes only, a `LIST` like 0,2-3")
		f.Var(&value{kind: "file"}, "log", "append errors to this file")
		f.VarP(&value{kind: "options"}, "options", "o", "flags as mount options, `OPT[,OPT]...`; a comma in a value is written \\,")
		return f
	}
	var t []Command
	add := func(usage, summary, text string, f *pflag.FlagSet, operand Kind) *Command {
		name := strings.Trim(strings.Fields(usage)[1], "[]")
		t = append(t, Command{Name: name, Usage: usage, Summary: summary, Text: text, Flags: f, Operand: operand})
		return &t[len(t)-1]
	}
	foreground := mounts()
	foreground.BoolP("foreground", "f", false, "stay in the foreground")
	foreground.Bool("secret", false, "not for people")
	foreground.MarkHidden("secret")
	add("dgenfs [mount] [flags] [SOURCE] MOUNTPOINT", "mount, and return when the mount answers", "Mounts.\n", foreground, Directory)
	lazy := flags()
	lazy.Bool("lazy", false, "detach it even if it is in use; open files can be read to their end")
	add("dgenfs umount [--lazy] MOUNTPOINT", "unmount", "Unmounts: it's gone.\n", lazy, Mount)
	add("dgenfs run [flags] -- CMD ARG...", "mount, run CMD, unmount", "Mounts somewhere temporary\nand runs CMD.\n\n  dgenfs run -- dd if={}/16G of=/dev/null bs=1M\n\nUnmounts.\n", mounts(), Program)
	cat := flags()
	cat.Var(&value{"0", "seed"}, "seed", "seed of the mount, a number")
	cat.String("offset", "0", "start at this `SIZE` from the beginning")
	cat.String("length", "", "end after this `SIZE`")
	add("dgenfs cat [flags] SPEC", "write the bytes of a file to standard output", "Writes bytes.\n", cat, Spec)
	add("dgenfs measure SPEC|FILE...", "measure how data compresses", "Measures.\n", nil, File)
	add("dgenfs tree [flags]", "print the tree file", "Prints a tree file.\n", trees(), "")
	add("dgenfs completion bash|zsh|fish", "print a completion script", "Prints a script.\n", flags(), Shell)
	add("dgenfs version", "print the version", "Prints the version.\n", flags(), "")
	add("dgenfs help [COMMAND]", "print help", "Prints help.\n", flags(), Topic)
	add("dgenfs __complete SHELL", "secret", "Not for people.\n", flags(), "").Hidden = true
	return t
}

func completer() Completer {
	return Completer{table(), func() []string {
		return []string{"/mnt/synth", "/mnt/with blank1", `/mnt/back\slash`, "/mnt/new\nline"}
	}}
}

// standIn is the variable that makes the tests' binary the program of the table: it
// appends its arguments, in quotes, to the file that the variable names, or completes.
const standIn = "DGENFS_HELP_TEST"

func TestMain(m *testing.M) {
	record := os.Getenv(standIn)
	if record == "" {
		os.Exit(m.Run())
	}
	if err := standInFor(os.Args[1:], record); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func standInFor(args []string, record string) error {
	if len(args) > 2 && args[0] == "__complete" && args[2] == "--" {
		return completer().Run(append([]string{args[1]}, args[3:]...), os.Stdout)
	}
	f, err := os.OpenFile(record, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = fmt.Fprintf(f, "%q\n", args)
	return err
}

// write returns what a function writes.
func write(t *testing.T, f func(w io.Writer) error) string {
	t.Helper()
	var b strings.Builder
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
