#!/usr/bin/env python3
"""The part of scripts/fidelity.sh that measures; see that script.

Every block is compressed alone: lz4 is a raw LZ4 block at the default level,
zstd a frame without checksum, gzip the zlib format (deflate and 6 bytes), xz raw
LZMA2 at preset 6 with a dictionary of a block, brotli a raw stream of quality 5.
"whole" is the file that the command-line tool of that name makes.
"""
import argparse
import ctypes
import hashlib
import json
import lzma
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zlib

K, M = 1 << 10, 1 << 20
RATIOS = [1, 1.25, 1.5, 2, 3, 4, 6, 10, 20, 50, 100]
BLOCKS = [4 * K, 16 * K, 64 * K, 128 * K, M]
# Codec, level, tool, and whether it is measured on a sample only.
CODECS = [
    ("lz4", 1, ["lz4", "-1"], False),
    ("zstd", 1, ["zstd", "-1"], False),
    ("zstd", 3, ["zstd", "-3"], False),
    ("zstd", 9, ["zstd", "-9"], True),
    ("zstd", 19, ["zstd", "-19"], True),
    ("gzip", 1, ["gzip", "-1"], False),
    ("gzip", 6, ["gzip", "-6"], False),
    ("gzip", 9, ["gzip", "-9"], True),
    ("xz", 6, ["xz", "-6"], True),
    ("brotli", 5, ["brotli", "-5"], True),
]
PROMISED = {("lz4", 1), ("zstd", 1), ("zstd", 3), ("gzip", 1), ("gzip", 6)}
NEAR = 0.05  # a single block is near the ratio asked if it is within 5 %


# Deflate spends so much on its code tables, and at most 258 bytes on a match,
# that small blocks fall short of high ratios: (ratio, largest block): how far.
DEFLATE = {
    (2, 4 * K): 0.025, (3, 4 * K): 0.045, (4, 4 * K): 0.07,
    (6, 4 * K): 0.09, (6, 16 * K): 0.045,
    (10, 4 * K): 0.12, (10, 16 * K): 0.08, (10, M): 0.05,
    (20, M): 0.10,
}


def limit(ratio, codec, level, block):
    """How far off the mean may be, or None, and the share of blocks that must be near."""
    if (codec, level) not in PROMISED or ratio > 20 or (ratio > 10 and block < 64 * K):
        return None, 0
    if codec == "gzip":
        for (r, largest), far in DEFLATE.items():
            if ratio == r and block <= largest:
                return far, 0
    if ratio <= 4:
        return 0.02, 0.95
    return (0.04 if ratio <= 10 else 0.09), 0


def library(name):
    return ctypes.CDLL(name)


def compressor(codec, level, block):
    """Returns a function from a block to its compressed size."""
    size_t, pointer = ctypes.c_size_t, ctypes.c_char_p
    out = ctypes.create_string_buffer(2 * block + 4096)
    if codec == "lz4":
        f = library("liblz4.so.1").LZ4_compress_default
        f.argtypes = [pointer, ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
        return lambda b: f(b, ctypes.addressof(out), len(b), len(out))
    if codec == "zstd":
        lib = library("libzstd.so.1")
        lib.ZSTD_createCCtx.restype = ctypes.c_void_p
        context = lib.ZSTD_createCCtx()
        f = lib.ZSTD_compressCCtx
        f.restype = size_t
        f.argtypes = [ctypes.c_void_p, ctypes.c_void_p, size_t, pointer, size_t, ctypes.c_int]
        return lambda b: f(context, ctypes.addressof(out), len(out), b, len(b), level)
    if codec == "gzip":
        return lambda b: len(zlib.compress(b, level))
    if codec == "xz":
        filters = [{"id": lzma.FILTER_LZMA2, "preset": level, "dict_size": block}]
        return lambda b: len(lzma.compress(b, lzma.FORMAT_RAW, filters=filters))
    f = library("libbrotlienc.so.1").BrotliEncoderCompress
    f.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int, size_t, pointer, ctypes.POINTER(size_t), ctypes.c_void_p]

    def brotli(b):
        n = size_t(len(out))
        if not f(level, 22, 0, len(b), b, ctypes.byref(n), ctypes.addressof(out)):
            raise RuntimeError("brotli: no output")
        return n.value

    return brotli


def cat(spec, path=None):
    """The bytes of a spec, or a file of them."""
    if path is None:
        return subprocess.run([options.dgenfs, "cat", spec], check=True, stdout=subprocess.PIPE).stdout
    with open(path, "wb") as f:
        subprocess.run([options.dgenfs, "cat", spec], check=True, stdout=f)
    return path


