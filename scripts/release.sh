#!/usr/bin/env bash
# Makes a release of the commit that is checked out, for linux/amd64 and linux/arm64:
#
#   scripts/release.sh [--out DIRECTORY]          (default: dist)
#
# DIRECTORY gets, for each of them, a static binary with its documentation in a .tar.gz, a
# .deb, an .rpm and a bill of materials (CycloneDX), and SHA256SUMS of all. Files of these
# names are replaced.
#
# What is made depends on the commit, the version of Go and those of dpkg-deb, rpmbuild, tar,
# gzip and xz, and on nothing else: not on the time, the directory or the user. What is not
# committed is left out. The version is Go's own for the commit, of a tag such as v1.2.3 or
# else v0.0.0-TIME-COMMIT. Needs a host of one of the two architectures.
set -euo pipefail

fail() { printf 'release.sh: %s\n' "$*" >&2; exit 1; }
wrong() {
	printf 'release.sh: %s; usage: release.sh [--out DIRECTORY]\n' "$*" >&2
	exit 2
}

out=dist
while (($#)); do
	case $1 in
	-h | --help) sed -n '2,/^set/{s/^# \{0,1\}//p}' "$0"; exit ;;
	--out) (($# >= 2)) || wrong '--out needs a DIRECTORY'; out=$2; shift 2 ;;
	--out=*) out=${1#--out=}; shift ;;
	*) wrong "$1: neither a flag nor expected" ;;
	esac
done
[[ $out ]] || wrong '--out needs a DIRECTORY'
out=$(realpath -m -- "$out")
cd "$(dirname "$0")/.."

command -v go >/dev/null || fail 'Go is missing: see https://go.dev/doc/install'
missing=()
for need in git:git dpkg-deb:dpkg rpmbuild:rpm xz:xz-utils gzip:gzip tar:tar; do
	command -v "${need%:*}" >/dev/null || missing+=("${need#*:}")
done
((${#missing[@]} == 0)) || fail "missing; run: sudo apt-get install ${missing[*]}"
host=$(go env GOHOSTARCH)
case $host in amd64 | arm64) ;; *) fail "$host: the manual is printed by the program itself, on a host of amd64 or arm64" ;; esac
commit=$(git rev-parse --verify HEAD) || fail 'no commit to release; run this in a clone of the repository'
[[ -z $(git status --porcelain --untracked-files=no) ]] || echo "release.sh: uncommitted changes are left out of $commit" >&2
mkdir -p -- "$out"

# The environment of whoever runs this must not show in what is made.
umask 022
export LC_ALL=C TZ=UTC
export CGO_ENABLED=0 GOOS=linux GOAMD64=v1 GOARM64=v8.0 GOEXPERIMENT='' GOFIPS140=off GOWORK=off
export GOFLAGS=-mod=readonly
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
maintainer=$(git log -1 --format='%an <%ae>')

work=$(mktemp -d "${TMPDIR:-/tmp}/dgenfs-release-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
source=$work/source
git clone --quiet --shared --no-checkout . "$source"
git -C "$source" checkout --quiet --detach "$commit"
cd "$source"

# Go writes the version and the commit into the program, which it prints as its own.
for arch in amd64 arm64; do
	GOARCH=$arch go build -trimpath -buildvcs=true -ldflags='-s -w' -o "$work/$arch/dgenfs" .
done
version=$(go version -m "$work/$host/dgenfs" | awk '$1 == "mod" {print $3}')
version=${version#v}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || fail "$version: not the version of a commit"
# In packages, what comes before 1.0.0 is 1.0.0~rc1, and - is for their own revisions.
package=${version/-/\~}
package=${package//-/.}
(cd scripts/release/sbom && GOOS='' go build -o "$work/sbom" .)

# Everything that is packed has the time of the commit.
same_time() { find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +; }

made=()
for arch in amd64 arm64; do
	name=dgenfs_${version}_linux_$arch
	scripts/release/stage.sh tree "$work/$arch/dgenfs" "$work/$host/dgenfs" "$work/$arch/tree"
	scripts/release/stage.sh archive "$work/$arch/dgenfs" "$work/$host/dgenfs" "$work/$arch/$name"
	same_time "$work/$arch"

	tar --create --directory="$work/$arch" --format=ustar --sort=name --owner=0 --group=0 --numeric-owner "$name" |
		gzip -9n >"$out/$name.tar.gz"
	"$work/sbom" "$work/$arch/dgenfs" >"$out/$name.cdx.json"
	scripts/release/deb.sh "$work/$arch/tree" "$package" "$arch" "$maintainer" "$out/dgenfs_${package}_$arch.deb"
	case $arch in amd64) machine=x86_64 ;; arm64) machine=aarch64 ;; esac
	scripts/release/rpm.sh "$work/$arch/tree" "$package" "$machine" "$maintainer" "$out/dgenfs-$package-1.$machine.rpm"
	made+=("$name.tar.gz" "$name.cdx.json" "dgenfs_${package}_$arch.deb" "dgenfs-$package-1.$machine.rpm")
done
cd "$out"
sha256sum "${made[@]}" | sort -k 2 >SHA256SUMS
echo "dgenfs $version, commit $commit, by $(go env GOVERSION), in $out:"
cat SHA256SUMS
