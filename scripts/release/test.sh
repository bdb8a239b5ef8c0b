#!/usr/bin/env bash
# Tests what release.sh makes:
#
#   scripts/release/test.sh [--short]
#
# Two releases, made in two directories, have to be equal, the second one with empty
# caches of Go; packages to have the same contents, arm64's program to make the same
# bytes, the program to mount in a container of an empty image, the .deb to install, serve
# and go without a trace in a Debian of its own, which mmdebstrap downloads, and go
# install to work. --short leaves out empty caches, lintian, that Debian and go install.
#
# What is missing is installed by apt-get if root runs this; others get told, and get those
# parts left out that need root.
set -euo pipefail

fail() { printf 'release/test.sh: %s\n' "$*" >&2; exit 1; }
checked() { printf 'checked:     %s (%d s)\n' "$*" "$SECONDS"; }
unchecked() { printf 'NOT checked: %s\n' "$*"; }

short=''
case "$#:${1:-}" in
0:) ;;
1:--short) short=yes ;;
1:-h | 1:--help) sed -n '2,/^set/{s/^# \{0,1\}//p}' "$0"; exit ;;
*)
	echo 'release/test.sh: usage: test.sh [--short]' >&2
	exit 2
	;;
esac
cd "$(dirname "$0")/../.."

needs='dpkg-deb:dpkg rpmbuild:rpm rpm2cpio:rpm2cpio cpio:cpio xz:xz-utils qemu-aarch64-static:qemu-user-static setpriv:util-linux'
[[ $short ]] || needs+=' lintian:lintian mmdebstrap:mmdebstrap'
missing=()
for need in $needs; do
	command -v "${need%:*}" >/dev/null || missing+=("${need#*:}")
