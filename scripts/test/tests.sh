# shellcheck shell=bash
# Part of scripts/test.sh: the tests. Each function without an argument is a section.

export E2E_ALL_TOOLS=1 # that preparation has installed

# Failing is for what is wrong, not for what is slow on a busy machine.
timeout=60m

build_gotest() { go -C scripts/tools build -o "$work/gotest" ./gotest; }

# go_test SECTION [FLAG of gotest...] -- ARG of go test...
go_test() {
	local section=$1 flags=()
	shift
	while [ "$1" != -- ]; do
		flags+=("$1")
		shift
	done
	shift
	"$work/gotest" -section "$section" -skips scripts/test/skips.txt -facts "$facts" "${flags[@]}" -- -timeout "$timeout" "$@"
}

# skipped SECTION REASON: fails, unless the list allows to skip a whole section.
skipped() {
	"$work/gotest" -section "$1" -skips scripts/test/skips.txt -facts "$facts" -skipped "$2"
}

# side_by_side COMMAND...: two at a time. Prints the output of each when it has ended.
side_by_side() {
	local pids=() status=0
	lane 0 "$@" &
	pids+=($!)
	lane 1 "$@" &
	pids+=($!)
	wait "${pids[0]}" || status=1
	wait "${pids[1]}" || status=1
	[ $status = 0 ] || fail "one of these failed: $*"
}

