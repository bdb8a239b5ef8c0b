#!/usr/bin/env bash
# Measures how the bytes of dgenfs compress and deduplicate, with the libraries
# and tools that stores use, and compares that with what is promised. Prints
# Markdown; the exit status is 1 if any figure is off.
#
#   scripts/fidelity.sh                    64 MiB of each shape, several minutes
#   scripts/fidelity.sh --size 8M --short  half a minute: small samples, no restic
#
# --short without --size means 8M. As root it installs missing packages by apt-get.
# scripts/fidelity.py does the work.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/packages.sh
need lz4 zstd gzip xz-utils:xz brotli python3 \
	liblz4-1:'/usr/lib/*/liblz4.so.1' libzstd1:'/usr/lib/*/libzstd.so.1' libbrotli1:'/usr/lib/*/libbrotlienc.so.1'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# DGENFS=FILE is another binary, to compare the two.
if [[ -z ${DGENFS:-} ]]; then
	go build -o "$work/dgenfs" .
	DGENFS=$work/dgenfs
fi
python3 scripts/fidelity.py --dgenfs "$DGENFS" --work "$work" "$@"
