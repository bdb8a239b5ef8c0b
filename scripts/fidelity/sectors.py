#!/usr/bin/env python3
"""Whether sectors of 512 bytes repeat that were not asked to.

Prints Markdown; the exit status is 1 if any sector that is not all zero is equal to one of
another cell.
"""
import argparse
import concurrent.futures
import os
import subprocess
import sys

from measure import K, M, Tools

G = K * M
UNIT = 128 * K
SPECS = [f"texture={t},compress={r}" for t in ("code", "text", "log", "binary") for r in (2, 5, 10, 12)]
SPECS += [f"texture=flat,compress={r}" for r in (2, 5, 10)]
SPECS += ["compress=1", "compress=20", "texture=binary,compress=2,spread=0.4,zero=10%,random=20%"]
SECTORS = os.environ.get("FIDELITY_SECTORS", "sectors")


def counts(spec):
    with subprocess.Popen([Tools.dgenfs, "cat", spec], stdout=subprocess.PIPE) as source:
        out = subprocess.run([SECTORS, str(UNIT)], check=True, stdin=source.stdout, stdout=subprocess.PIPE).stdout
        source.stdout.close()
    if source.returncode:
        raise RuntimeError(f"dgenfs cat {spec}: exit status {source.returncode}")
    return [int(n) for n in out.split()]


def size_argument(text):
    return int(text.rstrip("KMG")) * {"K": K, "M": M, "G": G}.get(text[-1:], 1)


def main():
    p = argparse.ArgumentParser(prog="fidelity.sh --sectors", description=__doc__)
    p.add_argument("--short", action="store_true", help="32M of each")
    p.add_argument("--size", type=size_argument, help="bytes of each: 2G")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("specs", nargs="*", default=SPECS, help="keys of specs, instead of the usual ones")
    o = p.parse_args()
    size = o.size or (32 * M if o.short else 2 * G)
    off = 0
    print(f"\n### Sectors\n\nOf {size // M} MiB, sectors of 512 bytes that are all zero, and that are equal to others: in the same cell\n"
          f"of 4K, in the same {UNIT // K}K, and elsewhere.\n")
    print("| | sectors | zero | same cell | same unit | elsewhere |\n|" + " --- |" * 6)
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("FIDELITY_WORKERS", 0)) or os.cpu_count()) as pool:
        for spec, found in zip(o.specs, pool.map(counts, [f"{size},seed={o.seed},{s}" for s in o.specs])):
            off += found[3] + found[4] > 0
            print(f"| {spec} | " + " | ".join(map(str, found)) + " |", flush=True)
    print(f"\n{len(o.specs)} checks of sectors, {off} off")
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main())
