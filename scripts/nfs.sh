#!/bin/bash
# Exports a mount by nfs-ganesha, with the example scripts/deploy/ganesha.conf, and checks
# what clients of NFS 3 and 4 see of it: names, attributes and bytes; and that the file
# handles that they have are valid after the kernel's caches were dropped, and after a
# restart of nfs-ganesha and of the mount. It needs root and takes some seconds.
#
#   scripts/nfs.sh
#
# All of it is in network, mount and PID namespaces of its own, so that no port is taken,
# and nothing is left.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

if [ "${1-}" != inside ]; then
	[ $# = 0 ] || { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2; }
	[ "$(id -u)" = 0 ] || { echo 'skipped: needs root'; exit 0; }
	need python3 rpcbind nfs-ganesha:ganesha.nfsd 'nfs-ganesha-vfs:/usr/lib/*/ganesha/libfsalvfs.so' libnfs-utils:nfs-cat iproute2:ip
	unshare --net --mount --pid --fork --mount-proc true 2>/dev/null || { echo 'skipped: needs namespaces'; exit 0; }
	work=$(mktemp -d "${TMPDIR:-/tmp}/dgenfs-nfs-XXXXXX")
	trap 'rm -rf "$work"' EXIT
	CGO_ENABLED=0 go build -o "$work/dgenfs" .
	unshare --net --mount --pid --fork --kill-child --mount-proc "$0" inside "$work"
	exit
fi

work=$2
ip link set lo up
# nfs-ganesha and rpcbind keep their state here, and dgenfs its log.
mount -t tmpfs run /run
mkdir /run/rpcbind
mkdir "$work/synth"
rpcbind -f 2>/dev/null &
python3 scripts/nfs/check.py "$work/dgenfs" "$work" scripts/deploy/ganesha.conf
