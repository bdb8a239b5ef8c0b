#!/usr/bin/env bash
# Measures the generator and the mount, and writes what the README shows:
#
#   scripts/bench.sh [generator|mount|all] [DIRECTORY]  (default: all scripts/bench)
#
# DIRECTORY/generator.csv has every fill of `dgenfs bench`, generator.svg plots those
# of one thread over the size of the buffer, beside stores to the same buffer.
#
# DIRECTORY/mount.csv and mount.svg have what fio and cat read from the mount, by
# each transport, beside a file of random bytes in tmpfs, which takes up to 4 GiB
# of memory meanwhile. Every row is measured on all of them in turn, ROUNDS times
# (default: 9), for SECONDS each (default: 0.4); both are environment variables.
# So is REFERENCE=FILE, one more file to read, that of another server perhaps.
#
# Nothing else should run meanwhile. The numbers of a shared machine drift; the
# ratios compare neighbouring runs and are what to go by.
set -euo pipefail

wrong() {
	printf 'bench.sh: %s\n' "$*" >&2
	exit 2
}

what=${1:-all}
case $what in
generator | mount | all) ;;
*) wrong "$what: must be generator, mount or all; usage: bench.sh [generator|mount|all] [DIRECTORY]" ;;
esac
(($# <= 2)) || wrong "$# arguments, at most two are allowed; usage: bench.sh [generator|mount|all] [DIRECTORY]"
directory=scripts/bench
if (($# == 2)); then directory=$(realpath -m -- "$2") || exit 2; fi

export ROUNDS=${ROUNDS:-9}
seconds=$(printenv SECONDS) || seconds=0.4 # $SECONDS is bash's own clock
[[ $ROUNDS =~ ^[1-9][0-9]{0,3}$ ]] || wrong "ROUNDS=$ROUNDS: must be a number from 1 to 9999"
[[ $seconds =~ ^([1-9][0-9]{0,3}(\.[0-9]+)?|0?\.[1-9][0-9]*)$ ]] || wrong "SECONDS=$seconds: must be a number from 0.1 to 9999"

targets=()
if [[ ${REFERENCE:-} ]]; then
	[[ -f $REFERENCE && -r $REFERENCE ]] || wrong "REFERENCE=$REFERENCE: not a readable file"
	targets+=("reference=$(realpath -- "$REFERENCE")")
fi
cd "$(dirname "$0")/.."
mkdir -p -- "$directory" || exit 2

packages=(gnuplot-nox:gnuplot)
if [[ $what != mount ]]; then packages+=(jq); fi
if [[ $what != generator ]]; then packages+=(fio python3); fi
. scripts/packages.sh
need "${packages[@]}"

work=$(mktemp -d)
random=    # the file in tmpfs
measuring= # the process that reads
clean_up() {
	if [[ $measuring ]]; then
		kill "$measuring" 2>/dev/null || true
		wait "$measuring" || true
	fi
	for transport in dev uring; do
		if mountpoint -q "$work/$transport"; then
			"$work/dgenfs" umount "$work/$transport" || "$work/dgenfs" umount --lazy "$work/$transport" || true
		fi
	done
	rm -rf --one-file-system "$work"
	if [[ $random ]]; then rm -f "$random"; fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

go build -o "$work/dgenfs" .
cpu=$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)
cpu=${cpu:-unknown CPU}

measure_generator() {
	"$work/dgenfs" bench --json >"$work/bench.json"

	jq -r '["implementation","shape","mode","threads","size","gbps","store","store_by","ratio"],
	       (.fills[] | [.implementation, .shape, .mode, .threads, .size, .gbps, .store, .store_by, .ratio]) | @csv' \
		"$work/bench.json" >"$directory/generator.csv"

	# A column for each implementation, and stores as they were beside it.
	jq -r '[.fills[] | select(.threads == 1 and .shape == "")] as $fills
	       | ($fills | map(.implementation) | unique) as $names
	       | (["size", "stores"] + $names),
	         ($fills | group_by(.size)[] | . as $rows
	          | [$rows[0].size, ($rows | map(.store) | add / length)]
	            + [$names[] as $n | $rows[] | select(.implementation == $n) | .gbps])
	       | @tsv' "$work/bench.json" >"$work/plot.tsv"
	local columns
	columns=$(head -n 1 "$work/plot.tsv" | wc -w)

	gnuplot <<-END
		set terminal svg size 720,400 font "sans-serif,13" background "white"
		set output "$directory/generator.svg"
		set title "Fills by one thread, $cpu, $(date -u +%F)"
		set logscale x 2
		set xtics ("4K" 4096, "16K" 16384, "64K" 65536, "256K" 262144, "1M" 1048576, "4M" 4194304, "16M" 16777216, "64M" 67108864, "256M" 268435456)
		set xlabel "buffer, filled again and again"
		set ylabel "GB/s"
		set yrange [0:*]
		set grid
		set key outside right
		plot for [i=2:$columns] "$work/plot.tsv" using 1:i with linespoints linewidth 2 pointtype 7 pointsize 0.5 title columnheader(i)
	END
	echo "wrote $directory/generator.csv and $directory/generator.svg"
}

# make_targets adds NAME=FILE to targets for all that this script makes itself.
make_targets() {
	local transport made=()
	for transport in dev uring; do
		mkdir "$work/$transport"
		# Far larger than memory, so that no cache can hold what was read.
		if "$work/dgenfs" --transport "$transport" --size 1T "$work/$transport"; then
			made+=("$transport=$work/$transport/data")
		elif [[ $transport == uring ]]; then
			echo "bench.sh: continuing without --transport uring" >&2
		else
			exit 1
		fi
	done

	# 4 GiB is more than any CPU's cache; half of what is free is left to others.
	local size available
	for available in "$(df --output=avail -B1 /dev/shm | tail -n 1)" \
		"$(awk '/^MemAvailable:/ {printf "%d", $2 * 1024}' /proc/meminfo)"; do
		available=$((available / 2 & ~((1 << 20) - 1)))
		size=$((available < ${size:-4 << 30} ? available : ${size:-4 << 30}))
	done
	if ((size < 256 << 20)); then
		echo "bench.sh: too little free memory in /dev/shm: must be 512 MiB or more" >&2
		exit 1
	fi
	random=$(mktemp /dev/shm/dgenfs-bench-XXXXXX)
	"$work/dgenfs" cat "$size" >"$random"
	targets=("${made[@]}" "tmpfs=$random" "${targets[@]}")
}

measure_mount() {
	make_targets
	# Not in the foreground, where bash would sit out a signal until it ends.
	SECONDS=$seconds python3 scripts/mounts.py "$work/mount.csv" "$work" "${targets[@]}" &
	measuring=$!
	wait "$measuring"
	measuring=
	cp "$work/mount.csv" "$directory/mount.csv"

	# Every bar has a place of its own, so that one that is missing leaves a gap. The
	# number on top tells what a bar of a few pixels cannot. The dots only carry the
	# names of the rows, which would else be written once for each bar.
	gnuplot <<-END
		set terminal svg size 900,760 font "sans-serif,13" background "white" noenhanced
		set output "$directory/mount.svg"
		n = ${#targets[@]}
		width = 0.84 / n
		place(i) = (i - 2 - (n - 1) / 2.0) * width
		name(i) = word("${targets[*]%%=*}", i - 1)
		tint(i) = name(i) eq "dev" ? 0x0072b2 : name(i) eq "uring" ? 0xe69f00 : name(i) eq "tmpfs" ? 0x999999 : 0x009e73
		label(i) = name(i) eq "dev" || name(i) eq "uring" ? "dgenfs " . name(i) : name(i)
		two_lines(s) = strstrt(s, "-") ? s[1:strstrt(s, "-")-1] . "\\n" . s[strstrt(s, "-")+1:*] : s
		set style fill solid
		set boxwidth width * 0.92
		set yrange [0:*]
		set offsets 0.1, 0.1, graph 0.06, 0
		set grid ytics
		set xtics nomirror scale 0
		set ytics nomirror
		set border 3
		set tmargin 3
		set lmargin 9
		set key at graph 0.5, graph 1.0 center bottom horizontal samplen 1.5
		set multiplot layout 2,1 title "Reading files, $cpu, Linux $(uname -r | cut -d- -f1), $(date -u +%F)"
		set ylabel "GB/s"
		plot "$work/large.tsv" using 0:(0):xtic(two_lines(strcol(1))) with dots linecolor rgb "white" notitle, \
		     for [i=2:n+1] "" using (\$0+place(i)):i with boxes linecolor rgb tint(i) title label(i), \
		     for [i=2:n+1] "" using (\$0+place(i)):i:(sprintf(column(i) < 9.95 ? "%.1f" : "%.0f", column(i))) with labels font ",9" offset 0,0.5 notitle
		unset key
		set ylabel "thousand reads of 4 KiB per second"
		plot "$work/small.tsv" using 0:(0):xtic(strcol(1)) with dots linecolor rgb "white" notitle, \
		     for [i=2:n+1] "" using (\$0+place(i)):i with boxes linecolor rgb tint(i) notitle, \
		     for [i=2:n+1] "" using (\$0+place(i)):i:(sprintf("%.0f", column(i))) with labels font ",10" offset 0,0.5 notitle
		unset multiplot
	END
	cat <<-END

		Go by the ratios: each compares runs of one round, which lie seconds apart, and
		is the median over all rounds. MB/s of different runs of this script differ by
		what else the machine did.

		tmpfs is what one core can copy for one reader: its reads are memory copied by
		the reader itself. A FUSE server works on other cores than the reader, so where
		many reads are in flight (several jobs, a depth of 8, one O_DIRECT read that the
		kernel cuts into many) it can beat tmpfs, as long as cores are free. Where small
		reads wait for each other, what counts is the way to the server and back.
		s/GiB is the CPU time of server and readers together that a GiB costs.

		wrote $directory/mount.csv and $directory/mount.svg
	END
}

if [[ $what != mount ]]; then measure_generator; fi
if [[ $what != generator ]]; then measure_mount; fi
