package cli

import (
	"fmt"
	"strings"
)

// fishCompletion returns a script for fish 3.
func fishCompletion(commands []commandHelp) string {
	var b strings.Builder
	b.WriteString("# Completes command lines of dgenfs in fish; made by: dgenfs completion fish\n\n")
	names := strings.Join(commandNames(commands), " ")
	b.WriteString(strings.NewReplacer(
		"{commands}", names,
		"{keys}", strings.Join(specKeyWords(), " "),
		"{options}", strings.Join(mountOptions(commands), " "),
	).Replace(fishFunctions))
	for _, c := range commands {
		fmt.Fprintf(&b, "complete -c dgenfs -n __dgenfs_first -a %s -d %s\n", c.name, fishQuote(c.summary))
	}
	for _, c := range commands {
		fmt.Fprintf(&b, "\ncomplete -c dgenfs -n '__dgenfs_in %s' -l help -d 'print the flags'\n", c.name)
		for _, f := range c.flags {
			fmt.Fprintf(&b, "complete -c dgenfs -n '__dgenfs_in %s' -l %s", c.name, f.name)
			if f.short != "" {
				fmt.Fprintf(&b, " -s %s", f.short)
			}
			if f.value != "" {
				b.WriteString(fishValue(completionOf(f.value)))
			}
			fmt.Fprintf(&b, " -d %s\n", fishQuote(f.brief()))
		}
		switch operand := c.operand(); operand.kind {
		case "":
		case completeCommand:
			fmt.Fprintf(&b, "complete -c dgenfs -n '__dgenfs_runs %s' -a '(__dgenfs_subcommand)'\n", c.name)
		case completeFiles:
			fmt.Fprintf(&b, "complete -c dgenfs -n '__dgenfs_in %s' -F\n", c.name)
		default:
			fmt.Fprintf(&b, "complete -c dgenfs -n '__dgenfs_in %s'%s\n", c.name, strings.TrimPrefix(fishValue(operand), " -x"))
		}
	}
	return b.String()
}

// fishValue returns the arguments of complete for a value.
func fishValue(c completion) string {
	switch c.kind {
	case completeWords:
		return " -x -a " + fishQuote(strings.Join(c.words, " "))
	case completeFiles:
		return " -r -F"
	case completeFolders:
		return " -x -a '(__fish_complete_directories)'"
	case completeMounts, completeSpec, completeOptions:
		return " -x -a '(__dgenfs_" + c.kind + ")'"
	}
	return " -x"
}

const fishFunctions = `function __dgenfs_first
    test (count (commandline -opc)) -eq 1
end

# __dgenfs_in COMMAND: whether its flags and operands come next.
function __dgenfs_in
    set -l words (commandline -opc)
    contains -- -- $words; and return 1
    if set -q words[2]; and contains -- $words[2] {commands}
        test $words[2] = $argv[1]
    else
        test mount = $argv[1]
    end
end

# __dgenfs_runs COMMAND: whether a command of the system comes next.
function __dgenfs_runs
    set -l words (commandline -opc)
    set -q words[2]; and test $words[2] = $argv[1]; and contains -- -- $words
end

function __dgenfs_subcommand
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words)
    set -e words[1..$at]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end

# The value that is typed, of --flag=VALUE or alone.
function __dgenfs_value
    commandline -ct | string replace -r '^(--[^=]*=|-o)' ''
end

# __dgenfs_list WORD...: completes the last part of a list with commas.
function __dgenfs_list
    set -l done (__dgenfs_value | string match -r '^.*,')
    printf '%s\n' "$done"$argv
end

function __dgenfs_spec
    string match -q '*,*' -- (__dgenfs_value); and __dgenfs_list {keys}
end

function __dgenfs_options
    __dgenfs_list {options}
end

# Does not touch a mount: its server may hang.
function __dgenfs_mounts
    while read -l line
        set -l field (string split ' ' -- $line)
        test "$field[3]" = fuse.dgenfs; and printf '%b\n' (string replace -a '\\' '\\0' -- $field[2])
    end </proc/self/mounts
end

complete -c dgenfs -f
`

// fishQuote returns s as one word of fish.
func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
