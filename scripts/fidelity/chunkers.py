#!/usr/bin/env python3
"""What stores that cut by contents find: of dedup= with run=, and of generations.

FastCDC is that of dgenfs measure; borg, restic and casync run at their defaults, without
compression where they have it. Prints Markdown; the exit status is 1 if a promise of
gen/README.md is broken.
"""
import argparse
import concurrent.futures
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

from measure import K, M, Tools

G = K * M
RUNS = [M, 4 * M, 16 * M, 64 * M, 256 * M]
FOUND = 0.9  # of D, at run=64M, by stores
FOUND_BY_FASTCDC = 0.95  # of D, at run=4M, with chunks of 64K
CHANGED = 1.5  # times P, at run=16M


def short(n):
    return f"{n // G}G" if n % G == 0 else f"{n // M}M" if n % M == 0 else f"{n // K}K"


def quiet(command, env=None, **more):
    return subprocess.run(command, check=True, env=dict(os.environ, **(env or {})), stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, **more).stdout


def piped(spec, command, env):
    """Runs a command that reads the bytes of a spec, and returns what it prints."""
    with subprocess.Popen([Tools.dgenfs, "cat", spec], stdout=subprocess.PIPE) as source:
        out = quiet(command, env, stdin=source.stdout)
        source.stdout.close()
    if source.returncode:
        raise RuntimeError(f"dgenfs cat {spec}: exit status {source.returncode}")
    return out


def of_fastcdc(specs, directory, average=64 * K):
    """Bytes that one spec or each of two adds, with chunks of 64K."""
    report = json.loads(quiet([Tools.dgenfs, "measure", "--json", "--sample", "0", *specs]))

    def distinct(result):
        return result["size"] / next(c["dedup"] for c in result["chunks"] if c["average"] == average)

    first = distinct(report["arguments"][0])
    return [first] + ([distinct(report["together"]) - first] if len(specs) > 1 else [])


