#!/usr/bin/env bash
# Measures the generator and writes what the README shows:
#
#   scripts/bench.sh [FOLDER]     (default: scripts/bench)
#
# FOLDER/generator.csv has every fill of `dgenfs bench`, generator.svg plots those
# of one thread over the size of the buffer, beside clear() of the same buffer.
# Nothing else should run meanwhile. The numbers of a shared machine drift; the
# column "ratio" compares neighbouring runs and is what to go by.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-scripts/bench}

missing=()
for need in jq:jq gnuplot:gnuplot-nox; do
	command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}")
done
if ((${#missing[@]})); then
	if ((EUID)); then
		echo "bench.sh: install first: apt-get install ${missing[*]}" >&2
		exit 1
	fi
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder"
go build -o "$work/dgenfs" .
"$work/dgenfs" bench --json >"$work/bench.json"

jq -r '["implementation","shape","mode","threads","size","gbps","clear","ratio"],
       (.fills[] | [.implementation, .shape, .mode, .threads, .size, .gbps, .clear, .ratio]) | @csv' \
	"$work/bench.json" >"$folder/generator.csv"

# A column for each implementation, and clear() as it was beside the first.
jq -r '[.fills[] | select(.threads == 1 and .shape == "")] as $fills
       | ($fills | map(.implementation) | unique) as $names
       | (["size", "clear()"] + $names),
         ($fills | group_by(.size)[] | . as $rows
          | [$rows[0].size, ($rows | map(.clear) | add / length)]
            + [$names[] as $n | $rows[] | select(.implementation == $n) | .gbps])
       | @tsv' "$work/bench.json" >"$work/plot.tsv"
columns=$(head -n 1 "$work/plot.tsv" | wc -w)

cpu=$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)
gnuplot <<END
set terminal svg size 720,400 font "sans-serif,13" background "white"
set output "$folder/generator.svg"
set title "Fills by one thread, ${cpu:-unknown CPU}, $(date -u +%F)"
set logscale x 2
set xtics ("4K" 4096, "16K" 16384, "64K" 65536, "256K" 262144, "1M" 1048576, "4M" 4194304, "16M" 16777216, "64M" 67108864, "256M" 268435456)
set xlabel "buffer, filled again and again"
set ylabel "GB/s"
set yrange [0:*]
set grid
set key outside right
plot for [i=2:$columns] "$work/plot.tsv" using 1:i with linespoints linewidth 2 pointtype 7 pointsize 0.5 title columnheader(i)
END
echo "wrote $folder/generator.csv and $folder/generator.svg"
