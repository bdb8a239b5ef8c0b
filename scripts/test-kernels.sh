#!/bin/bash
# Runs the core of the end-to-end tests, and the checker of stress.sh for 40 seconds, on
# the kernels of data centres: Linux 5.10 and 6.1, as Debian builds them for clouds.
#
#   scripts/test-kernels.sh [5.10 | 6.1]...
#
# They run in small virtual machines that numa-vm boots, a tool beside this repository;
# NUMA_VM=PATH is another place for it. Without it, or where it cannot boot a machine or
# a kernel's package cannot be downloaded, the tests are skipped with a message, and the
# exit status is 0. Emulated, as where KVM does not work, a kernel takes about 5
# minutes, and 15 on a busy machine.
#
# What a kernel lacks is in the output: .dgenfs/config of a mount, tests that are skipped,
# and ways of reading that are not supported.
#
#   before Linux   there is no
#   6.14           FUSE over io_uring
#   6.13           request above 1 MiB (fs.fuse.max_pages_limit)
#   6.6            shared mapping: ENODEV, because files are read past the page cache
#   5.16           way to say that a close needs no answer; the first one asks
set -euo pipefail
cd "$(dirname "$0")/.."
numa_vm=${NUMA_VM:-../shared/tools/numa-vm/numa-vm}

versions=("$@")
[ $# -gt 0 ] || versions=(5.10 6.1)
for version in "${versions[@]}"; do
	case $version in
	5.10 | 6.1) ;;
	*) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2 ;;
	esac
done
[ -x "$numa_vm" ] || {
	echo "skipped: $numa_vm, which boots other kernels, does not exist"
	exit 0
}

work=$(mktemp -d "${TMPDIR:-/tmp}/dgenfs-kernels-XXXXXX")
trap 'rm -rf "$work"' EXIT
export CGO_ENABLED=0
go build -o "$work/dgenfs" .
go build -o "$work/stress" ./scripts/stress
go test -c -tags e2e -o "$work/e2e.test" ./fs/e2e
cat >"$work/run" <<-'RUN'
	#!/bin/sh
	# Both parts run, whatever the first one finds.
	uname -r
	status=0
	mkdir /tmp/config
	./dgenfs /tmp/config && cat /tmp/config/.dgenfs/config && ./dgenfs umount /tmp/config || status=1
	printf '#!/bin/sh\nexec /bin/sh "$@"\n' >/bin/bash # busybox's is enough
	chmod +x /bin/bash
	mkdir /tmp/mounts
	./stress --dgenfs /root/dgenfs --dir /tmp/mounts --time 40s --readers 50 || status=1
	E2E_PROGRAM=/root/dgenfs ./e2e.test -test.timeout 15m -test.v -test.run "$1" || status=1
	exit $status
RUN
chmod +x "$work/run"

# Tests that need no more than the program and what busybox has.
core='^Test(RandomOffsets|EndOfFile|PrivateMappingIsWritable|MountReturnsWhenItAnswers|TwoMountsAtOnce|Foreground|Listing|Statfs|ManyReaders|ConcurrentReaders|Attributes|SeekInDirectories|PositionsInDirectories|ErrorsOfSpecNames|KilledReaders|StoppedReaders|KilledServer|UmountOfADeadMount|MountOnADeadMount|Abort|KilledWhileWaiting)$'

# A machine that runs nothing: if that fails, as it does on first use without a network,
# the tests are skipped. After that, whatever fails is a failure.
printf '#!/bin/sh\n' >"$work/nothing"
chmod +x "$work/nothing"
"$numa_vm" --nodes 1 --cpus 2 -- "$work/nothing" 2>"$work/trial" || {
	echo "skipped: no virtual machine can be booted here: $(tail -n 1 "$work/trial")"
	exit 0
}

suite() { case $1 in 5.10) echo bullseye ;; 6.1) echo bookworm ;; esac; }

# package VERSION prints the path of the newest package of a kernel that can be
# downloaded, with lists of its own: those of the machine stay as they are. It is kept.
package() {
	local cache=${XDG_CACHE_HOME:-/var/cache}/dgenfs-kernels apt name suite lists=$work/apt-$1
	find "$cache" -name "linux-image-$1.*.deb" 2>/dev/null | sort -V | tail -n 1 | grep . && return
	suite=$(suite "$1")
	mkdir -p "$cache" "$lists/lists/partial" "$lists/cache/archives/partial"
	printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/%s main\n' \
		"debian $suite" "debian-security $suite-security" >"$lists/sources.list"
	apt=(-q -o "Dir::Etc::SourceList=$lists/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$lists/lists"
		-o "Dir::Cache=$lists/cache" -o APT::Sandbox::User=root)
	apt-get "${apt[@]}" update >&2 || return
	# The newest ones may be announced before every mirror has them.
	for name in $(apt-cache "${apt[@]}" search --names-only "^linux-image-$1\\..*-cloud-amd64-unsigned\$" | cut -d' ' -f1 | sort -Vr | head -n 5); do
		if (cd "$cache" && apt-get "${apt[@]}" download "$name" >&2); then
			find "$cache" -name "${name}_*.deb"
			return
		fi
	done
	return 1
}

status=0
for version in "${versions[@]}"; do
	printf '\n-- Linux %s\n' "$version"
	deb=$(package "$version") || {
		echo "skipped: no package of Linux $version can be downloaded"
		continue
	}
	"$numa_vm" --nodes 1 --cpus 2 --mem 2G --timeout 1800 --kernel "$deb" \
		--file "$work/dgenfs:dgenfs" --file "$work/stress:stress" --file "$work/e2e.test:e2e.test" \
		-- "$work/run" "$core" | grep --line-buffered -Ev '^=== ' || status=1
done
exit $status
