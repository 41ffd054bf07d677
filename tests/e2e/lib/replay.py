#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Puts a disk into the states that a power cut could have left it in, from what dm-log-writes wrote.

usage: replay.py LOG IMAGE BYTES FLUSHES COUNT SEED COMMAND

LOG is the target's log device, IMAGE a file of BYTES that becomes the disk. The states are one at
each flush that came back, with all that was written before it, or at FLUSHES of them by chance,
the last among them; and COUNT at random moments between: there, of what was written after the last
flush each write is on disk or not, by chance. For each of them COMMAND is run with the text of the last mark before it, or an empty one.

The format is that of drivers/md/dm-log-writes.c: a super block, then entries, each a header in a
block of its own (with it the text of a mark) and the data that was written.

Prints "STATES FLUSHES RANDOM", and for each time that COMMAND failed a line. Exit status 1 then,
and 3 when there is no log.
"""

import random
import struct
import subprocess
import sys

MAGIC, VERSION = 0x6a736677736872, 1
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8


def entries(log):
    """(flags, byte of the disk, data or text of a mark, number of bytes), in the order of the disk."""
    magic, version, count, block = struct.unpack("<QQQI", log.read(28))
    if magic != MAGIC or version != VERSION:
        print("no log of dm-log-writes")
        sys.exit(3)
    at = block
    for _ in range(count):
        log.seek(at)
        header = log.read(block)
        sector, sectors, flags, length = struct.unpack_from("<QQQQ", header)
        at += block
        data = header[32:32 + length] if flags & MARK else b""
        # The target's own, when it is taken away.
        if data == b"dm-log-writes-end":
            continue
        if not flags & (MARK | DISCARD):
            data = log.read(sectors * block)
            at += sectors * block
        yield flags, sector * block, data, sectors * block


def apply(disk, write):
    flags, at, data, length = write
    disk[at:at + length] = bytes(length) if flags & DISCARD else data


class States:
    """Runs the command for one state after the other, and keeps count."""

    def __init__(self, image, command):
        self.image, self.command = image, command
        self.flushes = self.chances = self.failures = 0

    def judge(self, disk, mark, what):
        with open(self.image, "wb") as file:
            file.write(disk)
        done = subprocess.run([self.command, mark], stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.STDOUT, text=True, errors="replace")
        if done.returncode:
            self.failures += 1
            print(f"# {what}, after mark \"{mark}\": {done.stdout.strip()[-600:]}")


def windows(log):
    """From one flush to the next: what had been written before, as writes and marks."""
    window = []
    for entry in entries(log):
        window.append(entry)
        if entry[0] & (FLUSH | FUA) and not entry[0] & MARK:
            yield window
            window = []
    if window:
        yield window


def main():
    if len(sys.argv) != 8:
        sys.exit(__doc__)
    path, image, size, flushes, count, seed, command = sys.argv[1:]
    chance = random.Random(int(seed))
    states = States(image, command)
    with open(path, "rb") as log:
        every = [window for window in windows(log) if len(window) > 0]
    # Windows with a choice come as often as they have writes.
    weights = [sum(1 for write in window if not write[0] & MARK) - 1 for window in every]
    chosen = chance.choices(range(len(every)), weights, k=int(count))
    flushed = {len(every) - 1, *chance.sample(range(len(every)), min(int(flushes), len(every)))}
    disk, mark = bytearray(int(size)), ""
    for number, window in enumerate(every):
        for _ in range(chosen.count(number)):
            state, last = bytearray(disk), mark
            until = chance.randrange(1, len(window) + 1)
            for write in window[:until]:
                if write[0] & MARK:
                    last = write[2].decode()
                elif chance.randrange(2):
                    apply(state, write)
            states.chances += 1
            states.judge(state, last, f"in window {number}, {until} of {len(window)} writes")
        for write in window:
            if write[0] & MARK:
                mark = write[2].decode()
            else:
                apply(disk, write)
        if number in flushed:
            states.flushes += 1
            states.judge(disk, mark, f"at flush {number}")
    print(states.flushes + states.chances, states.flushes, states.chances)
    sys.exit(1 if states.failures else 0)


main()
