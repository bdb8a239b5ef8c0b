package cli

import (
	"fmt"
	"strings"
)

// bashCompletion returns a script that needs nothing but bash 4.3.
func bashCompletion(commands []commandHelp) string {
	var b strings.Builder
	b.WriteString("# Completes command lines of dgenfs in bash; made by: dgenfs completion bash\n\n")
	b.WriteString("# _dgenfs_command NAME sets flags and operand, if there is such a command.\n_dgenfs_command() {\n\tcase $1 in\n")
	for _, c := range commands {
		var flags []string
		for _, f := range c.flags {
			flags = append(flags, f.names()...)
		}
		fmt.Fprintf(&b, "\t%s) flags='%s' operand='%s' ;;\n", c.name, strings.Join(append(flags, "--help"), " "), bashKind(c.operand()))
	}
	b.WriteString("\t*) return 1 ;;\n\tesac\n}\n\n")
	b.WriteString("# _dgenfs_flag COMMAND FLAG sets value, how the value of the flag is completed,\n# if it has one.\n_dgenfs_flag() {\n\tcase \"$1 $2\" in\n")
	var kinds []string
	patterns := make(map[string][]string)
	for _, c := range commands {
		for _, f := range c.flags {
			if f.value == "" {
				continue
			}
			kind := bashKind(completionOf(f.value))
			if patterns[kind] == nil {
				kinds = append(kinds, kind)
			}
			for _, name := range f.names() {
				patterns[kind] = append(patterns[kind], "'"+c.name+" "+name+"'")
			}
		}
	}
	for _, kind := range kinds {
		fmt.Fprintf(&b, "\t%s)\n\t\tvalue='%s' ;;\n", strings.Join(patterns[kind], " | \\\n\t"), kind)
	}
	b.WriteString("\t*) return 1 ;;\n\tesac\n}\n\n")
	b.WriteString(strings.NewReplacer(
		"{commands}", strings.Join(commandNames(commands), " "),
		"{keys}", strings.Join(specKeyWords(), " "),
		"{options}", strings.Join(mountOptions(commands), " "),
	).Replace(bashFunctions))
	return b.String()
}

func bashKind(c completion) string {
	return strings.Join(append([]string{c.kind}, c.words...), " ")
}

const bashFunctions = `# _dgenfs_fill KIND TEXT adds what TEXT may become.
_dgenfs_fill() {
	local path type
	case $1 in
	words*) mapfile -t COMPREPLY < <(compgen -W "${1#words}" -- "$2") ;;
	files | folders)
		# So that bash quotes names, and puts a slash after folders.
		compopt -o filenames 2>/dev/null
		if [[ $1 == files ]]; then set -- -f "$2"; else set -- -d "$2"; fi
		mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
		;;
	command)
		if ((operands == 0)); then
			mapfile -t COMPREPLY < <(compgen -c -- "$2")
		else
			_dgenfs_fill files "$2"
		fi
		;;
	mounts)
		# Not as filenames: bash would touch them, and their servers may hang.
		while read -r _ path type _; do
			[[ $type == fuse.dgenfs ]] || continue
			printf -v path '%b' "${path//\\/\\0}"
			[[ $path == "$2"* ]] || continue
			printf -v path '%q' "$path"
			COMPREPLY+=("$path")
		done </proc/self/mounts
		;;
	spec)
		[[ $2 == *,* ]] && _dgenfs_list "$2" {keys}
		;;
	options)
		_dgenfs_list "$2" {options}
		;;
	esac
}

# _dgenfs_list TEXT WORD... completes the last part of a list with commas.
_dgenfs_list() {
	local done='' word text=$1
	[[ $text == *,* ]] && done=${text%,*},
	compopt -o nospace 2>/dev/null
	for word in "${@:2}"; do
		[[ $done$word == "$text"* ]] && COMPREPLY+=("$done$word")
	done
}

_dgenfs() {
	local words=() word glue='' last=${COMP_WORDS[COMP_CWORD]}
	COMPREPLY=()
	# bash splits at = and : as well; here the words are whole again.
	for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
		if [[ ${#words[@]} -gt 0 && $word =~ ^[=:]+$ ]]; then
			words[-1]+=$word glue=1
		elif [[ $glue ]]; then
			words[-1]+=$word glue=''
		else
			words+=("$word")
		fi
	done
	local text=${words[-1]}
	unset 'words[-1]'
	[[ $last =~ ^[=:]+$ ]] && last=''
	local kept=${text%"$last"} # of the word, which bash leaves as it is

	local command=mount flags operand value i=0
	if ((${#words[@]} > 0)) && _dgenfs_command "${words[0]}"; then
		command=${words[0]} i=1
	fi
	_dgenfs_command "$command"
	local pending='' after='' operands=0
	for (( ; i < ${#words[@]}; i++)); do
		word=${words[i]}
		if [[ $pending ]]; then
			pending=''
		elif [[ $after || $word != -* ]]; then
			operands=$((operands + 1))
			[[ $operand == command ]] && after=1
		elif [[ $word == -- ]]; then
			after=1
		elif _dgenfs_flag "$command" "$word"; then
			pending=$word
		fi
	done

	local before='' # the value
	if [[ $pending ]]; then
		_dgenfs_flag "$command" "$pending"
		_dgenfs_fill "$value" "$text"
	elif [[ ! $after && $text == --*=* ]]; then
		before=${text%%=*}=
		_dgenfs_flag "$command" "${before%=}" && _dgenfs_fill "$value" "${text#*=}"
	elif [[ ! $after && $text == -* ]]; then
		_dgenfs_fill "words $flags" "$text"
	else
		_dgenfs_fill "$operand" "$text"
		((${#words[@]})) || mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W '{commands}' -- "$text")
	fi
	for i in "${!COMPREPLY[@]}"; do
		word=$before${COMPREPLY[i]}
		COMPREPLY[i]=${word#"$kept"}
	done
}

complete -F _dgenfs dgenfs
`
