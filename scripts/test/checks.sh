# shellcheck shell=bash
# Part of scripts/test.sh: checks that run nothing of dgenfs. Each function is a
# section.

tool() { go tool -modfile=scripts/tools/go.mod "$@"; }

format() {
	local unformatted
	unformatted=$(gofmt -l .)
	[ -z "$unformatted" ] || fail "not formatted by gofmt: $unformatted"
	echo 'gofmt has nothing to change'
}

vet() {
	vet_quick
	local arch
	for arch in arm64 s390x; do
		GOARCH=$arch go build -o /dev/null .
		GOARCH=$arch go vet ./...
	done
	GOOS=darwin go vet ./gen ./numa # which are libraries
}

vet_quick() {
	go vet ./...
	go vet -tags e2e,nodes ./...
	go -C scripts/tools vet ./...
}

# With a matrix, a name is unused only if it is in all of the builds that have it.
staticcheck() {
	tool staticcheck -matrix ./... <<-'END'
		amd64: GOARCH=amd64
		amd64_tests: GOARCH=amd64 -tags=e2e,nodes
		amd64_purego: GOARCH=amd64 -tags=purego
		arm64: GOARCH=arm64
		arm64_tests: GOARCH=arm64 -tags=e2e,nodes
		arm64_purego: GOARCH=arm64 -tags=purego
	END
	go -C scripts/tools tool staticcheck ./...
}

staticcheck_quick() {
	tool staticcheck -matrix ./... <<-'END'
		plain:
		tests: -tags=e2e,nodes
	END
	go -C scripts/tools tool staticcheck ./...
}

# Which package may import which, and what the top level may have.
imports() {
	local module library package beyond
	module=$(go list -m)
	allow_imports ./gen/... "$module/gen(/.*)?|golang\.org/x/sys/cpu"
	allow_imports ./numa/... "$module/numa(/.*)?|golang\.org/x/sys/unix"
	allow_imports ./fs/bytesize "$module/fs/bytesize"
	allow_imports ./fs/format "$module/(fs/(format|bytesize)|gen(/.*)?)|golang\.org/x/sys/cpu"
	allow_imports ./fs/holes "$module/(fs/holes|gen/keyed)"
	allow_imports ./fs/spec "$module/(fs/(spec(/.*)?|holes|format|bytesize)|gen(/.*)?)|golang\.org/x/sys/cpu"
	allow_imports ./fs/tree "$module/(fs/(tree|spec(/.*)?|holes|format|bytesize)|gen(/.*)?)|golang\.org/x/sys/cpu"
	allow_imports ./fs/treefile "$module/(fs/(treefile|tree|spec(/.*)?|holes|format|bytesize)|gen(/.*)?)|golang\.org/x/sys/cpu"
	allow_imports ./fs/verify "$module/(fs/(verify|files|tree|spec(/.*)?|holes|format|bytesize)|gen(/.*)?)|golang\.org/x/sys/(cpu|unix)"
	# Of what is below fs, only cli knows numa and pflag.
	library=$(go list ./fs/... | grep -Ev "^$module/fs/(cli|e2e)(/|$)")
	for package in $library; do
		allow_imports "$package" "$module/(fs|gen)(/.*)?|github\.com/hanwen/go-fuse/v2/.*|golang\.org/x/sys/.*"
		! go list -deps "$package" | grep -q "^$module/fs/cli" || fail "$package imports the command line"
	done
	[ "$(go list -f '{{join .Imports " "}}' .)" = "$module/fs/cli os" ] || fail 'main must import fs/cli alone'
	beyond=$(go list -f '{{.ImportPath}} {{join .Imports " "}}' ./... | grep -E ' (github\.com/(cespare|zeebo|minio)|lukechampine\.com)/' | cut -d' ' -f1)
	[ "$beyond" = "$module/fs/cli/sum" ] || fail "only fs/cli/sum may import hashes from elsewhere, not $beyond"
	echo 'packages import what they may'

	beyond=$(git ls-files 2>/dev/null | cut -d/ -f1 | sort -u | grep -vxE 'go\.mod|go\.sum|main\.go|README\.md|fs|gen|numa|scripts|\..*' || true)
	[ -z "$beyond" ] || fail "the top level must not have: $beyond"
	echo 'the top level has what it may'
}

# allow_imports PACKAGE PATTERN: all that PACKAGE needs, other than the standard
# library, has to match PATTERN, on every architecture.
allow_imports() {
	local arch wrong
	for arch in amd64 arm64 s390x; do
		wrong=$(GOARCH=$arch go list -deps -f '{{if not .Standard}}{{.ImportPath}}{{end}}' "$1" | grep -Evx "$2" || true)
		[ -z "$wrong" ] || fail "$1 must not import, on $arch: $wrong"
	done
}

shell() {
	shellcheck --external-sources --check-sourced scripts/*.sh scripts/formats/*.sh .ci/run
	python3 -c 'import ast, sys
for name in sys.argv[1:]: ast.parse(open(name).read(), name)' scripts/*.py scripts/*/*.py
	echo 'shellcheck has nothing to say, Python can read its files'
}

# Known vulnerabilities in what the program calls: by the database of
# vuln.go.dev, or, where that is not reached, by the same as a Go module.
vulnerabilities() {
	local out=$work/vulnerabilities found=''
	if ! timeout 600 go tool -modfile=scripts/tools/go.mod govulncheck ./... >"$out" 2>&1; then
		found=yes
		if grep -q 'fetching vulnerabilities' "$out"; then
			if ! vulnerability_database "$work/vulndb"; then
				skipped vulnerabilities "no database: $(tail -n 1 "$out")"
				return
			fi
			! tool govulncheck -db "file://$work/vulndb" ./... >"$out" 2>&1 || found=''
		fi
	fi
	grep -Ev '^ +#[0-9]+: ' "$out" || true # without the traces of calls
	[ -z "$found" ] || fail 'the program calls what is vulnerable; where it is the standard library, update Go'
}

# vulnerability_database DIR: makes one of the reports in a module of the Go
# project, see https://go.dev/doc/security/vuln/database.
vulnerability_database() {
	local module reports
	module=$(cd "$work" && retry go mod download -json golang.org/x/vulndb@latest) || return
	reports=$(jq -er .Dir <<<"$module")/data/osv || return
	echo "database: golang.org/x/vulndb $(jq -r .Version <<<"$module")"
	mkdir -p "$1/index" && ln -sfn "$reports" "$1/ID" || return
	jq '{modified: (.Version | capture("(?<time>[0-9]{14})-").time | strptime("%Y%m%d%H%M%S") | todate)}' <<<"$module" >"$1/index/db.json" || return
	# By xargs, as the names may be more than a command line can hold.
	find "$reports" -name '*.json' -print0 |
		xargs -0 jq -c '{id, modified, path: ([.affected[].package.name] | unique[])}' |
		jq -s 'group_by(.path) | map({path: .[0].path, vulns: map({id, modified})})' >"$1/index/modules.json"
}
