package cli

import (
	"fmt"
	"strings"
)

// zshCompletion returns a script for zsh's completion system.
func zshCompletion(commands []commandHelp) string {
	var b strings.Builder
	b.WriteString("#compdef dgenfs\n# Completes command lines of dgenfs in zsh; made by: dgenfs completion zsh\n\n")
	b.WriteString(strings.NewReplacer(
		"{keys}", strings.Join(specKeyWords(), " "),
		"{options}", strings.Join(mountOptions(commands), " "),
	).Replace(zshFunctions))
	b.WriteString("_dgenfs() {\n\tlocal command=mount\n\tlocal -a subcommands=(\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "\t\t%s\n", quote(c.name+":"+c.summary))
	}
	b.WriteString("\t)\n\tif (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n\t\t_describe -t commands command subcommands\n\t\t_directories\n\t\treturn\n\tfi\n")
	b.WriteString("\tif (( CURRENT > 2 )) && (( ${subcommands[(I)$words[2]:*]} )); then\n\t\tcommand=$words[2]\n\t\tshift words\n\t\t(( CURRENT-- ))\n\tfi\n\tcase $command in\n")
	for _, c := range commands {
		operand := c.operand()
		fmt.Fprintf(&b, "\t%s)\n", c.name)
		if operand.kind == completeCommand {
			b.WriteString(zshAfterDashes)
		}
		b.WriteString("\t\t_arguments -s -S")
		if operand.kind == completeCommand {
			b.WriteString(" -A '-*'")
		}
		b.WriteString(" \\\n\t\t\t'--help[print the flags]'")
		for _, f := range c.flags {
			for _, spec := range zshFlag(f) {
				fmt.Fprintf(&b, " \\\n\t\t\t%s", quote(spec))
			}
		}
		switch {
		case operand.kind == completeCommand:
			b.WriteString(" \\\n\t\t\t'(-)1:command:_command_names -e' \\\n\t\t\t'*::argument:_normal'")
		case operand.kind != "":
			fmt.Fprintf(&b, " \\\n\t\t\t%s", quote("*:"+c.lastWord()+":"+zshAction(operand)))
		}
		b.WriteString(" ;;\n")
	}
	b.WriteString("\tesac\n}\n\nif [[ ${funcstack[1]} == _dgenfs ]]; then\n\t_dgenfs \"$@\"\nelse\n\tcompdef _dgenfs dgenfs\nfi\n")
	return b.String()
}

// zshFlag returns what _arguments takes for a flag.
func zshFlag(f flagHelp) []string {
	escape := strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`)
	var specs []string
	for _, name := range f.names() {
		spec := ""
		if f.repeated {
			spec = "*"
		} else if f.short != "" {
			spec = "(-" + f.short + " --" + f.name + ")"
		}
		spec += name
		if f.value != "" {
			spec += map[bool]string{true: "=", false: "+"}[strings.HasPrefix(name, "--")]
		}
		spec += "[" + escape.Replace(f.brief()) + "]"
		if f.value != "" {
			spec += ":" + strings.ReplaceAll(f.value, ":", `\:`) + ":" + zshAction(completionOf(f.value))
		}
		specs = append(specs, spec)
	}
	return specs
}

func zshAction(c completion) string {
	switch c.kind {
	case completeWords:
		return "(" + strings.Join(c.words, " ") + ")"
	case completeFiles:
		return "_files"
	case completeFolders:
		return "_directories"
	case completeMounts, completeSpec, completeOptions:
		return "_dgenfs_" + c.kind
	}
	return " " // a message and nothing else
}

// zshAfterDashes is for a command of the system after "--", of which _arguments
// completes names but no flags.
const zshAfterDashes = `		local -i dashes=${words[(i)--]}
		if (( dashes < CURRENT )); then
			shift $dashes words
			(( CURRENT -= dashes ))
			_normal
			return
		fi
`

const zshFunctions = `# None of these touches a mount: its server may hang.
_dgenfs_mounts() {
	local path_ type rest
	local -a mounts
	while read -r rest path_ type rest; do
		[[ $type == fuse.dgenfs ]] && mounts+=("$(printf '%b' "${path_//\\/\\0}")")
	done </proc/self/mounts
	compadd "$@" -a mounts
}

_dgenfs_spec() {
	compset -P '*,' && compadd "$@" -S '' -- {keys}
}

_dgenfs_options() {
	compset -P '*,'
	compadd "$@" -S '' -- {options}
}

`

// quote returns s as one word of bash and zsh.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
