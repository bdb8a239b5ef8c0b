#!/usr/bin/env python3
"""The part of scripts/bench.sh that reads files; see that script.

    mounts.py CSV DIRECTORY NAME=FILE...

prints a table, writes it to CSV, and what is plotted to large.tsv (GB/s) and
small.tsv (thousand reads of 4 KiB per second) in DIRECTORY. Ratios are to the file
that is named tmpfs. ROUNDS and SECONDS come from the environment.
"""
import contextlib
import csv
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import time

K, M, G, T = 1 << 10, 1 << 20, 1 << 30, 1 << 40
# Name, bytes per read, jobs, and more options of fio.
ROWS = [
    ("seq4k", 4 * K, 1, "--ioengine=psync"),
    ("seq128k", 128 * K, 1, "--ioengine=psync"),
    ("seq1m", M, 1, "--ioengine=psync"),
    ("seq1m-j2", M, 2, "--ioengine=psync"),
    ("seq1m-j4", M, 4, "--ioengine=psync"),
    ("odirect1m-qd8", M, 1, "--ioengine=io_uring --direct=1 --iodepth=8"),
    ("odirect1m-qd8-j2", M, 2, "--ioengine=io_uring --direct=1 --iodepth=8"),
    ("odirect64m-sync", 64 * M, 1, "--ioengine=psync --direct=1"),
    ("rand4k-j1", 4 * K, 1, "--ioengine=psync --rw=randread"),
    ("rand4k-j4", 4 * K, 4, "--ioengine=psync --rw=randread"),
    ("rand4k-qd32-j2", 4 * K, 2, "--ioengine=io_uring --direct=1 --iodepth=32 --rw=randread"),
    ("mmap-seq", 128 * K, 1, "--ioengine=mmap"),
    ("cat", M, 1, None),
]
RAMP = 0.2  # seconds that are read before the clock starts
REGION = 16 * G  # the most that one job reads of a file
PATIENCE = 30  # seconds that a run may take beyond its time
# Options of every run of fio. Latencies are not shown, and cost time to take.
FIO = (
    "fio --name=r --rw=read --readonly --allow_file_create=0 --norandommap --invalidate=0"
    " --group_reporting --disable_lat=1 --disable_slat=1 --disable_clat=1 --output-format=json"
).split()


class Failed(Exception):
    """A row cannot be read from a file."""


@contextlib.contextmanager
def running(command, **kwargs):
    """A process that has ended when the block has."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **kwargs)
    try:
        yield process
    finally:
        process.terminate()  # fio ends its jobs, which it could not if killed
        try:
            process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def fio(options):
    """Runs fio; returns its report of the one group, and the CPU seconds it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with running(FIO + options, stdout=subprocess.PIPE) as process:
        try:
            out, err = process.communicate(timeout=PATIENCE + RAMP + SECONDS)
        except subprocess.TimeoutExpired:
            raise Failed("fio did not end in time") from None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        report = json.loads(out[out.index("{") :])["jobs"][0]  # notes may come before it
    except (ValueError, LookupError):
        report = {"error": 1}
    if process.returncode or report["error"]:
        notes = err or out.partition("{")[0]  # what comes before the report
        raise Failed(" ".join(notes.split()) or f"fio ended with status {process.returncode}")
    return report, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Target:
    def __init__(self, argument):
        self.name, _, self.path = argument.partition("=")
        self.size = os.stat(self.path).st_size
        mountpoint = self.path
        while not os.path.ismount(mountpoint):
            mountpoint = os.path.dirname(mountpoint)
        with open("/proc/self/mountinfo") as mounts:
            kinds = [fields[fields.index("-") + 1] for fields in map(str.split, mounts) if fields[4] == mountpoint]
        self.servers = []
        self.served = bool(kinds) and kinds[-1].split(".")[0] in ("fuse", "fuseblk")
        if self.served:
            self.servers = [pid for pid in filter(str.isdigit, os.listdir("/proc")) if last_argument(pid) == mountpoint]

    def cpu(self):
        """CPU seconds that the server has used; None if it is not known."""
        if self.served and not self.servers:
            return None
        ticks = 0
        for pid in self.servers:
            with open(f"/proc/{pid}/stat") as stat:
                ticks += sum(map(int, stat.read().rpartition(")")[2].split()[11:13]))  # utime, stime
        return ticks / os.sysconf("SC_CLK_TCK")


