#!/usr/bin/env bash
# Packs a tree of stage.sh as an RPM package, for release.sh:
#
#   rpm.sh TREE VERSION ARCHITECTURE MAINTAINER FILE
#
# Needs SOURCE_DATE_EPOCH. Runs in the root of the sources.
set -euo pipefail

case "$#:${1:-}" in
5:*) ;;
1:-h | 1:--help) sed -n '2,/^set/{s/^# \{0,1\}//p}' "$0"; exit ;;
*)
	echo 'rpm.sh: usage: rpm.sh TREE VERSION ARCHITECTURE MAINTAINER FILE' >&2
	exit 2
	;;
esac
tree=$(realpath "$1") version=$2 arch=$3 maintainer=$4 file=$5

work=$(mktemp -d "${TMPDIR:-/tmp}/dgenfs-rpm-XXXXXX")
trap 'rm -rf "$work"' EXIT
# The tree is laid out already: nothing is built, stripped or compressed again, and no
# settings of this machine or user are read. rpmbuild notes its host and the time.
rpmbuild --quiet -bb --target "$arch-linux" --dbpath "$work/db" \
	--define "_topdir $work" --define "_tmppath $work" --define "_rpmdir $work/out" \
	--define "_rpmfilename package.rpm" \
	--define "tree $tree" --define "release_version $version" --define "maintainer $maintainer" \
	--define '_buildhost localhost' \
	--define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' \
	--define 'source_date_epoch_from_changelog 0' \
	--define '_binary_payload w6.xzdio' --define '_build_id_links none' \
	--define 'debug_package %{nil}' --define '__os_install_post %{nil}' \
	scripts/release/rpm/dgenfs.spec >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
install -m 644 "$work/out/package.rpm" "$file"
