"""Real data to compare with: what a Debian machine with Go has anyway."""
import collections
import glob
import gzip
import lzma
import os
import subprocess

M = 1 << 20
LIMIT = 64 * M  # bytes of a corpus that are looked at
ALIKE = 400  # files of a directory whose names begin alike: one package is no corpus

# Corpus: the texture that is like it, whether the texture was fitted to it, and its files,
# or what commands print.
CORPORA = {
    "man": ("text", True, ["/usr/share/man/man[1578]/*"]),
    "doc": ("text", False, ["/usr/share/doc/**/*.html", "/usr/share/doc/**/*.txt*", "/usr/share/doc/**/*.md*",
                            "/usr/share/doc/**/NEWS*", "/usr/share/doc/**/README*", "/usr/share/doc/**/changelog*"]),
    "go": ("code", True, ["{goroot}/src/**/*.go"]),
    "headers": ("code", False, ["/usr/include/**/*.h", "/usr/include/**/*.hpp"]),
    "python": ("code", False, ["/usr/lib/python3*/**/*.py"]),
    "packages": ("log", True, [["apt-cache", "dumpavail"]]),
    "logs": ("log", True, ["/var/log/dpkg.log*", "/var/log/alternatives.log*", "/var/log/apt/*", "/var/log/*.log", "/var/log/syslog*",
                            ["go", "build", "-a", "-n", "std"]]),
    "listing": ("log", False, [["find", "/usr", "-xdev", "-ls"]]),
    "so": ("binary", True, ["/usr/lib/x86_64-linux-gnu/**/*.so*", "/usr/lib/aarch64-linux-gnu/**/*.so*"]),
    "programs": ("binary", False, ["/usr/bin/*", "/usr/sbin/*", "/usr/libexec/**/*", "{goroot}/pkg/tool/*/*"]),
}


def goroot():
    return subprocess.run(["go", "env", "GOROOT"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def content(path):
    """The bytes of a file, unpacked if it is a compressed one."""
    try:
        if path.endswith(".gz"):
            with gzip.open(path) as f:
                return f.read()
        if path.endswith(".xz"):
            with lzma.open(path) as f:
                return f.read()
        with open(path, "rb") as f:
            return f.read(8 * M)
    except (OSError, EOFError, lzma.LZMAError):
        return b""


def wanted(path, texture):
    if os.path.islink(path) or not os.path.isfile(path):
        return False
    return texture != "binary" or is_elf(path)


def is_elf(path):
    try:
        with open(path, "rb") as f:
            return f.read(4) == b"\x7fELF"
    except OSError:
        return False


def printed(command, limit):
    """What a command prints to either output, up to a limit."""
    p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    data = p.stdout.read(limit)
    p.stdout.close()
    p.wait()
    return data


def files(name, goroot):
    texture, _, patterns = CORPORA[name]
    paths = {p for pattern in patterns if isinstance(pattern, str) for p in glob.glob(pattern.format(goroot=goroot), recursive=True)}
    have, alike = [], collections.Counter()
    for p in sorted(paths):
        alike[p[:len(os.path.dirname(p)) + 6]] += 1
        if alike[p[:len(os.path.dirname(p)) + 6]] <= ALIKE and wanted(p, texture):
            have.append(p)
    return have


def build(name, goroot, path):
    """Writes the corpus to path: its files one after another, a share of them if they
    are more than LIMIT. Returns its size."""
    have = files(name, goroot)
    total = sum(os.path.getsize(p) for p in have)
    step = max(1, -(-total // LIMIT))
    with open(path, "wb") as f:
        for p in have[::step]:
            f.write(content(p))
            if f.tell() >= LIMIT:
                break
        for command in CORPORA[name][2]:
            if not isinstance(command, str) and f.tell() < LIMIT:
                f.write(printed(command, LIMIT - f.tell()))
        return f.tell()
