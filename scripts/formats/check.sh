#!/bin/bash
# Opens files of every format with the readers that people use; see check.py. Installs
# what it needs of Debian's, as root.
set -euo pipefail
cd "$(dirname "$0")"

packages=(python3-numpy python3-h5py hdf5-tools pngcheck libjpeg-turbo-progs unzip sox gdisk)
if ! dpkg -s "${packages[@]}" >/dev/null 2>&1; then
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${packages[@]}" >/dev/null
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go vet ./...
go build -o "$work/formats" .
/usr/bin/python3 check.py "$work/formats"
