#!/usr/bin/python3
"""Ways to load arrays from a mount in Python, and how fast each of them is.

    dgenfs run -- scripts/loaders/loaders.py {} [ROUNDS]

Each way loads a file of 140 MiB, and each time before and after it dd reads as much.
Printed are medians over all rounds (7, unless given): GB/s, and the ratio to dd of the
same round with the smallest and the largest one. All ways check that they get the same
array. It needs Debian's python3-numpy and python3-h5py.

The functions are what to copy: what is fast reads into memory that is there already.
"""
import mmap
import os
import statistics
import subprocess
import sys
import time
import zipfile

import h5py
import numpy as np

SIZE = 140 << 20  # of the array; each file is a little larger
FILES = {"npy": SIZE + 128, "npz": SIZE + 498, "h5": SIZE + 2056}
BUFFER = np.frombuffer(mmap.mmap(-1, SIZE + 4096), np.uint8)  # begins with a page


def numpy_npz(path):
    """What most people write: zipfile copies it three times, and checks its CRC."""
    with np.load(path) as z:
        return z["x"]


def numpy_npy(path):
    return np.load(path)


def numpy_npy_mapped(path):
    """A page at a time when it is used; np.array uses all of them."""
    return np.array(np.load(path, mmap_mode="r"))


def h5py_array(path):
    with h5py.File(path) as f:
        return f["records"][...]


def h5py_read_direct(path):
    with h5py.File(path) as f:
        d = f["records"]
        out = BUFFER[: d.nbytes].view(d.dtype).reshape(d.shape)
        d.read_direct(out)
        return out


def readinto(path, offset, dtype, shape):
    """Reads an array whose place is known into the buffer, a request of FUSE at a time."""
    n = int(np.prod(shape)) * np.dtype(dtype).itemsize
    begin = offset % 4096  # so that all but the first read are of whole pages
    view = memoryview(BUFFER)[begin : begin + n]
    with open(path, "rb", buffering=0) as f:
        f.seek(offset)
        done = 0
        while done < n:
            got = f.readinto(view[done : done + (1 << 20) - (offset + done) % 4096])
            if not got:
                raise EOFError(path)
            done += got
    return np.frombuffer(view, dtype).reshape(shape)


def npy_header(f):
    version = np.lib.format.read_magic(f)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
    shape, _, dtype = read(f)
    return dtype, shape


def readinto_npy(path):
    with open(path, "rb") as f:
        dtype, shape = npy_header(f)
        offset = f.tell()
    return readinto(path, offset, dtype, shape)


def readinto_npz(path):
    """The members of an npz file are stored, so that an array is in one piece."""
    with zipfile.ZipFile(path) as z, z.open("x.npy") as f:
        dtype, shape = npy_header(f)
        header, local = f.tell(), z.getinfo("x.npy").header_offset
    with open(path, "rb") as f:
        f.seek(local + 26)
        name, extra = np.frombuffer(f.read(4), "<u2")
    return readinto(path, local + 30 + int(name) + int(extra) + header, dtype, shape)


def readinto_h5(path):
    with h5py.File(path) as f:
        d = f["records"]
        offset, dtype, shape = d.id.get_offset(), d.dtype, d.shape
    return readinto(path, offset, dtype, shape)


WAYS = [("npz", numpy_npz), ("npy", numpy_npy), ("npy", numpy_npy_mapped), ("h5", h5py_array), ("h5", h5py_read_direct),
        ("npy", readinto_npy), ("npz", readinto_npz), ("h5", readinto_h5)]


def rate(read):
    begin = time.perf_counter()
    result = read()
    return SIZE / (time.perf_counter() - begin) / 1e9, result


def dd(path):
    subprocess.run(["dd", f"if={path}", "of=/dev/null", "bs=1M", "status=none"], check=True)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: loaders.py MOUNTPOINT [ROUNDS]")
    rounds = int(sys.argv[2]) if len(sys.argv) == 3 else 7
    path = {kind: os.path.join(sys.argv[1], f"{size},seed=7,format={kind.replace('h5', 'hdf5')}") for kind, size in FILES.items()}
    want = np.load(path["npy"])
    BUFFER.fill(1)  # the pages are there
    rates, ratios = {}, {}
    plain = []
    for _ in range(rounds):
        for kind, way in WAYS:
            before, _ = rate(lambda: dd(path[kind]))
            got, x = rate(lambda: way(path[kind]))
            after, _ = rate(lambda: dd(path[kind]))
            same = x == want
            if kind == "npz":  # the last word of a cell is what makes its CRC
                same |= np.arange(len(want)) % 4096 >= 4096 - 8
            if not same.all():
                sys.exit(f"{way.__name__}: other values")
            del x, same
            plain += [before, after]
            rates.setdefault(way, []).append(got)
            ratios.setdefault(way, []).append(got / statistics.mean([before, after]))
    print("| | GB/s | of dd | least to most |\n| --- | --- | --- | --- |")
    print(f"| dd bs=1M | {statistics.median(plain):.2f} | | |")
    for way, r in ratios.items():
        print(f"| {way.__name__} | {statistics.median(rates[way]):.2f} | {statistics.median(r):.2f} | {min(r):.2f} to {max(r):.2f} |")


main()
