#!/usr/bin/env bash
# Measures how the bytes of dgenfs compress and deduplicate, with the libraries
# and tools that stores use, and compares that with what is promised. Prints
# Markdown; the exit status is 1 if any figure is off.
#
#   scripts/fidelity.sh                    64 MiB of each shape, several minutes
#   scripts/fidelity.sh --size 8M --short  half a minute: small samples, no restic
#   scripts/fidelity.sh --textures [--short] [--plot FILE] [--only PART]
#                                          textures alone, beside real data
#   scripts/fidelity.sh --chunkers [--short] [--only PART] [--size SIZE] ...
#                                          what borg, restic and casync find of run=
#   scripts/fidelity.sh --sectors [--short] [--size SIZE] [KEYS...]
#                                          whether sectors of 512 bytes repeat
#   scripts/fidelity.sh --real             measures the real data of this machine anew
#   scripts/fidelity.sh --calibrate        prints the ratios of gen/texture_profiles.go anew
#
# --short without --size means 8M. As root it installs missing packages by apt-get.
# scripts/fidelity.py does the work, and scripts/fidelity/ that of textures.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/packages.sh
need lz4 zstd gzip xz-utils:xz brotli python3 gcc:cc libc6-dev:/usr/include/stdio.h \
	liblz4-1:'/usr/lib/*/liblz4.so.1' libzstd1:'/usr/lib/*/libzstd.so.1' libbrotli1:'/usr/lib/*/libbrotlienc.so.1' \
	liblz4-dev:/usr/include/lz4.h libsnappy-dev:/usr/include/snappy-c.h liblzo2-dev:/usr/include/lzo/lzo1x.h \
	zlib1g-dev:/usr/include/zlib.h libisal-dev:/usr/include/isa-l/igzip_lib.h libzstd-dev:/usr/include/zstd.h \
	libbz2-dev:/usr/include/bzlib.h liblzma-dev:/usr/include/lzma.h libbrotli-dev:/usr/include/brotli/encode.h

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# DGENFS=FILE is another binary, to compare the two.
if [[ -z ${DGENFS:-} ]]; then
	go build -o "$work/dgenfs" .
	DGENFS=$work/dgenfs
fi
cc -O2 -o "$work/blocks" scripts/fidelity/blocks.c scripts/fidelity/codecs.c \
	-llz4 -lsnappy -llzo2 -lz -lisal -lzstd -lbz2 -llzma -lbrotlienc -lbrotlidec
cc -O2 -o "$work/sectors" scripts/fidelity/sectors.c
export DGENFS FIDELITY_BLOCKS=$work/blocks FIDELITY_WORK=$work PYTHONDONTWRITEBYTECODE=1

case ${1:-} in
--chunkers)
	need casync borgbackup:borg restic
	shift && python3 scripts/fidelity/chunkers.py "$@"
	;;
--sectors) shift && FIDELITY_SECTORS=$work/sectors python3 scripts/fidelity/sectors.py "$@" ;;
--textures) shift && python3 scripts/fidelity/textures.py "$@" ;;
--real) python3 scripts/fidelity/real.py ;;
--calibrate) python3 scripts/fidelity/calibrate.py ;;
*)
	python3 scripts/fidelity.py --dgenfs "$DGENFS" --work "$work" "$@"
	short=()
	if [[ " $* " == *' --short '* ]]; then
		short=(--short)
	fi
	python3 scripts/fidelity/textures.py "${short[@]}"
	FIDELITY_SECTORS=$work/sectors python3 scripts/fidelity/sectors.py "${short[@]}"
	need casync
	[[ ${#short[@]} -gt 0 ]] || need borgbackup:borg restic
	python3 scripts/fidelity/chunkers.py "${short[@]}"
	;;
esac
