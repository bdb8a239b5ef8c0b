#!/usr/bin/python3
"""Opens files of every format with the readers that people use, and compares what they
decode with what the generator says.

    scripts/formats/check.py FORMATS     FORMATS: the built command of this directory

It needs Debian's python3-numpy, python3-h5py, python3-pil, hdf5-tools, pngcheck, unzip, sox,
gdisk, fdisk and libjpeg-turbo-progs. Each format is tried with its smallest file, with some others, and
with one of a size drawn by the seed that is printed.
"""
import io
import os
import pickle
import random
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib

import h5py
import numpy as np
from PIL import Image

from tfrecord import images

FORMATS = sys.argv[1]
CELL = 4096
NUMPY = {"u8": "u1", "i4": "i4", "f2": "f2", "f4": "f4", "f8": "f8", "int64": "i8", "i2": "i2"}
FINITE = {"f2": 0xBFFF, "f4": 0xBFFFFFFF, "f8": 0xBFFFFFFFFFFFFFFF, "bf16": 0xBFFF}


def command(*args, data=None):
    return subprocess.run(args, input=data, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


def made(what, form, size, keys):
    return subprocess.run([FORMATS, what, form, str(size), *keys], check=True, stdout=subprocess.PIPE).stdout


def payload(form, size, keys, dtype="u8"):
    """The payload that gen says, floats made finite."""
    p = made("payload", form, size, keys)
    if dtype in FINITE:
        width = FINITE[dtype].bit_length() + 7 & ~7
        words = np.frombuffer(p, f"<u{width // 8}") & FINITE[dtype]
        p = words.astype(f"<u{width // 8}").tobytes()
    return p


def same(got, want, neutral=False):
    """Equal, but for the word of each whole cell that the CRC is chosen by."""
    got, want = np.frombuffer(got, "u1"), np.frombuffer(want, "u1")
    assert len(got) == len(want), (len(got), len(want))
    if neutral:
        n = len(want) // CELL * CELL
        keep = np.arange(n) % CELL < CELL - 8
        assert (got[:n][keep] == want[:n][keep]).all()
        got, want = got[n:], want[n:]
    assert (got == want).all()


def smallest(form, *keys):
    """The size that the error for one byte names."""
    r = subprocess.run([FORMATS, "write", form, "1", *keys], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert r.returncode and "smallest" in r.stderr, r.stderr
    return int(r.stderr.split()[-2])


def array_cases(form, dtypes):
    for t in dtypes:
        yield smallest(form, f"dtype={t}"), [f"dtype={t}"], t
        for shape in ("37x101x3", f"{random.randint(1, 3000)}x{random.randint(1, 300)}", "8193"):
            yield "any", [f"shape={shape}", f"dtype={t}"], t


def shape_of(keys):
    return tuple(int(n) for k in keys if k.startswith("shape=") for n in k[6:].split("x"))


def check_shape(x, keys, t):
    assert x.dtype == np.dtype(NUMPY[t]) and np.isfinite(x).all(), x.dtype
    if shape_of(keys):
        assert x.shape == shape_of(keys), x.shape


def npy(path):
    for size, keys, t in array_cases("npy", NUMPY):
        b = write(path, "npy", size, keys)
        x = np.load(path)
        check_shape(x, keys, t)
        same(x.tobytes(), payload("npy", size, keys, t))
        again = io.BytesIO()
        np.save(again, x)
        assert again.getvalue() == b, "not what numpy writes"


def npz(path):
    for size, keys, t in array_cases("npz", NUMPY):
        b = write(path, "npz", size, keys)
        with np.load(path) as z:
            x, y = z["x"], z["y"]
        check_shape(x, keys, t)
        assert y.tolist() == [0]
        same(x.tobytes(), payload("npz", size, keys, t), neutral=True)
        again = io.BytesIO()
        np.savez(again, x=x, y=y)
        assert again.getvalue() == b, "not what numpy writes"
        command("unzip", "-tq", path)
    # In the header of npy, in the payload, and the CRC in the directory: zipfile believes that.
    flip(path, b, lambda: np.load(path)["x"], 60, len(b) // 2, b.index(b"PK\1\2") + 16)
    # The sizes of unet3d: the square, and 498 bytes.
    assert len(made("write", "npz", "any", ["shape=1210x1210x1"])) == 1210 * 1210 + 498


def flip(path, b, read, *places):
    """One flipped byte is noticed by read, in the middle or at each of these places."""
    for at in places or [len(b) // 2]:
        at %= len(b)
        with open(path, "wb") as f:
            f.write(b[:at] + bytes([b[at] ^ 1]) + b[at + 1:])
        try:
            read()
        except Exception:
            continue
        raise AssertionError(f"flipped byte {at} of {len(b)} was not noticed")


def zips(path):
    for size, keys in (smallest("zip"), []), (100001, []), ("any", ["members=9", "member=10001"]), ("any", ["members=9", "member=9000.jpg"]):
        b = write(path, "zip", size, keys)
        command("unzip", "-tq", path)
        z = zipfile.ZipFile(path)
        assert z.testzip() is None
        if not keys:
            got = z.read(z.namelist()[0])  # its last cell is whole in the payload
            want = payload("zip", size, keys)
            same(got + want[len(got):], want, neutral=True)
    flip(path, b, lambda: command("unzip", "-tq", path), 0, 14, 60, len(b) // 2)


class Unpickler(pickle.Unpickler):
    """Reads what torch.save wrote, without torch: a tensor is what it is rebuilt from."""

    def find_class(self, module, name):
        if name == "OrderedDict":
            return dict
        return (lambda *args: args) if name == "_rebuild_tensor_v2" else name

    def persistent_load(self, pid):
        return pid


def pt(path):
    for size, keys, t in array_cases("pt", ["u8", "i4", "f2", "f4", "f8", "bf16"]):
        b = write(path, "pt", size, keys)
        z = zipfile.ZipFile(path)
        assert z.testzip() is None and z.read("archive/version") == b"3\n"
        tensor = Unpickler(io.BytesIO(z.read("archive/data.pkl"))).load()["data"]
        (kind, storage, key, place, n), offset, shape, stride, grad, hooks = tensor
        data = z.read(f"archive/data/{key}")
        assert kind == "storage" and place == "cpu" and not grad and offset == 0
        assert storage == {"u8": "ByteStorage", "i4": "IntStorage", "f2": "HalfStorage", "f4": "FloatStorage", "f8": "DoubleStorage", "bf16": "BFloat16Storage"}[t]
        assert np.prod(shape) == n and len(data) % n == 0 and stride[-1] == 1
        assert b.index(data) % 64 == 0
        if shape_of(keys):
            assert shape == shape_of(keys)
        same(data, payload("pt", size, keys, t), neutral=True)
        got = command(FORMATS, "pt", path)
        if t == "bf16":  # the library returns these as float32
            data = (np.frombuffer(data, "<u2").astype("<u4") << 16).tobytes()
        elif t == "f2":  # and of these it misreads those below 2^-14
            want, got = np.frombuffer(data, "<f2").astype("<f4"), np.frombuffer(got, "<f4")
            normal = np.abs(want) >= 2**-14
            data, got = want[normal].tobytes(), got[normal].tobytes()
        same(got, data)
    flip(path, b, lambda: zipfile.ZipFile(path).testzip() is None or 1 / 0, 200, len(b) // 2, b.index(b"PK\1\2") + 16)


def hdf5(path):
    for size, keys, t in array_cases("hdf5", NUMPY):
        b = write(path, "hdf5", size, keys)
        with h5py.File(path) as f:
            x, labels = f["records"][...], f["labels"][...]
        check_shape(x, keys, t)
        assert labels.tolist() == [0]
        same(x.tobytes(), payload("hdf5", size, keys, t))
        with h5py.File(path + ".h5py", "w") as f:
            f.create_dataset("records", data=x)
            f.create_dataset("labels", data=labels)
            f["records_0"] = f["records"]
        with open(path + ".h5py", "rb") as f:
            assert f.read() == b, "not what h5py writes"
        os.unlink(path + ".h5py")
        assert b"DATASET \"records\"" in command("h5dump", "-H", path)


def safetensors(path):
    for size, keys, t in array_cases("safetensors", ["u8", "f4", "bf16"]):
        b = write(path, "safetensors", size, keys)
        n, = struct.unpack("<Q", b[:8])
        import json
        header = json.loads(b[8:8 + n])["data"]
        begin, end = header["data_offsets"]
        assert end == len(b) - 8 - n and (8 + n) % 8 == 0
        if shape_of(keys):
            assert tuple(header["shape"]) == shape_of(keys)
        same(b[8 + n + begin:8 + n + end], payload("safetensors", size, keys, t))
        same(command(FORMATS, "safetensors", path), payload("safetensors", size, keys, t))


def gguf(path):
    for size, keys, t in array_cases("gguf", ["i1", "f4", "bf16"]):
        if len(shape_of(keys)) > 4:
            continue
        b = io.BytesIO(write(path, "gguf", size, keys))
        magic, version, tensors, pairs = struct.unpack("<4sIQQ", b.read(24))
        assert (magic, version, tensors) == (b"GGUF", 3, 1)
        text = lambda: b.read(struct.unpack("<Q", b.read(8))[0]).decode()
        meta = {}
        for _ in range(pairs):
            key, kind = text(), struct.unpack("<I", b.read(4))[0]
            meta[key] = text() if kind == 8 else struct.unpack("<I", b.read(4))[0]
        assert meta["general.alignment"] == 32
        name, n = text(), struct.unpack("<I", b.read(4))[0]
        dims = struct.unpack(f"<{n}Q", b.read(8 * n))
        kind, offset = struct.unpack("<IQ", b.read(12))
        assert kind == {"i1": 24, "f4": 0, "bf16": 30}[t] and offset == 0
        if shape_of(keys):
            assert dims[::-1] == shape_of(keys)
        b.seek((b.tell() + 31) // 32 * 32)
        same(b.read(), payload("gguf", size, keys, t))
        same(command(FORMATS, "gguf", path), payload("gguf", size, keys, t))


def jpeg(path):
    for size, keys in (smallest("jpeg"), []), (322957, []), (random.randint(1000, 10**6), []), ("any", ["shape=480x641"]):
        write(path, "jpeg", size, keys)
        pgm = command("djpeg", "-strict", "-pnm", path)
        kind, dims, depth = pgm.split(b"\n", 3)[:3]
        assert kind == b"P5" and depth == b"255"
        if keys:
            assert dims == b"641 480"
        pixels(path, "L", dims)


def pixels(path, mode, dims=None):
    """What Pillow decodes, as bytes."""
    with Image.open(path) as image:
        assert image.mode == mode and (not dims or dims == b"%d %d" % image.size), (image.mode, image.size)
        return image.tobytes()


def png(path):
    shapes = ["shape=200x301x3"], ["shape=7x1"], ["shape=300x200x4"]
    for size, keys in (smallest("png"), []), (30000, []), (random.randint(1000, 10**7), []), (4000000, []), *(("any", k) for k in shapes):
        b = write(path, "png", size, keys)
        command("pngcheck", "-q", path)
        mode = "RGB" if "301x3" in str(keys) else "RGBA" if keys and "200x4" in keys[0] else "L"
        got, want = np.frombuffer(pixels(path, mode), "u1"), np.frombuffer(payload("png", size, keys), "u1")
        if len(b) > 1 << 20 and not keys:  # rows are cells, of which some bytes make the checksums
            rows = got.reshape(-1, 4095)
            changed = (rows != want.reshape(-1, 4096)[:, 1:]).mean()
            assert changed < 0.02, changed
        else:
            same(got, want)
        # In the header, its CRC, a pixel, and behind these the Adler-32 and the CRC.
        flip(path, b, lambda: command("pngcheck", "-q", path), 20, 30, -25, len(b) // 2, -18, -14)
    flip(path, b, lambda: pixels(path, "RGBA"), len(b) // 2)


def tar(path):
    for size, keys in (smallest("tar"), []), (102400, []), ("any", ["members=30", "member=9000.jpg"]), ("any", ["members=3", "member=10001"]):
        b = write(path, "tar", size, keys)
        with tarfile.open(path) as f:
            names = f.getnames()
        assert command("tar", "tf", path).decode().split() == names
        if any("member=" in k for k in keys):
            assert len(b) % 10240 == 0
    command("tar", "xOf", path)
    flip(path, b, lambda: command("tar", "tf", path), 1, 124, 150)  # name, size, checksum


def gz(path):
    for size in smallest("gz"), 200000, random.randint(1000, 10**6):
        b = write(path, "gz", size, [])
        same(command("gzip", "-dc", path), payload("gz", size, []), neutral=True)
        if size > 1000:
            flip(path, b, lambda: command("gzip", "-tq", path), 0, 12, len(b) // 2, -8, -4)


def wav(path):
    for size in smallest("wav"), 100002, 2 * random.randint(1000, 10**6):
        write(path, "wav", size, [])
        got = command("sox", "-D", "-V1", path, "-t", "raw", "-")
        same(got, payload("wav", size, []))


def bmp(path):
    for size, keys in (smallest("bmp"), []), (100001, []), ("any", ["shape=48x31"]):
        b = write(path, "bmp", size, keys)
        magic, n, _, start, head, width, height, planes, bits, packed = struct.unpack("<2sIIIIiiHHI", b[:34])
        assert magic == b"BM" and n == len(b) and (planes, bits, packed) == (1, 32, 0)
        assert start + 4 * width * height == len(b)
        same(b[start:], payload("bmp", size, keys))
        command("cjpeg", "-outfile", "/dev/null", path)
        with Image.open(path) as image:  # opaque, to Pillow
            assert image.size == (width, abs(height))
            assert image.convert("RGB").tobytes("raw", "BGRX", 0, -1)[:3] == b[start:start + 3]


def gpt(path):
    for size in smallest("gpt"), 64 << 20:
        b = write(path, "gpt", size, [])
        out = command("sgdisk", "-v", path)
        assert b"No problems found" in out, out
        assert b"8300" in command("sgdisk", "-p", path)
        assert b"Linux filesystem" in command("sfdisk", "-l", path)
        # In the header, in the table, and in those at the end.
        flip(path, b, lambda: b"CRCs don't match" in command("sgdisk", "-v", path) and 1 / 0, 512 + 40, 1024, -512 + 40, -33 * 512)


def parquet(path):
    keys = ["columns=20xf4+3xu8+2xint64+1xf2+2xi1+5xi2", "rowgroup=1000", "rows=5500"], ["columns=2xf4x300+1xf8+1xi4x1+2xu8x7", "rowgroup=100", "rows=250"], \
        ["columns=200", "rows=3"], ["columns=13xi1+187", "rows=6144"], ["columns=1000xu8+1200", f"rows={random.randint(1, 20)}"]
    for size, keys in (smallest("parquet"), []), (3000001, []), *(("any", k) for k in keys):
        write(path, "parquet", size, keys)
        got = command(FORMATS, "parquet", path)
        want = payload("parquet", size, keys)
        # What is not masked is equal, what is has been cleared, and so has what columns are padded with.
        assert len(got) == len(want)
        assert (np.frombuffer(got, "u1") & ~np.frombuffer(want, "u1") == 0).all()
        again = command(FORMATS, "parquet-again", path)
        if not keys:
            x = np.frombuffer(got, "<f4")
            assert np.isfinite(x).all() and (np.abs(x) < 2).all()
            n = len(again)  # the rest is padding
            same(again, got[:n])
            same(again, (np.frombuffer(want, "<u4") & FINITE["f4"]).tobytes()[:n])
        assert sum(again) == sum(got)


def arrow(path):
    for size, keys, t in array_cases("arrow", ["u8", "f2", "f4", "f8", "int64"]):
        if len(shape_of(keys)) > 1:
            continue
        write(path, "arrow", size, keys)
        same(command(FORMATS, "arrow", path), payload("arrow", size, keys, t))


def tfrecord(path):
    for size, keys, record in (smallest("tfrecord"), [], 0), (114304 * 2, ["record=114244"], 114304), (255400, ["record=2500"], 2554), (2825827, [], 2825827):
        b = write(path, "tfrecord", size, keys)
        same(images(b, record), payload("tfrecord", size, keys), neutral=record == 114304 or record > 1 << 20)
    b = write(path, "tfrecord", 25540, ["record=2500"])

    def again():
        with open(path, "rb") as f:
            images(f.read(), 2554)

    # A length, its CRC, a value, and the last CRC.
    flip(path, b, again, 0, 9, len(b) // 2, -1)


def write(path, form, size, keys):
    b = made("write", form, size, keys)
    with open(path, "wb") as f:
        f.write(b)
    return b


def main():
    seed = int.from_bytes(os.urandom(4), "little")
    print("sizes are drawn with seed", seed)
    random.seed(seed)
    checks = [npy, npz, zips, pt, safetensors, tfrecord, hdf5, parquet, jpeg, png, tar, wav, bmp, gz, arrow, gguf, gpt]
    with tempfile.TemporaryDirectory() as directory:
        for check in checks:
            check(os.path.join(directory, "file"))
            print(check.__name__, "ok")
    print(f"{len(checks)} passed, 0 failed")


main()
