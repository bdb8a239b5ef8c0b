#!/usr/bin/env bash
# Measures how the bytes of dgenfs compress and deduplicate, with the libraries
# and tools that stores use, and checks it against what is promised. Prints
# Markdown; its exit status is 1 if any figure is off.
#
#   scripts/fidelity.sh                    64 MiB of each shape, several minutes
#   scripts/fidelity.sh --size 8M --short  half a minute: small samples, no restic
#
# --short without --size means 8M. What is missing is installed by apt-get if
# root runs this; scripts/fidelity.py does the work.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/packages.sh
need lz4 zstd gzip xz-utils:xz brotli python3 \
	liblz4-1:'/usr/lib/*/liblz4.so.1' libzstd1:'/usr/lib/*/libzstd.so.1' libbrotli1:'/usr/lib/*/libbrotlienc.so.1'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# A binary that is already there may be named, to compare two of them.
if [[ -z ${DGENFS:-} ]]; then
	go build -o "$work/dgenfs" .
	DGENFS=$work/dgenfs
fi
python3 scripts/fidelity.py --dgenfs "$DGENFS" --work "$work" "$@"
