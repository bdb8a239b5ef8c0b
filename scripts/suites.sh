#!/bin/bash
# Runs the read-only cases of other projects' suites on mounts over each transport.
#
#   scripts/suites.sh [--short]
#
# Tests of fs/e2e make the system calls that go-fuse's posixtest, LTP and xfstests
# check, and compare each answer with that of a read-only tmpfs. LTP and xfstests are
# not packages of Debian 12; the tests are written from what they check. --short leaves
# these out, as scripts/test.sh runs them with the end-to-end tests.
#
# stress-ng stats the files of a mount, and reads, maps, seeks and polls them by its
# stressor of /sys, with the mount in the place of /sys. Its other stressors write a
# file before they read it, so mmap, readahead, sendfile and memory run beside, on a
# file system of their own, while the bytes of the mount are compared.
#
# It needs root. The exit status is 0 if all is as it should be, 1 if not, 2 for wrong
# usage.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

short='' seconds=10 # of each stressor
case ${1-} in
'') ;;
--short) short=yes seconds=2 ;;
--help | -h) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit ;;
*) printf 'suites.sh: unknown argument %q; see scripts/suites.sh --help\n' "$1" >&2; exit 2 ;;
esac
[ "$(id -u)" = 0 ] || { echo 'skipped: needs root'; exit 0; }
[ -c /dev/fuse ] || { echo 'skipped: needs /dev/fuse'; exit 0; }
need stress-ng util-linux:unshare diffutils:cmp

fail() { printf 'suites.sh: %s\n' "$*" >&2; exit 1; }

enable_uring=/sys/module/fuse/parameters/enable_uring
uring_before=
work=$(mktemp -d "${TMPDIR:-/tmp}/dgenfs-suites-XXXXXX")
work=$(cd "$work" && pwd -P)
beside=

clean_up() {
	local status=$?
	trap - EXIT
	set +e
	[ -z "$beside" ] || { kill "$beside"; wait "$beside"; } 2>/dev/null
	! mountpoint -q "$work/mount" || "$work/dgenfs" umount "$work/mount" || umount -l "$work/mount"
	umount "$work/other" 2>/dev/null
	[ -z "$uring_before" ] || echo "$uring_before" >$enable_uring
	grep -q " $work/" /proc/self/mountinfo || rm -rf "$work"
	exit $status
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir "$work/mount" "$work/other"
mount -t tmpfs -o size=200M tmpfs "$work/other"
CGO_ENABLED=0 go build -o "$work/dgenfs" .

# ng ARGUMENT...: stress-ng for some seconds; what it prints is shown if it fails.
ng() {
	stress-ng --verify --timeout "$seconds" --temp-path "$work/other" "$@" >"$work/ng" 2>&1 || {
		cat "$work/ng"
		fail "stress-ng $*"
	}
}

# reads prints how many reads the server has answered.
reads() { sed -n 's/^ *"reads": *\([0-9]*\),$/\1/p' "$work/mount/.dgenfs/stats" | head -n 1; }

# same: each file of the mount has its bytes.
same() {
	local name
	for name in 1M 1000003,dedup=3 40M,compress=2; do
		"$work/dgenfs" cat --seed 3 "$name" | cmp - "$work/mount/$name" || fail "$name differs"
	done
}

# stress_ng TRANSPORT
stress_ng() {
	local before
	"$work/dgenfs" --seed 3 --transport "$1" --file 'd/{00..49}:100001' --file '1M:1M' --file 'large:1G' "$work/mount"
	ng --fstat 2 --fstat-dir "$work/mount/d"
	before=$(reads)
	# shellcheck disable=SC2016 # expanded by the inner shell
	(export -f ng fail; export work seconds; unshare --mount bash -c 'mount --bind "$work/mount" /sys && ng --sysfs 2')
	[ "$(reads)" -gt "$before" ] || fail 'stress-ng has read nothing'
	echo "stress-ng, over $1: $(($(reads) - before)) reads in the place of /sys"
	stress-ng --quiet --temp-path "$work/other" --mmap 1 --mmap-bytes 32M --mmap-file --readahead 1 --readahead-bytes 32M --sendfile 1 --vm 1 --vm-bytes 64M &
	beside=$!
	for _ in $(seq "$seconds"); do same; done
	kill "$beside"
	wait "$beside" || true
	beside=
	same
	"$work/dgenfs" umount "$work/mount"
	echo "stress-ng, over $1: every byte is right beside mmap, readahead, sendfile and vm"
}

tests='^Test(ErrorsAsOfTmpfs|ErrorsOfSpecNames|Errors|RemountedWritable|SeekInDirectories|PositionsInDirectories|Attributes|SameBytesByEveryPath|RandomOffsets|EndOfFile|LargestFiles|PrivateMappingIsWritable|SizesOfRequests)$'
for transport in dev uring; do
	if [ $transport = uring ]; then
		[ -w $enable_uring ] || { echo 'skipped: this kernel does not have FUSE over io_uring'; continue; }
		uring_before=$(cat $enable_uring)
		echo Y >$enable_uring
	fi
	stress_ng $transport
	[ -n "$short" ] || E2E_ALL_TOOLS=1 go test -tags e2e -count=1 -run "$tests" ./fs/e2e
done
