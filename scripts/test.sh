#!/bin/bash
# Runs every check and test of dgenfs; what they need is installed first.
#
#   scripts/test.sh
#
# As root it installs what is missing by apt-get, makes /dev/fuse usable and tests
# mounts as root and as a throw-away user. As another user it says what to
# install, and tests mounts through fusermount3. Go has to be there already.
set -euo pipefail
cd "$(dirname "$0")/.."

heading() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }
fail() { printf 'test.sh: %s\n' "$*" >&2; exit 1; }

heading 'Tools'
command -v go >/dev/null || fail 'Go is missing: see https://go.dev/doc/install'
go version
export PATH=$PATH:/usr/sbin:/sbin # where other users do not look
# Command and package. gcc is for go test -race.
tools='fusermount3:fuse3 fio:fio zstd:zstd lz4:lz4 rsync:rsync restic:restic rclone:rclone nginx:nginx python3:python3 gcc:gcc libc6-dev:libc6-dev
	zsh:zsh fish:fish man:man-db qemu-aarch64-static:qemu-user-static qemu-s390x-static:qemu-user-static rngtest:rng-tools5 ent:ent dieharder:dieharder xz:xz-utils ip:iproute2'
missing=()
for tool in $tools; do
	case $tool in
	libc6-dev:*) test -e /usr/include/stdio.h || missing+=("${tool#*:}") ;;
	*) command -v "${tool%:*}" >/dev/null || missing+=("${tool#*:}") ;;
	esac
