#!/usr/bin/env python3
"""Read a file of a dgenfs mount as fast as Python can, and print how fast it was.

    readinto.py FILE [BYTES]

reads FILE from its start, all of it or BYTES of it, and prints the bytes read
and GB/s. For example:

    dgenfs run -- scripts/readinto.py {}/16G

What makes it fast: one buffer that every read fills again, so that nothing is
allocated or copied; a file without Python's own buffer; and memory from mmap,
which begins with a page. A read of 1 MiB is then one request, the largest that
FUSE takes; into a bytearray, which begins anywhere, it would be two.
"""

import mmap
import sys
import time

BUFFER = 1 << 20  # bytes


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: readinto.py FILE [BYTES]")
    limit = int(sys.argv[2]) if len(sys.argv) == 3 else sys.maxsize
    view = memoryview(mmap.mmap(-1, BUFFER))
    total = 0
    start = time.perf_counter()
    with open(sys.argv[1], "rb", buffering=0) as file:
        while total < limit:
            n = file.readinto(view[: limit - total])
            if n == 0:
                break  # the end of the file
            total += n
    seconds = time.perf_counter() - start
    print(f"{total} bytes, {seconds:.3f} s, {total / seconds / 1e9:.2f} GB/s")


if __name__ == "__main__":
    main()
