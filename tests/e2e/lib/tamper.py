#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What somebody with root's rights may do to a log that nobody writes.

usage: tamper.py flip DIRECTORY SEQ     a bit of the record's last byte
       tamper.py text DIRECTORY SEQ     the same, and the CRC made right
       tamper.py leaf DIRECTORY SEQ     the same, and the stored hash made that of what is there now
       tamper.py cut DIRECTORY SEQ      the log ends before the record, its hashes with it, and there
                                        is no checkpoint of more
       tamper.py size FILE              how many records a checkpoint is about

The format is as tests/unit/verify_log.py has it.
"""

import hashlib
import os
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../unit"))
# pylint: disable=wrong-import-position
from verify_log import HEADER, crc32c  # noqa: E402

HASH = 32


def segments(directory):
    return sorted(int(name[:20]) for name in os.listdir(directory)
                  if re.fullmatch(r"\d{20}\.seg", name))


def find(directory, seq):
    """The segment's first record, where the record's frame begins, and how long it is."""
    first = max(number for number in segments(directory) if number <= seq)
    with open(f"{directory}/{first:020}.seg", "rb") as file:
        data = file.read()
    at = HEADER
    for _ in range(first, seq):
        at += 8 + struct.unpack_from("<I", data, at)[0]
    return first, at, 8 + struct.unpack_from("<I", data, at)[0]


def change(directory, seq, sealed):
    first, at, length = find(directory, seq)
    with open(f"{directory}/{first:020}.seg", "r+b") as file:
        file.seek(at)
        frame = bytearray(file.read(length))
        frame[-1] ^= 1
        if sealed:
            frame[4:8] = struct.pack("<I", crc32c(frame[:4] + frame[8:]))
        file.seek(at)
        file.write(frame)
        file.seek(0)
        header = file.read(HEADER) if seq == first else b""
    return first, hashlib.sha256(b"\0" + header + bytes(frame)).digest()


def change_leaf(directory, seq):
    first, leaf = change(directory, seq, True)
    with open(f"{directory}/{first:020}.leaf", "r+b") as file:
        file.seek((seq - first) * HASH)
        file.write(leaf)


def cut(directory, seq):
    first, at, _ = find(directory, seq)
    for number in segments(directory):
        if number > first:
            os.unlink(f"{directory}/{number:020}.seg")
            os.unlink(f"{directory}/{number:020}.leaf")
    os.truncate(f"{directory}/{first:020}.seg", at)
    os.truncate(f"{directory}/{first:020}.leaf", (seq - first) * HASH)
    for tier in range(1, 8):
        path = f"{directory}/tier-{tier}"
        if os.path.exists(path):
            os.truncate(path, (seq - 1 >> 8 * tier) * HASH)
    with open(f"{directory}/checkpoints", encoding="utf-8") as file:
        notes = re.findall(r"(.*?\n\n.*?\n)\n", file.read(), re.S)
    with open(f"{directory}/checkpoints", "w", encoding="utf-8") as file:
        file.writelines(note + "\n" for note in notes if int(note.split("\n")[1]) < seq)


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "size":
        with open(sys.argv[2], encoding="utf-8") as file:
            print(int(file.read().split("\n")[1]))
        return
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    what, directory, seq = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if what == "leaf":
        change_leaf(directory, seq)
    elif what == "cut":
        cut(directory, seq)
    elif what in ("flip", "text"):
        change(directory, seq, what == "text")
    else:
        sys.exit(__doc__)


main()
