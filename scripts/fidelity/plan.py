"""What is measured, of real data and of textures alike, and what is promised of it."""
from measure import K, M, Job

RATIOS = [1.5, 2, 3, 5, 8]
TEXTURES = ["text", "code", "log", "binary"]
FAST = ["huffman", "lz4", "snappy", "lzo", "igzip-1", "zlib-1", "zlib-6", "zstd-1", "zstd-3", "zstd-9"]
SLOW = ["brotli-5", "bzip2", "xz-6"]
CODECS = FAST + SLOW
BLOCKS = [4 * K, 32 * K, 128 * K, M]
PERCENTILES = ["p1", "p5", "p25", "p50", "p75", "p95", "p99"]


def jobs(codec, block):
    """At most 4 MiB of fast codecs, and a sample for slow ones."""
    count = (M if codec in SLOW else 4 * M) // block
    return Job(codec, block, count)


UP_TO_128K = [jobs(c, b) for c in CODECS for b in BLOCKS[:-1]]
OF_1M = [Job(c, M, 4) for c in CODECS]

# Beginnings of cells, as tails and small files have them, and blocks behind a header.
SMALL = [Job(c, n, 2048, 4 * K) for n in (512, K, 2 * K, 3 * K) for c in ("lz4", "zlib-6", "zstd-3")]
SMALL += [Job(c, 4 * K, 1024, 4 * K, skip) for skip in (512, 2 * K) for c in ("lz4", "zlib-6", "zstd-3")]

QUANTILES = [Job(c, b, 4096) for c in ("lz4", "zstd-3") for b in (4 * K, 32 * K)] + [Job("zstd-3", 128 * K, 4096)]

# What makes a texture vary as a whole corpus does: spread=, shares of zero= and random= in %,
# region=. Found by trying: spread 0 to 1, zero 0 to 12, random 0 to 4, regions of 16K and 64K.
MIXTURES = {
    "man": (0.3, 0, 0, "64K"), "doc": (0.2, 0, 0, "64K"), "go": (0.3, 4, 0, "16K"),
    "headers": (0, 0, 0, "64K"), "python": (0, 0, 0, "64K"), "packages": (0.2, 0, 0, "64K"),
    "logs": (0.3, 0, 0, "64K"), "listing": (0.2, 0, 0, "64K"),
    "so": (0.6, 4, 0, "16K"), "programs": (1, 12, 3, "16K"),
}
# How far 5, 25, 50, 75 and 95 % of blocks then are from the corpus on average.
MIXTURE_WITHIN = {"go": 0.25, "so": 0.30, "programs": 0.35}
MIXTURE_WITHIN_ELSE = 0.15


def allowed(codec):
    """How far a codec's ratio may be from what it makes of real data."""
    return 0.15 if codec in SLOW else 0.10


def has(texture, ratio):
    """Whether a texture has a ratio, see gen/texture_profiles.go."""
    return LOWEST[texture] <= ratio <= 12


def compared(texture, ratio):
    """Whether the limits below are about this ratio. Real source that compresses by 8 is
    lists of numbers, and real programs are mostly zeros, which zero= is for."""
    return has(texture, ratio) and (ratio <= 5 or texture == "log")


LOWEST = {"text": 1.35, "code": 1.35, "log": 1.5, "binary": 1.15}
DIAL = [1.2, 1.35, 1.5, 1.75, 2, 2.5, 3, 4, 5, 6, 8, 10]
RATIO_WITHIN = 0.03

FLAT = [Job(c, n, 1024, 8 * K) for n in (K, 2 * K, 3 * K, 4 * K, 6 * K, 8 * K) for c in ("lz4", "zstd-3", "zlib-6")]
FLAT += [Job(c, 128 * K, 16) for c in ("lz4", "zstd-1", "zstd-3", "zlib-1", "zlib-6")]
FLAT += [Job(c, 8 * K, 256, 12 * K, skip) for skip in (512, 1000, 2 * K) for c in ("lz4", "zstd-3", "zlib-6")]
FLAT_WITHIN = 0.05

# Nine in ten figures beside real data are this near.
BESIDE_WITHIN = {"text": 0.12, "code": 0.12, "log": 0.25, "binary": 0.12}

BRIEF = [Job(c, n, 4 * M // n) for c in ("lz4", "snappy", "huffman", "zlib-6", "zstd-3") for n in (4 * K, 128 * K)]

TIMED = ["lz4", "snappy", "igzip-1", "zlib-1", "zlib-6", "zstd-1", "zstd-3", "zstd-9", "brotli-5", "bzip2"]
TIMED_BESIDE = [("doc", 3), ("man", 5), ("go", 5), ("packages", 5), ("so", 2), ("so", 3)]
