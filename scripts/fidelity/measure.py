"""Runs dgenfs and the program blocks, and reads what it prints."""
import dataclasses
import os
import subprocess
import tempfile

K, M = 1 << 10, 1 << 20


@dataclasses.dataclass(frozen=True)
class Job:
    """Blocks of a codec, see blocks.c."""

    codec: str
    block: int
    count: int = 1 << 30
    step: int = 0  # of a block, if 0
    skip: int = 0
    passes: int = 0

    def __str__(self):
        return f"{self.codec}:{self.block}:{self.step or self.block}:{self.skip}:{self.count}:{self.passes}"


@dataclasses.dataclass(frozen=True)
class Figures:
    """What a job found: seconds, and percentiles 1 5 25 50 75 95 99 of ratios."""

    bytes: int
    left: int
    packing: float
    unpacking: float
    quantiles: tuple

    @property
    def ratio(self):
        return self.bytes / self.left


class Tools:
    """The programs, and the directory for data."""

    dgenfs = os.environ.get("DGENFS", "dgenfs")
    blocks = os.environ.get("FIDELITY_BLOCKS", "blocks")
    work = os.environ.get("FIDELITY_WORK", "/tmp")

    @classmethod
    def run(cls, data, jobs):
        """The figures of all jobs on the data."""
        with tempfile.NamedTemporaryFile(dir=cls.work) as f:
            f.write(data)
            f.flush()
            return cls.run_file(f.name, jobs)

    @classmethod
    def run_file(cls, path, jobs):
        out = subprocess.run([cls.blocks, path, *map(str, jobs)], check=True, stdout=subprocess.PIPE, text=True).stdout
        found = []
        for line in out.splitlines():
            v = line.split()
            found.append(Figures(int(v[0]), int(v[1]), float(v[2]), float(v[3]), tuple(map(float, v[4:]))))
        return found

    @classmethod
    def sizes(cls, path, job):
        """The compressed size of every block of a file."""
        job = dataclasses.replace(job, passes=-1)
        out = subprocess.run([cls.blocks, path, str(job)], check=True, stdout=subprocess.PIPE, text=True).stdout
        return [int(n) for n in out.split()]

    @classmethod
    def cat(cls, spec, *flags):
        return subprocess.run([cls.dgenfs, "cat", *flags, spec], check=True, stdout=subprocess.PIPE).stdout
