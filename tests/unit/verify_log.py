#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Verifies an audit log from the description of its format alone: nothing of AgentOS is used.

usage: verify_log.py DIRECTORY PUBLIC-KEY-FILE [CHECKPOINT-FILE]
       verify_log.py --proof FILE PUBLIC-KEY-FILE [CHECKPOINT-FILE]

A key is one line, NAME+ID+BASE64, NAME being the origin of the log's checkpoints as well. Of several
lines the last is believed of a log, and those that it leads to; of a proof each is. A checkpoint from
elsewhere shows what was cut off at the end, with the checkpoints of it.
Records that were removed are taken by their hashes, if one that is covered says that they were.
Prints "ok RECORDS covered N", or one line that says what is wrong. A proof is that of a record, or
of growth from the checkpoint: "proved record N of M", "proved growth from N to M".

exit status: 0 when nothing is, 1 when something is, 2 for wrong usage.
"""

import base64
import hashlib
import os
import re
import stat
import struct
import sys

HEADER = 48 + 3 * (8 + 512)
RECORD_MAX = 4096
NOTE_MAX = 128 << 10
CHANGE = b"agentos-key-change "
# A record of the daemon, and its note that records up to a number were removed.
DAEMON, PRUNED = 4, 10
# By type: bytes of its fields, at most so many of comm and of text.
TYPES = {1: (38, 15, 487), 2: (76, 0, 63), 3: (24, 0, 0), 4: (12, 0, 255), 5: (24, 0, 487),
         6: (57, 0, 255), 7: (161, 63, 127)}
# Parts that a record of type 1 may have besides, by their bits in its header.
PARTS = (4, 8, 4, 4, 4, 4, 4, 8, 8, 16, 24)
# And one of type 7, which is of version 3 then. The second has its bytes in the text.
CALL_PARTS = (35, 0, 0)


class Wrong(Exception):
    """What is wrong, in one line."""


# --- Ed25519: RFC 8032, section 6, what checking takes of it ---

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def point_add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = point_add(result, point)
        point = point_add(point, point)
        scalar >>= 1
    return result


def x_recover(y, sign):
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT % P
    if (x * x - x2) % P:
        return None
    return P - x if (x & 1) != sign else x


def point_decode(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = x_recover(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = x_recover(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def signature_fits(key, text, signature):
    a, r = point_decode(key), point_decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or a is None or r is None or s >= Q:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % Q
    left, right = point_multiply(s, BASE), point_add(r, point_multiply(k, a))
    return ((left[0] * right[2] - right[0] * left[2]) % P == 0 and
            (left[1] * right[2] - right[1] * left[2]) % P == 0)


# --- CRC-32C ---

def crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC = crc_table()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ CRC[(crc ^ byte) & 0xff]
    return crc ^ 0xffffffff


# --- the tree: RFC 6962, section 2.1 ---

class Tree:
    """The roots of the complete subtrees, widest first, each with its number of leaves."""

    def __init__(self):
        self.size, self.edge = 0, []

    def append(self, leaf):
        width, node = 1, leaf
        while self.edge and self.edge[-1][0] == width:
            node = hashlib.sha256(b"\1" + self.edge.pop()[1] + node).digest()
            width *= 2
        self.edge.append((width, node))
        self.size += 1

    def root(self):
        if not self.edge:
            return hashlib.sha256(b"").digest()
        node = self.edge[-1][1]
        for _, left in reversed(self.edge[:-1]):
            node = hashlib.sha256(b"\1" + left + node).digest()
        return node


# --- notes and checkpoints ---

def unbase64(text, what):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Wrong(f"{what}: not base64") from None
    if base64.b64encode(data) != text:
        raise Wrong(f"{what}: not base64 as it must be")
    return data


def key_parse(line, what):
    parts = line.split(b"+", 2)
    if len(parts) != 3:
        raise Wrong(f"{what}: not a public key")
    data = unbase64(parts[2], what)
    if len(data) != 33 or data[0] != 1:
        raise Wrong(f"{what}: not a public key for Ed25519")
    key_id = hashlib.sha256(parts[0] + b"\n" + data).digest()[:4]
    if key_id.hex().encode() != parts[1]:
        raise Wrong(f"{what}: the id is not that of the key")
    return parts[0], key_id, data[1:]


def keys_read(name):
    with open(name, "rb") as file:
        return [key_parse(line, name) for line in file.read().strip().split(b"\n")]


class Note:
    """A signed note with a checkpoint: nothing of it is known to be by anybody."""

    def __init__(self, note, what):
        text, empty, below = note.rpartition(b"\n\n")
        if not empty or not below.endswith(b"\n"):
            raise Wrong(f"{what}: not a signed note")
        self.what, self.text, self.signatures = what, text + b"\n", []
        for line in below[:-1].split(b"\n"):
            match = re.fullmatch("— ([^ +]+) ([A-Za-z0-9+/=]+)".encode(), line)
            if not match:
                raise Wrong(f"{what}: not a signed note")
            signature = unbase64(match[2], what)
            self.signatures.append((match[1], signature[:4], signature[4:]))
        lines = text.split(b"\n")
        if len(lines) < 3 or b"" in lines or not re.fullmatch(rb"0|[1-9][0-9]{0,19}", lines[1]):
            raise Wrong(f"{what}: not a checkpoint")
        self.origin, self.size = lines[0], int(lines[1])
        self.root = unbase64(lines[2], what)
        if len(self.root) != 32:
            raise Wrong(f"{what}: not a checkpoint")
        self.changes = [line for line in lines[3:] if line.startswith(CHANGE)]

    def signed_by(self, key):
        """False if no signature says to be by the key."""
        mine = [signature for name, key_id, signature in self.signatures
                if name == key[0] and key_id == key[1]]
        if not all(signature_fits(key[2], self.text, signature) for signature in mine):
            raise Wrong(f"{self.what}: its signature is wrong")
        return bool(mine)

    def change(self):
        """The keys of which one hands over to the other, or None."""
        if not self.changes:
            return None
        words = self.changes[0][len(CHANGE):].split(b" ")
        if len(self.changes) > 1 or len(words) != 2:
            raise Wrong(f"{self.what}: not a change of keys")
        old, new = (key_parse(word, self.what) for word in words)
        if old[0] != new[0] or old[1] == new[1]:
            raise Wrong(f"{self.what}: not a change of keys")
        return old, new

    def checkpoint(self, key):
        """Size and root, once the note is known to be by the key, whose name is the log's."""
        if not self.signed_by(key):
            raise Wrong(f"{self.what}: not signed by this key")
        if self.origin != key[0]:
            raise Wrong(f"{self.what}: of another log")
        return self.size, self.root