def last_argument(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as cmdline:
            return cmdline.read().rstrip("\0").rpartition("\0")[2]
    except OSError:
        return None  # it has ended


def run_fio(row, target, turn, overhead):
    """Bytes per second, and CPU seconds per GiB or None."""
    _, block, jobs, options = row
    region = min(REGION, target.size // jobs // block * block)
    # Another part of a large file each time: mapping one fills the page cache.
    start = turn * jobs * region % (target.size - jobs * region + 1) // M * M
    path = target.path.replace(":", "\\:")
    server = target.cpu()
    report, cpu = fio(options.split() + [
        f"--filename={path}", f"--bs={block}", f"--numjobs={jobs}",
        f"--size={region}", f"--offset={start}", f"--offset_increment={region}", f"--randseed={turn + 1}",
        "--time_based", f"--runtime={SECONDS * 1000:.0f}ms", f"--ramp_time={RAMP * 1000:.0f}ms",
    ])  # fmt: skip
    read = report["read"]
    if not read["io_bytes"] or not read["runtime"]:
        raise Failed("fio read nothing")
    speed = read["io_bytes"] / read["runtime"] * 1000
    if server is None:
        return speed, None
    # The CPU time includes the ramp, whose bytes fio does not report.
    gib = speed * (RAMP + read["runtime"] / 1000) / G
    return speed, (target.cpu() - server + max(0, cpu - overhead)) / gib


def run_cat(target):
    """Bytes per second that cat reads, by the kernel's count."""

    def sample():
        with open(f"/proc/{process.pid}/io") as io:
            return int(io.readline().split()[1]), time.monotonic()  # rchar

    # A small file so often that cat does not come to an end.
    files = [target.path] * min(1000, 1 + T // target.size)
    with running(["cat", "--", *files], stdout=subprocess.DEVNULL) as process:
        time.sleep(RAMP)
        bytes0, time0 = sample()
        time.sleep(SECONDS)
        bytes1, time1 = sample()
        if process.poll() is not None:
            raise Failed(process.stderr.read().strip() or "cat ended early")
    if bytes1 == bytes0:
        raise Failed("cat read nothing")
    return (bytes1 - bytes0) / (time1 - time0), None


def measure(row, targets, overhead):
    """What each target came to, by name: a list of (speed, CPU) by round, empty if one failed."""
    results = {t.name: [] for t in targets}
    failed = set()
    for turn in range(ROUNDS):
        first = turn % len(targets)
        for target in targets[first:] + targets[:first]:
            if target.name in failed:
                continue
            try:
                result = run_cat(target) if row[3] is None else run_fio(row, target, turn, overhead)
                results[target.name].append(result)
            except (Failed, OSError) as error:
                print(f"mounts.py: {row[0]} {target.name}: n/a: {error}", file=sys.stderr)
                failed.add(target.name)
                results[target.name] = []
    return results


def summary(results, name):
    """Medians of bytes per second, of the ratio to tmpfs and of CPU seconds per GiB; None where unknown."""
    mine, tmpfs = results[name], results["tmpfs"]
    if not mine:
        return None, None, None
    ratio = statistics.median(m[0] / t[0] for m, t in zip(mine, tmpfs)) if tmpfs else None
    cpu = None if None in [m[1] for m in mine] else statistics.median(m[1] for m in mine)
    return statistics.median(m[0] for m in mine), ratio, cpu


def text(value, pattern, missing):
    return missing if value is None else format(value, pattern)


def main():
    csv_path, directory, *arguments = sys.argv[1:]
    targets = [Target(argument) for argument in arguments]
    names = [t.name for t in targets]
    # fio burns CPU when it starts, to calibrate its clock: 0.15 s, a quarter of a run.
    overhead = statistics.median(fio(["--ioengine=null", "--size=4k"])[1] for _ in range(5))

    print(f"{ROUNDS} rounds of {SECONDS:g} s; ratios are to tmpfs, CPU seconds are of server and readers\n")
    print(" " * 16 + "".join(f" |{name:^23}" for name in names))
    print(f"{'row':16}" + " |   MB/s  ratio    s/GiB" * len(names), flush=True)
    with contextlib.ExitStack() as files:
        table, large, small = (
            csv.writer(files.enter_context(open(path, "w")), delimiter=delimiter, lineterminator="\n")
            for path, delimiter in ((csv_path, ","), (f"{directory}/large.tsv", "\t"), (f"{directory}/small.tsv", "\t"))
        )
        table.writerow(["row", "target", "mb_per_s", "ratio_to_tmpfs", "cpu_s_per_gib"])
        for row in ROWS:
            results = measure(row, targets, overhead)
            line, bars = f"{row[0]:16}", [row[0]]
            for name in names:
                speed, ratio, cpu = summary(results, name)
                mb = speed and speed / 1e6
                table.writerow([row[0], name, text(mb, ".1f", ""), text(ratio, ".3f", ""), text(cpu, ".3f", "")])
                line += f" |{text(mb, '.0f', 'n/a'):>7}{text(ratio, '.2f', ''):>7}{text(cpu, '.3f', ''):>9}"
                # gnuplot draws nothing where it reads NaN.
                bars.append(text(speed and speed / (1e9 if row[1] > 4 * K else 4 * K * 1e3), ".4g", "NaN"))
            (large if row[1] > 4 * K else small).writerow(bars)
            print(line, flush=True)


if __name__ == "__main__":
    ROUNDS, SECONDS = int(os.environ["ROUNDS"]), float(os.environ["SECONDS"])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(1))  # ends what runs, see running
    main()
