#!/usr/bin/env bash
# Checks the examples in scripts/deploy as far as that is possible without systemd as
# the first process and without a cluster. Prints what was checked and what was not.
#
#   [DGENFS=FILE] scripts/check-deploy.sh          FILE is a binary to check with
#
# As root it installs missing packages by apt-get; for other users it lists them.
set -euo pipefail
cd "$(dirname "$0")/.."
deploy=scripts/deploy
python=/usr/bin/python3 # the one that packages are for

fail() { printf 'check-deploy.sh: %s\n' "$*" >&2; exit 1; }
checked() { printf 'checked:     %s\n' "$*"; }
unchecked() { printf 'NOT checked: %s\n' "$*"; }

. scripts/packages.sh
need prometheus:promtool systemd:systemd-analyze util-linux:findmnt,setpriv python3 \
	python3-yaml:/usr/lib/python3/dist-packages/yaml python3-seccomp:'/usr/lib/python3/dist-packages/seccomp*'

work=$(mktemp -d)
server=''
clean_up() {
	if [[ $server ]]; then kill -9 "$server" 2>/dev/null || true; fi
	if grep -q " $work/mnt " /proc/self/mounts; then umount -l "$work/mnt"; fi
	if grep -q " $work/mnt2 " /proc/self/mounts; then umount -l "$work/mnt2"; fi
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [[ -z ${DGENFS:-} ]]; then
	go build -o "$work/dgenfs" .
	DGENFS=$work/dgenfs
fi
DGENFS=$(realpath "$DGENFS")

# Units. The binary in them has to exist, so copies name the one that was built.
mkdir "$work/units"
for unit in "$deploy"/*.service; do
	sed "s|/usr/local/bin/dgenfs|$DGENFS|g" "$unit" >"$work/units/${unit##*/}"
done
for name in dgenfs dgenfs-hardened; do
	said=$(systemd-analyze verify --man=no --recursive-errors=no "$work/units/$name@mnt-synth.service" 2>&1) || fail "$name@.service: $said"
	[[ -z $said ]] || fail "$name@.service: $said"
done
checked 'both units, by systemd-analyze verify'

