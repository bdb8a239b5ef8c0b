#!/usr/bin/env bash
# Tests the randomness of the bytes of dgenfs, with Debian's rngtest, ent and
# dieharder, and with strong compressors. Needs root or fusermount3, as it reads from
# a mount, too.
#
#   scripts/randomness.sh          some 10 minutes
#   scripts/randomness.sh --short  a minute, what scripts/test.sh runs
#   scripts/randomness.sh --full   hours: all of dieharder on everything
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${1:---normal}
case $mode in
--short) mib=32 cells=8192 tests=2 ;;
--normal) mib=256 cells=65536 tests="0 1 2 3 4 8 9 10 11 12 13 15 16 100 101 102" ;;
--full) mib=1024 cells=262144 tests=all ;;
*)
	echo "randomness.sh: unknown argument $mode; must be --short or --full" >&2
	exit 2
	;;
esac

. scripts/packages.sh
need rng-tools5:rngtest ent dieharder xz-utils:xz zstd python3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/dgenfs" .
dgenfs=$work/dgenfs
bad=0

# verdict NAME TEXT CONDITION...: prints a line, and counts it if CONDITION is false.
verdict() {
	local name=$1 text=$2 word=ok
	shift 2
	if ! "$@"; then
		word=BAD bad=$((bad + 1))
	fi
	printf '%-4s %-40s %s\n' "$word" "$name" "$text"
}

# Chi square of truly random bytes is 255 on average, its standard deviation
# 22.6: six of them off would not happen once in a hundred million times.
even() { awk -v chi="$1" 'BEGIN { exit !(chi > 255 - 6 * 22.6 && chi < 255 + 6 * 22.6) }'; }

# The data. What runs for longer than its reader is ended by a closed pipe.
stream() { "$dgenfs" cat 1E,seed=1; }
# The first cell of neighbouring files, one after the other: by path, by seed.
files() {
	# shellcheck disable=SC2016 # {} and $1 are for the inner shell
	"$dgenfs" run --file "f{000000..$(printf %06d $((cells - 1)))}:4K" -- sh -c 'find "$1" -name "f*" -print0 | sort -z | xargs -0 cat' sh {} 2>"$work/errors"
}
seeds() {
	# shellcheck disable=SC2016
	"$dgenfs" run -- sh -c 'cd "$1" && seq -f "4K,seed=%.0f" 0 "$2" | xargs cat' sh {} "$((cells - 1))" 2>"$work/errors"
}
# Every eighth word: the output of one of the eight generators of a cell.
lane() {
	stream | python3 -c '
import sys
while block := sys.stdin.buffer.read(1 << 20):
    sys.stdout.buffer.write(memoryview(block).cast("Q")[int(sys.argv[1])::8].tobytes())
' "$1" 2>/dev/null
}

check() {
	local name=$1 line failed
	shift
	# No more than the files have.
	local size=$((mib << 20))
	[[ $1 == files || $1 == seeds ]] && size=$((cells * 4096))

	# FIPS 140-2 on blocks of 20000 bits; of truly random ones, 0.08 % fail.
	line=$({ "$@" || true; } 2>/dev/null | head -c "$size" | rngtest 2>&1 || true)
	local good wrong
	good=$(sed -n 's/.*FIPS 140-2 successes: //p' <<<"$line")
	wrong=$(sed -n 's/.*FIPS 140-2 failures: //p' <<<"$line")
	verdict "$name: rngtest" "$wrong of $((good + wrong)) blocks fail" \
		[ "$((good > 0 && wrong * 1000 <= good * 2 + 5000))" = 1 ]

	line=$({ "$@" || true; } 2>/dev/null | head -c "$size" | ent -t | tail -n 1)
	local entropy chi correlation
	IFS=, read -r _ _ entropy chi _ _ correlation <<<"$line"
	verdict "$name: ent" "$entropy bits a byte, chi square $chi, correlation $correlation" even "$chi"

	# In the short form, one test is enough.
	[[ $mode == --short && $1 == lane ]] && return
	# Endless streams only: dieharder must not read the same bytes again.
	[[ $1 == files || $1 == seeds ]] && return
	local args=() test
	if [[ $tests == all ]]; then
		args=(-a)
		line=$({ "$@" || true; } 2>/dev/null | dieharder -g 200 "${args[@]}" -c , -D test_name -D ntuple -D pvalues -D assessment || true)
	else
		line=
		for test in $tests; do
			line+=$({ "$@" || true; } 2>/dev/null | dieharder -g 200 -d "$test" -c , -D test_name -D ntuple -D pvalues -D assessment || true)$'\n'
		done
	fi
	failed=$(grep -c FAILED <<<"$line" || true)
	local made
	made=$(grep -cE 'PASSED|WEAK|FAILED' <<<"$line" || true)
	verdict "$name: dieharder" "$made tests, $(grep -c WEAK <<<"$line" || true) weak, $failed failed" \
		[ "$((made > 0 && failed == 0))" = 1 ]
	grep FAILED <<<"$line" || true
}

check "a stream" stream
check "first cells of $cells files" files
check "first cells of $cells seeds" seeds
for j in 0 1 2 3 4 5 6 7; do
	check "lane $j" lane "$j"
	[[ $mode == --short ]] && break
done

# gain NAME COMMAND...: no compressor may make the data smaller.
gain() {
	local name=$1 size=$((mib << 20)) packed
	((size > 256 << 20)) && size=$((256 << 20))
	shift
	packed=$({ stream || true; } 2>/dev/null | head -c $size | "$@" | wc -c)
	verdict "$name" "$packed bytes of $size" [ "$packed" -ge "$size" ]
}
gain "xz -9" xz -9 -c
gain "zstd --ultra -22 --long=31" zstd --ultra -22 --long=31 -q -c

if ((bad)); then
	echo "randomness.sh: $bad checks failed" >&2
	exit 1
fi
