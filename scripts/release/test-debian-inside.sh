#!/bin/bash
# What test-debian.sh runs in its Debian, whose systemd is the first process: installs
# /root/dgenfs.deb, uses all that is in it and purges it.
set -euo pipefail
fail() { printf 'test-debian-inside.sh: %s\n' "$*" >&2; exit 1; }
same() { cmp "$1" <(dgenfs cat "$2") || fail "$1: other bytes than those of $2"; }
mounted() { findmnt --noheadings --output OPTIONS --types fuse.dgenfs "$1"; }

dpkg --install /root/dgenfs.deb >/dev/null
wrong=$(dpkg --verify dgenfs)
[[ ! $wrong ]] || fail "dpkg --verify: $wrong"
[[ $(dgenfs version) = dgenfs* ]] || fail 'it does not run'
[[ -L /sbin/mount.dgenfs && -e /sbin/mount.fuse.dgenfs ]] || fail 'mount(8) finds no helper'
zcat /usr/share/man/man8/mount.dgenfs.8.gz | grep -q '^\.TH DGENFS' || fail 'no manual'
bash -c '. /usr/share/bash-completion/completions/dgenfs && complete -p dgenfs' >/dev/null || fail 'no completion'

mkdir /mnt/one /mnt/other
mount -t dgenfs -o 'size=8M\,seed=7' dgenfs /mnt/one
same /mnt/one/data 8M,seed=7
mounted /mnt/one >/dev/null || fail 'mount -t dgenfs: not a mount of dgenfs'
umount /mnt/one
mount -t fuse.dgenfs -o 'size=8M\,seed=8' any /mnt/other
same /mnt/other/data 8M,seed=8
dgenfs umount /mnt/other
! mounted /mnt/other || fail 'dgenfs umount leaves the mount'

for unit in dgenfs dgenfs-hardened; do
	said=$(systemd-analyze verify --man=no "$unit@mnt-one.service" 2>&1) || fail "$unit@.service: $said"
	[[ ! $said ]] || fail "$unit@.service: $said"
done
# With flags of its own, and with those for all.
echo 'DGENFS_FLAGS=--size 8M,dedup=2,seed=9' >/etc/dgenfs/mnt-one.conf
systemctl enable --quiet --now dgenfs@mnt-one.service
systemctl start dgenfs-hardened@mnt-other.service
same /mnt/one/data 8M,dedup=2,seed=9
same /mnt/other/1M,seed=7 1M,seed=7
[[ $(mounted /mnt/one) != *allow_other* ]] || fail 'mnt-one.conf does not replace default.conf'
[[ $(mounted /mnt/other) = *allow_other* ]] || fail 'default.conf is not read'
systemctl reload dgenfs@mnt-one.service
systemctl stop dgenfs@mnt-one.service
! mounted /mnt/one || fail 'systemctl stop leaves the mount'
systemctl start dgenfs@mnt-one.service

# A new version leaves mounts alone and what was configured; its removal ends them.
echo '# changed' >>/etc/dgenfs/default.conf
dpkg --install /root/dgenfs.deb >/dev/null 2>&1
systemctl is-active --quiet dgenfs@mnt-one.service || fail 'an upgrade ends the mounts'
same /mnt/one/data 8M,dedup=2,seed=9
dpkg --remove dgenfs >/dev/null
! mounted /mnt/one || fail 'removal leaves a mount'
! mounted /mnt/other || fail 'removal leaves a mount of a hardened service'
grep -qx '# changed' /etc/dgenfs/default.conf || fail 'removal takes what was configured'
rm /etc/dgenfs/mnt-one.conf
rmdir /mnt/one /mnt/other
dpkg --purge dgenfs >/dev/null