# lane N COMMAND...: every second command, from number N on.
lane() {
	local i out=$work/lane-$1 status=0
	for ((i = $1 + 2; i <= $#; i += 2)); do
		# In the background, as bash ignores set -e in what is a condition.
		# shellcheck disable=SC2086 # words
		${!i} >"$out" 2>&1 &
		wait $! || status=1
		cat "$out"
	done
	return $status
}

unit() {
	go_test unit -- ./...
	go -C scripts/tools test ./...
}

purego() { DGENFS_REQUIRE='' go_test purego -- -tags purego ./gen/...; }

# Without what takes a minute with the race detector while only one goroutine runs: the
# shells of fs/cli/help, and what measures the ratios of textures.
race() {
	# shellcheck disable=SC2046 # one word for each package
	go_test race -- -race -skip '^Test(SpreadKeepsRatio|TextureRatios)$' $(go list ./... | grep -v '/fs/cli/help$')
}

one_processor() { GOMAXPROCS=1 go_test one-processor -- -short -count=1 ./gen/... ./fs/...; }

# Some for twenty seconds each, which find most, the others for three seconds.
fuzz() {
	local package name long=() short=()
	for package in $(go list ./...); do
		for name in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
			case ${package##*/}.$name in
			spec.FuzzParseFiles | treefile.FuzzParse | tree.FuzzTree | cli.FuzzOptions) long+=("fuzz_for 20s $package $name") ;;
			*) short+=("fuzz_for 3s $package $name") ;;
			esac
		done
	done
	[ ${#long[@]} = 4 ] || fail "of the four to be fuzzed for twenty seconds there are only: ${long[*]}"
	side_by_side "${long[@]}" "${short[@]}"
}

# fuzz_for TIME PACKAGE NAME: with one worker, as two of these run at a time, and without
# the minutes that Go takes to shorten what is interesting.
fuzz_for() { go_test fuzz -- -run '^$' -fuzz "^$3\$" -fuzztime "$1" -fuzzminimizetime 10x -parallel 1 "$2"; }

# The same bytes, names and sizes on other CPUs, emulated.
architectures() {
	local golden='Golden|ReadAt'
	DGENFS_REQUIRE=neon GOARCH=arm64 go_test arm64 -- -short -exec qemu-aarch64-static -run "$golden|Alignment|Required" ./gen
	DGENFS_REQUIRE='' GOARCH=s390x go_test s390x -- -short -exec qemu-s390x-static -run "$golden" ./gen
	# Where a product and a sum are rounded at once, too.
	GOARCH=arm64 go_test arm64-names -- -exec qemu-aarch64-static -run Golden ./fs/spec ./fs/treefile
	GOARCH=s390x go_test s390x-names -- -exec qemu-s390x-static -run Golden ./fs/spec ./fs/treefile
	GOARCH=arm64 go_test arm64-formats -- -exec qemu-aarch64-static -run 'Golden|Neutral' ./fs/format
	GOARCH=s390x go_test s390x-formats -- -exec qemu-s390x-static -run 'Golden|Neutral' ./fs/format
	# What this CPU may lack, and what it may have beyond others.
	DGENFS_REQUIRE=avx2 GOARCH=amd64 go_test avx2 -- -short -exec 'qemu-x86_64-static -cpu Haswell' -run "$golden|Alignment|Required|Literals|WriteTokens" ./gen
	DGENFS_REQUIRE='' GOARCH=amd64 go_test no-avx2 -- -short -exec 'qemu-x86_64-static -cpu Nehalem' -run "$golden" ./gen
}

# Files of formats, opened with the readers that people use.
formats() { scripts/formats/check.sh; }

# What the generated data is like.
data() { side_by_side randomness fidelity; }
randomness() { scripts/randomness.sh --short; }
fidelity() {
	scripts/fidelity.sh --short >"$work/fidelity" || { cat "$work/fidelity"; return 1; }
	tail -n 1 "$work/fidelity"
}

# End to end, over both transports, where root can turn FUSE over io_uring on and off.
e2e() {
	local without_transport='LongTreeLine|ProgressOfCat|BadInput|Sum.*|Verify.*|MLPerf.*|TreeFile.*|TreeLike.*|Drawn.*|Formats.*|Generations.*|Incremental.*|Shards.*|MemoryLimit.*|CPULimit.*|ResourceLimit.*|ProcessLimit'
	if [ "$(id -u)" = 0 ] && [ -w "$enable_uring" ]; then
		uring_before=$(cat "$enable_uring")
		echo N >"$enable_uring"
		end_to_end N
		# What has been seen over /dev/fuse, and what has little to do with transports, is
		# not done again.
		echo Y >"$enable_uring"
		E2E_TRANSPORT=uring end_to_end Y -skip "^Test($without_transport)\$"
		echo "$uring_before" >"$enable_uring"
		uring_before=
	else
		end_to_end "$(uring_state)"
	fi
}

# Whether new mounts can have FUSE over io_uring: Y or N.
uring_state() { [ "$(cat "$enable_uring" 2>/dev/null)" = Y ] && echo Y || echo N; }

# end_to_end Y|N [FLAG OF GO TEST...]
end_to_end() {
	local state=$1
	shift
	if [ "$(id -u)" = 0 ]; then
		heading "mounts of packages, FUSE over io_uring: $state"
		go_test "mounts-$state" -- -count=1 ./fs ./fs/transport
	fi
	heading "end to end, FUSE over io_uring: $state"
	go_test "e2e-$state" -v -- -tags e2e -count=1 "$@" ./fs/e2e
	heading "end to end, the server on one CPU, FUSE over io_uring: $state"
	E2E_SERVER_CPU=0 some_end_to_end "e2e-one-cpu-$state" TestRandomOffsets TestEndOfFile TestConcurrentReaders TestFio TestRun \
		TestKilledReaders TestKilledWhileWaiting TestManyReaders TestStoppedReaders TestMountReturnsWhenItAnswers
}

e2e_quick() {
	some_end_to_end "e2e-quick-$(uring_state)" TestRandomOffsets TestEndOfFile TestConcurrentReaders TestRun TestSizesOfRequests \
		TestManyReaders TestMountReturnsWhenItAnswers TestForeground TestShards TestErrorsAsOfTmpfs TestOtherUsers
}

# some_end_to_end SECTION TEST...: all of the tests have to be there.
some_end_to_end() {
	local section=$1 tests
	shift
	tests=$(IFS='|'; echo "$*")
	go_test "$section" -v -want "${tests//|/,}" -- -tags e2e -count=1 -run "^($tests)\$" ./fs/e2e
}

# The examples of scripts/deploy.
deploy() { scripts/check-deploy.sh; }

# A mount that is exported by nfs-ganesha.
nfs() {
	local out=$work/nfs reason
	scripts/nfs.sh | tee "$out"
	reason=$(sed -n 's/^skipped: //p' "$out")
	[ -z "$reason" ] || skipped nfs "$reason"
}

# Half a minute for each transport, to see that all works; stress.sh alone goes on for
# longer.
stress() {
	local transport out=$work/stress reason
	for transport in dev uring; do
		scripts/stress.sh --seconds 12 --transport "$transport" | tee "$out"
		reason=$(sed -n 's/^skipped: //p' "$out")
		[ -z "$reason" ] || skipped "stress-$transport" "$reason"
	done
}

# Cases of other suites that the end-to-end tests do not have.
suites() {
	local out=$work/suites reason
	scripts/suites.sh --short | tee "$out"
	reason=$(sed -n 's/^skipped: //p' "$out")
	[ -z "$reason" ] || skipped suites "$reason"
}

packages() {
	if [ "$(id -u)" = 0 ]; then
		scripts/release/test.sh --short
	else
		skipped packages 'needs root'
	fi
}

memory_nodes() {
	local out=$work/memory-nodes reason
	scripts/test-numa.sh | tee "$out"
	reason=$(sed -n 's/^skipped: //p' "$out")
	[ -z "$reason" ] || skipped memory-nodes "$reason"
}