done
if [ ${#missing[@]} -gt 0 ]; then
	[ "$(id -u)" = 0 ] || fail "missing; run: sudo apt-get install ${missing[*]}"
	echo "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	# No service is to start by being installed, such as a web server on port 80.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e $policy ]; then
		trap 'rm -f $policy' EXIT
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod +x $policy
	fi
	apt-get update -qq
	apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
	[ -z "$(trap -p EXIT)" ] || rm -f $policy
	trap - EXIT
fi

heading '/dev/fuse'
if [ "$(id -u)" = 0 ]; then
	[ -c /dev/fuse ] || modprobe fuse 2>/dev/null || true
	[ -c /dev/fuse ] || mknod /dev/fuse c 10 229 || true # in a container, perhaps
	# As udev makes it: without that, mounts of other users cannot be tested.
	[ -z "$(find /dev/fuse ! -perm -666 2>/dev/null)" ] || chmod 666 /dev/fuse
fi
[ -c /dev/fuse ] || fail '/dev/fuse is missing: run modprobe fuse as root; a container needs --device /dev/fuse'
(exec 3<>/dev/fuse) 2>/dev/null || fail '/dev/fuse cannot be opened: a container needs --device /dev/fuse --cap-add SYS_ADMIN'
ls -l /dev/fuse

# All that this run makes is below one folder, so what is left behind is known.
work=$(mktemp -d "${TMPDIR:-/tmp}/dgenfs-test-XXXXXX")
work=$(cd "$work" && pwd -P)
chmod 755 "$work"
export TMPDIR=$work

# Mounts of any kind, loop devices and processes of this run.
left_mounts() { awk -v work="$work/" 'index($5, work) == 1 {print $5}' /proc/self/mountinfo; }
left_loops() { losetup --noheadings --raw --output NAME,BACK-FILE 2>/dev/null | awk -v work="$work/" 'index($2, work) == 1 {print $1}'; }
left_processes() {
	local process exe
	for process in /proc/[0-9]*; do
		exe=$(readlink "$process/exe" 2>/dev/null) || continue # zombies have none
		case $exe in "$work"/*) echo "${process#/proc/}" ;; esac
	done
}

# Takes away what a failed run has left, so that the next one starts clean.
clean_up() {
	local status=$? pid mount loop
	for loop in $(left_loops); do losetup --detach "$loop" || true; done
	for pid in $(left_processes); do kill -9 "$pid" 2>/dev/null || true; done
	left_mounts | while read -r mount; do
		umount -l "$(printf '%b' "${mount//\\/\\0}")" 2>/dev/null || true
	done
	[ -z "${uring_before-}" ] || echo "$uring_before" >$enable_uring
	if [ "$(id -u)" = 0 ] && id dgenfs-test >/dev/null 2>&1; then userdel dgenfs-test || true; fi
	# Never through a mount: they are read-only, but large.
	[ -n "$(left_mounts)" ] || { chmod -R u+w "$work" 2>/dev/null || true; rm -rf "$work"; }
	exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

heading 'Format'
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || fail "not formatted by gofmt: $unformatted"

heading 'Vet'
go vet ./...
go vet -tags e2e ./...
go vet -tags nodes ./fs/...

heading 'Imports'
# imports PACKAGE PATTERN: all that PACKAGE needs, other than the standard
# library, has to match PATTERN, on every architecture.
module=$(go list -m)
imports() {
	local arch wrong
	for arch in amd64 arm64 s390x; do
		wrong=$(GOARCH=$arch go list -deps -f '{{if not .Standard}}{{.ImportPath}}{{end}}' "$1" | grep -Evx "$2" || true)
		[ -z "$wrong" ] || fail "$1 must not import, on $arch: $wrong"
	done
}
imports ./gen/... "$module/gen(/.*)?|golang\.org/x/sys/cpu"
imports ./numa/... "$module/numa(/.*)?|golang\.org/x/sys/unix"
imports ./fs/spec "$module/(fs/spec|gen(/.*)?)|golang\.org/x/sys/cpu"
imports ./fs/tree "$module/(fs/(tree|spec)|gen(/.*)?)|golang\.org/x/sys/cpu"
imports ./fs/treefile "$module/(fs/(treefile|tree|spec)|gen(/.*)?)|golang\.org/x/sys/cpu"
# Of what is below fs, only cli knows numa and pflag.
library=$(go list ./fs/... | grep -Ev "^$module/fs/(cli|e2e)(/|$)")
for package in $library; do
	imports "$package" "$module/(fs|gen)(/.*)?|github\.com/hanwen/go-fuse/v2/.*|golang\.org/x/sys/.*"
	! go list -deps "$package" | grep -q "^$module/fs/cli" || fail "$package imports the command line"
done
[ "$(go list -f '{{join .Imports " "}}' .)" = "$module/fs/cli os" ] || fail 'main must import fs/cli alone'

heading 'Top level'
beyond=$(git ls-files 2>/dev/null | cut -d/ -f1 | sort -u | grep -vxE 'go\.mod|go\.sum|main\.go|README\.md|fs|gen|numa|scripts|\..*' || true)
[ -z "$beyond" ] || fail "the top level must not have: $beyond"

heading 'Tests'
go test ./...

heading 'Tests of the generator without assembly'
go test -tags purego ./gen/...

heading 'Tests with the race detector'
go test -race ./...

heading 'Tests with one processor'
GOMAXPROCS=1 go test -short -count=1 ./gen/... ./fs/...

heading 'Fuzzing: specs, tree files, options and positions for a minute each, the rest for 5 s'
# only_late FILE: nothing was found, but Go before 1.27 now and then takes the end
# of -fuzztime for a failure (go.dev/issue/75804). A finding names its input.
only_late() { grep -qx ' *context deadline exceeded' "$1" && ! grep -q 'Failing input' "$1"; }
# fuzz PACKAGE NAME TIME: with one worker, as two of these run at a time, and without
# the minutes that Go takes to shorten what is interesting.
fuzz() {
	local out=$work/fuzz-$2-${1//\//-}
	go test -run '^$' -fuzz "^$2\$" -fuzztime "$3" -fuzzminimizetime 10x -parallel 1 "$1" >"$out" 2>&1 || only_late "$out" || { cat "$out"; return 1; }
	echo "$1 $2: $(grep '^fuzz: elapsed' "$out" | tail -n 1)"
}
long=("./fs/spec FuzzParseFiles" "./fs/treefile FuzzParse" "./fs/tree FuzzTree" "./fs/cli FuzzOptions")
running=()
await_fuzz() {
	local pid status=0
	for pid in "${running[@]}"; do wait "$pid" || status=1; done
	running=()
	[ $status = 0 ] || fail 'fuzzing has found something'
}
for target in "${long[@]}"; do
	# shellcheck disable=SC2086 # two words
	fuzz $target 60s &
	running+=($!)
	[ ${#running[@]} -lt 2 ] || await_fuzz
done
await_fuzz
for package in $(go list ./...); do
	for name in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		case " ${long[*]} " in *" .${package#"$module"} $name "*|*" ./${package#"$module"/} $name "*) ;; *) fuzz "$package" "$name" 5s || fail 'fuzzing has found something' ;; esac
	done
done

heading 'Other architectures'
for arch in arm64 s390x; do
	echo "$arch"
	GOARCH=$arch go build -o /dev/null .
	GOARCH=$arch go vet ./...
done
GOOS=darwin go vet ./gen ./numa # which are libraries
# The same bytes on an arm64 CPU, by NEON and without, and in big-endian order.
(cd gen && GOARCH=arm64 go test -short -exec qemu-aarch64-static -run 'Golden|ReadAt|Alignment' .)
(cd gen && GOARCH=s390x go test -short -exec qemu-s390x-static -run 'Golden|ReadAt' .)
# The same names and sizes, also where a product and a sum are rounded at once.
GOARCH=arm64 go test -exec qemu-aarch64-static -run Golden ./fs/spec ./fs/treefile
GOARCH=s390x go test -exec qemu-s390x-static -run Golden ./fs/spec ./fs/treefile

# Top-level tests, what was skipped, what failed and why; not every part that
# passed.
compact() { grep -Ev '^(=== |\s+--- PASS)' || true; }

heading 'Randomness'
scripts/randomness.sh --short

heading 'Fidelity'
scripts/fidelity.sh --short >"$work/fidelity" || { cat "$work/fidelity"; fail 'data does not compress or deduplicate as promised'; }
tail -n 1 "$work/fidelity"

# Over both transports, where root can turn FUSE over io_uring on and off.
enable_uring=/sys/module/fuse/parameters/enable_uring
states=('as it is')
if [ "$(id -u)" = 0 ] && [ -w $enable_uring ]; then
	uring_before=$(cat $enable_uring)
	states=(N Y)
fi
export E2E_ALL_TOOLS=1
for state in "${states[@]}"; do
	[ "$state" = 'as it is' ] || echo "$state" >$enable_uring
	heading "End to end, FUSE over io_uring: $state"
	go test -tags e2e -count=1 -timeout 8m -v ./fs/e2e | compact

	heading "End to end, the server on one CPU, FUSE over io_uring: $state"
	E2E_SERVER_CPU=0 go test -tags e2e -count=1 -timeout 8m -v -run \
		'^(TestRandomOffsets|TestEndOfFile|TestConcurrentReaders|TestFio|TestRun|TestKilled.*|TestManyReaders|TestStoppedReaders|TestMountReturnsWhenItAnswers)$' ./fs/e2e | compact
done

heading 'Deployment examples'
scripts/check-deploy.sh

heading 'Several memory nodes'
scripts/test-numa.sh

heading 'What is left'
# The last ones may be about to end.
for _ in $(seq 50); do
	[ -n "$(left_mounts)$(left_loops)$(left_processes)" ] || break
	sleep 0.1
done
[ -z "$(left_mounts)" ] || fail "mounts are left behind: $(left_mounts)"
[ -z "$(left_loops)" ] || fail "loop devices are left behind: $(left_loops)"
[ -z "$(left_processes)" ] || fail "processes are left behind: $(left_processes)"
echo 'no mount, no loop device, no process'

heading 'All is well'
