#!/usr/bin/env python3
"""Writes real.csv: what codecs make of real data that zstd -3 compresses by some ratio.

Corpora are cut into blocks of 128 KiB and of 1 MiB. Of those that compress by nearly the
ratio asked (zstd -3, 128 KiB at a time), as many are taken as make up a few MiB, such
that their mean is the ratio. Smaller blocks are measured within those of 128 KiB.
"""
import csv
import multiprocessing
import os
import sys

import corpora
import plan
from measure import K, M, Job, Tools

NEAR = 0.12  # a block is taken if its ratio is that far off, or less
LEAST = 1 * M  # of data, or there is nothing to compare with
MOST = 8 * M


def chosen(sizes, path, ratio, piece):
    """Pieces of a corpus, of which zstd -3 left so many bytes each 128 KiB, whose mean ratio is nearly what is asked, or None."""
    per = piece // (128 * K)
    ratios = [(piece / sum(sizes[i:i + per]), i // per) for i in range(0, len(sizes) - per + 1, per)]
    near = sorted((r, i) for r, i in ratios if abs(r / ratio - 1) <= NEAR)
    above = [p for p in near if p[0] >= ratio]
    below = [p for p in reversed(near) if p[0] < ratio]
    # The nearest from either side in turn, while the mean is nearer to what is asked.
    taken, left, total = [], 0.0, 0
    while (above or below) and total < MOST:
        low = bool(taken) and total / left > ratio
        side = below if (low and below) or not above else above
        r, i = side.pop(0)
        taken.append(i)
        total, left = total + piece, left + piece / r
        if not below and not above:
            break
    if total < LEAST or abs(total / left / ratio - 1) > 0.05:
        return None
    with open(path, "rb") as f:
        data = bytearray()
        for i in sorted(taken):
            f.seek(i * piece)
            data += f.read(piece)
    return bytes(data)


def corpus_rows(task):
    corpus, path = task
    rows = []
    sizes = Tools.sizes(path, Job("zstd-3", 128 * K))
    for ratio in plan.RATIOS:
        for piece, jobs in ((128 * K, plan.SMALL + plan.UP_TO_128K), (M, plan.OF_1M)):
            data = chosen(sizes, path, ratio, piece)
            if data is None:
                continue
            for job, figures in zip(jobs, Tools.run(data, jobs)):
                rows.append([corpus, ratio, job.codec, job.block, job.skip, f"{figures.ratio:.4f}"])
    return rows


def whole_rows(task):
    """Quantiles over the blocks of a whole corpus."""
    corpus, path = task
    return [[corpus, job.codec, job.block, f"{f.ratio:.4f}", *f.quantiles]
            for job, f in zip(plan.QUANTILES, Tools.run_file(path, plan.QUANTILES))]


def main():
    goroot = corpora.goroot()
    tasks = []
    for corpus in corpora.CORPORA:
        path = os.path.join(Tools.work, corpus)
        size = os.path.getsize(path) if os.path.exists(path) else corpora.build(corpus, goroot, path)
        print(f"{corpus}: {size / M:.0f} MiB", file=sys.stderr)
        if size >= 128 * K:
            tasks.append((corpus, path))
    here = os.path.dirname(os.path.abspath(__file__))
    with multiprocessing.Pool() as pool:
        for name, head, rows in (
            ("real.csv", ["corpus", "ratio", "codec", "block", "skip", "found"], pool.map(corpus_rows, tasks, chunksize=1)),
            ("quantiles.csv", ["corpus", "codec", "block", "found", *plan.PERCENTILES], pool.map(whole_rows, tasks, chunksize=1)),
        ):
            with open(os.path.join(here, name), "w", newline="") as f:
                out = csv.writer(f, lineterminator="\n")
                out.writerow(head)
                for some in rows:
                    out.writerows(some)


if __name__ == "__main__":
    main()
