#!/usr/bin/env python3
"""Compares textures with real data, and with what gen/README.md promises.

Prints Markdown; the exit status is 1 if a promise is broken. What codecs make of real
data is in real.csv, which scripts/fidelity.sh --real makes anew.
"""
import argparse
import csv
import math
import multiprocessing
import os
import sys

import plan
import plot
from measure import K, M, Job, Tools

HERE = os.path.dirname(os.path.abspath(__file__))


def texture_of():
    """The texture that each corpus is compared with."""
    import corpora
    return {name: c[0] for name, c in corpora.CORPORA.items()}


def read_real():
    """(texture, ratio, codec, block, skip): corpus: ratio found."""
    kinds, found = texture_of(), {}
    with open(os.path.join(HERE, "real.csv")) as f:
        for row in csv.DictReader(f):
            key = kinds[row["corpus"]], float(row["ratio"]), row["codec"], int(row["block"]), int(row["skip"])
            found.setdefault(key, {})[row["corpus"]] = float(row["found"])
    return found


def made(task):
    texture, ratio, jobs, size = task
    data = Tools.cat(f"{size},seed=1,texture={texture},compress={ratio}")
    return list(zip(jobs, Tools.run(data, jobs)))


def measure_all(tasks):
    """What each (texture, ratio, jobs, size) comes to."""
    with multiprocessing.Pool(int(os.environ.get("FIDELITY_WORKERS", 0)) or None) as pool:
        found = pool.map(made, tasks, chunksize=1)
    return {(t, r): figures for (t, r, _, _), figures in zip(tasks, found)}


def beyond(found, real):
    """How far a ratio is from what real corpora come to, 0 if it is among them."""
    low, high = min(real), max(real)
    return found / high - 1 if found > high else found / low - 1 if found < low else 0.0


def short(n):
    return f"{n // M}M" if n % M == 0 else f"{n / K:g}K"


class Checks:
    def __init__(self):
        self.done, self.off, self.beside = 0, [], []

    def check(self, name, deviation, limit):
        self.done += 1
        if abs(deviation) > limit:
            self.off.append(f"{name}: {deviation:+.1%}, promised {limit:.0%}")


def beside_real(texture, ratio, figures, real, checks):
    """A table of codecs and blocks: what corpora come to, and the texture."""
    cells, corpora = {}, set()
    for job, f in figures:
        key = texture, ratio, job.codec, job.block, job.skip
        values = real.get(key)
        if job in plan.SMALL:
            continue
        if values:
            corpora |= set(values)
            off = beyond(f.ratio, values.values())
            checks.beside.append((texture, ratio, job, off))
            low, high = min(values.values()), max(values.values())
            text = f"{low:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}"
            mark = " (!)" if abs(off) > plan.allowed(job.codec) else ""
            cells[job.codec, job.block] = f"{text}, **{f.ratio:.2f}**{mark}"
        else:
            cells[job.codec, job.block] = f"**{f.ratio:.2f}**"
    blocks = sorted({b for _, b in cells})
    print(f"\n{texture}, compress={ratio:g}, beside {', '.join(sorted(corpora)) or 'no real data of this ratio'}:\n")
    print("| codec | " + " | ".join(map(short, blocks)) + " |\n|" + " --- |" * (len(blocks) + 1))
    for codec in plan.CODECS:
        if any((codec, b) in cells for b in blocks):
            print(f"| {codec} | " + " | ".join(cells.get((codec, b), "") for b in blocks) + " |")


def small_pieces(results, real, checks):
    print("\n### Small files, tails, and shifted blocks\n\nOf lz4, zlib -6 and zstd -3; real data, and the texture in bold.\n")
    names = [f"{short(j.block)}{f' behind {short(j.skip)}' if j.skip else ''}" for j in plan.SMALL[::3]]
    print("| texture | compress= | " + " | ".join(names) + " |\n|" + " --- |" * (len(names) + 2))
    for (texture, ratio), figures in results.items():
        small = [(j, f) for j, f in figures if j in plan.SMALL]
        cells = []
        for i in range(0, len(small), 3):
            parts = []
            for job, f in small[i:i + 3]:
                values = real.get((texture, ratio, job.codec, job.block, job.skip))
                if not values:
                    parts.append(f"**{f.ratio:.2f}**")
                    continue
                off = beyond(f.ratio, values.values())
                checks.beside.append((texture, ratio, job, off))
                mean = sum(values.values()) / len(values)
                parts.append(f"{mean:.2f} **{f.ratio:.2f}**" + (" (!)" if abs(off) > 0.10 else ""))
            cells.append("; ".join(parts))
        if cells:
            print(f"| {texture} | {ratio:g} | " + " | ".join(cells) + " |")


