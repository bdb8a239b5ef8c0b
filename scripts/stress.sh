#!/bin/bash
# Reads mounts of dgenfs in every way, compares every byte, and makes the server, the
# readers and the machine fail at random moments.
#
#   scripts/stress.sh [--minutes N] [--seconds N] [--transport dev|uring] [--seed N]
#                     [--readers N] [--dgenfs PATH]
#
# It goes on for 30 seconds unless told otherwise, and ends with a table. The exit
# status is 0 if all is as it should be: no wrong byte, no hang, nothing left behind,
# memory within its bound; 1 if not; 2 for wrong usage. Moments and faults follow from
# the seed, which is printed; the kernel's part in them does not.
#
# What Go's runtime takes from the environment reaches the server, too:
#
#   GOMAXPROCS=1 GODEBUG=gccheckmark=1 scripts/stress.sh --readers 200
#
# has one thread run Go, and the runtime crash if its garbage collector has missed
# something, as it may where memory is shared with the kernel.
#
# It needs root, and a machine that others do not use meanwhile: it drops the kernel's
# caches. uring needs Linux 6.14 and /sys/module/fuse/parameters/enable_uring, which
# it sets for the time of the run.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; }
wrong() { printf 'stress.sh: %s; see scripts/stress.sh --help\n' "$*" >&2; exit 2; }

transport=dev
program=
arguments=()
while [ $# -gt 0 ]; do
	case $1 in
	--help | -h) usage; exit ;;
	--minutes | --seconds | --transport | --seed | --readers | --dgenfs) [ $# -ge 2 ] || wrong "$1 needs a value" ;;
	*) wrong "unknown argument $1" ;;
	esac
	case $1 in
	--minutes) arguments+=(--time "$2m") ;;
	--seconds) arguments+=(--time "$2s") ;;
	--transport) transport=$2 ;;
	--seed) arguments+=(--seed "$2") ;;
	--readers) arguments+=(--readers "$2") ;;
	--dgenfs) program=$2 ;;
	esac
	shift 2
done
[[ $transport = dev || $transport = uring ]] || wrong "--transport $transport: dev or uring"
[ "$(id -u)" = 0 ] || { echo 'skipped: needs root'; exit 0; }
[ -c /dev/fuse ] || { echo 'skipped: needs /dev/fuse'; exit 0; }

enable_uring=/sys/module/fuse/parameters/enable_uring
uring_before=
work=$(mktemp -d "${TMPDIR:-/tmp}/dgenfs-stress-XXXXXX")
work=$(cd "$work" && pwd -P)

# Frees what hangs, and takes away what is left, also after a signal.
clean_up() {
	local status=$? point exe
	trap - EXIT
	set +e
	awk -v work="$work/" 'index($5, work) == 1 {print $3, $5}' /proc/self/mountinfo | sort -k2r | while read -r device point; do
		[ "$point" = "$work/fusectl" ] || echo 1 2>/dev/null >"$work/fusectl/${device#*:}/abort"
		umount -l "$point"
	done
	for exe in /proc/[0-9]*/exe; do
		case $(readlink "$exe") in "$work"/*) exe=${exe#/proc/}; kill -9 "${exe%/exe}" ;; esac
	done
	[ -z "$uring_before" ] || echo "$uring_before" >$enable_uring
	grep -q " $work/" /proc/self/mountinfo || rm -rf "$work"
	exit $status
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ "$transport" = uring ]; then
	[ -w $enable_uring ] || { echo 'skipped: this kernel does not have FUSE over io_uring'; exit 0; }
	uring_before=$(cat $enable_uring)
	echo Y >$enable_uring
fi
# A place of its own, which nobody unmounts meanwhile.
mkdir "$work/fusectl" "$work/mounts"
mount -t fusectl fusectl "$work/fusectl"
export CGO_ENABLED=0
go build -o "$work/stress" ./scripts/stress
if [ -n "$program" ]; then cp "$program" "$work/dgenfs"; else go build -o "$work/dgenfs" .; fi
"$work/stress" --dgenfs "$work/dgenfs" --dir "$work/mounts" --fusectl "$work/fusectl" --transport "$transport" "${arguments[@]}"