# Options that give a service its own mount namespace, so that nobody else sees its mount.
namespaced='^(Protect(System|Home|KernelTunables|KernelModules|KernelLogs|ControlGroups|Proc)|ProcSubset|Private(Tmp|Devices|Network|Users|IPC|Mounts=[^n]|Mounts=$)|Read(Only|Write)Paths|InaccessiblePaths|(No)?ExecPaths|Bind(ReadOnly)?Paths|TemporaryFileSystem|Root(Directory|Image)|MountAPIVFS|DynamicUser|LogNamespace|MountFlags)'
if bad=$(grep -E "$namespaced" "$deploy"/*.service); then
	fail "hides its mount: $bad"
fi
checked 'no unit has an option that hides its mount'
systemd-analyze security --offline=true --threshold=100 "$work/units/dgenfs-hardened@.service" 2>/dev/null | tail -n 1 >"$work/security" || true
checked "hardened unit, by systemd-analyze security: $(sed 's/^[^O]*//; s/ [^ A-Za-z]*$//' "$work/security")"
[[ $(ps -p 1 -o comm= 2>/dev/null || cat /proc/1/comm) = systemd ]] || unchecked 'starting the units: needs systemd as the first process'

# The rights that the hardened unit leaves a process, applied without systemd.
setting() { sed -n "s/^$1=//p" "$deploy/dgenfs-hardened@.service"; }
cat >"$work/confine.py" <<'PYTHON'
# confine.py CALLS COMMAND ARG...: runs a command that may only make these calls,
# open sockets of AF_UNIX, and never map what it can write and execute.
import ctypes, errno, os, seccomp, socket, sys
rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
for call in open(sys.argv[1]).read().split():
    try:
        if call == "socket":
            rules.add_rule(seccomp.ALLOW, call, seccomp.Arg(0, seccomp.EQ, socket.AF_UNIX))
        else:
            rules.add_rule(seccomp.ALLOW, call)
    except (ValueError, RuntimeError, OSError):
        pass  # of another architecture
PR_SET_MDWE = 65
if ctypes.CDLL(None).prctl(PR_SET_MDWE, 1, 0, 0, 0):
    print("without MemoryDenyWriteExecute=, which Linux has from 6.3 on", file=sys.stderr)
rules.load()
os.execv(sys.argv[2], sys.argv[2:])
PYTHON
# calls NAME...: the system calls of these names and sets.
calls() {
	local name
	for name; do
		if [[ $name == @* ]]; then
			# shellcheck disable=SC2046 # words
			calls $(systemd-analyze syscall-filter "$name" | sed '1d; s/#.*//')
		else
			echo "$name"
		fi
	done
}
confined() {
	local allowed denied
	allowed=$(setting SystemCallFilter | grep -v '^~')
	denied=$(setting SystemCallFilter | sed -n 's/^~//p')
	# shellcheck disable=SC2086 # words
	comm -23 <(calls $allowed | sort -u) <(calls $denied | sort -u) >"$work/calls"
	[[ $(setting CapabilityBoundingSet) = CAP_SYS_ADMIN && $(setting NoNewPrivileges) = yes ]] || fail 'the hardened unit has other rights than this script assumes'
	mkdir "$work/mnt"
	setpriv --bounding-set=-all,+sys_admin --inh-caps=-all --no-new-privs \
		$python "$work/confine.py" "$work/calls" "$DGENFS" mount -f --size 64M,dedup=2,seed=7 "$work/mnt" 2>"$work/log" &
	server=$!
	for _ in $(seq 1200); do
		grep -q " $work/mnt fuse.dgenfs " /proc/self/mounts && break
		kill -0 "$server" 2>/dev/null || fail "confined: $(cat "$work/log")"
		sleep 0.05
	done
	timeout 120 cmp <("$DGENFS" cat 64M,dedup=2,seed=7) "$work/mnt/data" || fail 'confined: the bytes differ'
	grep -E 'NoNewPrivs:|Seccomp:|CapEff:' "/proc/$server/status" | tr '\n' ' ' | tr '\t' ' ' >"$work/rights"
	kill -TERM "$server"
	for _ in $(seq 1200); do
		kill -0 "$server" 2>/dev/null || break
		sleep 0.05
	done
	wait "$server" || fail "confined: exit status $?: $(cat "$work/log")"
	server=''
	! grep -q " $work/mnt " /proc/self/mounts || fail 'confined: the mount is left behind'
	checked "mount, read and unmount under the hardened unit's rights: $(cat "$work/rights")$(setting SystemCallFilter | paste -sd' ')"
	sed 's/^/             /' "$work/log"
}
if ((EUID == 0)) && [[ -c /dev/fuse ]]; then
	confined
	unchecked 'its cgroup: DevicePolicy=, IPAddressDeny=, MemoryMax=, TasksMax='
else
	unchecked "a mount under the hardened unit's rights: needs root and /dev/fuse"
fi

# fstab, with directories below the temporary one in place of /mnt.
mkdir "$work/fstab"
sed "s|[[:blank:]]/mnt/| $work/fstab/|" "$deploy/fstab.example" >"$work/fstab.example"
while read -r _ path _ options _; do
	mkdir "$(printf '%b' "${path//\\/\\0}")"
	# Without those that mount(8) and systemd do not pass on.
	options=$(sed -E 's/\\040/ /g; s/,(nofail|noauto|x-systemd[^,]*)//g' <<<"$options")
	if said=$("$DGENFS" mount -o "$options" "$work/missing" 2>&1) || [[ $said != *'does not exist'* ]]; then
		fail "fstab.example: -o $options: $said"
	fi
done < <(grep -Ev '^(#|$)' "$work/fstab.example")
if ! said=$(findmnt --verify --tab-file "$work/fstab.example" 2>&1) && ! grep -q ' 0 errors' <<<"$said"; then
	# A type that this machine cannot mount is not an error of the file.
	said=$(grep -E '\[E\]' <<<"$said" | grep -v 'unsupported filesystem type' || true)
	[[ -z $said ]] || fail "fstab.example: $said"
fi
checked 'fstab.example, by findmnt --verify, and its options by dgenfs'

# Metrics, and the dashboard that shows them: of a mount that has all of them.
dashboard() {
	mkdir "$work/mnt2"
	"$DGENFS" mount --accept-writes --discard --size 1M "$work/mnt2"
	cat "$work/mnt2/data" >"$work/data"
	echo x >"$work/mnt2/new"
	cat "$work/mnt2/.dgenfs/metrics" >"$work/metrics"
	"$DGENFS" umount "$work/mnt2"
	said=$(promtool check metrics <"$work/metrics" 2>&1) || fail "metrics: $said"
	[[ -z $said ]] || fail "metrics: $said"
	checked 'metrics, by promtool check metrics'
	$python - "$deploy/grafana.json" "$work/metrics" >"$work/rules.yaml" <<'PYTHON' || fail 'grafana.json'
# Every query asks for metrics that there are, by labels that these have; every metric is
# asked for. Prints the queries as rules.
import json, re, sys
series = {}  # the labels of each name
for line in open(sys.argv[2]):
    if line[0] != "#":
        name, labels = re.match(r"(\w+)\{(.*)\} ", line).groups()
        series.setdefault(name, set()).update(re.findall(r'(?:^|,)(\w+)="', labels))
board = json.load(open(sys.argv[1]))
asked, rules, taken, ids = set(), [], set(), set()
variables = {v["name"] for v in board["templating"]["list"]}
def check(where, query):
    names = set(re.findall(r"\bdgenfs_\w+", query))
    assert names, f"{where}: {query} asks for no metric"
    for name in names:
        assert name in series, f"{where}: there is no metric {name}"
        asked.add(name)
    labels = set(re.findall(r"by \(([^)]*)\)", query)) | set(re.findall(r"[{,](\w+)[=!]", query))
    for label in {l.strip() for group in labels for l in group.split(",")}:
        for name in names:
            assert label in series[name], f"{where}: {name} has no label {label}"
    used = set(re.findall(r"\$\{?(\w+)", query)) - {"__rate_interval"}
    assert used <= variables, f"{where}: no variable {used - variables}"
for p in board["panels"]:
    where, g = p["title"], p["gridPos"]
    assert p["id"] not in ids and p["fieldConfig"]["defaults"]["unit"] and p["targets"], where
    ids.add(p["id"])
    cells = {(x, y) for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])}
    assert not cells & taken and max(x for x, _ in cells) < 24, where + ": lies on another panel, or outside"
    taken |= cells
    for t in p["targets"]:
        check(where, t["expr"])
        for label in re.findall(r"\{\{(\w+)\}\}", t["legendFormat"]):
            assert label in t["expr"].split("by (")[-1].split(")")[0] or "by (" not in t["expr"], f"{where}: the legend has {label}"
        rules.append(t["expr"].replace("$mount", ".*").replace("$__rate_interval", "5m"))
for v in board["templating"]["list"]:
    if v["type"] == "query":
        check("variable " + v["name"], v["query"])
base = lambda name: re.sub("_(bucket|sum|count)$", "", name)
missing = {base(n) for n in series} - {base(n) for n in asked} - {
    "dgenfs_writes_total", "dgenfs_files_complete_total", "dgenfs_files_short_total", "dgenfs_names_made_total"}
assert not missing, f"no panel shows {missing}"
print(json.dumps({"groups": [{"name": "dashboard", "rules": [{"record": f"r{n}", "expr": e} for n, e in enumerate(rules)]}]}))
PYTHON
	said=$(promtool check rules "$work/rules.yaml" 2>&1) || fail "grafana.json: $said"
	checked "grafana.json: every query's metrics and labels, and its syntax by promtool check rules"
}
if ((EUID == 0)) && [[ -c /dev/fuse ]]; then
	dashboard