def ratio_table(ratios, size, checks):
    """compress= is what zstd -3 makes of blocks of 128K."""
    jobs = [Job("zstd-3", 128 * K)]
    results = measure_all([(t, r, jobs, size) for t in plan.TEXTURES for r in ratios if plan.has(t, r)])
    print(f"\n### compress= is what zstd -3 makes of blocks of 128K\n\nOf {short(size)}; within 3 %.\n")
    print("| | " + " | ".join(f"{r:g}" for r in ratios) + " |\n|" + " --- |" * (len(ratios) + 1))
    for texture in plan.TEXTURES:
        row = []
        for r in ratios:
            if (texture, r) not in results:
                row.append("")
                continue
            found = results[texture, r][0][1].ratio
            row.append(f"{found:.2f}")
            checks.check(f"texture={texture},compress={r:g}", found / r - 1, plan.RATIO_WITHIN)
        print(f"| {texture} | " + " | ".join(row) + " |", flush=True)


def flat_table(ratios, checks):
    """One ratio for small files, tails and shifted blocks."""
    jobs = plan.FLAT
    results = measure_all([("flat", r, jobs, 4 * M) for r in ratios])
    print("\n### flat\n\nWithin 5 %.\n")
    print("| codec | block | " + " | ".join(f"{r:g}" for r in ratios) + " |\n|" + " --- |" * (len(ratios) + 2))
    for i, job in enumerate(jobs):
        row = []
        for r in ratios:
            found = results["flat", r][i][1].ratio
            row.append(f"{found:.2f}")
            checks.check(f"texture=flat,compress={r:g} {job.codec} {short(job.block)} behind {short(job.skip)}",
                         found / r - 1, plan.FLAT_WITHIN)
        where = short(job.block) + (f" behind {job.skip}" if job.skip else "")
        print(f"| {job.codec} | {where} | " + " | ".join(row) + " |", flush=True)


def mixture(corpus, found):
    """The keys that make a texture vary as a corpus does that zstd -3 compresses by found."""
    spread, zero, random, region = plan.MIXTURES[corpus]
    ratio = (1 - (zero + random) / 100) / (1 / found - random / 100)
    return f"compress={ratio:.2f},spread={spread:g},zero={zero}%,random={random}%,region={region}"


def mixed(task):
    texture, keys, jobs = task
    return Tools.run(Tools.cat(f"16M,seed=1,texture={texture},{keys}"), jobs)


def distance(found, real):
    """Of percentiles, the mean difference of logarithms; one that is out of reach counts as 1."""
    return sum(min(abs(math.log(f / r)), 1) for f, r in zip(found, real)) / len(real)


def quantile_table(short_form, checks):
    """How blocks differ, in whole corpora and in mixtures of textures."""
    with open(os.path.join(HERE, "quantiles.csv")) as f:
        rows = [(r["corpus"], Job(r["codec"], int(r["block"]), 4096), r) for r in csv.DictReader(f)]
    whole = {c: float(r["found"]) for c, job, r in rows if job.block == 128 * K}
    real = {(c, job): [float(r[p]) for p in plan.PERCENTILES[1:-1]] for c, job, r in rows if job.block != 128 * K}
    kinds = texture_of()
    corpora = ["man", "so"] if short_form else list(whole)
    tasks = []
    for c in corpora:
        jobs = [job for d, job in real if d == c]
        tasks += [(kinds[c], f"compress={min(whole[c], 12):g}", jobs), (kinds[c], mixture(c, whole[c]), jobs)]
    with multiprocessing.Pool(int(os.environ.get("FIDELITY_WORKERS", 0)) or None) as pool:
        results = pool.map(mixed, tasks, chunksize=1)
    print("\n### Spread of single blocks\n\n5, 25, 50, 75 and 95 % of blocks have a lower ratio than this: whole corpora; the texture of the same\n"
          "ratio; and in bold with the keys that come nearest.\n")
    print("| corpus | codec | block | 5 % | 25 % | 50 % | 75 % | 95 % |\n|" + " --- |" * 8)
    summary = []
    for i, corpus in enumerate(corpora):
        plain, mix = results[2 * i], results[2 * i + 1]
        far = [0.0, 0.0]
        for job, p, m in zip(tasks[2 * i][2], plain, mix):
            want, p, m = real[corpus, job], p.quantiles[1:-1], m.quantiles[1:-1]
            far[0] += distance(p, want) / len(plain)
            far[1] += distance(m, want) / len(mix)
            cells = [f"{w:.2f}, {a:.2f}, **{b:.2f}**" for w, a, b in zip(want, p, m)]
            print(f"| {corpus} | {job.codec} | {short(job.block)} | " + " | ".join(cells) + " |")
        summary.append((corpus, *tasks[2 * i + 1][:2], *far))
        checks.check(f"percentiles of {corpus}", far[1], plan.MIXTURE_WITHIN.get(corpus, plan.MIXTURE_WITHIN_ELSE))
    print("\nHow far these percentiles are from those of the corpus, on average:\n")
    print("| corpus | texture | keys | texture alone | with the keys |\n|" + " --- |" * 5)
    for corpus, texture, keys, alone, with_keys in summary:
        print(f"| {corpus} | {texture} | `{keys}` | {alone:.0%} | {with_keys:.0%} |")