class Chain:
    """The keys of a log, from one to the next by what both of them signed, and their bounds."""

    def __init__(self, notes, trusted):
        changes = []
        for note in notes:
            try:
                change = note.change()
                if change and note.signed_by(change[0]) and note.signed_by(change[1]):
                    changes.append((*change, note.size))
            except Wrong:
                continue
        self.keys, before = [trusted], []
        for number in reversed(range(len(changes))):
            if changes[number][1] == self.keys[0]:
                self.keys.insert(0, changes[number][0])
                before.insert(0, changes[number][2])
        self.bounds = before
        behind = next((number + 1 for number in reversed(range(len(changes)))
                       if changes[number][1] == trusted), 0)
        for old, new, size in changes[behind:]:
            if old == self.keys[-1]:
                self.keys.append(new)
                self.bounds.append(size)

    def follow(self, notes):
        """The checkpoints of the trail, each by the key whose turn it is."""
        turn = 0
        for note in notes:
            yield note.checkpoint(self.keys[turn])
            change = note.change()
            if not change:
                continue
            if turn + 1 == len(self.keys) or change != (self.keys[turn], self.keys[turn + 1]):
                raise Wrong(f"{note.what}: not a change of keys that both of them signed")
            turn += 1

    def judge(self, note):
        """A checkpoint from elsewhere, by any of the keys within its bounds."""
        late = False
        for turn in reversed(range(len(self.keys))):
            if not note.signed_by(self.keys[turn]):
                continue
            least = self.bounds[turn - 1] if turn else 0
            most = self.bounds[turn] if turn < len(self.bounds) else note.size
            if least <= note.size <= most:
                return note.checkpoint(self.keys[turn])
            late = True
        raise Wrong(f"{note.what}: " + ("by a key whose turn it was not" if late else
                                        "not signed by this key"))