def of_borg(specs, directory):
    repo = os.path.join(directory, "borg")
    env = {"BORG_BASE_DIR": directory, "BORG_REPO": repo, "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}
    quiet(["borg", "init", "-e", "none"], env)
    added = []
    for i, spec in enumerate(specs):
        report = json.loads(piped(spec, ["borg", "create", "-C", "none", "--json", f"::{i}", "-"], env))
        added.append(report["archive"]["stats"]["deduplicated_size"])
    return added


def of_restic(specs, directory):
    env = {"RESTIC_PASSWORD": "x", "RESTIC_REPOSITORY": os.path.join(directory, "restic")}
    quiet(["restic", "--no-cache", "init"], env)
    compression = ["--compression", "off"] if b"--compression" in quiet(["restic", "backup", "--help"]) else []
    added = []
    for spec in specs:
        lines = piped(spec, ["restic", "--no-cache", "--json", "backup", *compression, "--stdin"], env).splitlines()
        added.append(json.loads(lines[-1])["data_added"])
    return added


def of_casync(specs, directory):
    path, index, known, added = os.path.join(directory, "data"), os.path.join(directory, "i.caibx"), set(), []
    for spec in specs:
        with open(path, "wb") as f:
            subprocess.run([Tools.dgenfs, "cat", spec], check=True, stdout=f)
        quiet(["casync", "make", "--store", os.path.join(directory, "s.castr"), index, path])
        before, fresh = 0, 0
        for end, chunk in index_of(index):
            if chunk not in known:
                known.add(chunk)
                fresh += end - before
            before = end
        added.append(fresh)
    return added


def index_of(path):
    """The end and the name of each chunk in an index of casync: a header of 48 bytes and
    one of the table of 16, pieces of 40, and a tail of 40."""
    with open(path, "rb") as f:
        data = f.read()
    return struct.iter_unpack("<Q32s", data[64:-40])


TOOLS = {"FastCDC 64K": of_fastcdc, "borg": of_borg, "restic": of_restic, "casync": of_casync}


def added(tool, specs):
    directory = tempfile.mkdtemp(dir=Tools.work)
    try:
        return TOOLS[tool](specs, directory)
    finally:
        shutil.rmtree(directory)


def versions(tools):
    for tool in tools[1:]:
        out = quiet([tool, "version" if tool == "restic" else "--version"]).decode().split()
        print(f"{out[0]} {out[1]}", end=", ")
    print("FastCDC by dgenfs measure.")


class Checks:
    def __init__(self):
        self.done, self.off = 0, []

    def least(self, what, found, least):
        self.done += 1
        if found < least:
            self.off.append(f"{what}: {found:.3f}, promised {least:g}")

    def most(self, what, found, most):
        self.done += 1
        if found > most:
            self.off.append(f"{what}: {found:.3f}, promised {most:g} at most")


def dedup_table(o, pool, checks):
    print(f"\n### dedup=D with run=\n\nWhat is found of D, of {short(o.size)}, unit={short(o.unit)}, seed={o.seed}.\n")
    print("| | D | " + " | ".join(f"run={short(r)}" for r in o.runs) + " |\n|" + " --- |" * (len(o.runs) + 2))
    jobs = {
        (tool, d, run): pool.submit(added, tool, [f"{o.size},seed={o.seed},unit={o.unit},dedup={d:g},run={run}"])
        for tool in o.tools for d in o.dedup for run in o.runs
    }
    for tool in o.tools:
        for d in o.dedup:
            row = []
            for run in o.runs:
                found = o.size / jobs[tool, d, run].result()[0] / d
                row.append(f"{found:.3f}")
                if tool == "FastCDC 64K" and run >= 4 * M:
                    checks.least(f"{tool}, dedup={d:g}, run={short(run)}", found, FOUND_BY_FASTCDC)
                elif run >= 64 * M:
                    checks.least(f"{tool}, dedup={d:g}, run={short(run)}", found, FOUND)
            print(f"| {tool} | {d:g} | " + " | ".join(row) + " |", flush=True)


def generations_table(o, pool, checks):
    shares = [f"{kind}={p:g}%" for kind in ("change", "insert") for p in o.shares]
    print(f"\n### Generations\n\nWhat generation 1 adds to generation 0, of {short(o.size)}, unit={short(o.unit)}, in %.\n")
    print("| | | " + " | ".join(f"run={short(r)}" for r in o.runs) + " |\n|" + " --- |" * (len(o.runs) + 2))
    jobs = {}
    for tool in o.tools:
        for share in shares:
            for run in o.runs:
                spec = f"{o.size},seed={o.seed},unit={o.unit},run={run},{share},generation="
                jobs[tool, share, run] = pool.submit(added, tool, [spec + "0", spec + "1"])
    for tool in o.tools:
        for share in shares:
            percent = float(share.partition("=")[2][:-1])
            row = []
            for run in o.runs:
                found = 100 * jobs[tool, share, run].result()[1] / o.size
                row.append(f"{found:.2f}")
                if run >= 16 * M and run <= o.size * percent / 100:
                    checks.most(f"{tool}, {share}, run={short(run)}, times P", found / percent, CHANGED)
            print(f"| {tool} | {share} | " + " | ".join(row) + " |", flush=True)


def size_argument(text):
    return int(text.rstrip("KMG")) * {"K": K, "M": M, "G": G}.get(text[-1:], 1)


def main():
    p = argparse.ArgumentParser(prog="fidelity.sh --chunkers", description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--short", action="store_true", help="128 MiB, FastCDC and casync alone")
    p.add_argument("--size", type=size_argument, default=4 * G, help="bytes: 4G")
    p.add_argument("--unit", type=size_argument, default=128 * K)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--runs", type=size_argument, nargs="+", default=RUNS)
    p.add_argument("--dedup", type=float, nargs="+", default=[2, 3, 5])
    p.add_argument("--shares", type=float, nargs="+", default=[1, 5, 20], help="of changes and insertions, in %%")
    p.add_argument("--tools", choices=TOOLS, nargs="+", default=list(TOOLS))
    p.add_argument("--only", choices=("dedup", "generations"), help="this part alone")
    o = p.parse_args()
    if o.short:
        o.size, o.runs, o.tools, o.shares, o.dedup = 128 * M, [4 * M], ["FastCDC 64K", "casync"], [20], [2, 5]
    checks = Checks()
    versions([t for t in TOOLS if t in o.tools or t == "FastCDC 64K"])
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("FIDELITY_WORKERS", 0)) or os.cpu_count()) as pool:
        if o.only in (None, "dedup"):
            dedup_table(o, pool, checks)
        if o.only in (None, "generations"):
            generations_table(o, pool, checks)
    print()
    for line in checks.off:
        print(f"- off: {line}")
    print(f"\n{checks.done} checks of chunkers, {len(checks.off)} off")
    return 1 if checks.off else 0


if __name__ == "__main__":
    sys.exit(main())