def speed_table():
    """Time of codecs beside real data of nearly the same ratio, in one run."""
    import corpora
    import real as reference
    goroot = corpora.goroot()
    jobs = [Job(c, 128 * K, 16, passes=3) for c in plan.TIMED]
    print("\n### Speed of codecs\n\nHow many times as fast as on real data of the same ratio: compression, decompression. Blocks of 128K.\n")
    print("| corpus | texture | compress= | " + " | ".join(plan.TIMED) + " |\n|" + " --- |" * (len(jobs) + 3))
    for corpus, ratio in plan.TIMED_BESIDE:
        path = os.path.join(Tools.work, corpus)
        if not os.path.exists(path):
            corpora.build(corpus, goroot, path)
        data = reference.chosen(Tools.sizes(path, Job("zstd-3", 128 * K)), path, ratio, 128 * K)
        if data is None:
            continue
        texture = corpora.CORPORA[corpus][0]
        of_real = Tools.run(data, jobs)
        of_texture = Tools.run(Tools.cat(f"8M,seed=1,texture={texture},compress={ratio}"), jobs)
        cells = [f"{r.packing / r.bytes / (t.packing / t.bytes):.2f}, {r.unpacking / r.bytes / (t.unpacking / t.bytes):.2f}"
                 for r, t in zip(of_real, of_texture)]
        print(f"| {corpus} | {texture} | {ratio:g} | " + " | ".join(cells) + " |", flush=True)


def summary(checks):
    """How many figures are within what was aimed at, and what is promised of a texture."""
    print("\n### Figures within 10 % of real data (bzip2, xz, brotli 15 %)\n\nUp to compress=5, and 8 of log.\n")
    print("| texture | figures | within | median | 90 % of them within | promised |\n|" + " --- |" * 6)
    for texture in plan.TEXTURES:
        some = [(abs(off), job) for t, r, job, off in checks.beside if t == texture and plan.compared(t, r)]
        if not some:
            continue
        far = sorted(d for d, _ in some)
        within = sum(d <= plan.allowed(j.codec) for d, j in some)
        at90 = far[(len(far) - 1) * 9 // 10]
        promise = plan.BESIDE_WITHIN[texture]
        print(f"| {texture} | {len(some)} | {within} | {far[len(far) // 2]:.1%} | {at90:.1%} | {promise:.0%} |")
        checks.check(f"texture={texture}, of nine in ten figures beside real data", at90, promise)


def main():
    p = argparse.ArgumentParser(prog="fidelity.sh --textures", description=__doc__)
    p.add_argument("--short", action="store_true", help="a few figures of each promise")
    p.add_argument("--plot", metavar="FILE", help="write a plot, as SVG")
    p.add_argument("--only", choices=("ratios", "flat", "real", "quantiles", "speed"), help="this part alone")
    o = p.parse_args()
    checks, real = Checks(), read_real()
    if o.only in (None, "ratios"):
        ratio_table([1.5, 3, 6, 10] if o.short else plan.DIAL, 8 * M if o.short else 32 * M, checks)
    if o.only in (None, "flat"):
        flat_table([2, 4] if o.short else [1.25, 1.5, 2, 2.5, 3, 4], checks)
    if o.only in (None, "quantiles"):
        quantile_table(o.short, checks)
    if o.only in (None, "speed") and not o.short:
        speed_table()
    if o.only in (None, "real"):
        print("\n### Beside real data\n\nWhat corpora come to, lowest to highest, and the texture in bold; (!) is further off than 10 %\n"
              "(bzip2, xz, brotli 15 %).")
        jobs = plan.BRIEF if o.short else plan.SMALL + plan.UP_TO_128K + plan.OF_1M
        tasks = [(t, r, jobs, 8 * M) for t in plan.TEXTURES for r in plan.RATIOS
                 if plan.compared(t, r) or plan.has(t, r) and not o.short]
        results = measure_all(tasks)
        for (texture, ratio), figures in results.items():
            beside_real(texture, ratio, figures, real, checks)
        if not o.short:
            small_pieces(results, real, checks)
        summary(checks)
        if o.plot:
            plot.write(o.plot, results, real)
    print()
    for line in checks.off:
        print(f"- off: {line}")
    print(f"\n{checks.done} checks of textures, {len(checks.off)} off")
    return 1 if checks.off else 0


if __name__ == "__main__":
    sys.exit(main())
