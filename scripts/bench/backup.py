#!/usr/bin/env python3
"""Measures backup tools that read many small files: from a mount, and from the same files in tmpfs.

    scripts/bench/backup.py [--rounds N] [--files N] [--dgenfs FILE]

restic and rsync read the users' directories of --preset home, 100,000 files, and write to tmpfs;
then once more, when nothing has changed. Both sources take turns, the first one in each round by
turns, too. A mount is new for each tool, so that the kernel has cached nothing of it. Prints the
medians in seconds, and of the ratios of tmpfs to the mount in each round: 1 is as fast as tmpfs.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time

USERS = 0.93  # share of the files of the preset that are in users' directories


class Sources:
    """The mount and its copy. Both are at one path, by turns, as restic compares paths."""

    def __init__(self, program, work, count):
        self.program, self.flags = program, ['--preset', 'home', '--count', str(round(count / USERS))]
        self.mounted, self.copy = f'{work}/mount', f'{work}/copy'
        os.mkdir(self.mounted)
        os.mkdir(self.copy)
        self.mount()
        for name in self.users():
            run('cp', '-a', f'{self.mounted}/{name}', self.copy)
        self.unmount()

    def mount(self):
        run(self.program, *self.flags, self.mounted)

    def unmount(self):
        run(self.program, 'umount', self.mounted)

    def users(self):
        return sorted(name for name in os.listdir(self.mounted) if name.startswith('user'))


def run(*command, **options):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if result.returncode:
        raise SystemExit(f'{command}: exit status {result.returncode}\n{result.stdout.decode()[-2000:]}')


def timed(*command, **options):
    start = time.perf_counter()
    run(*command, **options)
    return time.perf_counter() - start


def restic(source, names, target):
    """Returns the seconds of the first backup, and of another one."""
    environment = dict(os.environ, RESTIC_PASSWORD='x', RESTIC_REPOSITORY=target, RESTIC_CACHE_DIR=f'{target}-cache')
    run('restic', 'init', env=environment)
    backup = ['restic', 'backup', '--quiet', *names]
    return [timed(*backup, cwd=source, env=environment) for _ in range(2)]


def rsync(source, names, target):
    copy = ['rsync', '-a', *(f'{source}/{name}' for name in names), target]
    return [timed(*copy) for _ in range(2)]


def measure(tool, sources, where, work):
    target = f'{work}/target'
    if where == 'mount':
        sources.mount()
    try:
        source = sources.mounted if where == 'mount' else sources.copy
        return tool(source, sorted(os.listdir(sources.copy)), target)
    finally:
        if where == 'mount':
            sources.unmount()
        for path in target, f'{target}-cache':
            shutil.rmtree(path, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--files', type=int, default=100000)
    parser.add_argument('--dgenfs', default='dgenfs', help='the program')
    arguments = parser.parse_args()
    tools = {'restic backup': restic, 'rsync -a': rsync}
    seconds = {(name, again, where): [] for name in tools for again in (0, 1) for where in ('mount', 'tmpfs')}
    with tempfile.TemporaryDirectory(dir='/dev/shm', prefix='dgenfs-backup-') as work:
        sources = Sources(arguments.dgenfs, work, arguments.files)
        files = sum(len(names) for _, _, names in os.walk(sources.copy))
        size = sum(os.lstat(f'{path}/{name}').st_size for path, _, names in os.walk(sources.copy) for name in names)
        print(f'{files} files, {size / 2**20:.0f} MiB')
        for number in range(arguments.rounds):
            for name, tool in tools.items():
                for where in ('mount', 'tmpfs') if number % 2 == 0 else ('tmpfs', 'mount'):
                    for again, took in enumerate(measure(tool, sources, where, work)):
                        seconds[name, again, where].append(took)
    print('seconds: mount, tmpfs, tmpfs/mount')
    for name in tools:
        for again in (0, 1):
            mount, tmpfs = seconds[name, again, 'mount'], seconds[name, again, 'tmpfs']
            ratio = statistics.median(t / m for m, t in zip(mount, tmpfs))
            print(f'{name + (", again" if again else ""):22} {statistics.median(mount):6.2f} {statistics.median(tmpfs):6.2f} {ratio:5.2f}')


main()
