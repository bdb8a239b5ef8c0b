"""A strict reader of TFRecord files as DLIO writes them; tensorflow is not in Debian."""
import struct

TABLE = []  # of CRC-32C
for i in range(256):
    for _ in range(8):
        i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
    TABLE.append(i)


def masked(p):
    crc = 0xFFFFFFFF
    for v in p:
        crc = crc >> 8 ^ TABLE[(crc ^ v) & 255]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def images(b, record):
    """The images of all records; record is how long each is with its frame, or 0."""
    at, found = 0, []
    while at < len(b):
        n, crc = struct.unpack("<QI", b[at:at + 12])
        assert crc == masked(b[at:at + 8])
        example = b[at + 12:at + 12 + n]
        assert struct.unpack("<I", b[at + 12 + n:at + 16 + n])[0] == masked(example)
        assert record in (0, 16 + n)
        at += 16 + n
        found.append(image_of(example))
    return b"".join(found)


def varint(b):
    value = shift = 0
    for i, v in enumerate(b):
        value |= (v & 127) << shift
        shift += 7
        if v < 128:
            return value, b[i + 1:]
    raise ValueError("varint without an end")


def fields(b):
    """The fields of a protocol buffer that are bytes, or packed numbers."""
    while b:
        assert b[0] & 7 == 2
        number = b[0] >> 3
        n, b = varint(b[1:])
        assert n <= len(b)
        yield number, b[:n]
        b = b[n:]


def image_of(example):
    """The feature image of a tf.train.Example, whose length the feature size has."""
    (_, features), = fields(example)
    found = {}
    for _, entry in fields(features):
        (_, name), (_, feature) = fields(entry)
        (kind, values), = fields(feature)
        (_, found[name, kind]), = fields(values)
    image, size = found[b"image", 1], found[b"size", 3]
    assert varint(size) == (len(image), b"")
    return image
