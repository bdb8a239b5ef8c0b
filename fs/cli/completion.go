package cli

import (
	"fmt"
	"io"
	"strings"
)

const completionSynopsis = `dgenfs completion bash|zsh|fish

Prints a script that completes command lines of dgenfs in a shell: commands,
flags, values that are choices, options after -o, keys of a SPEC, folders to mount
on, and what is mounted, to unmount. To load it, in bash, zsh, and fish:

  source <(dgenfs completion bash)
  source <(dgenfs completion zsh)
  dgenfs completion fish | source

To keep it, write it to /usr/share/bash-completion/completions/dgenfs, to
/usr/share/zsh/site-functions/_dgenfs, or to
/usr/share/fish/vendor_completions.d/dgenfs.fish.
`

// completions are the scripts by shell.
var completions = map[string]func(commands []commandHelp) string{
	"bash": bashCompletion,
	"zsh":  zshCompletion,
	"fish": fishCompletion,
}

func completionCommand(args []string, stdout, _ io.Writer) error {
	f := newFlags("completion", completionSynopsis, stdout)
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() != 1 {
		return usagef("completion takes one shell, bash, zsh or fish, got %d arguments", f.NArg())
	}
	script, ok := completions[f.Arg(0)]
	if !ok {
		return usagef("completion %q: must be bash, zsh or fish", f.Arg(0))
	}
	if _, err := io.WriteString(stdout, script(helpOfCommands())); err != nil {
		return fmt.Errorf("writing to standard output: %w", err)
	}
	return nil
}

// completion is how a value is completed.
type completion struct {
	kind  string   // "" for not at all
	words []string // of the kind words
}

// Kinds of completions.
const (
	completeWords   = "words"
	completeFiles   = "files"
	completeFolders = "folders"
	completeMounts  = "mounts" // of dgenfs, as they are now
	completeSpec    = "spec"   // its keys
	completeOptions = "options"
	completeCommand = "command" // a command of the system, and its arguments
)

// completionOf tells by what a value is called.
func completionOf(value string) completion {
	value = strings.TrimRight(value, "].")
	switch {
	case strings.HasPrefix(value, "OPT["):
		return completion{kind: completeOptions}
	case value == "ARG":
		return completion{kind: completeCommand}
	case value == "FILE" || strings.HasSuffix(value, "|FILE") || value == "PATH":
		return completion{kind: completeFiles}
	case value == "DIR" || value == "FOLDER" || value == "MOUNTPOINT":
		return completion{kind: completeFolders}
	case strings.HasSuffix(value, "SPEC"):
		return completion{kind: completeSpec}
	case strings.Contains(value, "|") && strings.ToLower(value) == value:
		return completion{completeWords, strings.Split(value, "|")}
	}
	return completion{}
}

// operand is how the arguments of a command are completed that are no flags.
func (c commandHelp) operand() completion {
	last := c.lastWord()
	if c.name != "mount" && last == "MOUNTPOINT" {
		return completion{kind: completeMounts}
	}
	if last == c.name {
		return completion{}
	}
	return completionOf(last)
}

// lastWord is the name of the last argument, or of the command if it has none.
func (c commandHelp) lastWord() string {
	fields := strings.Fields(c.usage)
	return fields[len(fields)-1]
}

// names returns the flag as it is typed.
func (f flagHelp) names() []string {
	if f.short == "" {
		return []string{"--" + f.name}
	}
	return []string{"-" + f.short, "--" + f.name}
}

// brief is the beginning of a flag's text, in one line.
func (f flagHelp) brief() string {
	text := strings.Join(strings.Fields(f.text), " ")
	for _, end := range []string{"; ", ": ", ". ", " ("} {
		text, _, _ = strings.Cut(text, end)
	}
	return strings.TrimSuffix(text, ":")
}

// mountOptions are the flags as -o takes them, those with a value ending in "=".
func mountOptions(commands []commandHelp) []string {
	var options []string
	for _, f := range commands[0].flags {
		option := strings.ReplaceAll(f.name, "-", "_")
		if f.value != "" {
			option += "="
		}
		if f.name != "options" {
			options = append(options, option)
		}
	}
	return options
}

func specKeyWords() []string {
	var words []string
	for _, k := range specKeys {
		words = append(words, k.key+"=")
	}
	return words
}

func commandNames(commands []commandHelp) []string {
	var names []string
	for _, c := range commands {
		names = append(names, c.name)
	}
	return names
}
