#!/bin/bash
# Opens files of every format with the readers that people use, see check.py, and on a
# mount, see mounted.py. As root it installs what is missing of Debian's packages.
set -euo pipefail
cd "$(dirname "$0")/../.."

. scripts/packages.sh
need python3-numpy:/usr/lib/python3/dist-packages/numpy python3-h5py:/usr/lib/python3/dist-packages/h5py \
	python3-pil:/usr/lib/python3/dist-packages/PIL hdf5-tools:h5dump pngcheck libjpeg-turbo-progs:djpeg,cjpeg unzip sox gdisk:sgdisk fdisk:sfdisk

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
retry go -C scripts/formats mod download
go -C scripts/formats vet ./...
go -C scripts/formats build -o "$work/formats" .
/usr/bin/python3 scripts/formats/check.py "$work/formats"
go build -o "$work/dgenfs" .
scripts/formats/mounted.py tree >"$work/formats.tree"
"$work/dgenfs" run --seed 7 --tree "$work/formats.tree" -- /usr/bin/python3 scripts/formats/mounted.py {} "$work/formats" "$work/dgenfs"
