#!/usr/bin/env python3
"""Compare how fast files can be written over: writes.py SOURCE A=FILE B=FILE ...

writer writes SOURCE to each FILE in turn, for every row of the table and several
rounds. The median of each file's rate is printed, and the median of the ratios of
neighbouring runs, of each file to the last one.
"""

import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
KIB, MIB = 1 << 10, 1 << 20
ROWS = [
    ("seq4k", 4 * KIB, 1, ""),
    ("seq128k", 128 * KIB, 1, ""),
    ("seq1m", MIB, 1, ""),
    ("seq16m", 16 * MIB, 1, ""),
    ("seq1m-j2", MIB, 2, ""),
    ("seq1m-j4", MIB, 4, ""),
    ("direct1m", MIB, 1, "-d"),
    ("direct1m-j4", MIB, 4, "-d"),
    ("rand4k", 4 * KIB, 1, "-r"),
    ("rand4k-j4", 4 * KIB, 4, "-r"),
]


def main():
    source, *targets = sys.argv[1:]
    targets = [t.split("=", 1) for t in targets]
    rounds = int(os.environ.get("ROUNDS", "9"))
    seconds = os.environ.get("SECONDS_EACH", "0.3")
    rows = os.environ.get("ROWS", "").split(",")
    print(f"{'row':12}" + "".join(f"{t[0] + ' MB/s':>12}" for t in targets)
          + "".join(f"{t[0] + '/' + targets[-1][0]:>22}" for t in targets[:-1]))
    for name, block, jobs, flags in ROWS:
        if rows != [""] and name not in rows:
            continue
        rates = {t[0]: [] for t in targets}
        for turn in range(rounds):
            first = turn % len(targets)
            for label, path in targets[first:] + targets[:first]:
                command = [HERE + "/writer", *flags.split(), source, path, str(block), str(jobs), seconds]
                rates[label].append(float(subprocess.check_output(command)))
        line = f"{name:12}" + "".join(f"{statistics.median(r) / 1e6:12.0f}" for r in rates.values())
        last = rates[targets[-1][0]]
        for label, _ in targets[:-1]:
            ratios = [a / b for a, b in zip(rates[label], last)]
            line += f"{statistics.median(ratios):9.3f} {min(ratios):5.2f}..{max(ratios):5.2f}"
        print(line, flush=True)


main()
