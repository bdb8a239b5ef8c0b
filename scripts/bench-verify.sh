#!/usr/bin/env bash
# Measures `dgenfs verify` of a file in tmpfs, in turn with cat of the same file:
#
#   scripts/bench-verify.sh [SPEC]...     (default: 4G, and two others)
#
# Prints, for each SPEC, the medians of ROUNDS runs of each (default: 9) in seconds, and
# the median of the ratios of neighbouring runs: above 1, verify is faster than cat. THREADS
# is how many threads verify (default: 2). The file takes its size in memory meanwhile.
#
# Nothing else should run; on a shared machine, the ratio is what to go by.
set -euo pipefail

rounds=${ROUNDS:-9} threads=${THREADS:-2}
[[ $rounds =~ ^[1-9][0-9]{0,3}$ ]] || { echo "bench-verify.sh: ROUNDS=$rounds: must be a number from 1 to 9999" >&2; exit 2; }
[[ $threads =~ ^[1-9][0-9]{0,3}$ ]] || { echo "bench-verify.sh: THREADS=$threads: must be a number from 1 to 9999" >&2; exit 2; }
if (($# == 0)); then set -- 4G 4G,dedup=3 4G,compress=2; fi
cd "$(dirname "$0")/.."

work=$(mktemp -d -p /dev/shm dgenfs-verify-XXXXXX)
trap 'rm -rf "$work"' EXIT
go build -o "$work/dgenfs" .

# elapsed COMMAND...: prints how many seconds it took
elapsed() {
	local TIMEFORMAT=%R
	{ time "$@" >/dev/null 2>&1; } 2>&1
}

median() { sort -g | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

for spec; do
	file="$work/copy"
	"$work/dgenfs" cat "$spec" >"$file"
	cat "$file" >/dev/null
	: >"$work/cat"
	: >"$work/verify"
	for ((i = 0; i < rounds; i++)); do
		elapsed cat "$file" >>"$work/cat"
		elapsed "$work/dgenfs" verify --threads "$threads" --spec "$spec" "$file" >>"$work/verify"
	done
	"$work/dgenfs" verify --spec "$spec" "$file" >/dev/null
	printf '%s: cat %s s, verify %s s, ratio %s\n' "$spec" "$(median <"$work/cat")" "$(median <"$work/verify")" \
		"$(paste "$work/cat" "$work/verify" | awk '{ printf "%.2f\n", $1 / $2 }' | median)"
	rm "$file"
done
