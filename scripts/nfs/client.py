"""A client of NFS version 3 (RFC 1813) that keeps file handles: it knows files by nothing else.

It speaks to given ports of 127.0.0.1 over TCP (RFC 5531), and connects again for every call,
so that it does not notice when a server is restarted.
"""

import collections
import os
import socket
import struct
import time

NFS, MOUNT = 100003, 100005
GETATTR, LOOKUP, READ, READDIRPLUS, FSSTAT = 1, 3, 6, 17, 18
STALE = 70  # NFS3ERR_STALE

Attributes = collections.namedtuple('Attributes', 'kind mode size used inode mtime')


class Error(Exception):
    """An error of NFS, with its number."""

    def __init__(self, status):
        super().__init__(f'status {status}')
        self.status = status


class Reply:
    """Takes an answer apart (XDR, RFC 4506)."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, layout):
        values = struct.unpack_from('>' + layout, self.data, self.at)
        self.at += struct.calcsize('>' + layout)
        return values[0] if len(values) == 1 else values

    def bytes(self):
        length = self.take('I')
        self.at += (length + 3) // 4 * 4
        return self.data[self.at - (length + 3) // 4 * 4:][:length]

    def attributes(self):
        kind, mode, _, _, _, size, used, _, _, _, inode = self.take('IIIIIQQIIQQ')
        _, _, seconds, nanoseconds, _, _ = self.take('IIIIII')
        return Attributes(kind, mode, size, used, inode, seconds * 10**9 + nanoseconds)

    def optional_attributes(self):
        return self.attributes() if self.take('I') else None


def opaque(data):
    return struct.pack('>I', len(data)) + data + bytes(-len(data) % 4)


def receive(connection, length):
    data = b''
    while len(data) < length:
        piece = connection.recv(length - len(data))
        if not piece:
            raise ConnectionError('the server has closed the connection')
        data += piece
    return data


def call(port, program, procedure, arguments):
    """Calls a procedure of version 3 of a program, as root, and returns the reply behind its status."""
    number = struct.unpack('>I', os.urandom(4))[0]
    root = opaque(struct.pack('>I', 0) + opaque(b'client') + struct.pack('>III', 0, 0, 0))
    message = struct.pack('>IIIIII', number, 0, 2, program, 3, procedure) + struct.pack('>I', 1) + root + bytes(8) + arguments
    for pause in (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, None):
        try:
            with socket.create_connection(('127.0.0.1', port), timeout=60) as connection:
                connection.sendall(struct.pack('>I', len(message) | 1 << 31) + message)
                data, last = b'', False
                while not last:
                    header = struct.unpack('>I', receive(connection, 4))[0]
                    data, last = data + receive(connection, header & ~(1 << 31)), header >> 31
            break
        except ConnectionError:
            if pause is None:
                raise
            time.sleep(pause)
    reply = Reply(data)
    if reply.take('III') != (number, 1, 0):
        raise RuntimeError('the call was rejected')
    reply.take('I')
    reply.bytes()  # what verifies the server
    if accepted := reply.take('I'):
        raise RuntimeError(f'the call was not done: {accepted}')
    if status := reply.take('I'):
        raise Error(status)
    return reply


class Client:
    def __init__(self, nfs_port, mount_port):
        self.nfs_port, self.mount_port = nfs_port, mount_port

    def mount(self, path):
        """Returns the handle of an exported directory."""
        return call(self.mount_port, MOUNT, 1, opaque(path.encode())).bytes()

    def nfs(self, procedure, handle, arguments=b''):
        return call(self.nfs_port, NFS, procedure, opaque(handle) + arguments)

    def attributes(self, handle):
        return self.nfs(GETATTR, handle).attributes()

    def lookup(self, directory, name):
        return self.nfs(LOOKUP, directory, opaque(name.encode())).bytes()

    def read(self, handle, offset, length):
        """Returns up to length bytes, and whether that is the end."""
        reply = self.nfs(READ, handle, struct.pack('>QI', offset, length))
        reply.optional_attributes()
        _, end = reply.take('II')
        return reply.bytes(), bool(end)

    def contents(self, handle):
        data, end = b'', False
        while not end:
            piece, end = self.read(handle, len(data), 1 << 20)
            data += piece
        return data

    def list(self, directory, cookie=0, size=4096):
        """Yields name, cookie, attributes and handle of the entries behind a cookie."""
        end, verifier = False, bytes(8)
        while not end:
            reply = self.nfs(READDIRPLUS, directory, struct.pack('>Q8sII', cookie, verifier, size, 8 * size))
            reply.optional_attributes()
            verifier = reply.take('8s')
            while reply.take('I'):
                reply.take('Q')
                name = reply.bytes().decode()
                cookie = reply.take('Q')
                attributes = reply.optional_attributes()
                handle = reply.bytes() if reply.take('I') else None
                yield name, cookie, attributes, handle
            end = reply.take('I')

    def space(self, handle):
        """Returns the bytes of the file system: in total, free and available."""
        reply = self.nfs(FSSTAT, handle)
        reply.optional_attributes()
        return reply.take('QQQ')