def file_open(directory, name):
    """A regular file that is no link; None when there is none."""
    try:
        fd = os.open(os.path.join(directory, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Wrong(f"{name}: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Wrong(f"{name}: not a regular file")
    return os.fdopen(fd, "rb")


def trail_read(directory):
    """All notes of the log, in order. What is behind the last whole one is torn."""
    file = file_open(directory, "checkpoints")
    if not file:
        return []
    with file:
        data = file.read()
    notes, at = [], 0
    while True:
        middle = data.find(b"\n\n", at)
        end = data.find(b"\n\n", middle + 2) if middle >= 0 else -1
        if end < 0:
            if len(data) - at > NOTE_MAX:
                raise Wrong(f"checkpoints: byte {at}: no checkpoint")
            return notes
        if end + 1 - at > NOTE_MAX:
            raise Wrong(f"checkpoints: byte {at}: no checkpoint")
        notes.append(Note(data[at:end + 1], f"checkpoints: byte {at}"))
        if len(notes) > 1 and notes[-1].size < notes[-2].size:
            raise Wrong(f"checkpoints: byte {at}: smaller than the one before")
        at = end + 2


# --- segments ---

def header_check(data, name, first, previous):
    if data[:8] != b"AGENTOSL":
        raise Wrong(f"{name}: not a segment")
    version, crc, own, before = struct.unpack_from("<IIQQ", data, 8)
    if version > 1:
        raise Wrong(f"{name}: of a later version")
    if version != 1 or crc != crc32c(data[:12] + data[16:HEADER]):
        raise Wrong(f"{name}: the header is damaged")
    if own != first or before != previous:
        raise Wrong(f"{name}: the header is that of another segment")


def frame_extent(data, at):
    """How long the frame claims to be; 0: too few bytes to tell; None: there is no frame."""
    if len(data) - at < 8:
        return 0
    body = struct.unpack_from("<I", data, at)[0]
    if not 53 <= body <= RECORD_MAX - 8:
        return None
    if len(data) - at < 17:
        return 0
    version, kind, stream, name, comm, text, parts = struct.unpack_from("<BBBBBHH", data, at + 8)
    if version != (3 if kind == 7 and parts else 2) or kind not in TYPES or stream > 2:
        return None
    sizes = {1: PARTS, 7: CALL_PARTS}.get(kind, ())
    if parts >> len(sizes):
        return None
    fixed, comm_max, text_max = TYPES[kind]
    fixed += sum(size for bit, size in enumerate(sizes) if parts >> bit & 1)
    if kind == 7 and parts & 2:
        text_max = 255
    if name > 63 or comm > comm_max or text > text_max or body != 41 + fixed + name + comm + text:
        return None
    return 8 + body


def frames(data, name, last):
    """Each frame and where it begins. The last segment may end in half a one, or in zeros."""
    at = HEADER
    while at < len(data):
        extent = frame_extent(data, at)
        if extent is None and any(data[at:]):
            raise Wrong(f"{name}: byte {at}: no record")
        if not extent or at + extent > len(data):
            if last:
                return
            raise Wrong(f"{name}: byte {at}: a record that is not whole")
        frame = data[at:at + extent]
        if struct.unpack_from("<I", frame, 4)[0] != crc32c(frame[:4] + frame[8:]):
            raise Wrong(f"{name}: byte {at}: the record is damaged")
        yield at, frame
        at += extent


def segments_list(directory):
    numbers = []
    for name in os.listdir(directory):
        if name.endswith(".seg"):
            if not re.fullmatch("[0-9]{20}[.]seg", name) or not 0 < int(name[:20]) < 2**64:
                raise Wrong(f"{name!a}: not a segment")
            numbers.append(int(name[:20]))
    return sorted(numbers)


def removed(directory, first):
    """The hashes of the records before the first segment, and the segment before it."""
    expected, previous, hashes = 1, 0, []
    while expected < first:
        file = file_open(directory, f"{expected:020}.leaf")
        if not file:
            break
        with file:
            data = file.read()
        if not data or len(data) % 32 or expected + len(data) // 32 > first:
            break
        hashes += [data[at:at + 32] for at in range(0, len(data), 32)]
        previous, expected = expected, expected + len(data) // 32
    if expected != first:
        raise Wrong(f"records {expected} to {first - 1} are missing")
    return hashes, previous


def leaves(directory, numbers, previous):
    """The data of each leaf, and its frame. A segment's header is a part of its first one."""
    expected = numbers[0] if numbers else 1
    for first in numbers:
        name, last = f"{first:020}.seg", first == numbers[-1]
        file = file_open(directory, name)
        if not file:
            raise Wrong(f"{name}: is gone")
        with file:
            data = file.read()
        unmade = len(data) <= HEADER and not any(data)
        if last and (unmade or (len(data) < HEADER and b"AGENTOSL"[:len(data)] == data[:8])):
            if first != expected:
                raise Wrong(f"records {expected} to {first - 1} are missing")
            return
        if len(data) < HEADER:
            raise Wrong(f"{name}: ends within its header")
        header_check(data, name, first, previous)
        if first != expected:
            raise Wrong(f"{name}: begins with record {first}, not {expected}")
        for at, frame in frames(data, name, last):
            seq = struct.unpack_from("<Q", frame, 17)[0]
            if seq != expected:
                raise Wrong(f"{name}: byte {at}: record {seq} where {expected} should be")
            yield (data[:HEADER] + frame if at == HEADER else frame), frame
            expected += 1
        previous = first


def verify(directory, key_file, anchor_file=None):
    notes = trail_read(directory)
    chain = Chain(notes, keys_read(key_file)[-1])
    marks = [(*mark, "its checkpoint") for mark in chain.follow(notes)]
    if anchor_file:
        with open(anchor_file, "rb") as file:
            note = Note(file.read(), anchor_file)
        marks.append((*chain.judge(note), "the given checkpoint"))
    # The log's own first, where sizes are the same.
    marks.sort(key=lambda mark: mark[0])
    tree, covered = Tree(), 0

    def meet():
        nonlocal covered
        while marks and marks[0][0] == tree.size:
            size, root, what = marks.pop(0)
            if root != tree.root():
                raise Wrong(f"the first {size} records are not those of {what}; "
                            f"{covered} of them are")
            covered = size

    numbers = segments_list(directory)
    hashes, before = removed(directory, numbers[0]) if numbers else ([], 0)
    gone, told = len(hashes), []
    meet()
    for leaf in hashes:
        tree.append(leaf)
        meet()
    for data, frame in leaves(directory, numbers, before):
        tree.append(hashlib.sha256(b"\0" + data).digest())
        if frame[9] == DAEMON and struct.unpack_from("<I", frame, 49)[0] == PRUNED:
            told.append((tree.size, struct.unpack_from("<Q", frame, 53)[0]))
        meet()
    said = max((last for seq, last in told if seq <= covered and last < seq), default=0)
    if gone > said:
        raise Wrong(f"records {said + 1} to {gone} are missing")
    if marks:
        raise Wrong(f"truncated: records {tree.size + 1} to {marks[-1][0]} are missing")
    return tree.size, covered


# --- proofs: RFC 9162, sections 2.1.3.2 and 2.1.4.2; C2SP's tlog-proof and tlog-witness ---

def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def inclusion_fits(index, leaf, path, size, root):
    first, last, result = index, size - 1, leaf
    if index >= size:
        return False
    for step in path:
        if last == 0:
            return False
        if first & 1 or first == last:
            result = node(step, result)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            result = node(result, step)
        first, last = first >> 1, last >> 1
    return last == 0 and result == root


def consistency_fits(path, old, old_root, size, root):
    if old == size:
        return not path and old_root == root
    if not 0 < old < size or not path:
        return False
    if old & (old - 1) == 0:
        path = [old_root] + path
    first, last = old - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    before = after = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            before, after = node(step, before), node(step, after)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            after = node(after, step)
        first, last = first >> 1, last >> 1
    return last == 0 and before == old_root and after == root


def number_read(line, prefix):
    match = re.fullmatch(prefix + rb" (0|[1-9][0-9]{0,19})", line)
    if not match:
        raise Wrong("not a proof")
    return int(match[1])


def record_prove(lines, size, root):
    if not lines[0].startswith(b"extra "):
        raise Wrong("the proof has no record")
    data = unbase64(lines[0][6:], "the record")
    index = number_read(lines[1], b"index")
    path = [unbase64(line, "a hash") for line in lines[2:]]
    if not inclusion_fits(index, hashlib.sha256(b"\0" + data).digest(), path, size, root):
        raise Wrong("the record is not proved")
    frame = data[HEADER:] if data[:8] == b"AGENTOSL" else data
    if frame_extent(frame, 0) != len(frame) or struct.unpack_from("<Q", frame, 17)[0] != index + 1:
        raise Wrong("what is proved is not the record of this number")
    return f"record {index + 1} of {size}"


def by_any(note, keys):
    """A checkpoint by one of these keys."""
    for key in keys:
        if note.signed_by(key):
            return note.checkpoint(key)
    raise Wrong(f"{note.what}: not signed by this key")


def prove(file_name, key_file, old_file=None):
    keys = keys_read(key_file)
    with open(file_name, "rb") as file:
        lines, empty, note = file.read().partition(b"\n\n")
    lines = lines.split(b"\n")
    if not empty or len(lines) < 1:
        raise Wrong("not a proof")
    size, root = by_any(Note(note, "the proof's checkpoint"), keys)
    if lines[0] == b"c2sp.org/tlog-proof@v1" and len(lines) > 2:
        return record_prove(lines[1:], size, root)
    old = number_read(lines[0], b"old")
    if not old_file:
        raise Wrong("the older checkpoint is missing")
    with open(old_file, "rb") as file:
        old_size, old_root = by_any(Note(file.read(), old_file), keys)
    path = [unbase64(line, "a hash") for line in lines[1:]]
    if old != old_size or not consistency_fits(path, old, old_root, size, root):
        raise Wrong("growth is not proved")
    return f"growth from {old} to {size}"


def main(arguments):
    proof = arguments[:1] == ["--proof"]
    if not 2 <= len(arguments) - proof <= 3:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    try:
        if proof:
            print("proved", prove(*arguments[1:]))
        else:
            print("ok {} covered {}".format(*verify(*arguments)))
    except Wrong as wrong:
        print(wrong)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
