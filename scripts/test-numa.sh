#!/bin/bash
# Tests on machines with several memory nodes: threads, memory, fills, mounts and
# cpusets, on real kernels.
#
#   scripts/test-numa.sh
#
# On a machine that has several nodes they run here, as root. On others they run in
# small virtual machines that numa-vm boots, a tool beside this repository; NUMA_VM=PATH
# is another place for it. Without it, or where it cannot boot a machine, the tests are
# skipped with a message, and the exit status is 0. Takes 2 to 3 minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
numa_vm=${NUMA_VM:-../shared/tools/numa-vm/numa-vm}

nodes=(/sys/devices/system/node/node[0-9]*)
if [ ${#nodes[@]} -lt 2 ] && [ ! -x "$numa_vm" ]; then
	echo "skipped: this machine has one memory node, and $numa_vm, which boots others, does not exist"
	exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/dgenfs-numa-XXXXXX")
trap 'rm -rf "$work"' EXIT
export CGO_ENABLED=0
go build -o "$work/dgenfs" .
go test -c -o "$work/numa.test" ./numa
go test -c -tags nodes -o "$work/gen.test" ./gen
go test -c -tags nodes -o "$work/cli.test" ./fs/cli
go test -c -tags nodes -o "$work/e2e.test" ./fs/e2e
cat >"$work/run" <<-'RUN'
	#!/bin/sh
	# run PATTERN: the tests of package numa, and those of the others that match
	set -e
	./dgenfs topology
	./numa.test -test.timeout 4m
	[ "$1" = none ] && exit
	for package in gen cli e2e; do
		./$package.test -test.timeout 8m -test.v -test.run "$1"
	done
RUN
chmod +x "$work/run"

if [ ${#nodes[@]} -ge 2 ]; then
	(cd "$work" && ./run '^Test(RealNodes|Nodes(Pool|Mount|Cpuset|Flags)$)' | grep -Ev '^=== ')
	exit
fi

# A machine that runs nothing: if that fails, as it does on first use without a network,
# the tests are skipped. After that, whatever fails is a failure.
printf '#!/bin/sh\n' >"$work/nothing"
chmod +x "$work/nothing"
"$numa_vm" --nodes 2 -- "$work/nothing" 2>"$work/trial" || {
	echo "skipped: no virtual machine can be booted here: $(tail -n 1 "$work/trial")"
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
	# The kernel must not move pages by itself, which tests would take for our doing.
	"$numa_vm" --mem 1536M "${options[@]}" --append numa_balancing=disable \
		--file "$work/dgenfs:dgenfs" --file "$work/numa.test:numa.test" --file "$work/gen.test:gen.test" \
		--file "$work/cli.test:cli.test" --file "$work/e2e.test:e2e.test" \
		-- "$work/run" "$2" | grep -Ev '^=== '
}
machine --nodes 2 --cpus 4 -- '^Test(RealNodes(Fill|FirstTouch)|Nodes(Pool|Mount|Cpuset|Flags))$'
machine --nodes 2 --cpus 2 --cpuless-node -- '^Test(RealNodesWithoutCPUs|NodesMount|NodesFlags)$'
machine --nodes 2 --cpus 2 --offline-cpu 1 -- none
