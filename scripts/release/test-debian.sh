#!/usr/bin/env bash
# Installs, uses and purges a .deb of release.sh in a Debian of its own:
#
#   test-debian.sh DEB
#
# mmdebstrap downloads that Debian, of the release that runs here, into a temporary
# directory; ROOT=FILE names a tar archive to use instead, which is made if it is missing.
# Its systemd runs as the first process of namespaces of its own. Needs root.
set -euo pipefail

here=$(realpath "$(dirname "$0")")
# shellcheck source=scripts/release/one-argument.sh
. "$here/one-argument.sh"
one_argument DEB "$@"

work=$(mktemp -d "${TMPDIR:-/tmp}/dgenfs-debian-XXXXXX")
system='' group=''
clean_up() {
	# The first process takes all others with it, and their mounts.
	[[ ! $system ]] || { kill -9 "$system" 2>/dev/null && wait "$system" 2>/dev/null; } || true
	for _ in $(seq 100); do
		[[ ! $group || ! -d $group ]] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || { sleep 0.1; continue; }
		break
	done
	! mountpoint -q "$work/cgroup" || umount "$work/cgroup"
	rm -rf --one-file-system "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

archive=${ROOT:-$work/root.tar}
if [[ ! -e $archive ]]; then
	# shellcheck source=/dev/null
	suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
	mmdebstrap --quiet --variant=minbase --include=systemd,fuse3 "$suite" "$archive" 2>"$work/log" || fail "mmdebstrap: $(tail -n 3 "$work/log")"
fi
root=$work/root
mkdir "$root"
tar -xf "$archive" -C "$root"
mkdir "$root/mnt/old"
cp "$1" "$root/root/dgenfs.deb"

# In a control group of its own, which it has to be able to divide.
mkdir "$work/cgroup"
mount -t cgroup2 cgroup2 "$work/cgroup"
group=$work/cgroup/dgenfs-test-$$
mkdir "$group"
cat >"$work/boot" <<-'BOOT'
	#!/bin/bash
	# boot GROUP ROOT
	set -e
	echo $$ >"$1/cgroup.procs"
	exec unshare --cgroup --mount --pid --fork --kill-child --uts --ipc "$0-inner" "$2"
BOOT
cat >"$work/boot-inner" <<-'BOOT'
	#!/bin/bash
	set -e
	mount --bind "$1" "$1"
	cd "$1"
	mount -t proc proc proc
	mount -t sysfs -o ro sysfs sys
	mount -t cgroup2 cgroup2 sys/fs/cgroup
	mount -t tmpfs -o mode=755 tmpfs dev
	for device in null zero full random urandom tty fuse; do
		touch "dev/$device"
		mount --bind "/dev/$device" "dev/$device"
	done
	mkdir dev/pts dev/shm
	mount -t tmpfs -o mode=755 tmpfs run
	pivot_root . mnt/old
	umount -l /mnt/old
	exec env -i container=test PATH=/usr/sbin:/usr/bin /lib/systemd/systemd --log-target=console --unit=multi-user.target </dev/null
BOOT
chmod +x "$work/boot" "$work/boot-inner"
"$work/boot" "$group" "$root" >"$work/console" 2>&1 &
system=$!

# inside COMMAND ARG...: as somebody who is logged in there.
inside() {
	local first
	first=$(pgrep -P "$system") || fail "the system ended: $(cat "$work/console")"
	timeout 120 nsenter --target "$first" --cgroup --mount --pid --uts --ipc --root --wd \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"
}
for _ in $(seq 600); do
	state=$(inside systemctl is-system-running 2>/dev/null) || true
	case $state in running | degraded) break ;; esac
	kill -0 "$system" 2>/dev/null || fail "systemd ended: $(cat "$work/console")"
	sleep 0.2
done
case $state in running | degraded) ;; *) fail "systemd is $state: $(cat "$work/console")" ;; esac

# Everything there is, but for what dpkg, systemd and man-db note by themselves.
everything() {
	find "$root" -xdev ! -type d -printf '%P %M %s %l\n' -o -printf '%P/ %M\n' |
		grep -Ev '^(var/log/|var/cache/man/|var/lib/systemd/|var/tmp/|tmp/|root/dgenfs\.deb |var/lib/dpkg/(status|status-old|lock|lock-frontend|triggers/Lock|diversions-old|statoverride-old) )' | sort
}
everything >"$work/before"

cp "$here/test-debian-inside.sh" "$root/root/inside.sh"
inside bash /root/inside.sh || fail "inside: $(tail -n 20 "$work/console")"
rm "$root/root/inside.sh"
everything >"$work/after"
diff "$work/before" "$work/after" || fail 'it leaves a trace'
left=$(find "$root" -xdev -name '*dgenfs*' ! -path "$root/root/dgenfs.deb")
[[ ! $left ]] || fail "it leaves: $left"
