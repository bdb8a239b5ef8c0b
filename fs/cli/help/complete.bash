# Completes command lines of dgenfs in bash; made by: dgenfs completion bash
_dgenfs() {
	local line
	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
		:nospace) compopt -o nospace ;;
		:files) compopt -o bashdefault -o default ;;
		:directories) compopt -o plusdirs ;;
		:program) mapfile -t COMPREPLY < <(compgen -c -- "$2") ;;
		*) COMPREPLY+=("$line") ;;
		esac
	done < <("${1/#\~/$HOME}" __complete bash -- "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
}
complete -F _dgenfs dgenfs
