# shellcheck shell=bash
# Part of scripts/test.sh: what a run needs of the machine, and what it leaves there.

packages=(fuse3:fusermount3 fio tmux zstd lz4 rsync restic rclone nginx python3 jq zsh fish
	man-db:man xz-utils:xz iproute2:ip rng-tools5:rngtest ent dieharder shellcheck
	python3-numpy:/usr/lib/python3/dist-packages/numpy python3-h5py:/usr/lib/python3/dist-packages/h5py
	unzip pngcheck # for files of formats
	stress-ng
	hashdeep xxhash:xxhsum b3sum # that check what dgenfs sum prints
	gcc libc6-dev:/usr/include/stdio.h # for go test -race
	'qemu-user-static:qemu-aarch64-static,qemu-s390x-static,qemu-x86_64-static')

enable_uring=/sys/module/fuse/parameters/enable_uring
work=
fuse_before= # mode of /dev/fuse, or missing, if this run has changed it
uring_before=

preparation() {
	command -v go >/dev/null || fail 'Go is missing: see https://go.dev/doc/install'
	go version
	need "${packages[@]}"
	retry go mod download
	retry go -C scripts/tools mod download
	prepare_fuse
	# All that this run makes is below one directory, so what it leaves behind is known.
	work=$(mktemp -d "${TMPDIR:-/tmp}/dgenfs-test-XXXXXX")
	work=$(cd "$work" && pwd -P)
	chmod 755 "$work"
	export TMPDIR=$work
	DGENFS_REQUIRE=$(cpu_implementations)
	export DGENFS_REQUIRE
	facts=$DGENFS_REQUIRE,$(facts_of_machine)
	echo "about this machine: $facts"
	build_gotest
}

prepare_fuse() {
	if [ "$(id -u)" = 0 ]; then
		[ -c /dev/fuse ] || modprobe fuse 2>/dev/null || true
		if [ ! -c /dev/fuse ] && mknod /dev/fuse c 10 229; then # in a container, perhaps
			fuse_before=missing
		fi
		# As udev makes it; else other users could not mount.
		if [ -n "$(find /dev/fuse ! -perm -666 2>/dev/null)" ]; then
			: "${fuse_before:=$(stat -c %a /dev/fuse)}"
			chmod 666 /dev/fuse
		fi
	fi
	[ -c /dev/fuse ] || fail '/dev/fuse is missing: run modprobe fuse as root; a container needs --device /dev/fuse'
	(exec 3<>/dev/fuse) 2>/dev/null || fail '/dev/fuse cannot be opened: a container needs --device /dev/fuse --cap-add SYS_ADMIN'
}

restore_machine() {
	[ -z "$uring_before" ] || echo "$uring_before" >$enable_uring
	case $fuse_before in
	'') ;;
	missing) rm -f /dev/fuse ;;
	*) chmod "$fuse_before" /dev/fuse ;;
	esac
}

# The implementations in package gen that this CPU must support, for DGENFS_REQUIRE.
cpu_implementations() {
	local flags list=()
	flags=" $(sed -n -E 's/^(flags|Features)[[:blank:]]*: //p' /proc/cpuinfo | head -n 1) "
	case $(uname -m) in
	x86_64)
		[[ $flags != *' avx512f '* || $flags != *' avx512dq '* || $flags != *' avx2 '* ]] || list+=(avx512)
		[[ $flags != *' avx2 '* ]] || list+=(avx2)
		;;
	aarch64) [[ $flags != *' asimd '* ]] || list+=(neon) ;;
	esac
	(IFS=,; echo "${list[*]}")
}

# What is true of this machine, for conditions in scripts/test/skips.txt, beside what its CPU supports.
facts_of_machine() {
	local list=() nodes=/sys/devices/system/node
	[ "$(id -u)" = 0 ] || list+=(user)
	[ "$(nproc)" -gt 1 ] || list+=(one-cpu)
	[ -d $nodes ] || list+=(no-nodes)
	[[ $(cat $nodes/has_memory 2>/dev/null) == *[,-]* ]] || list+=(one-memory-node)
	[[ $(cat $nodes/has_cpu 2>/dev/null) == *[,-]* ]] || list+=(one-cpu-node)
	# A container, most likely, which may forbid any system call.
	! grep -q '^Seccomp:[[:blank:]]*[12]' /proc/self/status || list+=(confined)
	[ "$(uring_state)" = N ] || list+=(fuse-uring)
	! grep -qs '^user_allow_other' /etc/fuse.conf || list+=(user-allow-other)
	[ ! -e /sbin/mount.dgenfs ] || list+=(mount-helper)
	(IFS=,; echo "${list[*]}")
}

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

kill_jobs() {
	local pids
	pids=$(jobs -p)
	# shellcheck disable=SC2086 # words
	[ -z "$pids" ] || kill $pids 2>/dev/null || true
}

# Takes away what a failed run has left, so that the next one starts clean.
take_away_what_is_left() {
	local pid mount loop
	[ -n "$work" ] || return 0
	for loop in $(left_loops); do losetup --detach "$loop"; done
	for pid in $(left_processes); do kill -9 "$pid" 2>/dev/null; done
	left_mounts | while read -r mount; do
		umount -l "$(printf '%b' "${mount//\\/\\0}")" 2>/dev/null
	done
	# The user of the end-to-end tests, unless it is that of another run.
	case $(getent passwd dgenfs-test) in *":$work/"*) userdel dgenfs-test ;; esac
	# Never through a mount: they are read-only, but large.
	[ -n "$(left_mounts)" ] || { chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"; }
}

what_is_left() {
	# The last ones may be about to end.
	for _ in $(seq 300); do
		[ -n "$(left_mounts)$(left_loops)$(left_processes)" ] || break
		sleep 0.1
	done
	[ -z "$(left_mounts)" ] || fail "mounts are left behind: $(left_mounts)"
	[ -z "$(left_loops)" ] || fail "loop devices are left behind: $(left_loops)"
	[ -z "$(left_processes)" ] || fail "processes are left behind: $(left_processes)"
	echo 'no mount, no loop device, no process'
}