else
	unchecked 'metrics and grafana.json: need root and /dev/fuse'
fi

# Kubernetes.
$python - "$deploy/daemonset.yaml" <<'PYTHON' || fail 'daemonset.yaml'
import sys, yaml
documents = {d["kind"]: d for d in yaml.safe_load_all(open(sys.argv[1]))}
assert set(documents) == {"Namespace", "DaemonSet", "Pod"}, documents.keys()
for d in documents.values():
    assert d["apiVersion"] == {"DaemonSet": "apps/v1"}.get(d["kind"], "v1"), d["kind"]
    assert d["metadata"]["name"] and (d["kind"] == "Namespace" or d["metadata"]["namespace"] == documents["Namespace"]["metadata"]["name"])
spec = documents["DaemonSet"]["spec"]
assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items(), "selector"
for pod in spec["template"]["spec"], documents["Pod"]["spec"]:
    volumes = {v["name"]: v for v in pod["volumes"]}
    for c in pod.get("initContainers", []) + pod["containers"]:
        assert c["name"] and c["image"] and c["command"]
        assert {m["name"] for m in c["volumeMounts"]} <= set(volumes), "volumes of " + c["name"]
pod = spec["template"]["spec"]
server, = pod["containers"]
mounts = {m["name"]: m for m in server["volumeMounts"]}
assert mounts["mounts"]["mountPropagation"] == "Bidirectional" and mounts["fuse"]["mountPath"] == "/dev/fuse"
assert server["securityContext"]["privileged"] and server["lifecycle"]["preStop"] and server["resources"]["limits"]
reader, = documents["Pod"]["spec"]["containers"]
assert reader["volumeMounts"][0]["mountPropagation"] == "HostToContainer"
assert documents["Pod"]["spec"]["volumes"][0] == pod["volumes"][0], "the pod reads another directory"
assert server["args"][-1].startswith(mounts["mounts"]["mountPath"] + "/"), "a volume itself is busy"
PYTHON
checked 'daemonset.yaml: YAML, the fields that it needs, names that refer to each other'

