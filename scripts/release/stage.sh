#!/usr/bin/env bash
# Lays out what is installed, for release.sh:
#
#   stage.sh tree|archive BINARY NATIVE DIRECTORY
#
# tree is what packages have, from the root; archive is what people unpack. BINARY is the
# program to be installed, NATIVE the same one for this machine, which prints the manual and
# the completions. Runs in the root of the sources.
set -euo pipefail

case "$#:${1:-}" in
4:tree | 4:archive) ;;
1:-h | 1:--help) sed -n '2,/^set/{s/^# \{0,1\}//p}' "$0"; exit ;;
*)
	echo 'stage.sh: usage: stage.sh tree|archive BINARY NATIVE DIRECTORY' >&2
	exit 2
	;;
esac
layout=$1 binary=$2 native=$3 to=$4

# put MODE FILE: installs standard input.
put() {
	mkdir -p "$(dirname "$to/$2")"
	cat >"$to/$2"
	chmod "$1" "$to/$2"
}
# Who distributes a binary has to hand on the licences of what is linked into it.
licences() {
	cat scripts/release/copyright
	local version path dir
	printf '\n%s\n\n' "== Go's standard library, $(go env GOVERSION)"
	cat "$(go env GOROOT)/LICENSE"
	go version -m "$binary" | awk '$1 == "dep" {print $2, $3}' | while read -r path version; do
		dir=$(go list -m -f '{{.Dir}}' "$path")
		[[ $dir ]] || dir=$(go mod download -json "$path@$version" | sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p')
		printf '\n%s\n\n' "== $path $version"
		cat "$dir"/LICENSE*
	done
}

if [[ $layout = tree ]]; then
	put 755 usr/bin/dgenfs <"$binary"
	# mount(8) looks for its helpers in /sbin, which is /usr/sbin by now.
	mkdir -p "$to/usr/sbin" "$to/usr/share/man/man8"
	"$native" man | gzip -9n | put 644 usr/share/man/man1/dgenfs.1.gz
	for helper in mount.dgenfs mount.fuse.dgenfs; do
		ln -s ../bin/dgenfs "$to/usr/sbin/$helper"
		ln -s ../man1/dgenfs.1.gz "$to/usr/share/man/man8/$helper.8.gz"
	done
	"$native" completion bash | put 644 usr/share/bash-completion/completions/dgenfs
	"$native" completion zsh | put 644 usr/share/zsh/vendor-completions/_dgenfs
	"$native" completion fish | put 644 usr/share/fish/vendor_completions.d/dgenfs.fish
	for unit in scripts/deploy/*.service; do
		sed 's|/usr/local/bin/|/usr/bin/|; /^#$/{N;/\n# Install as/d}' "$unit" | put 644 "usr/lib/systemd/system/${unit##*/}"
	done
	put 644 etc/dgenfs/default.conf <scripts/deploy/default.conf
	put 644 usr/share/doc/dgenfs/examples/fstab <scripts/deploy/fstab.example
	put 644 usr/share/doc/dgenfs/examples/daemonset.yaml <scripts/deploy/daemonset.yaml
	put 644 usr/share/doc/dgenfs/examples/grafana.json <scripts/deploy/grafana.json
	put 644 usr/share/doc/dgenfs/examples/ganesha.conf <scripts/deploy/ganesha.conf
	put 644 usr/share/doc/dgenfs/examples/Containerfile <scripts/release/Containerfile
	licences | put 644 usr/share/doc/dgenfs/copyright
else
	put 755 dgenfs <"$binary"
	"$native" man | put 644 dgenfs.1
	for shell in bash zsh fish; do "$native" completion $shell | put 644 "completion/dgenfs.$shell"; done
	for file in scripts/deploy/* scripts/release/Containerfile; do put 644 "deploy/${file##*/}" <"$file"; done
	install -m 644 README.md "$to"
	licences | put 644 LICENSES
fi
