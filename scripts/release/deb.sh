#!/usr/bin/env bash
# Packs a tree of stage.sh as a Debian package, for release.sh:
#
#   deb.sh TREE VERSION ARCHITECTURE MAINTAINER FILE
#
# Needs SOURCE_DATE_EPOCH. Runs in the root of the sources.
set -euo pipefail

case "$#:${1:-}" in
5:*) ;;
1:-h | 1:--help) sed -n '2,/^set/{s/^# \{0,1\}//p}' "$0"; exit ;;
*)
	echo 'deb.sh: usage: deb.sh TREE VERSION ARCHITECTURE MAINTAINER FILE' >&2
	exit 2
	;;
esac
version=$2 arch=$3 maintainer=$4 file=$5
metadata=scripts/release/deb

tree=$(mktemp -d "${TMPDIR:-/tmp}/dgenfs-deb-XXXXXX")
trap 'rm -rf "$tree"' EXIT
cp -a "$1/." "$tree"
doc=$tree/usr/share/doc/dgenfs
{
	printf 'dgenfs (%s) unstable; urgency=medium\n\n  * Release %s.\n\n' "$version" "$version"
	printf ' -- %s  %s\n' "$maintainer" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$doc/changelog.gz"
install -D -m 644 "$metadata/lintian-overrides" "$tree/usr/share/lintian/overrides/dgenfs"

# In KiB, a file's size rounded up, as dpkg-gencontrol has it.
size=$(find "$tree" ! -type d -printf '%s\n' -o -printf '1024\n' | awk '{n += int(($1 + 1023) / 1024)} END {print n}')
mkdir "$tree/DEBIAN"
sed "s|@VERSION@|$version|; s|@ARCHITECTURE@|$arch|; s|@MAINTAINER@|$maintainer|; s|@SIZE@|$size|" \
	"$metadata/control" >"$tree/DEBIAN/control"
(cd "$tree" && find etc -type f | sort | sed 's|^|/|') >"$tree/DEBIAN/conffiles"
(cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
install -m 755 "$metadata"/{postinst,prerm,postrm} "$tree/DEBIAN"
chmod 755 "$tree"
find "$tree" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
# What xz makes depends on how many threads share the work.
dpkg-deb --root-owner-group -Zxz --threads-max=1 --build "$tree" "$file" >/dev/null
