#!/usr/bin/env python3
"""Prints the ratios of gen/texture_profiles.go anew: what zstd -3 makes of blocks of 128
KiB where the dial stands at each of them. To be run after a change of what textures are
made of; scripts/fidelity.sh --calibrate builds what it needs.
"""
import multiprocessing
import re
import subprocess
import sys

import measure

K, M = 1 << 10, 1 << 20


def profiles(path):
    """Texture: lowest and highest ratio, and the table, from the Go source."""
    with open(path) as f:
        text = f.read()
    found = {}
    for name, body in re.findall(r"^\t(\w+): \{(.*?)^\t\},", text, re.M | re.S):
        bounds = [float(re.search(rf"{b}: ([\d.]+)", body).group(1)) for b in ("lowest", "highest")]
        table = re.search(r"ratios: \[\.\.\.\]uint64\{(.*?)\}", body, re.S).group(1)
        found[name.lower()] = *bounds, [int(n) for n in table.replace(",", " ").split()]
    return found


def at(task):
    texture, ratio = task
    sizes = measure.Tools.cat(f"64M,seed=1,texture={texture},compress={ratio:.9f}")
    return measure.Tools.run(sizes, [measure.Job("zstd-3", 128 * K)])[0].ratio


def main():
    for texture, (lowest, highest, table) in profiles("gen/texture_profiles.go").items():
        inside = [i for i, r in enumerate(table) if lowest <= (r + 0.5) / 65536 <= highest]
        with multiprocessing.Pool() as pool:
            got = pool.map(at, [(texture, (table[i] + 0.5) / 65536) for i in inside], chunksize=1)
        new = dict(zip(inside, (round(65536 * r) for r in got)))
        # What no ratio reaches changes as its neighbour does.
        for i in range(len(table)):
            if i not in new:
                near = min(inside, key=lambda j: abs(j - i))
                new[i] = round(table[i] * new[near] / table[near])
        print(texture)
        values = [new[i] for i in range(len(table))]
        for i in range(0, len(values), 6):
            print("\t\t\t" + " ".join(f"{v}," for v in values[i:i + 6]))
        print("\tchanges:", " ".join(f"{b / a - 1:+.1%}" for a, b in zip(table, values)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
