#!/usr/bin/env bash
# Mounts in a container of the Containerfile, made without a container engine:
#
#   test-container.sh BINARY
#
# The image is laid out as a root directory, in namespaces for mounts and processes, with
# the capabilities that engines give by themselves, and what the Containerfile says that
# it needs. Needs root.
set -euo pipefail

here=$(realpath "$(dirname "$0")")
# shellcheck source=scripts/release/one-argument.sh
. "$here/one-argument.sh"
one_argument BINARY "$@"
binary=$(realpath "$1")

# What is mounted from here on is seen by nobody else, and goes with this process.
if [[ ! ${DGENFS_CONTAINER_WORK:-} ]]; then
	work=$(mktemp -d "${TMPDIR:-/tmp}/dgenfs-container-XXXXXX")
	trap 'rm -rf --one-file-system "$work"' EXIT
	DGENFS_CONTAINER_WORK=$work unshare --mount --pid --fork --kill-child --mount-proc "$here/test-container.sh" "$binary"
	exit
fi
work=$DGENFS_CONTAINER_WORK
image=$work/image
mkdir "$image" "$work/srv"

# The image, by the instructions that there are.
while read -r instruction arguments; do
	case $instruction in
	'' | '#'*) ;;
	FROM) [[ $arguments = scratch ]] || fail "FROM $arguments: not an empty image" ;;
	COPY) [[ $arguments = 'dgenfs '* ]] && install -D -m 755 "$binary" "$image${arguments#dgenfs }" ;;
	ENTRYPOINT) entrypoint=${arguments#'["'} entrypoint=${entrypoint%'"]'} ;;
	*) fail "$instruction: not an instruction that this test knows" ;;
	esac
done <"$here/Containerfile"

# Without a mount nothing is needed, not even /proc.
cmp <(chroot "$image" "$entrypoint" cat 1M,seed=7) <("$binary" cat 1M,seed=7) || fail 'cat makes other bytes in the container'

# The mounts of an engine, and -v /srv/dgenfs:/srv/dgenfs:rshared.
mount -t tmpfs shared "$work/srv"
mount --make-shared "$work/srv"
mkdir "$work/srv/synth"
mkdir -p "$image/proc" "$image/dev" "$image/srv/dgenfs"
mount -t tmpfs -o mode=755 dev "$image/dev"
for device in null zero random urandom; do
	touch "$image/dev/$device"
	mount --bind "/dev/$device" "$image/dev/$device"
done
mount --bind "$work/srv" "$image/srv/dgenfs"

# The capabilities that docker gives; podman gives fewer of them.
usual=chown,dac_override,fowner,fsetid,kill,setgid,setuid,setpcap,net_bind_service,net_raw,sys_chroot,mknod,audit_write,setfcap
# container CAPABILITY... -- ARG...: the program as the first process of a container.
container() {
	local capabilities=-all,+${usual//,/,+}
	while [[ $1 != -- ]]; do
		capabilities+=,+$1
		shift
	done
	shift
	exec unshare --mount --propagation unchanged --pid --fork --kill-child --mount-proc="$image/proc" \
		setpriv --bounding-set="$capabilities" --inh-caps=-all \
		chroot "$image" "$entrypoint" "$@"
}

# Without the flags it has to say what is missing.
refused=$( (container sys_admin -- mount -f --size 64M /srv/dgenfs/synth) 2>&1) && fail 'mounted without /dev/fuse'
[[ $refused = *fuse* ]] || fail "without /dev/fuse it says: $refused"
touch "$image/dev/fuse"
mount --bind /dev/fuse "$image/dev/fuse"
refused=$( (container -- mount -f --size 64M /srv/dgenfs/synth) 2>&1) && fail 'mounted without CAP_SYS_ADMIN'
[[ $refused = dgenfs:* ]] || fail "without CAP_SYS_ADMIN it says: $refused"

(container sys_admin -- mount -f --allow-other --size 64M,dedup=2,seed=7 /srv/dgenfs/synth) 2>"$work/log" &
engine=$!
mounted() { grep -q " $work/srv/synth fuse.dgenfs " /proc/self/mounts; }
for _ in $(seq 600); do
	! mounted || break
	kill -0 $engine 2>/dev/null || fail "the server ended: $(cat "$work/log")"
	sleep 0.1
done
mounted || fail 'the mount of the container is not seen outside'
timeout 60 cmp "$work/srv/synth/data" <("$binary" cat 64M,dedup=2,seed=7) || fail 'the bytes differ'
# As engines stop a container.
server=$(pgrep -P $engine) || fail 'the server has ended'
kill -TERM "$server"
wait $engine || fail "the server ended with status $?: $(cat "$work/log")"
! mounted || fail 'the mount is left behind'
