#!/usr/bin/python3
"""Reads a data set of a mount with the reader classes of DLIO, without MPI, Hydra and
tracing, none of which they need to read.

    dlio.py DLIO DIRECTORY

DLIO is a checkout of https://github.com/argonne-lcf/dlio_benchmark, DIRECTORY has train/
with files of one format, npz, npy, hdf5, png or jpeg, one sample each. Every file is read
twice: by read_index, as PyTorch's loader does, and by next, in batches. For example:

    dgenfs run --file 'train/img_{000..167}_of_168.npz:140M,format=auto' -- \\
        scripts/loaders/dlio.py ~/dlio_benchmark {}

It needs Debian's python3-numpy, python3-h5py and, for images, python3-pil.
"""
import importlib
import logging
import os
import sys
import time
import types

import numpy as np

READERS = {"npz": "npz_reader.NPZReader", "npy": "npy_reader.NPYReader", "h5": "hdf5_reader.HDF5Reader", "hdf5": "hdf5_reader.HDF5Reader",
           "png": "image_reader.ImageReader", "jpg": "image_reader.ImageReader", "jpeg": "image_reader.ImageReader"}
BATCH = 4


class Nothing(types.ModuleType):
    """A module, or anything in it, that does nothing; as a decorator it leaves a function as it is."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing(name)

    def __call__(self, *args, **kwargs):
        return args[0] if len(args) == 1 and isinstance(args[0], types.FunctionType) else self


def leave_out(*modules):
    for name in modules:
        sys.modules[name] = Nothing(name)


def arguments(files):
    """What the readers ask DLIO's configuration for."""
    samples = [(i, path, 0) for i, path in enumerate(files)]
    return types.SimpleNamespace(
        logger=logging.getLogger("DLIO"), my_rank=0, comm_size=1, file_list_train=files, file_list_eval=[],
        batch_size=BATCH, batch_size_eval=1, train_file_map={0: samples}, val_file_map={},
        train_global_index_map={i: (path, 0) for i, path, _ in samples}, val_global_index_map={},
        file_map=[(path, 0) for path in files], num_samples_per_file=1, num_dset_per_record=1, preprocess_time={},
        resized_image=np.zeros((2, 2), np.uint8), read_type=None)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: dlio.py DLIO DIRECTORY")
    sys.path.insert(0, sys.argv[1])
    leave_out("mpi4py", "mpi4py.MPI", "hydra", "omegaconf", "psutil", "dftracer", "dftracer.python")
    train = os.path.join(sys.argv[2], "train")
    files = sorted(os.path.join(train, name) for name in os.listdir(train))
    module, name = READERS[files[0].rsplit(".", 1)[1]].split(".")
    handler = importlib.import_module("dlio_benchmark.reader.reader_handler")
    enumerations = importlib.import_module("dlio_benchmark.common.enumerations")
    args = arguments(files)
    args.read_type = enumerations.ReadType.ON_DEMAND
    handler.ConfigArguments = types.SimpleNamespace(get_instance=lambda: args)
    handler.sleep = lambda seconds: None
    Reader = getattr(importlib.import_module("dlio_benchmark.reader." + module), name)

    size = sum(os.path.getsize(path) for path in files)
    reader = Reader(enumerations.DatasetType.TRAIN, 0, 1)
    for how in "read_index", "next":
        begin = time.perf_counter()
        if how == "next":
            got = sum(len(batch) for batch in reader.next())
            want = -(-len(files) // BATCH) * BATCH  # the last batch is filled up
        else:
            got = sum(reader.read_index(i, i) is args.resized_image for i in range(len(files)))
            want = len(files)
        seconds = time.perf_counter() - begin
        if got != want:
            sys.exit(f"{name}.{how}: {got} samples, not {want}")
        print(f"{name}.{how}: {len(files)} files, {size} bytes, {seconds:.1f} s, {size / seconds / 1e9:.2f} GB/s")


main()