def sampled(path, sample):
    """A file of pieces of 1 MiB, spread evenly over another one."""
    name = path + ".sample"
    size, n = os.path.getsize(path), sample // M
    with open(path, "rb") as f, open(name, "wb") as g:
        for i in range(n):
            f.seek(i * (size // M) // n * M)
            g.write(f.read(M))
    return name


def compress_task(task):
    """Mean ratio, share of near blocks, and the smallest share of its size that
    a block becomes."""
    path, ratio, codec, level, block = task
    size = compressor(codec, level, block)
    total = out = near = count = 0
    least = 2.0
    with open(path, "rb") as f:
        while len(b := f.read(block)) == block:
            n = size(b)
            if not 0 < n <= 2 * block + 4096:
                raise RuntimeError(f"{codec} -{level}: a block of {block} bytes gives {n}")
            total, out, count = total + block, out + n, count + 1
            near += abs(block / n / ratio - 1) <= NEAR
            least = min(least, n / block)
    return total / out, near / count, least


def whole_task(task):
    path, tool = task
    p = subprocess.Popen([*tool, "-c", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out = 0
    while b := p.stdout.read(M):
        out += len(b)
    if p.wait():
        raise RuntimeError(f"{' '.join(tool)} {path}: exit status {p.returncode}")
    return os.path.getsize(path) / out


def sectors_task(path):
    """Repeated sectors of 512 bytes, and blocks of 4 KiB that are all zero."""
    with open(path, "rb") as f:
        data = f.read()
    sectors = {data[i : i + 512] for i in range(0, len(data), 512)}
    zero = bytes(4 * K)
    zeros = sum(data[i : i + 4 * K] == zero for i in range(0, len(data), 4 * K))
    return len(data) // 512 - len(sectors), zeros


def digests(data, block):
    return [hashlib.sha256(data[i : i + block]).digest() for i in range(0, len(data), block)]


def dedup_task(task):
    """Distinct blocks by size of block, up to the unit."""
    spec, unit = task
    data = memoryview(cat(spec))
    counts, block = {}, 4 * K
    pieces = digests(data, block)
    while block <= unit:
        counts[block] = len(set(pieces)), len(pieces)
        block *= 2
        pieces = [a + b for a, b in zip(pieces[::2], pieces[1::2])]
        pieces = [hashlib.sha256(p).digest() for p in pieces]
    return counts


def both_task(spec):
    data = memoryview(cat(spec))
    distinct = {hashlib.sha256(b).digest(): b for b in (data[i : i + 4 * K] for i in range(0, len(data), 4 * K))}
    size = compressor("zstd", 3, 4 * K)
    return len(data) / sum(size(bytes(b)) for b in distinct.values())


def restic_task(task):
    spec, size = task
    repo = tempfile.mkdtemp(dir=options.work)
    env = dict(os.environ, RESTIC_PASSWORD="x", RESTIC_REPOSITORY=repo)
    restic = ["restic", "--no-cache", "--quiet"]
    try:
        subprocess.run([*restic, "init"], env=env, check=True, stdout=subprocess.DEVNULL)
        source = subprocess.Popen([options.dgenfs, "cat", spec], stdout=subprocess.PIPE)
        off = ["--compression", "off"] if options.restic_compresses else []
        subprocess.run([*restic, "backup", *off, "--stdin"], env=env, check=True, stdin=source.stdout, stdout=subprocess.DEVNULL)
        source.stdout.close()
        if source.wait():
            raise RuntimeError(f"dgenfs cat {spec}: exit status {source.returncode}")
        stored = 0
        for directory, _, names in os.walk(os.path.join(repo, "data")):
            stored += sum(os.path.getsize(os.path.join(directory, n)) for n in names)
        return size / stored
    finally:
        shutil.rmtree(repo)


class Checks:
    """Counts the checks and collects the figures that are off."""

    def __init__(self):
        self.done = 0
        self.off = []

    def row(self, name, failures, checks):
        """The last column of a row: OK, the figures that are off, or nothing."""
        self.done += checks
        self.off += [f"{name}: {f}" for f in failures]
        return ", ".join(failures) if failures else "OK" if checks else ""


def short(n):
    return f"{n // M // K}G" if n % (K * M) == 0 else f"{n // M}M" if n % M == 0 else f"{n // K}K"


def number(x):
    return f"{x:.3f}" if x < 10 else f"{x:.2f}" if x < 100 else f"{x:.1f}"


def table(*head):
    print("\n| " + " | ".join(head) + " |\n|" + " --- |" * len(head))


def compress_table(pool, checks, size, sample):
    print("### compress=R\n")
    print(f"Total bytes / total compressed bytes of {short(size)}, each block alone, and the whole file by the tool;")
    print(f"those marked * on {short(sample)} of it. In parentheses: the share of blocks within 5 % of R, where it is not all.")
    jobs = []
    for ratio in RATIOS:
        path = cat(f"{size},seed=1,compress={ratio}", os.path.join(options.work, f"r{ratio}"))
        part = sampled(path, sample)
        for codec, level, tool, slow in CODECS:
            p = part if slow else path
            cells = [
                (block, pool.apply_async(compress_task, ((p, ratio, codec, level, block),)))
                for block in BLOCKS if block in (4 * K, M) or not (slow and options.short)
            ]
            jobs.append((ratio, codec, level, slow, cells, pool.apply_async(whole_task, ((p, tool),))))
    table("R", "", *map(short, BLOCKS), "whole", "")
    for ratio, codec, level, slow, cells, whole in jobs:
        name = codec if codec in ("lz4", "xz") else f"{codec} -{level}"
        row, failures, count = dict.fromkeys(BLOCKS, "-"), [], 0
        for block, job in cells:
            mean, near, least = job.get()
            row[block] = number(mean) + (f" ({int(100 * near)}%)" if near < 1 else "")
            if ratio == 1:
                count += 1
                if least < 0.999:
                    failures.append(f"{short(block)} a block becomes {least:.4f}")
                continue
            far, most = limit(ratio, codec, level, block)
            if far is None:
                continue
            count += 1
            if abs(mean / ratio - 1) > far:
                failures.append(f"{short(block)} {mean / ratio - 1:+.1%}")
            elif near < most:
                failures.append(f"{short(block)} only {int(100 * near)}% near")
        packed = whole.get()
        if ratio == 1:
            count += 1
            if 1 / packed < 0.999:
                failures.append(f"whole becomes {1 / packed:.4f}")
        verdict = checks.row(f"compress={ratio} {name}", failures, count)
        print(f"| {ratio} | {name}{'*' if slow else ''} | " + " | ".join(row.values()) + f" | {number(packed)} | {verdict} |", flush=True)


def sectors_table(pool, checks, size):
    print(f"\n### Nothing repeats that was not asked for\n\nIn {short(size)}, which must be 0 up to compress=20.")
    table("R", "repeated sectors of 512 bytes", "blocks of 4K all zero", "")
    for ratio in RATIOS:
        repeated, zeros = pool.apply(sectors_task, (os.path.join(options.work, f"r{ratio}"),))
        failures = []
        if ratio <= 20:
            failures = [f"{n} {what}" for n, what in ((repeated, "repeated"), (zeros, "zero")) if n]
        verdict = checks.row(f"compress={ratio}", failures, 2 if ratio <= 20 else 0)
        print(f"| {ratio} | {repeated} | {zeros} | {verdict} |")


def dedup_table(pool, checks, size):
    print(f"\n### dedup=D\n\nDistinct blocks of {short(size)}, counted exactly, for every power of 2 from 4K to the unit.")
    shapes = [(d, u, 0) for d in (1.5, 2, 4, 10, 100) for u in (4 * K, 128 * K, M)]
    shapes += [(4, u, skew) for u in (4 * K, 128 * K, M) for skew in (1, 8)]
    jobs = [(d, u, s, pool.apply_async(dedup_task, ((f"{size},seed=1,dedup={d},unit={u},skew={s}", u),))) for d, u, s in shapes]
    table("D", "unit", "skew", "units", "distinct", "expected", "blocks of 4K", "distinct", "expected", "")
    for d, unit, skew, job in jobs:
        counts = job.get()
        units = size // unit
        want = max(1, int(units / d + 0.5))
        failures = []
        for block, (distinct, _) in counts.items():
            if distinct != want * unit // block:
                failures.append(f"{short(block)} {distinct}, not {want * unit // block}")
        verdict = checks.row(f"dedup={d},unit={short(unit)},skew={skew}", failures, len(counts))
        cells, blocks = counts[unit], counts[4 * K]
        print(f"| {d} | {short(unit)} | {skew} | {units} | {cells[0]} | {want} | {blocks[1]} | {blocks[0]} | {want * unit // (4 * K)} | {verdict} |")
    spec = f"{4 * M},seed=1,dedup=4,unit=128K"
    report = subprocess.run([options.dgenfs, "measure", "--json", spec], check=True, stdout=subprocess.PIPE).stdout
    reported = {s["block"]: (s["distinct"], s["blocks"]) for s in json.loads(report)["arguments"][0]["sizes"]}
    counts = dedup_task((spec, 128 * K))
    failures = [f"{short(b)} {reported[b][0]}, not {n[0]}" for b, n in counts.items() if reported[b] != n]
    print(f"\n`dgenfs measure` counts the same: {checks.row('dgenfs measure', failures, len(counts))}")


def both_table(pool, checks, size):
    print(f"\n### dedup=3,compress=2\n\nBytes of {short(size)} / bytes of the distinct blocks of 4K, each by zstd -3; must be 6 within 3 %.")
    table("unit", "ratio", "")
    for unit in ("4K", "128K"):
        ratio = pool.apply(both_task, (f"{size},seed=1,dedup=3,compress=2,unit={unit}",))
        failures = [f"{ratio / 6 - 1:+.1%}"] if abs(ratio / 6 - 1) > 0.03 else []
        print(f"| {unit} | {ratio:.3f} | {checks.row(f'dedup=3,compress=2,unit={unit}', failures, 1)} |")


def restic_table(pool, checks, size):
    print("\n### restic\n\n" + subprocess.run(["restic", "version"], check=True, capture_output=True, text=True).stdout.strip())
    print(f"\n{short(size)} / bytes of the repository's data, without compression; must be D within 10 % from unit=64M on.")
    jobs = {
        (unit, d): pool.apply_async(restic_task, ((f"{size},seed=1,dedup={d},unit={unit}M", size),))
        for unit in (1, 4, 16, 64) for d in (2, 4)
    }
    table("unit", "dedup=2", "dedup=4", "")
    for unit in (1, 4, 16, 64):
        ratios = {d: jobs[unit, d].get() for d in (2, 4)}
        failures = [f"dedup={d} {r / d - 1:+.1%}" for d, r in ratios.items() if unit >= 64 and abs(r / d - 1) > 0.1]
        verdict = checks.row(f"restic unit={unit}M", failures, 2 if unit >= 64 else 0)
        print(f"| {unit}M | {ratios[2]:.3f} | {ratios[4]:.3f} | {verdict} |", flush=True)


def size_argument(text):
    try:
        n = int(text.rstrip("KMG")) * {"K": K, "M": M, "G": K * M}.get(text[-1:], 1)
    except ValueError:
        n = 0
    if n < 4 * M or n % M:
        raise argparse.ArgumentTypeError(f"{text!r}: must be a multiple of 1M, 4M or more")
    return n


def main():
    start = time.monotonic()
    checks = Checks()
    size = options.size or (8 * M if options.short else 64 * M)
    with multiprocessing.Pool(os.cpu_count()) as pool:
        compress_table(pool, checks, size, min(size, M if options.short else 4 * M))
        sectors_table(pool, checks, size)
        dedup_table(pool, checks, size)
        both_table(pool, checks, size)
        if options.short:
            print("\nrestic: not run with --short")
        elif not shutil.which("restic"):
            print("\nrestic: not installed, not run")
        else:
            restic_table(pool, checks, max(size, 1 << 30))
    print()
    for line in checks.off:
        print(f"- off: {line}")
    print(f"\n{checks.done} checks, {len(checks.off)} off")
    print(f"fidelity.py: {time.monotonic() - start:.0f} s", file=sys.stderr)
    return 1 if checks.off else 0


def parse():
    p = argparse.ArgumentParser(prog="fidelity.sh", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--size", type=size_argument, help="bytes of each shape: 64M, or 8M if --short")
    p.add_argument("--short", action="store_true", help="a small sample and two block sizes for the slow codecs, no restic")
    p.add_argument("--dgenfs", required=True, help=argparse.SUPPRESS)
    p.add_argument("--work", required=True, help=argparse.SUPPRESS)
    return p.parse_args()


if __name__ == "__main__":
    options = parse()
    # Since 0.14, restic compresses unless told otherwise.
    options.restic_compresses = False
    if shutil.which("restic"):
        text = subprocess.run(["restic", "backup", "--help"], capture_output=True, text=True).stdout
        options.restic_compresses = "--compression" in text
    sys.exit(main())
