#!/usr/bin/python3
"""Opens files of every format on a mount with the readers that people use: the first of
100,000 files, the last, one that is drawn, and the smallest that there can be; and checks
that 1000 reads at random places, of that one and of one of some megabytes, give what a
sequential read does.

    mounted.py tree >FILE                      prints the tree file for the mount
    dgenfs run --tree FILE -- mounted.py {} FORMATS DGENFS

FORMATS and DGENFS are built commands: of this directory, and dgenfs. See check.py, too.
"""
import os
import random
import subprocess
import sys
import tarfile

import h5py
import numpy as np
from PIL import Image

from tfrecord import images

NAMES = 100000


def command(*args):
    subprocess.run(args, check=True, stdout=subprocess.DEVNULL)


def library(path):
    command(sys.argv[2], path.rsplit("format=", 1)[-1] if "format=" in path else path.rsplit(".", 1)[1], path)


def h5(path):
    with h5py.File(path) as f:
        assert f["records"][...].size
    command("h5dump", "-H", path)


def image(path):
    with Image.open(path) as i:
        i.load()


def tar(path):
    with tarfile.open(path) as f:
        assert f.getnames()
    command("tar", "tf", path)


def tfrecord(path):
    with open(path, "rb") as f:
        assert images(f.read(), 0)


def gpt(path):
    command("sfdisk", "-l", path)
    out = subprocess.run(["sgdisk", "-v", path], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert "No problems found" in out and "Warning" not in out, out


# Of each format: an extension, and what reads it.
READERS = {
    "npy": ("npy", lambda path: np.load(path)),
    "npz": ("npz", lambda path: np.load(path)["x"]),
    "zip": ("zip", lambda path: command("unzip", "-tq", path)),
    "pt": ("pt", library),
    "tfrecord": ("tfrecord", tfrecord),
    "hdf5": ("h5", h5),
    "parquet": ("parquet", library),
    "jpeg": ("jpg", lambda path: (command("djpeg", "-strict", path), image(path))),
    "png": ("png", lambda path: (command("pngcheck", "-q", path), image(path))),
    "tar": ("tar", tar),
    "wav": ("wav", lambda path: command("sox", "-V1", path, "-t", "raw", "-")),
    "bmp": ("bmp", image),
    "gz": ("gz", lambda path: command("gzip", "-tq", path)),
    "arrow": ("arrow", library),
    "gguf": ("gguf", library),
    "gpt": ("img", gpt),
    "safetensors": ("safetensors", library),
}


def sizes(form):
    """Sizes in a tree: images of a disk are larger than others, as a table of partitions is."""
    return "2M..8M" if form == "gpt" else "lognormal:32K:1" if form == "tfrecord" else "lognormal:64K:2"


def tree():
    for form, (extension, _) in READERS.items():
        print(f"{form}/{{00000..{NAMES - 1}}}.{extension} {sizes(form)},format=auto")
        print(f"large/{form}.{extension} 3M..5M,format=auto")


def smallest(form):
    """The size that the error for one byte names."""
    r = subprocess.run([sys.argv[3], "cat", f"1,format={form}"], stderr=subprocess.PIPE, text=True)
    assert r.returncode == 2 and "smallest" in r.stderr, r.stderr
    return int(r.stderr.split()[-2])


def preads(path):
    with open(path, "rb", buffering=0) as f:
        size = os.fstat(f.fileno()).st_size
        whole = bytearray()
        while piece := f.read(1 << 20):
            whole += piece
        assert len(whole) == size
        for i in range(1000):
            at = random.randrange(size) if i % 4 else max(0, size - 1 - random.randrange(5000))
            n = random.randrange(1, 1 << random.randrange(1, 18))
            assert os.pread(f.fileno(), n, at) == whole[at:at + n], (path, at, n)


def main():
    if sys.argv[1:] == ["tree"]:
        return tree()
    mount = sys.argv[1]
    seed = int.from_bytes(os.urandom(4), "little")
    print("files are drawn with seed", seed)
    random.seed(seed)
    for form, (extension, read) in READERS.items():
        files = [f"{form}/{i:05}.{extension}" for i in (0, NAMES - 1, random.randrange(NAMES))] + [f"{smallest(form)},format={form}"]
        for name in files:
            try:
                read(os.path.join(mount, name))
            except Exception as e:
                sys.exit(f"{name}: {e!r}")
        for name in files[2], f"large/{form}.{extension}":
            preads(os.path.join(mount, name))
        print(f"{form}: {', '.join(files)}")
    print(f"{len(READERS)} passed, 0 failed")


main()
