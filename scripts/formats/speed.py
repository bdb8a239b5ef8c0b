#!/usr/bin/env python3
"""How fast the formats are read through a mount, compared with plain data.

    dgenfs run -- scripts/formats/speed.py {} [ROUNDS [FORMAT...]]

Two dd read each file at a time, each its half, 256 MiB each; before and after each of
them, two dd read plain data in the same way. Printed are medians over all rounds
(5, unless given): GB/s, and the ratio to plain data of the same round with the smallest
and the largest one. The rates of virtual machines drift: trust the ratios.
"""
import os
import statistics
import subprocess
import sys
import time

HALF = 256  # MiB
PLAIN = "1G"
FILES = {
    "npy": "1G,format=npy",
    "npy, float32": "1G,format=npy,dtype=f4",
    "npz": "1G,format=npz",
    "npz, float32": "1073741826,format=npz,dtype=f4",
    "zip": "1G,format=zip",
    "zip, 10000 members": "1073740022,format=zip,members=10000",
    "pt, float32": "1073741838,format=pt,dtype=f4",
    "safetensors": "1G,format=safetensors",
    "gguf": "1G,format=gguf",
    "arrow": "1073741826,format=arrow,dtype=f4",
    "hdf5": "1G,format=hdf5",
    "parquet, 39 columns": "1G,format=parquet,columns=13xf4+26xi4",
    "tfrecord, one record": "1G,format=tfrecord",
    "tfrecord, 114244": f"{114304 * 9400},format=tfrecord,record=114244",
    "tfrecord, 2500": f"{2554 * 420000},format=tfrecord,record=2500",
    "jpeg": "1G,format=jpeg",
    "png": "1G,format=png",
    "tar": "1G,format=tar",
    "wav": "1G,format=wav",
    "bmp": "1G,format=bmp",
    "gz": "1G,format=gz",
    "gpt": "1G,format=gpt",
}


def rate(path):
    """GB/s of two readers."""
    begin = time.perf_counter()
    readers = [
        subprocess.Popen(["dd", f"if={path}", "of=/dev/null", "bs=1M", f"count={HALF}", f"skip={i * HALF}", "status=none"])
        for i in range(2)
    ]
    if any([r.wait() for r in readers]):
        sys.exit(f"{path} cannot be read")
    return 2 * HALF * (1 << 20) / (time.perf_counter() - begin) / 1e9


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: speed.py MOUNTPOINT [ROUNDS [FORMAT...]]")
    mount = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    wanted = {name: file for name, file in FILES.items() if len(sys.argv) < 4 or name.split(",")[0] in sys.argv[3:]}
    for name in [n for n, file in wanted.items() if not os.path.exists(os.path.join(mount, file))]:
        sys.exit(f"{name}: {wanted[name]} does not exist; dgenfs cat says why")
    rates = {name: [] for name in wanted}
    ratios = {name: [] for name in wanted}
    plain = [rate(os.path.join(mount, PLAIN))]
    for _ in range(rounds):
        for name, file in wanted.items():
            rates[name].append(rate(os.path.join(mount, file)))
            plain.append(rate(os.path.join(mount, PLAIN)))
            ratios[name].append(rates[name][-1] / statistics.mean(plain[-2:]))
    print("| | GB/s | of plain data | least to most |\n| --- | --- | --- | --- |")
    print(f"| plain | {statistics.median(plain):.1f} | | |")
    for name in wanted:
        r = ratios[name]
        print(f"| {name} | {statistics.median(rates[name]):.1f} | {statistics.median(r):.2f} | {min(r):.2f} to {max(r):.2f} |")


main()
