#!/bin/bash
# Runs the checks and tests of dgenfs, after installing what they need.
set -euo pipefail

usage() {
	cat <<-'END'
		Usage: scripts/test.sh [--quick | SECTION...]

		Runs every check and test of dgenfs, about 18 minutes on two cores, or some:

		  --quick    what to run before a commit, under three minutes
		  SECTION    one of the sections below
		  --help     print this

		As root it first installs missing packages by apt-get, makes /dev/fuse usable for
		the time of the run, and tests mounts as root and as a temporary user. As another
		user it says which packages are missing, and tests mounts through fusermount3. Go
		has to be installed. The exit status is 0 if all is well, 1 if something failed,
		and 2 for wrong usage.

		A test that is skipped fails the run, unless scripts/test/skips.txt allows it.

	END
	printf 'Sections: %s; only if named: %s\n' "${sections[*]}" "${others[*]}" | fold -s -w 78
}

fail() { printf 'test.sh: %s\n' "$*" >&2; exit 1; }

cd "$(dirname "$0")/.."
. scripts/packages.sh
. scripts/test/machine.sh
. scripts/test/checks.sh
. scripts/test/tests.sh

# Each is a function of scripts/test/checks.sh or tests.sh, with _ for -.
sections=(format vet staticcheck imports shell vulnerabilities
	unit purego race one-processor fuzz architectures formats data e2e deploy nfs memory-nodes stress suites)
others=(packages) # only if they are named
quick=(format vet-quick staticcheck-quick imports shell unit e2e-quick)

parse_arguments() {
	local argument
	selected=("${sections[@]}")
	case ${1-} in
	'') return ;;
	--help | -h) usage; exit ;;
	--quick) selected=("${quick[@]}"); shift ;;
	*) selected=() ;;
	esac
	for argument; do
		case " ${sections[*]} ${others[*]} ${quick[*]} " in
		*" $argument "*) selected+=("$argument") ;;
		*) printf 'test.sh: unknown argument %q; see scripts/test.sh --help\n' "$argument" >&2; exit 2 ;;
		esac
	done
}

times=()
current= # section

heading() { printf '\n== %s\n' "$*"; }

# run_section NAME: runs it and prints how long it took.
run_section() {
	local start=$SECONDS cpu
	cpu=$(cpu_seconds)
	current=$1
	heading "$1"
	"${1//-/_}"
	times+=("$(printf '%-16s %5d s, %5d s of CPU time' "$1" "$((SECONDS - start))" "$(($(cpu_seconds) - cpu))")")
	printf -- '-- %s\n' "${times[-1]}"
}

# What all processes that have ended used. On a busy machine it says more than the clock.
cpu_seconds() { awk -v ticks="$(getconf CLK_TCK)" '{ print int(($16 + $17) / ticks) }' /proc/$$/stat; }

clean_up() {
	local status=$?
	set +e
	trap - EXIT
	kill_jobs
	take_away_what_is_left
	restore_machine
	[ "$status" = 0 ] || printf '\ntest.sh: failed in %s after %d s\n' "$current" "$SECONDS" >&2
	exit "$status"
}

parse_arguments "$@"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
for section in preparation "${selected[@]}" what-is-left; do run_section "$section"; done
heading "All is well after $SECONDS s"
printf '%s\n' "${times[@]}"
