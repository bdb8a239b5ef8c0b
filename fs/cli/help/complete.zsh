#compdef dgenfs
# Completes command lines of dgenfs in zsh; made by: dgenfs completion zsh
_dgenfs() {
	local line
	local -a candidates space
	for line in "${(@f)$(${(Q)~words[1]} __complete zsh -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
		case $line in
		'') ;;
		:nospace) space=(-S '') ;;
		:files*) compset -P "${(b)line#:files }"; _files ;;
		:directories*) compset -P "${(b)line#:directories }"; _directories ;;
		:program*) shift ${line#:program } words; (( CURRENT -= ${line#:program } )); _normal ;;
		*) line=${${line//\\/\\\\}//:/\\:}; candidates+=("${line/$'\t'/:}") ;;
		esac
	done
	(( $#candidates )) && _describe 'dgenfs' candidates "${space[@]}"
}
if [[ ${funcstack[1]} == _dgenfs ]]; then _dgenfs "$@"; else compdef _dgenfs dgenfs; fi