done
if ((${#missing[@]})); then
	((EUID == 0)) || fail "missing; run: sudo apt-get install ${missing[*]}"
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/dgenfs-release-test-XXXXXX")
clean_up() {
	chmod -R u+w "$work/cache" 2>/dev/null || true
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

scripts/release.sh --out "$work/one" >"$work/log" 2>&1 || fail "$(cat "$work/log")"
# As somebody else, elsewhere: little of this must show, and none of it does.
git clone --quiet . "$work/elsewhere"
mkdir "$work/tmp"
[[ $short ]] || export GOCACHE=$work/cache
(
	umask 077
	cd /
	env TMPDIR="$work/tmp" TZ=Asia/Tokyo LC_ALL=C.UTF-8 SOURCE_DATE_EPOCH=1 GOAMD64=v3 GOFLAGS=-tags=purego CGO_ENABLED=1 \
		DPKG_DEB_COMPRESSOR_TYPE=gzip GZIP=-1 TAR_OPTIONS=--owner=1 \
		"$work/elsewhere/scripts/release.sh" --out "$work/two"
) >"$work/log" 2>&1 || fail "$(cat "$work/log")"
diff -r "$work/one" "$work/two" || fail 'two releases of one commit differ'
(cd "$work/two" && sha256sum --quiet --check SHA256SUMS) || fail 'SHA256SUMS is wrong'
[[ -z $(find "$work/tmp" -mindepth 1) ]] || fail 'release.sh leaves temporary files'
checked "two releases are equal${short:+, with the caches of one}: $(wc -l <"$work/one/SHA256SUMS") files"

for arch in amd64 arm64; do
	mkdir -p "$work/$arch/deb" "$work/$arch/rpm" "$work/$arch/archive"
	case $arch in amd64) machine=x86_64 ;; arm64) machine=aarch64 ;; esac
	dpkg-deb -x "$work/one"/*_"$arch".deb "$work/$arch/deb"
	rpm2cpio "$work/one"/*."$machine".rpm | (cd "$work/$arch/rpm" && cpio -idm --quiet)
	tar -xzf "$work/one"/*_"$arch".tar.gz -C "$work/$arch/archive" --strip-components=1

	# What distributions of each kind have in another place, or alone.
	mv "$work/$arch/rpm/usr/share/zsh/site-functions" "$work/$arch/rpm/usr/share/zsh/vendor-completions"
	cp -a "$work/$arch/deb" "$work/$arch/common"
	rm -r "$work/$arch/common/usr/share/lintian" "$work/$arch/common/usr/share/doc/dgenfs/changelog.gz"
	diff -r --no-dereference "$work/$arch/common" "$work/$arch/rpm" || fail "$arch: the contents of .deb and .rpm differ"
	diff <(cd "$work/$arch/common" && find . -printf '%P %M %l\n' | sort) \
		<(cd "$work/$arch/rpm" && find . -printf '%P %M %l\n' | sort) || fail "$arch: modes or links of .deb and .rpm differ"
	cmp "$work/$arch/deb/usr/bin/dgenfs" "$work/$arch/archive/dgenfs" || fail "$arch: the archive has another program"

	# Who has a module of Go linked in finds it in the bill, and its licence in copyright.
	bill=$(echo "$work/one"/*_"$arch".cdx.json)
	grep -q "$(sha256sum <"$work/$arch/archive/dgenfs" | cut -d ' ' -f 1)" "$bill" || fail "$arch: the bill is of another program"
	go version -m "$work/$arch/archive/dgenfs" | awk '$1 == "dep" {print $2, $3}' >"$work/modules"
	[[ -s $work/modules ]] || fail "$arch: the program names no modules"
	while read -r path version; do
		grep -q "\"pkg:golang/$path@$version\"" "$bill" || fail "$arch: the bill has no $path"
		grep -qx "== $path $version" "$work/$arch/deb/usr/share/doc/dgenfs/copyright" || fail "$arch: no licence of $path"
	done <"$work/modules"
done
checked '.deb, .rpm and .tar.gz of each architecture have the same contents, all of it in the bill of materials'

native=$work/$(go env GOHOSTARCH)/archive/dgenfs
amd64=("$work/amd64/archive/dgenfs") arm64=("$work/arm64/archive/dgenfs")
case $(go env GOHOSTARCH) in
amd64) arm64=(qemu-aarch64-static "${arm64[@]}") ;;
arm64) amd64=(qemu-x86_64-static "${amd64[@]}") ;;
esac
commit=$(git rev-parse HEAD)
for arch in amd64 arm64; do
	declare -n program=$arch
	version=$("${program[@]}" version) || fail "$arch does not run: $version"
	[[ $version = "dgenfs v"*" $commit"*" linux/$arch" ]] || fail "$arch says it is: $version"
	"${program[@]}" cat 1M,dedup=3,compress=2,seed=7 | sha256sum >"$work/$arch/sum"
done
cmp "$work/amd64/sum" "$work/arm64/sum" || fail 'arm64 makes other bytes than amd64'
checked "both programs run, are of this commit, and make the same bytes"
for shell in bash zsh fish; do
	! command -v $shell >/dev/null || $shell -n "$work/amd64/archive/completion/dgenfs.$shell" || fail "$shell: completion"
done
(cd scripts/release/sbom && go vet . && go test .) || fail 'the bill of materials'

if ((EUID)); then
	unchecked 'the program in a container: needs root'
else
	scripts/release/test-container.sh "$native" || fail 'the program in a container'
	checked 'the program in a container of an empty image'
fi
[[ ! $short ]] || exit 0

for package in "$work/one"/*.deb; do
	lintian --allow-root --profile debian --fail-on error,warning "$package" || fail 'lintian'
done
checked '.deb by lintian'

mkdir "$work/copy"
git archive HEAD | tar -x -C "$work/copy"
(cd "$work/copy" && GOFLAGS=-mod=mod GOBIN=$work/bin go install .) || fail 'go install'
[[ $("$work/bin/dgenfs" version) = dgenfs* ]] || fail 'what go install installed does not run'
checked 'go install, in a copy of the sources'

if ((EUID)); then
	unchecked 'the .deb in a Debian of its own: needs root'
else
	scripts/release/test-debian.sh "$work/one"/*_"$(dpkg --print-architecture)".deb || fail 'the .deb in a Debian of its own'
	checked 'the .deb, in a Debian of its own'
fi
