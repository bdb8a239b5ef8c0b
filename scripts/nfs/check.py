"""Exports a mount by nfs-ganesha and checks what clients see of it; see ../nfs.sh.

usage: check.py DGENFS DIRECTORY CONFIGURATION
"""

import hashlib
import os
import signal
import subprocess
import sys
import time

import client

DGENFS, DIRECTORY, CONFIGURATION = sys.argv[1:]
SOURCE = f'{DIRECTORY}/synth'
TREE = ['--seed', '7', '--file', 'a/b{0..4}/c{00..39}:1K..40K', '--file', 'many/{000..999}:0', '--file', 'big:9M,dedup=3', '--file', 'empty/']
PATIENCE = 60  # seconds


def fail(message):
    sys.exit(f'nfs: {message}')


def check(what, got, want):
    if got != want:
        fail(f'{what}: {got!r}, want {want!r}')


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=PATIENCE).stdout


def mount(*flags):
    run(DGENFS, *(flags or TREE), SOURCE)


def unmount():
    run(DGENFS, 'umount', SOURCE)


def drop_caches():
    with open('/proc/sys/vm/drop_caches', 'w') as f:
        f.write('2')


class Ganesha:
    """The server. It logs to a file, whose end is printed if it does not start."""

    def __init__(self):
        self.configuration, self.log = f'{DIRECTORY}/ganesha.conf', f'{DIRECTORY}/ganesha.log'
        with open(CONFIGURATION) as example, open(self.configuration, 'w') as f:
            text = example.read()
            if '/mnt/synth' not in text:
                fail(f'{CONFIGURATION} does not export /mnt/synth')
            f.write(text.replace('/mnt/synth', SOURCE) + 'NFS_CORE_PARAM { MNT_Port = 20048; }\n')
        self.start()

    def start(self):
        if os.path.exists(self.log):
            os.remove(self.log)
        self.process = subprocess.Popen(['ganesha.nfsd', '-F', '-f', self.configuration, '-L', self.log, '-p', f'{DIRECTORY}/ganesha.pid'])
        end = time.monotonic() + PATIENCE
        while not os.path.exists(self.log) or 'NFS SERVER INITIALIZED' not in self.text():
            if self.process.poll() is not None or time.monotonic() > end:
                fail('nfs-ganesha has not started:\n' + self.text()[-3000:])
            time.sleep(0.05)

    def text(self):
        if not os.path.exists(self.log):
            return ''
        with open(self.log) as f:
            return f.read()

    def stop(self):
        # It may take a minute to end by itself.
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def paths():
    """Yields the paths of all files and directories of the mount."""
    for directory, names, files in os.walk(SOURCE):
        for name in names + files:
            yield os.path.relpath(os.path.join(directory, name), SOURCE)


def local(path):
    with open(f'{SOURCE}/{path}', 'rb') as f:
        return hashlib.sha256(f.read()).hexdigest()


def remote(nfs, handle):
    return hashlib.sha256(nfs.contents(handle)).hexdigest()


def walk(nfs, directory, path=''):
    """Yields path, attributes and handle of all that a client finds."""
    for name, _, attributes, handle in nfs.list(directory):
        if name in ('.', '..'):
            continue
        yield path + name, attributes, handle
        if attributes.kind == 2:
            yield from walk(nfs, handle, path + name + '/')


def all_handles(nfs):
    """Returns the handles of everything that is listed, and of a name in the root that is not."""
    root, name = nfs.mount(SOURCE), '3K,dedup=2'
    handles = {path: handle for path, _, handle in walk(nfs, root)}
    handles[name] = nfs.lookup(root, name)
    return handles


def check_tree(nfs):
    """Compares names and attributes with those of the mount."""
    root, names = nfs.mount(SOURCE), []
    for path, got, _ in walk(nfs, root):
        want = os.lstat(f'{SOURCE}/{path}')
        size = got.size if got.kind == 2 else want.st_size
        check(f'attributes of {path}', got, client.Attributes(got.kind, want.st_mode & 0o7777, size, want.st_blocks * 512, want.st_ino, want.st_mtime_ns))
        names.append(path)
    check('names', sorted(names), sorted(paths()))
    st = os.statvfs(SOURCE)
    check('space', nfs.space(root), (st.f_blocks * st.f_frsize, st.f_bfree * st.f_frsize, st.f_bavail * st.f_frsize))


def check_handles(when, nfs, handles, want):
    """Reads all files by the handles that a client still has."""
    for path, handle in handles.items():
        try:
            if path in want:
                check(f'{path} {when}', remote(nfs, handle), want[path])
            else:
                check(f'inode of {path} {when}', nfs.attributes(handle).inode, os.stat(f'{SOURCE}/{path}').st_ino)
        except client.Error as error:
            fail(f'{path} {when}: {error}')


def check_listing(when, nfs, directory, position, want):
    """Goes on with a listing that was begun before."""
    check(f'rest of a listing {when}', [entry[0] for entry in nfs.list(directory, position)], want)


def check_version_4(want):
    """Reads with the client of libnfs, which speaks version 4, too."""
    options = '?version=4'
    for path in ['big', 'a/b3/c17', '70K,compress=2']:
        check(f'{path} over version 4', hashlib.sha256(run('nfs-cat', f'nfs://127.0.0.1/synth/{path}{options}')).hexdigest(), want.get(path) or local(path))
    listed = run('nfs-ls', '-R', f'nfs://127.0.0.1/synth{options}').splitlines()
    check('entries over version 4', len(listed), len(list(paths())))


def main():
    mount()
    ganesha = Ganesha()
    nfs = client.Client(2049, 20048)
    check_tree(nfs)
    handles = all_handles(nfs)
    want = {path: local(path) for path in handles if os.path.isfile(f'{SOURCE}/{path}')}
    check_handles('at first', nfs, handles, want)
    check_version_4(want)
    print(f'read by nfs-ganesha: {len(want)} files, {len(handles) - len(want)} directories')

    listing = [(name, cookie) for name, cookie, _, _ in nfs.list(handles['many'])]
    position, rest = listing[300][1], [name for name, _ in listing[301:]]
    check_listing('at first', nfs, handles['many'], position, rest)

    def check_all(when):
        drop_caches()
        check_handles(when, nfs, handles, want)
        check_listing(when, nfs, handles['many'], position, rest)
        print(f'handles are valid {when}')

    check_all('after the caches were dropped')
    ganesha.stop()
    ganesha.start()
    check_all('after a restart of nfs-ganesha')

    # nfs-ganesha puts the device number into handles. A new mount gets the lowest one that
    # is free: the same, unless others have unmounted and mounted meanwhile.
    for _ in range(10):
        handles = all_handles(nfs)
        device = os.stat(SOURCE).st_dev
        ganesha.stop()
        unmount()
        mount()
        ganesha.start()
        if os.stat(SOURCE).st_dev == device:
            break
    else:
        fail('ten mounts in a row got other device numbers than the ones before')
    check_all('after a restart of the mount and of nfs-ganesha')

    ganesha.stop()
    unmount()
    mount('--seed', '8', *TREE[2:])
    ganesha.start()
    for path, handle in handles.items():
        try:
            nfs.attributes(handle)
        except client.Error as error:
            check(f'{path} in another tree', error.status, client.STALE)
        else:
            fail(f'{path}: the handle is valid in another tree')
    print('handles are stale in another tree')
    ganesha.stop()
    unmount()


main()
