# shellcheck shell=bash
# The opening lines of tests that root runs with one argument. The comment of the script
# that sources this is its help.

fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# one_argument NAME "$@"
one_argument() {
	local name=$1
	shift
	case "$#:${1:-}" in
	1:-h | 1:--help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0"; exit ;;
	1:*) ;;
	*)
		printf '%s: usage: %s %s\n' "${0##*/}" "${0##*/}" "$name" >&2
		exit 2
		;;
	esac
	((EUID == 0)) || fail 'needs root'
}
