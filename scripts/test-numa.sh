#!/bin/bash
# Tests on machines with several memory nodes: threads, memory, fills, mounts and
# cpusets, on real kernels.
#
#   scripts/test-numa.sh
#
# On a machine that has several nodes they run here; root is needed. On others
# they run in small virtual machines, which numa-vm boots, a tool that stands
# beside this repository; NUMA_VM=PATH says where else it is. Without it, or where it
# can boot none, there is nothing to be tested, which is said, and is no error. Takes 1
# to 2 minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
numa_vm=${NUMA_VM:-../shared/tools/numa-vm/numa-vm}

nodes=(/sys/devices/system/node/node[0-9]*)
if [ ${#nodes[@]} -lt 2 ] && [ ! -x "$numa_vm" ]; then
	echo "skipped: this machine has one memory node, and there is no $numa_vm to boot others"
	exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/dgenfs-numa-XXXXXX")
trap 'rm -rf "$work"' EXIT
export CGO_ENABLED=0
go build -o "$work/dgenfs" .
go test -c -o "$work/numa.test" ./numa
go test -c -tags nodes -o "$work/fill.test" ./fs/cli
go test -c -tags nodes -o "$work/mount.test" ./fs/e2e
cat >"$work/run" <<-'RUN'
	#!/bin/sh
	# run PATTERN: those of the tests of fills and of mounts
	set -e
	./dgenfs topology
	./numa.test -test.timeout 2m
	[ "$1" = none ] && exit
	for test in fill mount; do
		./$test.test -test.timeout 4m -test.v -test.run "$1"
	done
RUN
chmod +x "$work/run"

if [ ${#nodes[@]} -ge 2 ]; then
	(cd "$work" && ./run '^TestNodes' | grep -Ev '^=== ')
	exit
fi

# A machine that does nothing: where none can be had, as without a network on first
# use, there is nothing to be tested. After that, whatever fails is a failure.
printf '#!/bin/sh\n' >"$work/nothing"
chmod +x "$work/nothing"
"$numa_vm" --nodes 2 -- "$work/nothing" 2>"$work/trial" || {
	echo "skipped: no virtual machine can be had here: $(tail -n 1 "$work/trial")"
	exit 0
}

# machine OPTION... -- PATTERN
machine() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	printf '\n-- %s\n' "${options[*]}"
	# Without the kernel's own moving of pages, which tests could not tell from ours.
	"$numa_vm" --mem 1536M "${options[@]}" --append numa_balancing=disable \
		--file "$work/dgenfs:dgenfs" --file "$work/numa.test:numa.test" --file "$work/fill.test:fill.test" --file "$work/mount.test:mount.test" \
		-- "$work/run" "$2" | grep -Ev '^=== '
}
machine --nodes 2 --cpus 4 -- '^TestNodes'
machine --nodes 2 --cpus 2 --cpuless-node -- '^TestNodes(WithoutCPUs|Mount|Flags)'
machine --nodes 2 --cpus 2 --offline-cpu 1 -- none