# kubectl parses objects into the server's types and prints only the fields that these
# have.
if command -v kubectl >/dev/null; then
	$python - "$deploy/daemonset.yaml" <<'PYTHON' || fail 'daemonset.yaml'
import json, subprocess, sys, yaml
def lost(path, given, held):
    """What is given, but not held."""
    if isinstance(given, dict):
        for key, value in given.items():
            if not isinstance(held, dict) or key not in held:
                yield path + "." + key
            else:
                yield from lost(path + "." + key, value, held[key])
    elif isinstance(given, list):
        for n, value in enumerate(given):
            yield from lost(f"{path}[{n}]", value, held[n])
    elif path[-6:] != ".image" and given != held:
        yield f"{path}: {given}"
for given in yaml.safe_load_all(open(sys.argv[1])):
    if given["kind"] == "Namespace":
        continue  # has no image to set
    done = subprocess.run(["kubectl", "set", "image", "--local", "-o", "json", "-f", "-", "*=none"],
                          input=yaml.safe_dump(given), capture_output=True, text=True, timeout=120)
    if done.returncode:
        sys.exit(done.stderr)
    wrong = list(lost(given["kind"], given, json.loads(done.stdout)))
    if wrong:
        sys.exit("fields that do not exist: " + ", ".join(wrong))
PYTHON
	checked 'daemonset.yaml: fields and their types, by kubectl set image --local'
else
	unchecked 'fields of daemonset.yaml and their types: needs kubectl'
fi
unchecked 'daemonset.yaml on a cluster: needs one'
